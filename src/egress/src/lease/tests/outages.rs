//! A source that is down, and comes back.

use futures_util::future::join_all;

use super::{
    EgressError, MINUTE, Rig, SECOND, pass,
    source::{Behavior, FakeSource},
};

#[tokio::test(start_paused = true)]
async fn a_live_lease_serves_until_its_end_and_not_past_it() {
    for is_renewable in [true, false] {
        let rig = Rig::new(FakeSource::of(Behavior { life: MINUTE, is_renewable, ..Behavior::default() }));
        rig.lease("a").await.unwrap();
        rig.source.change(|behavior| behavior.is_down = true);
        let mut served = 0;
        while rig.lease("a").await.is_ok() {
            served += 1;
            pass(SECOND).await;
        }
        assert_eq!((served, rig.elapsed()), (60, MINUTE));
        assert_eq!(rig.lease("a").await, Err(EgressError::CredentialSourceUnreachable));
        rig.source.change(|behavior| behavior.is_down = false);
        pass(SECOND * 16).await;
        assert!(rig.lease("a").await.is_ok(), "a source that is back is asked again");
        assert_eq!(rig.counts().0, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_when_its_source_is_back_in_time() {
    let rig = Rig::new(FakeSource::of(Behavior { life: MINUTE * 4, is_renewable: true, ..Behavior::default() }));
    rig.lease("a").await.unwrap();
    rig.source.change(|behavior| behavior.is_down = true);
    pass(SECOND * 180).await;
    assert_eq!(rig.source.renewed(), 0);
    rig.source.change(|behavior| behavior.is_down = false);
    pass(SECOND * 55).await;
    assert_eq!((rig.source.renewed(), rig.lease("a").await.unwrap()), (1, "lease-1".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn callers_of_a_source_that_does_not_answer_are_told_in_time_and_do_not_pile_up() {
    let rig = Rig::new(FakeSource::of(Behavior { delay: MINUTE * 10, ..Behavior::default() }));
    let sessions: Vec<String> = (0..5000).map(|number| format!("s-{number}")).collect();
    let outcomes = join_all(sessions.iter().map(|session| rig.lease(session))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Err(EgressError::CredentialSourceUnreachable)));
    assert_eq!(rig.elapsed(), SECOND * 10);
    pass(SECOND / 2).await;
    assert_eq!((rig.source.asked(), rig.source.most_at_once()), (32, 32), "the others did not even ask");

    // From now on the answer is there at once, and one caller at a time looks whether the source is back.
    let (begin, mut slow) = (rig.elapsed(), 0);
    for second in 0..60 {
        let late: Vec<String> = (0..100).map(|number| format!("t-{second}-{number}")).collect();
        let before = rig.elapsed();
        let refused = join_all(late.iter().map(|session| async {
            let began = rig.elapsed();
            let outcome = rig.lease(session).await;
            assert!(outcome.is_err() && rig.elapsed() - began <= SECOND * 10);
            rig.elapsed() - began
        }));
        slow += refused.await.iter().filter(|waited| !waited.is_zero()).count();
        pass(SECOND.saturating_sub(rig.elapsed() - before)).await;
    }
    assert!(slow <= 60 && rig.elapsed() - begin >= MINUTE, "{slow} of 6000 waited");
    assert!(rig.source.asked() <= 32 + slow, "{}", rig.source.asked());
    assert_eq!(rig.ledger.rows(), [], "nothing is left of what was never minted");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_down_does_not_delay_what_another_source_gives() {
    let rig = Rig::new(FakeSource::of(Behavior { is_down: true, ..Behavior::default() }));
    for number in 0..10 {
        assert!(rig.lease(&format!("s-{number}")).await.is_err());
    }
    assert_eq!((rig.source.asked(), rig.elapsed()), (3, std::time::Duration::ZERO), "after three failures nobody asks");
    pass(SECOND).await;
    rig.source.change(|behavior| behavior.is_down = false);
    assert!(rig.lease("s-11").await.is_ok());
}
