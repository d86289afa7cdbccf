//! Keeping a lease while its session uses it: extended, or followed by another one, at two thirds of its life.

use std::{future::pending, sync::Arc, time::Duration};

use model::{Minting, TraceContext};
use provider::ProviderError;
use tokio::time::sleep;

use super::{
    Shared,
    held::Held,
    slot::{Joined, Slot, landed},
    source::{ANSWER_WAIT_MAX, TURN_WAIT_MAX},
};

/// Up to this part of its life earlier, so that leases that began together are not renewed together.
const JITTER_PART: u32 = 10;
/// The first pause after a renewal that failed; each further failure doubles it.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// A source that is back is asked within this time.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// How long the calls that took a lease may go on with it when another one has taken its place.
const REPLACED_LIFE: Duration = Duration::from_secs(30);

/// What came of an attempt to renew.
enum Renewed {
    /// The lease ends later.
    Extended,
    /// Another lease serves in its place.
    Replaced,
    /// It goes on as it is.
    Failed,
}

/// Returns when nobody is to use the lease any more: its session has ended, it has ended itself, or another one serves in its
/// place and the calls that took it had time to end.
pub(super) async fn keep(
    slot: &Arc<Slot>,
    shared: &Arc<Shared>,
    held: &Arc<Held>,
    minting: &mut Minting,
    trace: TraceContext,
) {
    let mut is_renewable = held.lease.renewable;
    let mut failures = 0_u32;
    let mut pause = renewal_pause(shared, held);
    loop {
        let due = async {
            match pause {
                Some(pause) => sleep(pause).await,
                None => pending().await,
            }
        };
        if while_live(slot, shared, held, due).await.is_none() {
            return;
        }
        // Where nobody uses it, its source is spared until somebody does.
        if failures == 0 && !held.was_taken() && while_live(slot, shared, held, held.taken()).await.is_none() {
            return;
        }
        if !slot.holds(held) {
            return for_a_while(slot, shared, held).await;
        }
        let renewing = renew(slot, shared, held, minting, &mut is_renewable, trace);
        pause = match while_live(slot, shared, held, renewing).await {
            None => return,
            Some(Renewed::Extended) => {
                failures = 0;
                renewal_pause(shared, held)
            }
            Some(Renewed::Replaced) => return for_a_while(slot, shared, held).await,
            Some(Renewed::Failed) => {
                failures = failures.saturating_add(1);
                tracing::warn!(lease = %held.lease.id, provider = %slot.source.name, failures, "a lease was not renewed");
                Some(shared.back_off(RETRY_MIN, RETRY_MAX, failures))
            }
        };
    }
}

/// Gives the calls that took a lease time to end.
async fn for_a_while(slot: &Slot, shared: &Shared, held: &Held) {
    let _ended_before_or_not = while_live(slot, shared, held, sleep(REPLACED_LIFE)).await;
}

/// Waits for something, unless the session or the lease ends before.
async fn while_live<T>(slot: &Slot, shared: &Shared, held: &Held, something: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = slot.end.cancelled() => None,
        // Asleep on the monotonic clock, so that a wall clock that is set back does not lengthen it.
        () = sleep(held.end().since(shared.clock.now())) => None,
        done = something => Some(done),
    }
}

/// When to renew; `None` for a lease that lasts for its session.
fn renewal_pause(shared: &Shared, held: &Held) -> Option<Duration> {
    let life = held.expiry().since(shared.clock.now());
    held.is_outlived().then(|| (life * 2 / 3).saturating_sub(shared.jitter(life / JITTER_PART)))
}

async fn renew(
    slot: &Arc<Slot>,
    shared: &Arc<Shared>,
    held: &Arc<Held>,
    minting: &mut Minting,
    is_renewable: &mut bool,
    trace: TraceContext,
) -> Renewed {
    if *is_renewable {
        let Ok(turn) = slot.source.turn(&*shared.clock).await else { return Renewed::Failed };
        match turn.renew(&held.lease.id, slot.caller.session_end, &*shared.clock).await {
            Ok(expiry) if held.is_extended_by(expiry) => {
                held.extend(expiry, shared.clock.now());
                if let Some(minted) = &mut minting.minted {
                    minted.expiry = expiry;
                    // Where it cannot be written, the ledger knows an earlier end, and revokes it all the same.
                    let _written_or_not = shared.ledger.complete(&minting.id, minted).await;
                }
                return Renewed::Extended;
            }
            Err(ProviderError::Unreachable | ProviderError::Journal(_) | ProviderError::WebIdentity(_)) => {
                return Renewed::Failed;
            }
            // It is as old as it may become, or its source will not have it; another one is minted.
            Ok(_)
            | Err(
                ProviderError::Missing { .. }
                | ProviderError::NotConnected
                | ProviderError::Refused { .. }
                | ProviderError::CannotRevoke,
            ) => {
                *is_renewable = false;
            }
        }
    }
    match slot.join(Some(held), shared, trace) {
        Ok(Joined::Held(_)) => Renewed::Replaced,
        Ok(Joined::Minting(landing)) => match landed(landing, TURN_WAIT_MAX + ANSWER_WAIT_MAX).await {
            Ok(_) => Renewed::Replaced,
            Err(_) => Renewed::Failed,
        },
        Err(_) => Renewed::Failed,
    }
}
