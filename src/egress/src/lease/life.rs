//! The life of a lease: minted, kept while its session uses it, revoked.

use std::sync::Arc;

use model::TraceContext;
use tokio::sync::watch;

use super::{
    Shared,
    held::Held,
    keep::keep,
    mint::{Failed, mint},
    revoke::revoke,
    slot::{Landing, Slot},
};
use crate::EgressError;

/// Lives in a task of its own, so that no caller who goes away leaves half of it behind.
pub(super) async fn of_lease(
    slot: Arc<Slot>,
    shared: Arc<Shared>,
    trace: TraceContext,
    outcome: watch::Sender<Landing>,
) {
    let (lease, mut minting) = match mint(&slot, &shared, trace).await {
        Ok(minted) => minted,
        Err(Failed { error, remains }) => {
            slot.fail(error, shared.clock.now());
            outcome.send_replace(Some(Err(error)));
            if let Some(remains) = remains {
                revoke(&slot.source, &shared, remains).await;
            }
            return;
        }
    };
    if slot.end.is_cancelled() {
        slot.fail(EgressError::SessionEnded, shared.clock.now());
        outcome.send_replace(Some(Err(EgressError::SessionEnded)));
        return revoke(&slot.source, &shared, minting).await;
    }
    {
        let _counted = shared.counts.live.one();
        let held = Arc::new(Held::new(lease, slot.caller.session_end, shared.clock.now()));
        slot.land(&held);
        outcome.send_replace(Some(Ok(Arc::clone(&held))));
        keep(&slot, &shared, &held, &mut minting, trace).await;
        slot.let_go(&held);
    }
    revoke(&slot.source, &shared, minting).await;
}
