//! The sessions at upstreams that are held for callers, one for each session of ours and set of declared capabilities.

use std::{collections::HashMap, sync::Arc};

use mcp::meta::ClientMeta;
use model::{SessionId, UpstreamName};
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::{
    parked::ParkedCalls,
    session::{UpstreamSession, for_legacy},
};
use crate::{Gateway, approve::Approved, denial::Denial};

/// A client declares the same capabilities again and again; a few sets come from clients that ask in several roles.
const PER_SESSION_MAX: usize = 16;

/// What is held for callers of the current era in front of upstreams of the older one.
#[derive(Debug, Default)]
pub(crate) struct Held {
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
    pub(super) parked: ParkedCalls,
}

/// Whose session it is, and what was declared when it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    session: SessionId,
    upstream: UpstreamName,
    capabilities_sha256: [u8; 32],
}

/// The place of one session. Whoever comes first opens it; the others wait for that.
#[derive(Debug)]
struct Slot {
    upstream: OnceCell<Arc<UpstreamSession>>,
    /// Ends with our session.
    end: CancellationToken,
}

impl Held {
    /// The session at the upstream for this caller, opened where there is none.
    ///
    /// # Errors
    /// [`Denial::Overloaded`] where the caller holds too many already, or why the handshake failed.
    pub(super) async fn session(
        &self,
        gateway: &Gateway,
        approved: &Approved,
        client: &ClientMeta,
    ) -> Result<(Key, Arc<UpstreamSession>), Denial> {
        let capabilities = for_legacy(client);
        let key = Key {
            session: approved.session().facts().id.clone(),
            upstream: approved.upstream().name().clone(),
            capabilities_sha256: capabilities.canonical_sha256(),
        };
        let slot = self.slot(&key, approved)?;
        let open = async || UpstreamSession::open(gateway, approved, client, capabilities).await.map(Arc::new);
        let upstream = slot.upstream.get_or_try_init(open).await?;
        Ok((key, Arc::clone(upstream)))
    }

    /// Forgets a session that the upstream has forgotten. One that was opened since stays.
    pub(super) fn forget(&self, key: &Key, upstream: &Arc<UpstreamSession>) {
        let mut slots = self.slots.lock();
        let held = slots.get(key).and_then(|slot| slot.upstream.get());
        if held.is_some_and(|held| Arc::ptr_eq(held, upstream)) {
            slots.remove(key);
        }
    }

    fn slot(&self, key: &Key, approved: &Approved) -> Result<Arc<Slot>, Denial> {
        let mut slots = self.slots.lock();
        if let Some(slot) = slots.get(key) {
            return Ok(Arc::clone(slot));
        }
        // What is over goes when something new comes: the table never holds more than the sessions that ran at that moment.
        slots.retain(|_, slot| !slot.end.is_cancelled());
        if slots.keys().filter(|held| held.session == key.session).count() >= PER_SESSION_MAX {
            return Err(Denial::Overloaded);
        }
        let slot = Arc::new(Slot { upstream: OnceCell::new(), end: approved.session().end().clone() });
        slots.insert(key.clone(), Arc::clone(&slot));
        Ok(slot)
    }
}
