//! What every [`SessionStore`] must do.

use std::{slice::from_ref, time::Duration};

use model::{Actor, Agent, Subject, Timestamp};

use crate::{Session, SessionStore, StoreError};

/// When the sessions of [`session`] begin.
pub const BEGIN: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// How long they live.
pub const LIFE: Duration = Duration::from_secs(900);

/// A session whose ids are made of `name`, which must be visible ASCII.
///
/// # Panics
/// Where `name` makes no ids.
#[must_use]
pub fn session(name: &str) -> Session {
    Session {
        id: format!("sid-{name}").parse().expect("the name is visible ASCII"),
        agent: Agent {
            name: "ci".parse().expect("a slug"),
            groups: vec!["readers".parse().expect("a slug"), "writers".parse().expect("a slug")],
        },
        subject: Subject { issuer: "https://id.example".to_owned(), id: "ann'; DROP TABLE session; --".to_owned() },
        actor: Some(Actor { issuer: "https://id.example".to_owned(), id: "bot \u{e9}".to_owned() }),
        resources: vec!["https://gw.example/mcp/github".parse().expect("a resource")],
        scopes: "github:* mail:send".parse().expect("two scopes"),
        token_id: format!("jti-{name}").parse().expect("the name is visible ASCII"),
        created: BEGIN,
        expires: BEGIN.plus(LIFE),
        revoked: None,
    }
}

/// Runs every rule of [`SessionStore`] against an empty store.
///
/// # Panics
/// Where the store breaks a rule; the message is the rule.
pub async fn sessions(store: &dyn SessionStore) {
    let live = async |now| store.live(now).await.expect("a store can be read");
    assert_eq!(live(BEGIN).await, [], "the suite begins with an empty store");

    let first = session("a");
    let second = Session { actor: None, agent: Agent { groups: Vec::new(), ..session("b").agent }, ..session("b") };
    store.insert(&second).await.expect("a new session is kept");
    store.insert(&first).await.expect("a new session is kept");
    assert_eq!(
        live(BEGIN).await,
        [first.clone(), second.clone()],
        "live sessions come back whole, in the order of their ids"
    );

    let same_id = Session { token_id: session("c").token_id, ..first.clone() };
    let same_token = Session { id: session("c").id, ..first.clone() };
    for taken in [&first, &same_id, &same_token] {
        let refused = store.insert(taken).await;
        assert!(matches!(refused, Err(StoreError::Taken)), "an id is taken once, and so is a token id: {refused:?}");
    }
    assert_eq!(live(BEGIN).await, [first.clone(), second.clone()], "a refused session changes nothing");

    revocation(store, &first, &second).await;
    ends(store, &second).await;
}

async fn revocation(store: &dyn SessionStore, first: &Session, second: &Session) {
    let revoke = async |session: &Session, at| store.revoke(&session.id, at).await.expect("a store can be written");
    assert!(revoke(first, BEGIN).await, "the first revocation answers that it did it");
    assert!(!revoke(first, BEGIN.plus(LIFE)).await, "the second one answers that it did not");
    assert!(!revoke(&session("unknown"), BEGIN).await, "an unknown session is not revoked");
    let live = store.live(BEGIN).await.expect("a store can be read");
    assert_eq!(live, from_ref(second), "a revoked session is not live, and no other is touched");
    let again = store.insert(first).await;
    assert!(matches!(again, Err(StoreError::Taken)), "a revoked session cannot be made anew: {again:?}");
    let dead = Session { revoked: Some(BEGIN), ..session("dead") };
    store.insert(&dead).await.expect("a revoked session can be kept");
    let live = store.live(BEGIN).await.expect("a store can be read");
    assert_eq!(live, from_ref(second), "a session that is kept as revoked is not live");
}

async fn ends(store: &dyn SessionStore, second: &Session) {
    let end = second.expires;
    let before_end = Timestamp::from_millis(end.as_millis() - 1);
    let live = async |now| store.live(now).await.expect("a store can be read");
    let purge = async |before| store.purge(before).await.expect("a store can be written");
    assert_eq!(live(before_end).await, from_ref(second), "a session lives until its end");
    assert_eq!(live(end).await, [], "and not at its end");
    assert_eq!(purge(end).await, 0, "what has not ended before the time is not purged");
    assert_eq!(live(BEGIN).await, from_ref(second), "a purge leaves the rest alone");
    assert_eq!(purge(end.plus(Duration::from_millis(1))).await, 3, "revoked sessions are purged like others");
    assert_eq!(live(BEGIN).await, [], "what was purged is gone");
    assert_eq!(purge(end.plus(LIFE)).await, 0, "a second purge finds nothing");
}
