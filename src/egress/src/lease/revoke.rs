//! Revoking what a minting left at its source, until nothing is left or nothing more can be done.

use std::time::Duration;

use model::{LeaseId, Minting};
use provider::ProviderError;
use tokio::time::sleep;

use super::{Shared, source::Source};

/// The first pause after an attempt that failed; each further failure doubles it.
const RETRY_MIN: Duration = Duration::from_millis(250);
/// So long a source may go on with a request whose asker is gone. Vault registers a lease also for a token that was revoked in the
/// midst of the request, and then nothing ends it early: the token must not be revoked before.
const UNDER_WAY_MAX: Duration = Duration::from_secs(5);
/// A source that is back is asked within this time.
const RETRY_MAX: Duration = Duration::from_secs(300);
/// With these pauses, about an hour: an outage that ends within it needs nobody.
pub(super) const ATTEMPTS_MAX: u32 = 20;
/// A credential that ends by itself has ended this long after its time: clocks differ.
pub(super) const CLOCKS_DIFFER_MAX: Duration = Duration::from_secs(60);

/// Revokes everything that a minting made. The first attempt begins at once; but where the minting gave no lease, when no request of it
/// can be under way any more. When the process is about to end, no second one is
/// made: the ledger leads the next process to what is left.
pub(super) async fn revoke(source: &Source, shared: &Shared, mut minting: Minting) {
    let _counted = shared.counts.revoking.one();
    let mut left = ends(&minting);
    let is_empty = left.is_empty();
    let mut cannot = false;
    if minting.minted.is_none() && !is_empty {
        tokio::select! {
            biased;
            () = shared.closing.cancelled() => return,
            () = sleep(UNDER_WAY_MAX) => {}
        }
    }
    loop {
        let failed = attempt(source, &mut left, &mut cannot).await;
        let Some(error) = failed else { break };
        let (provider, credential, session) = (&minting.provider, &minting.credential, &minting.session);
        minting.revocation.attempts = minting.revocation.attempts.saturating_add(1);
        minting.revocation.error = Some(error.to_owned());
        let attempts = minting.revocation.attempts;
        minting.revocation.is_irrevocable = attempts >= ATTEMPTS_MAX;
        let _written_or_not = shared.ledger.not_revoked(&minting.id, &minting.revocation).await;
        if minting.revocation.is_irrevocable {
            shared.counts.irrevocable.add();
            let left = left.iter().map(LeaseId::as_str).collect::<Vec<_>>().join(" ");
            tracing::error!(%provider, %credential, %session, left, error, "a lease is irrevocable; end it at its source");
            return;
        }
        tracing::warn!(%provider, %credential, %session, attempts, error, "a lease was not revoked; it will be tried again");
        tokio::select! {
            biased;
            () = shared.closing.cancelled() => return,
            () = sleep(shared.back_off(RETRY_MIN, RETRY_MAX, attempts)) => {}
        }
    }
    if cannot && !ends_by_itself(shared, &mut minting).await {
        return;
    }
    if shared.ledger.ended(&minting.id).await.is_ok() && !is_empty {
        let lease = minting.minted.as_ref().map(|minted| minted.lease.as_str());
        tracing::info!(provider = %minting.provider, credential = %minting.credential, session = %minting.session, lease,
            "a lease has ended");
    }
}

/// Lists what an earlier process left at a source that the configuration no longer has.
pub(super) async fn nobody_can(shared: &Shared, mut minting: Minting) {
    minting.revocation.error = Some("provider_unknown".to_owned());
    minting.revocation.is_irrevocable = true;
    let _written_or_not = shared.ledger.not_revoked(&minting.id, &minting.revocation).await;
    shared.counts.irrevocable.add();
    tracing::error!(provider = %minting.provider, credential = %minting.credential, session = %minting.session,
        "a lease of an earlier run is irrevocable, for its provider is not configured any more; end it at its source");
}

/// What is to be revoked, the newest first: what was made last may depend on what was made before.
fn ends(minting: &Minting) -> Vec<LeaseId> {
    let mut ends: Vec<LeaseId> = Vec::new();
    for id in minting.minted.iter().map(|minted| &minted.lease).chain(minting.made.iter().rev()) {
        if !ends.contains(id) {
            ends.push(id.clone());
        }
    }
    ends
}

/// Tries once, and leaves what could not be revoked. Answers why, in a word; notes where something can only end by itself.
async fn attempt(source: &Source, left: &mut Vec<LeaseId>, cannot: &mut bool) -> Option<&'static str> {
    let mut failed = None;
    for id in std::mem::take(left) {
        let error = match source.revoke(&id).await {
            Ok(()) => continue,
            Err(ProviderError::CannotRevoke) => {
                *cannot = true;
                continue;
            }
            Err(ProviderError::Missing { .. }) => "missing",
            Err(ProviderError::NotConnected) => "not_connected",
            Err(ProviderError::Refused { .. }) => "refused",
            Err(ProviderError::Unreachable) => "unreachable",
            Err(ProviderError::Journal(_)) => "journal",
            Err(ProviderError::WebIdentity(_)) => "identity",
        };
        left.push(id);
        failed.get_or_insert(error);
    }
    failed
}

/// Waits until what has no early end has ended; `false` where the process ends before.
async fn ends_by_itself(shared: &Shared, minting: &mut Minting) -> bool {
    let expiry = minting.minted.as_ref().map_or(minting.session_end, |minted| minted.expiry);
    if expiry > minting.session_end.plus(CLOCKS_DIFFER_MAX) {
        minting.revocation.error = Some("cannot_be_revoked".to_owned());
        minting.revocation.is_irrevocable = true;
        let _written_or_not = shared.ledger.not_revoked(&minting.id, &minting.revocation).await;
        tracing::error!(provider = %minting.provider, credential = %minting.credential, session = %minting.session,
            "a lease that cannot be revoked outlives its session");
    }
    let _counted = minting.revocation.is_irrevocable.then(|| shared.counts.irrevocable.one());
    tokio::select! {
        biased;
        () = shared.closing.cancelled() => false,
        () = sleep(expiry.plus(CLOCKS_DIFFER_MAX).since(shared.clock.now())) => true,
    }
}
