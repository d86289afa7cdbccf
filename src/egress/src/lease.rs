//! Minted credentials, from the first call of a session that needs one until nothing of it is left at its source.
//!
//! A place (`slot.rs`) belongs to one session, source and binding. The first call that finds it empty starts the life of a lease
//! (`life.rs`) in a task of its own: it is minted (`mint.rs`), kept while the session uses it (`keep.rs`) and revoked (`revoke.rs`).
//! What exists at a source stands in the ledger (`ledger.rs`) before it can be forgotten.

mod circuit;
mod counts;
mod held;
mod keep;
mod ledger;
mod life;
mod mint;
mod revoke;
mod slot;
mod source;

#[cfg(test)]
mod tests;

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{Binding, Caller, Clock, Minting, MintingId, SessionId, TraceContext};
use moka::sync::Cache;
use parking_lot::RwLock;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{counts::Counts, slot::Slot, source::Source};
pub use self::{
    counts::LeaseCounts,
    ledger::{Ledger, LedgerFailed, NoLedger},
};
pub(crate) use self::{held::Held, source::in_time};
use crate::{CredentialSource, EgressError, ProviderHandle};

/// Places at once: more than one machine serves, few enough to be kept.
const SLOTS_MAX: usize = 65_536;
/// How long the end of a session is remembered, for calls that were admitted just before it; no session is longer.
const ENDED_KEPT: Duration = Duration::from_secs(16 * 60);
/// Ends that are remembered at once.
const ENDED_COUNT_MAX: u64 = 262_144;

/// The leases of every session.
pub(crate) struct Leases {
    /// By handle.
    sources: Vec<Arc<Source>>,
    sessions: RwLock<Sessions>,
    /// Sessions for which nothing is minted any more.
    ended: Cache<SessionId, ()>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Sessions {
    by_id: HashMap<SessionId, InSession>,
    slot_count: usize,
}

/// The places of one session: as many as it has upstreams with minted credentials.
struct InSession {
    end: CancellationToken,
    slots: Vec<Arc<Slot>>,
}

/// What every life works with.
#[derive(Debug)]
pub(crate) struct Shared {
    clock: Arc<dyn Clock>,
    ledger: Arc<dyn Ledger>,
    random: SystemRandom,
    counts: Counts,
    tasks: TaskTracker,
    /// The process is about to end: every lease is revoked.
    closing: CancellationToken,
    /// Nothing more is done.
    cut: CancellationToken,
}

impl Leases {
    pub(crate) fn new(sources: &[CredentialSource], clock: Arc<dyn Clock>, ledger: Arc<dyn Ledger>) -> Self {
        let source = |source: &CredentialSource| Source::new(source.name.clone(), Arc::clone(&source.provider));
        let shared = Shared {
            clock,
            ledger,
            random: SystemRandom::new(),
            counts: Counts::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            cut: CancellationToken::new(),
        };
        Self {
            sources: sources.iter().map(|each| Arc::new(source(each))).collect(),
            sessions: RwLock::default(),
            ended: Cache::builder().max_capacity(ENDED_COUNT_MAX).time_to_live(ENDED_KEPT).build(),
            shared: Arc::new(shared),
        }
    }

    /// Finds the lease of a session, or mints it.
    ///
    /// # Errors
    /// The session has ended, or the source gives none; within a bounded time.
    pub(crate) async fn lease(
        &self,
        provider: ProviderHandle,
        binding: &Binding,
        caller: &Arc<Caller>,
        trace: TraceContext,
    ) -> Result<Arc<Held>, EgressError> {
        let now = self.shared.clock.now();
        let found = self.sessions.read().find(provider, binding, &caller.session, |slot| slot.fresh(now));
        if let Some(Some(held)) = found {
            return Ok(held);
        }
        self.slot(provider, binding, caller)?.lease(&self.shared, trace).await
    }

    /// Revokes everything that was minted for a session, and mints nothing more for it. Returns at once.
    pub(crate) fn end_session(&self, session: &SessionId) {
        // Before the places go, so that nobody makes one in between.
        self.ended.insert(session.clone(), ());
        let ended = self.sessions.write().remove(session);
        if let Some(ended) = ended {
            ended.end.cancel();
        }
    }

    /// Whether a session has ended, as far as that is remembered.
    pub(crate) fn has_ended(&self, session: &SessionId) -> bool {
        self.ended.contains_key(session)
    }

    /// Revokes what processes left that are gone. Returns at once.
    pub(crate) fn end_earlier(&self, mintings: Vec<Minting>) {
        for mut minting in mintings {
            minting.revocation = model::Revocation::default();
            let source = self.sources.iter().find(|source| source.name == minting.provider).cloned();
            let shared = Arc::clone(&self.shared);
            self.shared.spawn(async move {
                match source {
                    Some(source) => revoke::revoke(&source, &shared, minting).await,
                    None => revoke::nobody_can(&shared, minting).await,
                }
            });
        }
    }

    /// Revokes everything, for as long as `wait_max`. What is left then, the next process revokes.
    pub(crate) async fn close(&self, wait_max: Duration) {
        self.shared.closing.cancel();
        self.shared.tasks.close();
        if timeout(wait_max, self.shared.tasks.wait()).await.is_err() {
            tracing::warn!(left = self.shared.tasks.len(), "leases are left to be revoked at the next start");
        }
        self.shared.cut.cancel();
        let _stopped_or_not = timeout(Duration::from_secs(1), self.shared.tasks.wait()).await;
    }

    pub(crate) fn counts(&self) -> LeaseCounts {
        self.shared.counts.now()
    }

    /// The place of a credential in a session; there is one from now on.
    fn slot(&self, handle: ProviderHandle, binding: &Binding, caller: &Arc<Caller>) -> Result<Arc<Slot>, EgressError> {
        let source = self.sources.get(handle.0).ok_or(EgressError::CredentialMissing)?;
        let mut sessions = self.sessions.write();
        if self.ended.contains_key(&caller.session) || self.shared.closing.is_cancelled() {
            return Err(EgressError::SessionEnded);
        }
        if let Some(slot) = sessions.find(handle, binding, &caller.session, Arc::clone) {
            return Ok(slot);
        }
        if sessions.slot_count >= SLOTS_MAX {
            tracing::error!("too many credentials are minted at once");
            return Err(EgressError::CredentialSourceUnreachable);
        }
        sessions.slot_count += 1;
        let in_session = sessions
            .by_id
            .entry(caller.session.clone())
            .or_insert_with(|| InSession { end: self.shared.closing.child_token(), slots: Vec::new() });
        let source = (handle, Arc::clone(source));
        let slot = Arc::new(Slot::new(source, binding.clone(), Arc::clone(caller), in_session.end.clone()));
        in_session.slots.push(Arc::clone(&slot));
        Ok(slot)
    }
}

impl Sessions {
    fn find<T>(
        &self,
        handle: ProviderHandle,
        binding: &Binding,
        session: &SessionId,
        seen: impl FnOnce(&Arc<Slot>) -> T,
    ) -> Option<T> {
        let slots = &self.by_id.get(session)?.slots;
        slots.iter().find(|slot| slot.handle == handle && slot.binding == *binding).map(seen)
    }

    fn remove(&mut self, session: &SessionId) -> Option<InSession> {
        let removed = self.by_id.remove(session)?;
        self.slot_count -= removed.slots.len();
        Some(removed)
    }
}

impl Shared {
    /// Runs a life until it ends, or until nothing more is done.
    fn spawn(&self, life: impl Future<Output = ()> + Send + 'static) {
        let cut = self.cut.clone();
        self.tasks.spawn(async move { cut.run_until_cancelled(life).await });
    }

    /// The id of a minting.
    ///
    /// # Errors
    /// The system gives no random bytes; nothing is minted.
    fn draw_id(&self) -> Result<MintingId, EgressError> {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes).map_err(|_| EgressError::CredentialSourceUnreachable)?;
        Ok(URL_SAFE_NO_PAD.encode(bytes).parse().expect("22 letters, digits, '-' and '_' are an id"))
    }

    /// Something between nothing and `max`.
    fn jitter(&self, max: Duration) -> Duration {
        let mut byte = [0];
        // Without randomness there is no jitter, which does no harm by itself.
        let _random_or_not = self.random.fill(&mut byte);
        max * u32::from(byte[0]) / u32::from(u8::MAX)
    }

    /// A pause that doubles with each failure, and a little less, so that not all who failed together try together.
    fn back_off(&self, min: Duration, max: Duration, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = min.saturating_mul(doubled).min(max);
        pause - self.jitter(pause / 4)
    }
}

impl Drop for Leases {
    /// Whoever does not close leaves everything to the next process.
    fn drop(&mut self) {
        self.shared.cut.cancel();
    }
}

impl fmt::Debug for Leases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leases").field("sources", &self.sources).field("counts", &self.counts()).finish_non_exhaustive()
    }
}
