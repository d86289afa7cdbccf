//! A stored credential is never kept; a minted one is, for its session, until shortly before it ends.

use std::time::Duration;

use model::Timestamp;

use crate::{
    EgressError, Keeping,
    testing::{Call, NOW, Recorder, Rig, Source, bearer, canary, lease, read, upstream},
};

const MINUTE: Duration = Duration::from_secs(60);

/// Mints a canary that ends five minutes from the beginning of the test.
fn minting(delay: Duration) -> std::sync::Arc<Source> {
    Source::slow(delay, |count, session| {
        Ok(lease(&format!("{session}-{count}"), &canary(), Some(NOW.plus(5 * MINUTE))))
    })
}

#[tokio::test]
async fn a_stored_credential_is_asked_for_at_every_call() {
    let recorder = Recorder::ok().await;
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    let source = Source::stored(&canary());
    let rig = Rig::new(vec![(source.clone(), Keeping::Nothing)]);
    for _ in 0..3 {
        rig.carry(Call::get(&api, "/")).await.unwrap();
    }
    assert_eq!(source.issued(), 3);
}

#[tokio::test]
async fn a_minted_credential_serves_its_session_until_shortly_before_its_end() {
    let recorder = Recorder::ok().await;
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    let source = Source::of(|count, session| {
        let end = if count < 3 { NOW.plus(5 * MINUTE) } else { NOW.plus(60 * MINUTE) };
        Ok(lease(&format!("{session}-{count}"), &canary(), Some(end)))
    });
    let rig = Rig::new(vec![(source.clone(), Keeping::UntilExpiry)]);
    let mut leases = Vec::new();
    for (session, wait) in [("a", 0), ("a", 60), ("b", 0), ("b", 120), ("a", 89), ("a", 2), ("a", 0)] {
        rig.clock.advance(Duration::from_secs(wait));
        let response = rig.carry(Call::get(&api, "/").in_session(session)).await.unwrap();
        leases.push(response.body().lease().unwrap().to_string());
    }
    assert_eq!(leases, ["a-1", "a-1", "b-2", "b-2", "a-1", "a-3", "a-3"]);
    assert_eq!(source.issued(), 3);
}

#[tokio::test]
async fn calls_that_need_the_same_credential_wait_for_one_minting() {
    let recorder = Recorder::ok().await;
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    let source = minting(Duration::from_millis(20));
    let rig = Rig::new(vec![(source.clone(), Keeping::UntilExpiry)]);
    let call = || async { rig.carry(Call::get(&api, "/")).await.map(drop) };
    let (a, b, c, d) = tokio::join!(call(), call(), call(), call());
    assert_eq!([a, b, c, d], [Ok(()); 4]);
    assert_eq!(source.issued(), 1);
    let values: std::collections::HashSet<_> =
        recorder.received().iter().map(|r| r.values("authorization").concat()).collect();
    assert_eq!((recorder.count(), values.len()), (4, 1));
}

#[tokio::test]
async fn the_end_of_a_session_is_the_end_of_what_was_minted_for_it() {
    let recorder = Recorder::ok().await;
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    let source = minting(Duration::ZERO);
    let rig = Rig::new(vec![(source.clone(), Keeping::UntilExpiry)]);
    for session in ["a", "b"] {
        read(rig.carry(Call::get(&api, "/").in_session(session)).await.unwrap()).await.unwrap();
    }
    rig.egress.end_session(&"a".parse().unwrap());
    let refused = rig.carry(Call::get(&api, "/").in_session("a")).await;
    assert_eq!(refused.unwrap_err(), EgressError::SessionEnded);
    rig.carry(Call::get(&api, "/").in_session("b")).await.unwrap();
    assert_eq!((source.issued(), recorder.count()), (2, 3));
    rig.egress.close(MINUTE).await;
    let mut revoked: Vec<String> = source.revoked.lock().iter().map(ToString::to_string).collect();
    revoked.sort();
    assert_eq!(revoked, ["a-1", "b-2"]);
}

#[tokio::test]
async fn a_credential_that_has_ended_is_not_injected() {
    let recorder = Recorder::ok().await;
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    for keeping in [Keeping::Nothing, Keeping::UntilExpiry] {
        for expiry in [NOW, Timestamp::from_seconds(1)] {
            let source = Source::of(move |_, _| Ok(lease("old", &canary(), Some(expiry))));
            let refused = Rig::new(vec![(source, keeping)]).carry(Call::get(&api, "/")).await;
            assert_eq!(refused.unwrap_err(), EgressError::CredentialRefused);
        }
    }
    assert_eq!(recorder.count(), 0);
}
