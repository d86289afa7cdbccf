//! A source that mints what a test says, and knows what it has given out.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use model::{Clock, LeaseId, Timestamp};
use parking_lot::Mutex;
use provider::{CredentialRequest, Lease, Provider, ProviderError};
use tokio::time::{Instant, sleep};

use crate::testing::{Steps, canary, lease};

/// Shows the time of the test's runtime, which is stopped and jumps to the next thing to do.
#[derive(Debug)]
pub(super) struct RuntimeClock {
    began: Instant,
    shows: Timestamp,
}

impl RuntimeClock {
    pub(super) fn starting_at(shows: Timestamp) -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), shows })
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        self.shows.plus(self.began.elapsed())
    }
}

/// How it behaves; a test changes it as it goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Behavior {
    /// How long what it mints lives.
    pub(super) life: Duration,
    pub(super) is_renewable: bool,
    /// How old a lease can become by renewals.
    pub(super) age_max: Duration,
    /// How long each answer takes.
    pub(super) delay: Duration,
    /// How long it goes on with a minting, also when nobody waits for it any more.
    pub(super) lag: Duration,
    pub(super) is_down: bool,
    pub(super) is_refusing: bool,
    pub(super) is_panicking: bool,
    pub(super) cannot_revoke: bool,
}

impl Default for Behavior {
    fn default() -> Self {
        let (life, age_max) = (Duration::from_secs(900), Duration::from_secs(3600));
        Self {
            life,
            is_renewable: false,
            age_max,
            delay: Duration::ZERO,
            lag: Duration::ZERO,
            is_down: false,
            is_refusing: false,
            is_panicking: false,
            cannot_revoke: false,
        }
    }
}

/// Mints `lease-N`; on the way it makes `token-N`, which opens nothing until its id is in the journal, and whose end is the end of
/// the lease.
#[derive(Debug)]
pub(super) struct FakeSource {
    behavior: Mutex<Behavior>,
    minted: Arc<Mutex<Minted>>,
    steps: Mutex<Option<Arc<Steps>>>,
    clock: OnceLock<Arc<RuntimeClock>>,
}

#[derive(Debug, Default)]
struct Minted {
    asked: usize,
    renewed: usize,
    asked_to_revoke: usize,
    began: Vec<Timestamp>,
    /// Tokens that open something.
    open: BTreeSet<usize>,
    most_at_once: usize,
    at_once: usize,
}

impl FakeSource {
    pub(super) fn of(behavior: Behavior) -> Self {
        let (behavior, steps, clock) = (Mutex::new(behavior), Mutex::default(), OnceLock::new());
        Self { behavior, minted: Arc::default(), steps, clock }
    }

    pub(super) fn begin(&self, steps: &Arc<Steps>, clock: &Arc<RuntimeClock>) {
        *self.steps.lock() = Some(Arc::clone(steps));
        self.clock.get_or_init(|| Arc::clone(clock));
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Behavior)) {
        change(&mut self.behavior.lock());
    }

    /// How often it was asked for a lease.
    pub(super) fn asked(&self) -> usize {
        self.minted.lock().asked
    }

    pub(super) fn renewed(&self) -> usize {
        self.minted.lock().renewed
    }

    pub(super) fn asked_to_revoke(&self) -> usize {
        self.minted.lock().asked_to_revoke
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.minted.lock().most_at_once
    }

    /// What can still be used.
    pub(super) fn open(&self) -> Vec<LeaseId> {
        self.minted.lock().open.iter().map(|number| token(*number)).collect()
    }

    fn steps(&self) -> Arc<Steps> {
        self.steps.lock().clone().expect("a rig began")
    }

    fn now(&self) -> Timestamp {
        self.clock.get().expect("a rig began").now()
    }

    /// Takes its time, and is down, or refuses, where it is told to.
    async fn answer(&self) -> Result<Behavior, ProviderError> {
        let behavior = *self.behavior.lock();
        if !behavior.delay.is_zero() {
            sleep(behavior.delay).await;
        }
        assert!(!behavior.is_panicking, "as it was told");
        if behavior.is_down { Err(ProviderError::Unreachable) } else { Ok(behavior) }
    }
}

fn token(number: usize) -> LeaseId {
    format!("token-{number}").parse().unwrap()
}

fn number(id: &LeaseId) -> usize {
    id.as_str().rsplit_once('-').unwrap().1.parse().unwrap()
}

#[async_trait]
impl Provider for FakeSource {
    #[expect(clippy::disallowed_methods, reason = "what a source does goes on without the process that asked")]
    async fn issue(&self, request: CredentialRequest<'_>) -> Result<Lease, ProviderError> {
        let steps = self.steps();
        let number = {
            let mut minted = self.minted.lock();
            minted.asked += 1;
            minted.at_once += 1;
            minted.most_at_once = minted.most_at_once.max(minted.at_once);
            minted.asked
        };
        let _one_less = OneLess(self);
        steps.point().await;
        let behavior = self.answer().await?;
        if behavior.is_refusing {
            return Err(ProviderError::Refused { reason: "as it was told".to_owned() });
        }
        request.journal.made(&token(number)).await?;
        let (minted, began) = (Arc::clone(&self.minted), self.now());
        let open = move || {
            let mut minted = minted.lock();
            minted.open.insert(number);
            minted.began.push(began);
        };
        if behavior.lag.is_zero() {
            steps.step(format!("source: open {}", token(number)), open).await;
        } else {
            let opened = tokio::spawn(async move {
                sleep(behavior.lag).await;
                open();
            });
            opened.await.expect("it opens");
        }
        let id = format!("lease-{number}");
        let lease = lease(&id, &canary(), Some(self.now().plus(behavior.life)));
        Ok(Lease { renewable: behavior.is_renewable, ..lease })
    }

    async fn renew(&self, lease: &LeaseId, until: Timestamp) -> Result<Timestamp, ProviderError> {
        self.steps().point().await;
        let behavior = self.answer().await?;
        let began = *self.minted.lock().began.get(number(lease) - 1).expect("it was minted");
        let extended = || self.minted.lock().renewed += 1;
        self.steps().step(format!("source: renew {lease}"), extended).await;
        Ok(until.min(self.now().plus(behavior.life)).min(began.plus(behavior.age_max)))
    }

    async fn revoke(&self, lease: &LeaseId) -> Result<(), ProviderError> {
        self.minted.lock().asked_to_revoke += 1;
        self.steps().point().await;
        let behavior = self.answer().await?;
        if behavior.cannot_revoke {
            return Err(ProviderError::CannotRevoke);
        }
        let close = || self.minted.lock().open.remove(&number(lease));
        self.steps().step(format!("source: revoke {lease}"), close).await;
        Ok(())
    }
}

/// Counts those who ask at once.
struct OneLess<'a>(&'a FakeSource);

impl Drop for OneLess<'_> {
    fn drop(&mut self) {
        self.0.minted.lock().at_once -= 1;
    }
}
