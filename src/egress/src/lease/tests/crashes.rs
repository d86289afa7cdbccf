//! A process that dies between any two steps: whatever opens something at the source is in the ledger, and the next process ends it.

use std::{sync::Arc, time::Duration};

use model::LeaseId;
use tokio::task::yield_now;

use super::{
    MINUTE, Rig, SECOND, pass,
    source::{Behavior, FakeSource, RuntimeClock},
};
use crate::testing::{Fault, MemoryLedger, NOW, Steps};

/// More steps than the story has.
const STEPS_MAX: usize = 2000;

/// Two sessions that mint, extend or follow, an outage, an end, and a process that closes.
async fn story(rig: &Rig) {
    let _served_or_not = tokio::join!(rig.lease("a"), rig.lease("b"));
    for second in 0..100 {
        if second % 4 == 0 {
            let _served_or_not = rig.lease("a").await;
        }
        pass(SECOND).await;
    }
    rig.source.change(|behavior| behavior.is_down = true);
    rig.leases.end_session(&"a".parse().unwrap());
    pass(SECOND * 2).await;
    rig.source.change(|behavior| behavior.is_down = false);
    let _served_or_not = rig.lease("c").await;
    pass(SECOND * 2).await;
    rig.leases.close(SECOND * 5).await;
}

/// What the source has open and the ledger does not know.
fn unknown(source: &FakeSource, ledger: &MemoryLedger) -> Vec<LeaseId> {
    let known: Vec<LeaseId> = ledger.rows().into_iter().flat_map(|row| row.made).collect();
    source.open().into_iter().filter(|open| !known.contains(open)).collect()
}

/// Dies at each step of the story; answers how many there are, and what was unknown to the ledger at any of them.
async fn die_at_each_step(behavior: Behavior, fault: Option<Fault>) -> (usize, usize) {
    let mut lost = 0;
    for last in 0..STEPS_MAX {
        let (steps, clock) = (Steps::until(last), RuntimeClock::starting_at(NOW));
        let rig = Rig::with(Arc::new(FakeSource::of(behavior)), MemoryLedger::new(&steps), clock);
        *rig.ledger.fault.lock() = fault;
        let has_died = tokio::select! {
            biased;
            () = steps.stands() => true,
            () = story(&rig) => false,
        };
        let Rig { leases, source, ledger, .. } = rig;
        drop(leases);
        for _ in 0..100 {
            yield_now().await;
        }
        lost += unknown(&source, &ledger).len();
        source.change(|now| *now = behavior);

        let next = Rig::with(source, ledger.reopened(&Steps::all()), RuntimeClock::starting_at(NOW));
        next.leases.end_earlier(next.ledger.rows());
        pass(MINUTE * 20).await;
        if fault.is_none() {
            assert_eq!(next.source.open(), [], "died at step {last}");
            assert_eq!(next.ledger.rows(), [], "died at step {last}");
        }
        if !has_died {
            return (last, lost);
        }
    }
    panic!("the story has no end")
}

const SHORT: Behavior = Behavior {
    life: Duration::from_secs(60),
    is_renewable: false,
    age_max: Duration::from_secs(90),
    delay: Duration::ZERO,
    lag: Duration::ZERO,
    is_down: false,
    is_refusing: false,
    is_panicking: false,
    cannot_revoke: false,
};

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_between_two_steps_leaves_nothing_that_the_next_one_does_not_end() {
    let mut points = 0;
    for is_renewable in [true, false] {
        let (died, lost) = die_at_each_step(Behavior { is_renewable, ..SHORT }, None).await;
        assert_eq!(lost, 0);
        points += died;
    }
    assert!(points >= 100, "only {points} points");
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_forgets_is_found_out() {
    let (_, lost) = die_at_each_step(SHORT, Some(Fault::Forgets)).await;
    assert!(lost > 0, "the check finds what is unknown");
}

#[tokio::test(start_paused = true)]
async fn what_a_source_still_makes_for_a_process_that_has_died_is_ended_too() {
    let lag = Duration::from_secs(2);
    let rig = Rig::new(FakeSource::of(Behavior { lag, ..SHORT }));
    let _nobody_waits = tokio::time::timeout(lag / 2, rig.lease("a")).await;
    let Rig { leases, source, ledger, clock, .. } = rig;
    drop(leases);
    let next = Rig::with(source, ledger.reopened(&Steps::all()), clock);
    next.leases.end_earlier(next.ledger.rows());
    pass(lag).await;
    assert_eq!(next.source.open().len(), 1, "the source did what it was asked");
    pass(SECOND * 10).await;
    assert_eq!((next.source.open(), next.ledger.rows()), (vec![], vec![]));
}
