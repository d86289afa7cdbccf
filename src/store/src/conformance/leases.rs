//! What every [`LeaseStore`] must do.

use std::{slice::from_ref, time::Duration};

use model::{LeaseId, Minted, Minting, Revocation};

use super::{BEGIN, LIFE};
use crate::{LeaseStore, StoreError};

/// A minting that begins at [`BEGIN`], whose ids are made of `name`, which must be visible ASCII.
///
/// # Panics
/// Where `name` makes no ids.
#[must_use]
pub fn minting(name: &str) -> Minting {
    Minting {
        id: format!("minting-{name}").parse().expect("the name is visible ASCII"),
        provider: "vault".parse().expect("a slug"),
        credential: "database".parse().expect("a slug"),
        session: format!("sid-{name}").parse().expect("the name is visible ASCII"),
        session_end: BEGIN.plus(LIFE),
        begun: BEGIN,
        made: Vec::new(),
        minted: None,
        revocation: Revocation::default(),
    }
}

/// Runs every rule of [`LeaseStore`] against an empty store.
///
/// # Panics
/// Where the store breaks a rule; the message is the rule.
pub async fn leases(store: &dyn LeaseStore) {
    let all = async || store.mintings().await.expect("a store can be read");
    assert_eq!(all().await, [], "the suite begins with an empty store");

    let mut first = minting("a");
    let second = Minting { begun: BEGIN.plus(Duration::from_secs(1)), ..minting("A") };
    store.open(&second).await.expect("a new minting is kept");
    store.open(&first).await.expect("a new minting is kept");
    assert_eq!(all().await, [first.clone(), second.clone()], "mintings come back whole, the oldest first");
    let taken = store.open(&first).await;
    assert!(matches!(taken, Err(StoreError::Taken)), "an id is taken once: {taken:?}");

    for made in ["token/1", "it's; DROP TABLE minting; --\"", "token/1"] {
        let made: LeaseId = made.replace(' ', "_").parse().expect("visible ASCII");
        store.made(&first.id, &made).await.expect("a store can be written");
        first.made.push(made);
        assert_eq!(
            all().await,
            [first.clone(), second.clone()],
            "what was made is kept in order, as often as it is said"
        );
    }
    for life in [LIFE / 2, LIFE] {
        let minted = Minted { lease: "database/creds/x/1".parse().expect("visible ASCII"), expiry: BEGIN.plus(life) };
        store.complete(&first.id, &minted).await.expect("a store can be written");
        first.minted = Some(minted);
        assert_eq!(all().await, [first.clone(), second.clone()], "a completion is kept, and the end that it moves");
    }
    for is_irrevocable in [false, true] {
        let revocation = Revocation { attempts: 3, error: Some("unreachable".to_owned()), is_irrevocable };
        store.not_revoked(&first.id, &revocation).await.expect("a store can be written");
        first.revocation = revocation;
        assert_eq!(all().await, [first.clone(), second.clone()], "an attempt is kept");
    }
    ends(store, &first, &second).await;
}

async fn ends(store: &dyn LeaseStore, first: &Minting, second: &Minting) {
    let all = async || store.mintings().await.expect("a store can be read");
    store.ended(&first.id).await.expect("a store can be written");
    assert_eq!(all().await, from_ref(second), "what has ended is forgotten, and no other is touched");
    store.ended(&first.id).await.expect("to end what is not known is no error");
    let (made, minted) = ("token/1".parse().expect("visible ASCII"), first.minted.clone().expect("it was completed"));
    for unknown in [
        store.made(&first.id, &made).await,
        store.complete(&first.id, &minted).await,
        store.not_revoked(&first.id, &Revocation::default()).await,
    ] {
        assert!(matches!(unknown, Err(StoreError::Unknown)), "what is not known cannot be added to: {unknown:?}");
    }
    store.open(first).await.expect("a minting is kept whole");
    assert_eq!(all().await, [first.clone(), second.clone()], "whatever it has come to");
}
