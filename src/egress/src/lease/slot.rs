//! The place of one credential in one session: what calls find there, and the one minting that they wait for.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use model::{Binding, Caller, Timestamp, TraceContext};
use parking_lot::Mutex;
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Shared,
    held::Held,
    life,
    source::{ANSWER_WAIT_MAX, Source},
};
use crate::{EgressError, ProviderHandle};

/// A caller waits no longer for a minting, which goes on without it.
const CALLER_WAIT_MAX: Duration = ANSWER_WAIT_MAX;
/// A caller that has a lease which is about to end waits no longer for the next one.
const SPARED_WAIT_MAX: Duration = Duration::from_secs(2);
/// How long a failure is the answer to everyone, so that a caller that tries again at once does not ask the source again.
const FAILURE_LIFE: Duration = Duration::from_secs(1);

/// A place. It is of one session, one source and one binding, so that a lease is used for nothing that it was not minted for.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) handle: ProviderHandle,
    pub(super) source: Arc<Source>,
    pub(super) binding: Binding,
    pub(super) caller: Arc<Caller>,
    /// The session has ended, or the process is about to.
    pub(super) end: CancellationToken,
    current: ArcSwapOption<Held>,
    /// Decides who mints. Never held across an await; not looked at while there is a fresh lease.
    flight: Mutex<Flight>,
}

/// What a minting comes to; `None` until it is known.
pub(super) type Landing = Option<Result<Arc<Held>, EgressError>>;

#[derive(Debug)]
enum Flight {
    None,
    Minting(watch::Receiver<Landing>),
    Failed { error: EgressError, until: Timestamp },
}

/// What somebody who wants a lease gets.
pub(super) enum Joined {
    /// There is one.
    Held(Arc<Held>),
    /// One is being minted.
    Minting(watch::Receiver<Landing>),
}

impl Slot {
    pub(super) fn new(
        (handle, source): (ProviderHandle, Arc<Source>),
        binding: Binding,
        caller: Arc<Caller>,
        end: CancellationToken,
    ) -> Self {
        let (current, flight) = (ArcSwapOption::empty(), Mutex::new(Flight::None));
        Self { handle, source, binding, caller, end, current, flight }
    }

    /// The lease, where it is good for a call without a thought.
    pub(super) fn fresh(&self, now: Timestamp) -> Option<Arc<Held>> {
        let held = self.current.load();
        let held = held.as_ref().filter(|held| held.is_fresh(now))?;
        held.take();
        Some(Arc::clone(held))
    }

    /// The lease, or the one that is minted now. A lease that is about to end serves until then where no other can be had.
    ///
    /// # Errors
    /// The source's, within a bounded time.
    pub(super) async fn lease(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        trace: TraceContext,
    ) -> Result<Arc<Held>, EgressError> {
        let ending = self.current.load_full();
        let spared = ending.as_ref().is_some_and(|held| held.is_live(shared.clock.now()));
        let landed = match self.join(ending.as_ref(), shared, trace) {
            Ok(Joined::Held(held)) => Ok(held),
            Ok(Joined::Minting(landing)) => {
                landed(landing, if spared { SPARED_WAIT_MAX } else { CALLER_WAIT_MAX }).await
            }
            Err(error) => Err(error),
        };
        let held = landed.or_else(|error| ending.filter(|held| held.is_live(shared.clock.now())).ok_or(error))?;
        held.take();
        Ok(held)
    }

    /// Finds a lease other than `unwanted`, or the minting of one, or begins to mint.
    ///
    /// # Errors
    /// The session has ended, or minting failed a moment ago.
    pub(super) fn join(
        self: &Arc<Self>,
        unwanted: Option<&Arc<Held>>,
        shared: &Arc<Shared>,
        trace: TraceContext,
    ) -> Result<Joined, EgressError> {
        if self.end.is_cancelled() {
            return Err(EgressError::SessionEnded);
        }
        let now = shared.clock.now();
        let mut flight = self.flight.lock();
        if let Some(held) = self.current.load_full().filter(|held| held.is_live(now))
            && unwanted.is_none_or(|unwanted| !Arc::ptr_eq(unwanted, &held))
        {
            return Ok(Joined::Held(held));
        }
        match &*flight {
            Flight::Minting(landing) if !is_lost(landing) => return Ok(Joined::Minting(landing.clone())),
            Flight::Failed { error, until } if now < *until => return Err(*error),
            Flight::None | Flight::Minting(_) | Flight::Failed { .. } => {}
        }
        let (outcome, landing) = watch::channel(None);
        *flight = Flight::Minting(landing.clone());
        shared.spawn(life::of_lease(Arc::clone(self), Arc::clone(shared), trace, outcome));
        Ok(Joined::Minting(landing))
    }

    /// A minting succeeded.
    pub(super) fn land(&self, held: &Arc<Held>) {
        let mut flight = self.flight.lock();
        self.current.store(Some(Arc::clone(held)));
        *flight = Flight::None;
    }

    /// A minting failed.
    pub(super) fn fail(&self, error: EgressError, now: Timestamp) {
        *self.flight.lock() = match error {
            // The person may have connected the account just now, and must not be told again to do it.
            EgressError::NotConnected => Flight::None,
            error => Flight::Failed { error, until: now.plus(FAILURE_LIFE) },
        };
    }

    /// Whether calls get this lease.
    pub(super) fn holds(&self, held: &Arc<Held>) -> bool {
        self.current.load().as_ref().is_some_and(|current| Arc::ptr_eq(current, held))
    }

    /// Gives a lease to no further call.
    pub(super) fn let_go(&self, held: &Arc<Held>) {
        let _decided_by_one = self.flight.lock();
        if self.holds(held) {
            self.current.store(None);
        }
    }
}

/// Waits for a minting.
///
/// # Errors
/// The minting's, or it takes too long.
pub(super) async fn landed(
    mut landing: watch::Receiver<Landing>,
    wait_max: Duration,
) -> Result<Arc<Held>, EgressError> {
    let landed = timeout(wait_max, landing.wait_for(Option::is_some)).await;
    let landed = landed.ok().and_then(Result::ok).and_then(|outcome| outcome.clone());
    landed.unwrap_or(Err(EgressError::CredentialSourceUnreachable))
}

/// Whether whoever mints is gone without a word, as after a panic.
fn is_lost(landing: &watch::Receiver<Landing>) -> bool {
    landing.has_changed().is_err() && landing.borrow().is_none()
}
