//! What goes on while a session uses its lease.

use std::time::Duration;

use super::{
    MINUTE, Rig, SECOND, pass,
    source::{Behavior, FakeSource},
};

const RENEWABLE: Behavior = Behavior {
    life: Duration::from_secs(60),
    is_renewable: true,
    age_max: Duration::from_secs(3600),
    delay: Duration::ZERO,
    lag: Duration::ZERO,
    is_down: false,
    is_refusing: false,
    is_panicking: false,
    cannot_revoke: false,
};
const FOLLOWED: Behavior = Behavior { is_renewable: false, ..RENEWABLE };

/// Calls once a second, and answers the leases that served, each with the second of its first call.
async fn calls(rig: &Rig, session: &str, seconds: u32) -> Vec<(String, u64)> {
    let mut leases: Vec<(String, u64)> = Vec::new();
    for _ in 0..seconds {
        let lease = rig.lease(session).await.expect("a session that lives always has a lease");
        if leases.last().is_none_or(|(last, _)| *last != lease) {
            leases.push((lease, rig.elapsed().as_secs()));
        }
        pass(SECOND).await;
    }
    leases
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_used_is_extended_at_two_thirds_of_its_life() {
    let rig = Rig::new(FakeSource::of(RENEWABLE));
    assert_eq!(calls(&rig, "a", 34).await, [("lease-1".to_owned(), 0)]);
    assert_eq!(rig.source.renewed(), 0, "not before a little under two thirds");
    calls(&rig, "a", 7).await;
    assert_eq!(rig.source.renewed(), 1, "not after two thirds");
    let row = rig.ledger.rows().remove(0);
    assert!(row.minted.unwrap().expiry > rig.begin.plus(MINUTE), "the ledger knows the new end");
    assert_eq!(calls(&rig, "a", 800).await, [("lease-1".to_owned(), 41)], "one lease serves the whole session");
    assert_eq!((rig.source.asked(), rig.source.open().len()), (1, 1));
    pass(MINUTE * 2).await;
    assert_eq!((rig.source.open().len(), rig.ledger.rows().len()), (0, 0), "and it ends with it");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_extended_is_followed_by_another_before_it_ends() {
    let rig = Rig::new(FakeSource::of(FOLLOWED));
    let leases = calls(&rig, "a", 200).await;
    assert!((4..=6).contains(&leases.len()), "{leases:?}");
    for (one, next) in leases.iter().zip(leases.iter().skip(1)) {
        assert!((34..=41).contains(&(next.1 - one.1)), "{leases:?}");
    }
    assert!((1..=2).contains(&rig.source.open().len()), "the older ones are revoked");
    assert_eq!(rig.counts().0, rig.source.open().len());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_followed_is_revoked_when_its_calls_had_time_to_end() {
    let rig = Rig::new(FakeSource::of(Behavior { life: MINUTE * 6, ..FOLLOWED }));
    let mut seconds = 0;
    while rig.source.asked() < 2 {
        rig.lease("a").await.unwrap();
        pass(SECOND).await;
        seconds += 1;
    }
    assert!((204..=241).contains(&seconds), "{seconds}");
    assert_eq!(rig.lease("a").await, Ok("lease-2".to_owned()));
    pass(SECOND * 28).await;
    assert_eq!(rig.source.open().len(), 2);
    pass(SECOND * 4).await;
    assert_eq!(rig.source.open(), ["token-2".parse().unwrap()]);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_as_old_as_it_may_become_is_followed_by_another() {
    let rig = Rig::new(FakeSource::of(Behavior { age_max: MINUTE * 2, ..RENEWABLE }));
    let leases = calls(&rig, "a", 300).await;
    assert!((3..=4).contains(&leases.len()) && rig.source.renewed() >= 3, "{leases:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_nobody_uses_is_not_renewed() {
    for behavior in [RENEWABLE, FOLLOWED] {
        let rig = Rig::new(FakeSource::of(behavior));
        rig.lease("a").await.unwrap();
        pass(SECOND * 38).await;
        // It was used by the call that it was minted for, so it is renewed once.
        pass(MINUTE * 3).await;
        assert_eq!((rig.source.asked() + rig.source.renewed(), rig.source.open().len()), (2, 0));
        assert_eq!((rig.ledger.rows(), rig.counts()), (Vec::new(), (0, 0, 0)));
        assert!(rig.lease("a").await.is_ok(), "the session goes on, and gets another when it needs one");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_late_in_the_life_of_an_idle_lease_has_it_renewed() {
    let rig = Rig::new(FakeSource::of(Behavior { life: MINUTE * 4, ..RENEWABLE }));
    rig.lease("a").await.unwrap();
    pass(MINUTE * 5).await;
    assert_eq!(rig.source.renewed(), 1);
    // Past two thirds of the second life, which began between 136 and 160 seconds.
    pass(SECOND * 40).await;
    assert_eq!((rig.lease("a").await.unwrap(), rig.source.asked()), ("lease-1".to_owned(), 1));
    pass(SECOND).await;
    assert_eq!(rig.source.renewed(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_lasts_for_its_session_is_left_alone() {
    for life in [super::SESSION, super::SESSION - SECOND * 5] {
        let rig = Rig::new(FakeSource::of(Behavior { life, ..RENEWABLE }));
        assert_eq!(calls(&rig, "a", 890).await.len(), 1);
        assert_eq!((rig.source.asked(), rig.source.renewed()), (1, 0));
    }
}
