//! A minted lease while calls may use it.

use std::{
    sync::atomic::{AtomicU8, AtomicU64, Ordering},
    time::Duration,
};

use model::Timestamp;
use provider::Lease;
use tokio::sync::Notify;

/// A lease that ends sooner than this is handed out only where no other can be had: the call itself takes time, and clocks differ.
const ENDING_MAX: Duration = Duration::from_secs(30);
/// Of a short life, no more than this part counts as its ending.
const ENDING_PART: u32 = 6;
/// A lease that ends so shortly before its session is not followed by another, unless a call asks for it.
const GAIN_MIN: Duration = Duration::from_secs(10);

/// Nobody took it since it was last renewed.
const UNUSED: u8 = 0;
/// Somebody did.
const USED: u8 = 1;
/// Its keeper sleeps until somebody does.
const DOZING: u8 = 2;

/// A lease that is held for its session. Taking it costs two loads.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) lease: Lease,
    session_end: Timestamp,
    expiry_millis: AtomicU64,
    /// From when on it is about to end.
    ending_millis: AtomicU64,
    usage: AtomicU8,
    wanted: Notify,
}

impl Held {
    pub(super) fn new(lease: Lease, session_end: Timestamp, now: Timestamp) -> Self {
        let expiry = lease.expiry.unwrap_or(session_end);
        let held = Self {
            lease,
            session_end,
            expiry_millis: AtomicU64::new(0),
            ending_millis: AtomicU64::new(0),
            usage: AtomicU8::new(UNUSED),
            wanted: Notify::new(),
        };
        held.extend(expiry, now);
        held
    }

    /// Moves the end.
    pub(super) fn extend(&self, expiry: Timestamp, now: Timestamp) {
        let ending = ENDING_MAX.min(expiry.since(now) / ENDING_PART);
        let ending = u64::try_from(ending.as_millis()).unwrap_or(u64::MAX);
        self.ending_millis.store(expiry.as_millis().saturating_sub(ending), Ordering::Relaxed);
        self.expiry_millis.store(expiry.as_millis(), Ordering::Relaxed);
    }

    pub(super) fn expiry(&self) -> Timestamp {
        Timestamp::from_millis(self.expiry_millis.load(Ordering::Relaxed))
    }

    /// When it is of no more use: its own end, or its session's.
    pub(super) fn end(&self) -> Timestamp {
        self.expiry().min(self.session_end)
    }

    /// Whether its session goes on for so long that another lease should follow it.
    pub(super) fn is_outlived(&self) -> bool {
        self.gain(self.session_end) >= GAIN_MIN
    }

    /// Whether an end at `expiry` is worth having.
    pub(super) fn is_extended_by(&self, expiry: Timestamp) -> bool {
        self.gain(expiry.min(self.session_end)) >= GAIN_MIN
    }

    fn gain(&self, end: Timestamp) -> Duration {
        end.since(self.expiry())
    }

    /// Whether a call may still use it.
    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        now < self.end()
    }

    /// Whether it is good for a call without a thought.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        self.is_live(now) && (now.as_millis() < self.ending_millis.load(Ordering::Relaxed) || !self.is_outlived())
    }

    /// Says that a call takes it.
    pub(super) fn take(&self) {
        if self.usage.load(Ordering::Relaxed) != USED && self.usage.swap(USED, Ordering::AcqRel) == DOZING {
            self.wanted.notify_one();
        }
    }

    /// Whether it was taken since this was last asked.
    pub(super) fn was_taken(&self) -> bool {
        self.usage.swap(UNUSED, Ordering::AcqRel) == USED
    }

    /// Waits until it is taken.
    pub(super) async fn taken(&self) {
        if self.usage.swap(DOZING, Ordering::AcqRel) != USED {
            self.wanted.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, canary, lease};

    const MINUTE: Duration = Duration::from_secs(60);

    fn held(life: Duration, session: Duration) -> Held {
        Held::new(lease("l", &canary(), Some(NOW.plus(life))), NOW.plus(session), NOW)
    }

    fn fresh_for(held: &Held) -> u64 {
        (0..3600).take_while(|seconds| held.is_fresh(NOW.plus(Duration::from_secs(*seconds)))).count() as u64
    }

    #[test]
    fn a_lease_is_fresh_until_shortly_before_its_end_and_to_the_end_of_its_session() {
        assert_eq!(fresh_for(&held(MINUTE * 5, MINUTE * 15)), 270);
        assert_eq!(fresh_for(&held(MINUTE, MINUTE * 15)), 50, "a short life has a shorter ending");
        assert_eq!(fresh_for(&held(MINUTE * 15, MINUTE * 15)), 900);
        assert_eq!(fresh_for(&held(MINUTE * 60, MINUTE * 15)), 900, "no call uses it past its session");
        assert_eq!(fresh_for(&held(MINUTE * 15 - Duration::from_secs(9), MINUTE * 15)), 891);
    }

    #[test]
    fn an_extended_lease_lives_on() {
        let held = held(MINUTE, MINUTE * 15);
        assert!(held.is_extended_by(NOW.plus(MINUTE * 2)) && !held.is_extended_by(NOW.plus(MINUTE)));
        held.extend(NOW.plus(MINUTE * 2), NOW.plus(MINUTE));
        assert!(held.is_live(NOW.plus(MINUTE * 2 - Duration::from_millis(1))));
        assert!(!held.is_live(NOW.plus(MINUTE * 2)));
    }

    #[tokio::test]
    async fn whoever_waits_for_a_taker_misses_none() {
        let held = held(MINUTE, MINUTE * 15);
        assert!(!held.was_taken());
        held.take();
        assert!(held.was_taken() && !held.was_taken());
        held.take();
        held.taken().await;
        let (_, ()) = tokio::join!(held.taken(), async { held.take() });
    }
}
