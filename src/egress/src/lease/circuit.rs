//! When a source is left alone because it does not answer.

use std::time::Duration;

use model::Timestamp;
use parking_lot::Mutex;

/// So many failures in a row are no accident.
const FAILURES_MAX: u32 = 3;
/// The first pause; each failed probe doubles it.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// How long a source that is back may go unnoticed.
const PAUSE_MAX: Duration = Duration::from_secs(16);
/// A probe takes as long as a source may take to answer; meanwhile nobody else waits for the same.
const PROBE_WAIT: Duration = super::source::ANSWER_WAIT_MAX;

/// Opens after some failures in a row, so that callers are answered at once instead of waiting for a source that is down; from time
/// to time one of them probes.
#[derive(Debug, Default)]
pub(super) struct Circuit(Mutex<State>);

#[derive(Debug)]
struct State {
    failures: u32,
    open_until: Timestamp,
}

impl Default for State {
    fn default() -> Self {
        Self { failures: 0, open_until: Timestamp::from_millis(0) }
    }
}

impl Circuit {
    /// Whether asking is pointless now.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        self.0.lock().is_open(now)
    }

    /// Whether to ask now. After a pause only one asker is let through, until it knows.
    pub(super) fn admits(&self, now: Timestamp) -> bool {
        let mut state = self.0.lock();
        if state.is_open(now) {
            return false;
        }
        if state.failures >= FAILURES_MAX {
            state.open_until = now.plus(PROBE_WAIT);
        }
        true
    }

    /// The source answered, whatever it said.
    pub(super) fn answered(&self) {
        *self.0.lock() = State::default();
    }

    /// The source did not answer.
    pub(super) fn failed(&self, now: Timestamp) {
        let mut state = self.0.lock();
        state.failures = state.failures.saturating_add(1);
        let doublings = state.failures.saturating_sub(FAILURES_MAX);
        let pause = PAUSE_MIN.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(PAUSE_MAX);
        state.open_until = now.plus(pause);
    }
}

impl State {
    fn is_open(&self, now: Timestamp) -> bool {
        self.failures >= FAILURES_MAX && now < self.open_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn a_source_is_left_alone_after_failures_in_a_row_and_probed_by_one_caller() {
        let circuit = Circuit::default();
        for _ in 0..FAILURES_MAX {
            assert!(circuit.admits(NOW));
            circuit.failed(NOW);
        }
        assert!(!circuit.admits(NOW) && circuit.is_open(NOW));
        let after = NOW.plus(PAUSE_MIN);
        assert!(circuit.admits(after), "one probes");
        assert!(!circuit.admits(after), "and the others do not wait for it");
        assert!(circuit.admits(after.plus(PROBE_WAIT)), "a probe that never came back is followed by another");
        circuit.failed(after);
        assert!(!circuit.admits(after.plus(PAUSE_MIN)), "the pause has doubled");
        assert!(circuit.admits(after.plus(PAUSE_MIN * 2)));
        circuit.answered();
        assert!(circuit.admits(after) && circuit.admits(after));
    }

    #[test]
    fn failures_that_are_not_in_a_row_count_from_the_beginning() {
        let circuit = Circuit::default();
        for _ in 0..10 {
            circuit.failed(NOW);
            circuit.failed(NOW);
            circuit.answered();
        }
        assert!(circuit.admits(NOW));
    }

    #[test]
    fn a_pause_has_a_bound() {
        let circuit = Circuit::default();
        for _ in 0..100 {
            circuit.failed(NOW);
        }
        assert!(!circuit.is_open(NOW.plus(PAUSE_MAX)));
    }
}
