//! The end of a session, of a process, and of what earlier processes left.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;

use super::{
    EgressError, MINUTE, Rig, SECOND, SESSION, pass,
    source::{Behavior, FakeSource, RuntimeClock},
};
use crate::testing::{NOW, Steps};

const SLOW: Behavior = Behavior {
    life: SESSION,
    is_renewable: false,
    age_max: SESSION,
    delay: Duration::from_millis(20),
    lag: Duration::ZERO,
    is_down: false,
    is_refusing: false,
    is_panicking: false,
    cannot_revoke: false,
};

#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_revokes_its_lease_within_a_second_and_no_other() {
    let rig = Rig::new(FakeSource::of(SLOW));
    join_all((0..100).map(|number| rig.lease_of(number))).await;
    let begin = rig.elapsed();
    for number in 0..99 {
        rig.leases.end_session(&format!("session-{number}").parse().unwrap());
    }
    assert_eq!(rig.elapsed(), begin, "it returns at once");
    pass(SECOND).await;
    assert_eq!((rig.source.open().len(), rig.ledger.rows().len(), rig.counts()), (1, 1, (1, 0, 0)));
    assert_eq!(rig.lease_of(7).await, Err(EgressError::SessionEnded));
    assert!(rig.lease_of(99).await.is_ok());
    assert_eq!(rig.source.asked(), 100, "nothing is minted for a session that has ended");
}

impl Rig {
    async fn lease_of(&self, number: usize) -> Result<String, EgressError> {
        self.lease(&format!("session-{number}")).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_ends_with_its_session_also_where_nobody_says_so() {
    let rig = Rig::new(FakeSource::of(SLOW));
    rig.lease("a").await.unwrap();
    pass(SESSION - SECOND).await;
    assert_eq!(rig.source.open().len(), 1);
    pass(SECOND * 2).await;
    assert_eq!((rig.source.open().len(), rig.ledger.rows().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_minting_that_ends_after_its_session_is_revoked_and_given_to_nobody() {
    let rig = Rig::new(FakeSource::of(Behavior { delay: SECOND, ..SLOW }));
    let end = async {
        pass(SECOND / 2).await;
        rig.leases.end_session(&"a".parse().unwrap());
    };
    let (outcome, ()) = tokio::join!(rig.lease("a"), end);
    assert_eq!(outcome, Err(EgressError::SessionEnded));
    assert_eq!(rig.source.open().len(), 1, "the source did what it was asked");
    pass(SECOND * 3).await;
    assert_eq!((rig.source.asked(), rig.source.open().len(), rig.ledger.rows().len()), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_revocation_is_tried_again_until_the_source_is_back() {
    let rig = Rig::new(FakeSource::of(SLOW));
    rig.lease("a").await.unwrap();
    rig.source.change(|behavior| behavior.is_down = true);
    rig.leases.end_session(&"a".parse().unwrap());
    pass(MINUTE).await;
    let [row] = <[_; 1]>::try_from(rig.ledger.rows()).unwrap();
    assert!((6..=10).contains(&row.revocation.attempts), "{row:?}");
    assert_eq!((row.revocation.error.as_deref(), row.revocation.is_irrevocable), (Some("unreachable"), false));
    assert_eq!(rig.counts(), (0, 1, 0));
    rig.source.change(|behavior| behavior.is_down = false);
    pass(MINUTE * 2).await;
    assert_eq!((rig.source.open().len(), rig.ledger.rows().len(), rig.counts()), (0, 0, (0, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_revoked_for_an_hour_is_listed_and_left_to_a_person() {
    let rig = Rig::new(FakeSource::of(SLOW));
    rig.lease("a").await.unwrap();
    rig.source.change(|behavior| behavior.is_down = true);
    rig.leases.end_session(&"a".parse().unwrap());
    pass(MINUTE * 30).await;
    assert_eq!(rig.counts(), (0, 1, 0));
    pass(MINUTE * 40).await;
    assert_eq!(rig.counts(), (0, 0, 1));
    let [row] = <[_; 1]>::try_from(rig.ledger.rows()).unwrap();
    assert!(row.revocation.is_irrevocable);
    let asked = rig.source.asked_to_revoke();
    pass(MINUTE * 600).await;
    assert_eq!(rig.source.asked_to_revoke(), asked);
}

#[tokio::test(start_paused = true)]
async fn a_credential_without_an_early_end_is_forgotten_when_it_has_ended_by_itself() {
    let rig = Rig::new(FakeSource::of(Behavior { cannot_revoke: true, ..SLOW }));
    rig.lease("a").await.unwrap();
    rig.leases.end_session(&"a".parse().unwrap());
    pass(SESSION - SECOND).await;
    assert_eq!((rig.ledger.rows().len(), rig.counts()), (1, (0, 1, 0)), "it is no alarm");
    pass(MINUTE * 2).await;
    assert_eq!((rig.ledger.rows().len(), rig.counts()), (0, (0, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_credential_without_an_early_end_that_outlives_its_session_is_listed_until_it_ends() {
    let rig = Rig::new(FakeSource::of(Behavior { cannot_revoke: true, life: SESSION * 2, ..SLOW }));
    rig.lease("a").await.unwrap();
    pass(SESSION + SECOND).await;
    let [row] = <[_; 1]>::try_from(rig.ledger.rows()).unwrap();
    assert!(row.revocation.is_irrevocable && row.revocation.error.as_deref() == Some("cannot_be_revoked"));
    assert_eq!(rig.counts().2, 1);
    pass(SESSION + MINUTE * 2).await;
    assert_eq!((rig.ledger.rows().len(), rig.counts()), (0, (0, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_closes_revokes_everything_within_its_time() {
    let rig = Rig::new(FakeSource::of(SLOW));
    join_all((0..200).map(|number| rig.lease_of(number))).await;
    let begin = rig.elapsed();
    rig.leases.close(SECOND * 5).await;
    assert!(rig.elapsed() - begin < SECOND, "{:?}", rig.elapsed() - begin);
    assert_eq!((rig.source.open().len(), rig.ledger.rows().len()), (0, 0));
    assert_eq!(rig.lease("late").await, Err(EgressError::SessionEnded), "nothing is minted any more");
}

#[tokio::test(start_paused = true)]
async fn a_process_whose_source_is_down_closes_in_time_and_the_next_one_revokes() {
    for delay in [Duration::from_millis(20), MINUTE] {
        let rig = Rig::new(FakeSource::of(SLOW));
        join_all((0..50).map(|number| rig.lease_of(number))).await;
        rig.source.change(|behavior| (behavior.is_down, behavior.delay) = (true, delay));
        let begin = rig.elapsed();
        rig.leases.close(SECOND * 5).await;
        assert!(rig.elapsed() - begin <= SECOND * 5);
        assert_eq!((rig.source.open().len(), rig.ledger.rows().len()), (50, 50));

        rig.source.change(|behavior| *behavior = SLOW);
        let ledger = rig.ledger.reopened(&Steps::all());
        let next = Rig::with(Arc::clone(&rig.source), ledger, Arc::clone(&rig.clock));
        next.leases.end_earlier(next.ledger.rows());
        assert_eq!(next.lease("session-1").await, Ok("lease-51".to_owned()), "a session that goes on mints again");
        pass(SECOND * 5).await;
        assert_eq!((next.source.open(), next.ledger.rows().len()), (vec!["token-51".parse().unwrap()], 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_source_made_that_is_no_longer_configured_is_listed() {
    let rig = Rig::new(FakeSource::of(SLOW));
    rig.lease("a").await.unwrap();
    let mut rows = rig.ledger.rows();
    rows[0].provider = "gone".parse().unwrap();
    let next =
        Rig::with(Arc::new(FakeSource::of(SLOW)), rig.ledger.reopened(&Steps::all()), RuntimeClock::starting_at(NOW));
    next.leases.end_earlier(rows);
    pass(SECOND).await;
    let [row] = <[_; 1]>::try_from(next.ledger.rows()).unwrap();
    assert!(row.revocation.is_irrevocable && row.revocation.error.as_deref() == Some("provider_unknown"));
    assert_eq!((next.counts(), next.source.asked_to_revoke()), ((0, 0, 1), 0));
}
