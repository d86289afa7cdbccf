//! The contract of a credential provider, and the conformance suite that each one runs.
//!
//! This is the one file that a provider's author reads. In scope: what a provider is asked and what it answers. Out of scope:
//! caching, renewal and revocation schedules (`egress`), and where a credential is put (`model::Injection`).

#[cfg(feature = "conformance")]
pub mod conformance;

use std::fmt;

use async_trait::async_trait;
use model::{Actor, Binding, LeaseId, SessionId, Subject, Timestamp};
use secret::Secret;

/// What a credential is asked for. A provider never learns more of the caller than this.
#[derive(Debug, Clone, Copy)]
pub struct CredentialRequest<'a> {
    /// The credential, and the one destination and slot that it is for.
    pub binding: &'a Binding,
    /// On whose behalf.
    pub subject: &'a Subject,
    /// Who acts.
    pub actor: Option<&'a Actor>,
    /// The session that the credential must not outlive.
    pub session: &'a SessionId,
    /// When that session ends.
    pub session_end: Timestamp,
}

/// A credential with a life.
#[derive(Debug)]
pub struct Lease {
    /// The lease, as the provider knows it; it stands in the record of the call.
    pub id: LeaseId,
    /// The secret to inject.
    pub secret: Secret,
    /// When the credential ends by itself; `None` for one that an operator stored.
    pub expiry: Option<Timestamp>,
}

/// Issues credentials, no wider and no longer than asked.
#[async_trait]
pub trait Provider: Send + Sync + fmt::Debug {
    /// Opens or mints the credential for one session.
    ///
    /// # Errors
    /// Says who is to blame; the reason is for the log, no caller reads it.
    async fn issue(&self, request: CredentialRequest<'_>) -> Result<Lease, ProviderError>;

    /// Ends a lease early.
    ///
    /// # Errors
    /// A provider whose credentials cannot be ended answers [`ProviderError::CannotRevoke`].
    async fn revoke(&self, lease: &LeaseId) -> Result<(), ProviderError>;
}

/// Why there is no credential. `reason` never holds secret text and never reaches a caller.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Nothing is stored or configured for what was asked.
    #[error("no credential: {reason}")]
    Missing {
        /// What is missing, and how to add it.
        reason: String,
    },
    /// The source refused.
    #[error("the credential source refused: {reason}")]
    Refused {
        /// What the source said, without secret text.
        reason: String,
    },
    /// The source could not be reached in time.
    #[error("the credential source could not be reached")]
    Unreachable,
    /// Credentials of this kind have no early end.
    #[error("this credential cannot be revoked")]
    CannotRevoke,
}
