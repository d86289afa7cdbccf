//! Who issues a credential, and how long it is kept: a stored one never, a minted one until shortly before it ends.

use std::{
    fmt,
    ops::Deref,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use model::{Binding, Caller, CredentialName, LeaseId, SessionId, Timestamp, TraceContext};
use moka::{Expiry, future::Cache};
use provider::{CredentialRequest, Journal, JournalFailed, Lease, Provider, ProviderError};
use tokio::time::timeout;

use crate::{EgressError, ProviderHandle};

/// A source of credentials.
#[derive(Debug, Clone)]
pub struct CredentialSource {
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
    /// The credential of a session, until shortly before it ends. For minted ones; calls that need the same one at the same time
    /// wait for one minting.
    UntilExpiry,
}

/// The answer of a source must come within this time; a caller waits for it.
const ISSUE_TIMEOUT: Duration = Duration::from_secs(10);

/// A credential that ends sooner than this is not used for another call: the call itself takes time, and clocks differ.
const EXPIRY_MARGIN: Duration = Duration::from_secs(30);

/// Minted credentials that are kept at once. One that is pushed out is minted again.
const LEASE_COUNT_MAX: u64 = 16_384;

/// Finds the credential of a call.
pub(crate) struct Resolver {
    sources: Vec<CredentialSource>,
    minted: Cache<LeaseKey, Arc<Held>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct LeaseKey {
    provider: ProviderHandle,
    credential: CredentialName,
    session: SessionId,
}

/// A lease that is kept, and for how long.
pub(crate) struct Held {
    lease: Lease,
    keep: Duration,
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
    pub(crate) fn new(sources: Vec<CredentialSource>) -> Self {
        let minted = Cache::builder().max_capacity(LEASE_COUNT_MAX).expire_after(AsLongAsKept).build();
        Self { sources, minted }
    }

    /// Opens, finds or mints the credential.
    ///
    /// # Errors
    /// The source has none, refuses, or does not answer in time.
    pub(crate) async fn resolve(
        &self,
        provider: ProviderHandle,
        binding: &Binding,
        caller: &Caller,
        trace: TraceContext,
        now: Timestamp,
    ) -> Result<Resolved, EgressError> {
        let request = CredentialRequest { binding, caller, trace, journal: &NoJournal };
        let source = self.sources.get(provider.0).ok_or(EgressError::CredentialMissing)?;
        match source.keeping {
            Keeping::Nothing => issue(&*source.provider, request, now).await.map(Resolved::Own),
            Keeping::UntilExpiry => self.kept(provider, source, request, now).await.map(Resolved::Kept),
        }
    }

    /// Ends every minted credential of a session early.
    pub(crate) async fn end_session(&self, session: &SessionId) {
        let ended: Vec<_> = self.minted.iter().filter(|(key, _)| key.session == *session).collect();
        for (key, held) in ended {
            self.minted.invalidate(&*key).await;
            let Some(source) = self.sources.get(key.provider.0) else { continue };
            let lease = &held.lease.id;
            match timeout(ISSUE_TIMEOUT, source.provider.revoke(lease)).await {
                Ok(Ok(())) => tracing::info!(%lease, credential = %key.credential, "a lease was revoked"),
                Ok(Err(error)) => tracing::warn!(%lease, %error, "a lease was not revoked and ends by itself"),
                Err(_) => tracing::warn!(%lease, "a lease was not revoked in time and ends by itself"),
            }
        }
    }

    async fn kept(
        &self,
        provider: ProviderHandle,
        source: &CredentialSource,
        request: CredentialRequest<'_>,
        now: Timestamp,
    ) -> Result<Arc<Held>, EgressError> {
        let key = LeaseKey {
            provider,
            credential: request.binding.credential.clone(),
            session: request.caller.session.clone(),
        };
        if let Some(held) = self.minted.get(&key).await {
            if is_fresh(&held.lease, now) {
                return Ok(held);
            }
            self.minted.invalidate(&key).await;
        }
        let mint = async {
            let lease = issue(&*source.provider, request, now).await?;
            let end = lease.expiry.map_or(now, |expiry| expiry.min(request.caller.session_end));
            let keep = end.since(now).saturating_sub(EXPIRY_MARGIN);
            Ok(Arc::new(Held { lease, keep }))
        };
        self.minted.try_get_with(key, mint).await.map_err(|error: Arc<EgressError>| *error)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("sources", &self.sources).finish_non_exhaustive()
    }
}

/// Whether a kept credential lasts for another call.
fn is_fresh(lease: &Lease, now: Timestamp) -> bool {
    lease.expiry.is_some_and(|expiry| expiry.since(now) > EXPIRY_MARGIN)
}

async fn issue(provider: &dyn Provider, request: CredentialRequest<'_>, now: Timestamp) -> Result<Lease, EgressError> {
    let credential = &request.binding.credential;
    let issued = timeout(ISSUE_TIMEOUT, provider.issue(request)).await.unwrap_or(Err(ProviderError::Unreachable));
    let lease = issued.map_err(|error| {
        tracing::warn!(%credential, %error, "no credential was issued");
        match error {
            ProviderError::Missing { .. } => EgressError::CredentialMissing,
            ProviderError::Refused { .. } | ProviderError::CannotRevoke => EgressError::CredentialRefused,
            ProviderError::Journal(_) | ProviderError::WebIdentity(_) | ProviderError::Unreachable => {
                EgressError::CredentialSourceUnreachable
            }
        }
    })?;
    if lease.expiry.is_some_and(|expiry| expiry <= now) {
        tracing::warn!(%credential, lease = %lease.id, "a credential was issued that has ended");
        return Err(EgressError::CredentialRefused);
    }
    Ok(lease)
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

/// Each lease has its own time.
struct AsLongAsKept;

impl Expiry<LeaseKey, Arc<Held>> for AsLongAsKept {
    fn expire_after_create(&self, _: &LeaseKey, held: &Arc<Held>, _: Instant) -> Option<Duration> {
        Some(held.keep)
    }
}
