//! Where each kill strikes: seeded, so that a run can be repeated.

use std::time::Duration;

/// Load runs at most this long before a kill that is set by time.
const MOMENT_MICROSECONDS_MAX: u64 = 250_000;
/// The longest that a start is let run before it is killed: some are ready by then.
const START_MICROSECONDS_MAX: u64 = 250_000;
/// Kills that are set by an event wait for at most this many.
const EVENTS_MAX: u64 = 80;

/// One kill.
#[derive(Clone, Copy, Debug)]
pub(super) enum Strike {
    /// At a moment under load.
    Moment(Duration),
    /// When the upstream has received this many requests more: after the intent, before the outcome.
    Effect(u64),
    /// When callers have read this many answers more to their ends: just after an outcome.
    Answer(u64),
    /// While the broker starts and recovers.
    Start(Duration),
}

/// A seeded source of numbers (SplitMix64). It decides nothing that must be secret.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next kill: three in ten by time, three each by an effect and by an answer, one in ten during a start.
    pub(super) const fn strike(&mut self) -> Strike {
        match self.next() % 10 {
            0..3 => Strike::Moment(Duration::from_micros(self.next() % MOMENT_MICROSECONDS_MAX)),
            3..6 => Strike::Effect(1 + self.next() % EVENTS_MAX),
            6..9 => Strike::Answer(1 + self.next() % EVENTS_MAX),
            _ => Strike::Start(Duration::from_micros(self.next() % START_MICROSECONDS_MAX)),
        }
    }
}

#[test]
fn a_schedule_repeats_and_holds_every_kind() {
    let schedule = |seed| {
        let mut random = Random::new(seed);
        (0..100).map(|_| format!("{:?}", random.strike())).collect::<Vec<_>>()
    };
    assert_eq!(schedule(7), schedule(7));
    assert_ne!(schedule(7), schedule(8));
    for kind in ["Moment", "Effect", "Answer", "Start"] {
        assert!(schedule(7).iter().any(|strike| strike.starts_with(kind)), "{kind}");
    }
}
