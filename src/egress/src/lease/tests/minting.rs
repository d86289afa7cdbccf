//! The first call that needs a credential, and all who come with it.

use std::{collections::HashSet, time::Duration};

use futures_util::future::join_all;

use super::{
    super::ledger::Ledger as _,
    EgressError, MINUTE, Rig, SECOND, binding, pass,
    source::{Behavior, FakeSource},
};
use crate::testing::Fault;

#[tokio::test(start_paused = true)]
async fn a_credential_is_minted_for_the_first_call_and_found_by_the_next() {
    let rig = Rig::new(FakeSource::of(Behavior::default()));
    for _ in 0..3 {
        assert_eq!(rig.lease("a").await, Ok("lease-1".to_owned()));
    }
    assert_eq!((rig.source.asked(), rig.counts()), (1, (1, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_callers_wait_for_one_minting() {
    let rig = Rig::new(FakeSource::of(Behavior { delay: SECOND, ..Behavior::default() }));
    let leases = join_all((0..10_000).map(|_| rig.lease("a"))).await;
    assert_eq!(leases.len(), 10_000);
    assert!(leases.iter().all(|lease| *lease == Ok("lease-1".to_owned())));
    assert_eq!((rig.source.asked(), rig.elapsed()), (1, SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_shared_by_no_other_session_and_no_other_binding() {
    let rig = Rig::new(FakeSource::of(Behavior::default()));
    let mut leases = HashSet::new();
    for session in ["a", "b"] {
        for destination in ["https://api.example", "https://api.example/v2"] {
            for _ in 0..2 {
                leases.insert(rig.held(session, &binding(destination)).await.unwrap().lease.id.clone());
            }
        }
    }
    assert_eq!((leases.len(), rig.source.asked()), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn a_minting_is_written_down_before_it_begins_and_completed_after() {
    let rig = Rig::new(FakeSource::of(Behavior::default()));
    rig.lease("a").await.unwrap();
    let log = ["ledger: open", "ledger: made token-1", "source: open token-1", "ledger: complete lease-1"];
    assert_eq!(rig.ledger.steps.log(), log);
    let [row] = <[_; 1]>::try_from(rig.ledger.rows()).unwrap();
    assert_eq!((row.provider.as_str(), row.credential.as_str(), row.session.as_str()), ("source", "key", "a"));
    assert_eq!(row.minted.unwrap().expiry, rig.begin.plus(super::SESSION));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_down_is_not_used() {
    for (fault, asked) in [(Fault::Open, 0), (Fault::Made, 1), (Fault::Complete, 1)] {
        let rig = Rig::new(FakeSource::of(Behavior::default()));
        *rig.ledger.fault.lock() = Some(fault);
        assert_eq!(rig.lease("a").await, Err(EgressError::CredentialSourceUnreachable), "{fault:?}");
        pass(SECOND * 10).await;
        assert_eq!((rig.source.asked(), rig.source.open().len()), (asked, 0), "{fault:?}: nothing is left of it");
        assert_eq!(rig.ledger.rows(), [], "{fault:?}");
        *rig.ledger.fault.lock() = None;
        assert!(rig.lease("a").await.is_ok(), "{fault:?}: the next one is minted");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_leaves_a_lease_for_the_next_one() {
    let rig = Rig::new(FakeSource::of(Behavior { delay: SECOND, ..Behavior::default() }));
    let gave_up = tokio::time::timeout(SECOND / 2, rig.lease("a")).await;
    assert!(gave_up.is_err());
    pass(SECOND).await;
    assert_eq!((rig.source.open().len(), rig.counts()), (1, (1, 0, 0)));
    assert_eq!((rig.lease("a").await.unwrap(), rig.source.asked()), ("lease-1".to_owned(), 1));
    rig.leases.end_session(&"a".parse().unwrap());
    pass(SECOND * 3).await;
    assert_eq!((rig.source.open().len(), rig.ledger.rows().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_minting_that_takes_too_long_for_its_caller_serves_the_next_one() {
    let rig = Rig::new(FakeSource::of(Behavior { delay: SECOND * 9, ..Behavior::default() }));
    let callers = join_all((0..33).map(|i| rig.held_of(i))).await;
    let late = callers.iter().filter(|outcome| outcome.is_err()).count();
    assert_eq!((late, rig.elapsed()), (1, SECOND * 10), "one found every place taken, and was told so in time");
    pass(SECOND * 10).await;
    assert!(join_all((0..33).map(|i| rig.held_of(i))).await.iter().all(Result::is_ok));
    assert_eq!((rig.source.asked(), rig.source.most_at_once()), (33, 32));
}

impl Rig {
    async fn held_of(&self, number: usize) -> Result<String, EgressError> {
        self.lease(&format!("session-{number}")).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_the_answer_for_a_moment_and_is_not_asked_for_again() {
    let rig = Rig::new(FakeSource::of(Behavior { is_refusing: true, ..Behavior::default() }));
    for _ in 0..1000 {
        assert_eq!(rig.lease("a").await, Err(EgressError::CredentialRefused));
    }
    assert_eq!(rig.source.asked(), 1);
    rig.source.change(|behavior| behavior.is_refusing = false);
    pass(SECOND).await;
    assert!(rig.lease("a").await.is_ok());
    assert_eq!(rig.ledger.rows().len(), 1, "nothing is left of what was refused");
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_has_ended_is_not_used_and_is_revoked() {
    let rig = Rig::new(FakeSource::of(Behavior { life: Duration::ZERO, ..Behavior::default() }));
    assert_eq!(rig.lease("a").await, Err(EgressError::CredentialRefused));
    pass(SECOND).await;
    assert_eq!((rig.source.open().len(), rig.ledger.rows().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_takes_no_caller_with_it() {
    let rig = Rig::new(FakeSource::of(Behavior { is_panicking: true, ..Behavior::default() }));
    assert_eq!(rig.lease("a").await, Err(EgressError::CredentialSourceUnreachable));
    rig.source.change(|behavior| behavior.is_panicking = false);
    assert_eq!(rig.lease("a").await, Ok("lease-2".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_minted_for_a_source_that_is_not_there_or_without_a_ledger() {
    let rig = Rig::new(FakeSource::of(Behavior::default()));
    let trace = model::TraceContext::new([7; 16], [7; 8], 0);
    let nobody = crate::ProviderHandle(1);
    let refused = rig.leases.lease(nobody, &binding("https://api.example"), &rig.caller("a"), trace).await;
    assert_eq!(refused.unwrap_err(), EgressError::CredentialMissing);
    let row = rig.ledger.rows();
    assert_eq!(row, []);
    rig.lease("a").await.unwrap();
    let [row] = <[_; 1]>::try_from(rig.ledger.rows()).unwrap();
    assert!(crate::NoLedger.open(&row).await.is_err());
    pass(MINUTE).await;
}
