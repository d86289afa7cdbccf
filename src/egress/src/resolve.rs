//! Who issues a credential, and how long it is kept: a stored one never, a minted one for its session.

use std::{ops::Deref, sync::Arc, time::Duration};

use async_trait::async_trait;
use model::{Binding, Caller, Clock, LeaseId, Minting, ProviderName, SessionId, TraceContext};
use provider::{CredentialRequest, Journal, JournalFailed, Lease, Provider, ProviderError};

use crate::{
    EgressError, LeaseCounts, Ledger, ProviderHandle,
    lease::{Held, Leases, in_time},
};

/// A source of credentials.
#[derive(Debug, Clone)]
pub struct CredentialSource {
    /// By which what it minted is found again at the next start.
    pub name: ProviderName,
    /// Who issues.
    pub provider: Arc<dyn Provider>,
    /// What is kept of it.
    pub keeping: Keeping,
}

/// What egress keeps of the credentials that a source issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Nothing: the source is asked for every call. For stored credentials, which are opened in a microsecond.
    Nothing,
    /// The credential of a session, while the session lives. For minted ones: calls that need the same one at the same time wait
    /// for one minting, and it is renewed and revoked.
    UntilExpiry,
}

/// Finds the credential of a call.
#[derive(Debug)]
pub(crate) struct Resolver {
    sources: Vec<CredentialSource>,
    clock: Arc<dyn Clock>,
    leases: Leases,
}

/// A credential for one call.
pub(crate) enum Resolved {
    Own(Lease),
    Kept(Arc<Held>),
}

impl Deref for Resolved {
    type Target = Lease;

    fn deref(&self) -> &Lease {
        match self {
            Self::Own(lease) => lease,
            Self::Kept(held) => &held.lease,
        }
    }
}

impl Resolver {
    pub(crate) fn new(sources: Vec<CredentialSource>, clock: Arc<dyn Clock>, ledger: Arc<dyn Ledger>) -> Self {
        let leases = Leases::new(&sources, Arc::clone(&clock), ledger);
        Self { sources, clock, leases }
    }

    /// Opens, finds or mints the credential.
    ///
    /// # Errors
    /// The source has none, refuses, or does not answer in time.
    pub(crate) async fn resolve(
        &self,
        provider: ProviderHandle,
        binding: &Binding,
        caller: &Arc<Caller>,
        trace: TraceContext,
    ) -> Result<Resolved, EgressError> {
        let source = self.sources.get(provider.0).ok_or(EgressError::CredentialMissing)?;
        match source.keeping {
            Keeping::Nothing => {
                let request = CredentialRequest { binding, caller, trace, journal: &NoJournal };
                self.open(&*source.provider, request).await.map(Resolved::Own)
            }
            Keeping::UntilExpiry => self.leases.lease(provider, binding, caller, trace).await.map(Resolved::Kept),
        }
    }

    pub(crate) fn end_session(&self, session: &SessionId) {
        self.leases.end_session(session);
    }

    pub(crate) fn has_ended(&self, session: &SessionId) -> bool {
        self.leases.has_ended(session)
    }

    pub(crate) fn end_earlier(&self, mintings: Vec<Minting>) {
        self.leases.end_earlier(mintings);
    }

    pub(crate) async fn close(&self, wait_max: Duration) {
        self.leases.close(wait_max).await;
    }

    pub(crate) fn lease_counts(&self) -> LeaseCounts {
        self.leases.counts()
    }

    async fn open(&self, provider: &dyn Provider, request: CredentialRequest<'_>) -> Result<Lease, EgressError> {
        let credential = &request.binding.credential;
        let lease = in_time(provider.issue(request)).await.map_err(|reason| {
            tracing::warn!(%credential, %reason, "no credential was issued");
            refusal(&reason)
        })?;
        if lease.expiry.is_some_and(|expiry| expiry <= self.clock.now()) {
            tracing::warn!(%credential, lease = %lease.id, "a credential was issued that has ended");
            return Err(EgressError::CredentialRefused);
        }
        Ok(lease)
    }
}

/// What a call is told of why there is no credential.
pub(crate) const fn refusal(reason: &ProviderError) -> EgressError {
    match reason {
        ProviderError::Missing { .. } => EgressError::CredentialMissing,
        ProviderError::NotConnected => EgressError::NotConnected,
        ProviderError::Refused { .. } | ProviderError::CannotRevoke => EgressError::CredentialRefused,
        ProviderError::Journal(_) | ProviderError::WebIdentity(_) | ProviderError::Unreachable => {
            EgressError::CredentialSourceUnreachable
        }
    }
}

/// For a source that makes nothing: what it gives was there before.
#[derive(Debug)]
struct NoJournal;

#[async_trait]
impl Journal for NoJournal {
    async fn made(&self, _: &LeaseId) -> Result<(), JournalFailed> {
        Err(JournalFailed)
    }
}
