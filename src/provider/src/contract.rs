//! What a provider is asked and what it must do: the one file that a provider's author reads first.

use std::fmt;

use async_trait::async_trait;
use model::{Binding, Caller, LeaseId, Timestamp, TraceContext};

use crate::{Journal, Lease, ProviderError};

/// What a credential is asked for. A provider never learns more of the call than this.
#[derive(Debug, Clone, Copy)]
pub struct CredentialRequest<'a> {
    /// The credential, and the one destination and slot that it is for.
    pub binding: &'a Binding,
    /// Who it is for, and in which session; the credential is no wider than the session's scopes and does not outlive it.
    pub caller: &'a Caller,
    /// The trace of the call that is the first to need it.
    pub trace: TraceContext,
    /// Where the provider writes down what it makes on the way to a lease.
    pub journal: &'a dyn Journal,
}

/// Issues credentials, no wider and no longer than asked.
///
/// `egress` bounds each call in time and drops it when the time is over, so nothing may depend on running to the end.
#[async_trait]
pub trait Provider: Send + Sync + fmt::Debug {
    /// Opens or mints the credential for one session.
    ///
    /// A provider that makes anything at its source that [`revoke`](Self::revoke) can end writes it into the request's journal as
    /// soon as it knows its id, and before it makes anything that depends on it: should the process die, what the journal names
    /// is ended at the next start. What is made before its id can be known opens nothing and ends by itself within a minute.
    ///
    /// # Errors
    /// Says who is to blame; the reason is for the log, no caller reads it.
    async fn issue(&self, request: CredentialRequest<'_>) -> Result<Lease, ProviderError>;

    /// Extends a lease that said it could be, to `until` at the most, and answers its new end. The secret stays the same.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] where the source no longer extends it: another one is minted then.
    async fn renew(&self, lease: &LeaseId, until: Timestamp) -> Result<Timestamp, ProviderError> {
        let _no_lease_of_this_provider = (lease, until);
        Err(ProviderError::Refused { reason: "this credential cannot be renewed".to_owned() })
    }

    /// Ends a lease, or what a journal names, early. Ending what has ended already is a success.
    ///
    /// # Errors
    /// A provider whose credentials cannot be ended answers [`ProviderError::CannotRevoke`]; such a credential ends by itself.
    async fn revoke(&self, lease: &LeaseId) -> Result<(), ProviderError>;
}
