//! Stops asking a service that does not answer, and tries it again after a while.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// So many failures in a row are no accident.
const FAILURE_COUNT_MAX: u32 = 5;

/// How long nobody is asked then. Whoever comes in between has an answer at once instead of after a deadline.
const REST: Duration = Duration::from_secs(5);

/// Whether the service may be asked.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    rests_until: Option<Instant>,
}

impl Breaker {
    /// Whether to ask now. After a rest one caller tries, and the others wait for what comes of it.
    pub(crate) fn admits(&self) -> bool {
        let mut state = self.0.lock();
        match state.rests_until {
            None => true,
            Some(until) if Instant::now() < until => false,
            Some(_) => {
                state.rests_until = Some(Instant::now() + REST);
                true
            }
        }
    }

    pub(crate) fn note_answer(&self) {
        *self.0.lock() = State::default();
    }

    pub(crate) fn note_failure(&self) {
        let mut state = self.0.lock();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURE_COUNT_MAX {
            state.rests_until = Some(Instant::now() + REST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_failures_nobody_asks_until_one_tries_again() {
        let breaker = Breaker::default();
        for _ in 0..FAILURE_COUNT_MAX {
            assert!(breaker.admits());
            breaker.note_failure();
        }
        assert!(!breaker.admits());
        tokio::time::advance(REST).await;
        assert!(breaker.admits() && !breaker.admits(), "one tries");
        breaker.note_failure();
        tokio::time::advance(REST).await;
        assert!(breaker.admits());
        breaker.note_answer();
        assert!(breaker.admits() && breaker.admits());
    }
}
