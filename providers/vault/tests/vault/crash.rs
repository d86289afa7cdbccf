//! The process dies between every two steps of a mint: what its journal names ends all that is left of it.

use std::future::pending;

use async_trait::async_trait;
use model::LeaseId;
use provider::{Journal, JournalFailed, ProviderError, conformance::Notes};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{
    proxy::{Proxy, Stop},
    scene::{AUDIENCE, SERVERS, Scene, by_jwt, pair, provider, provider_at, revoke_all, soon},
};

/// Login, token, credential, extension.
const REQUESTS: usize = 4;

/// A token that nobody knows ends by itself within this.
const UNKNOWN_LIFE_SECONDS: u64 = 30;

#[tokio::test]
async fn after_a_crash_at_any_request_nothing_is_left_that_the_journal_does_not_end() {
    for stopped in 1..=REQUESTS {
        for side in [Stop::Before, Stop::After] {
            let scene = Scene::new();
            let grant = scene.database(&json!({}));
            let proxy = Proxy::start(&SERVERS.bao.url(), stopped, side).await;
            let dying = provider_at(proxy.url(), by_jwt("claviger", AUDIENCE), grant.clone());
            tokio::select! {
                issued = scene.issue(&dying) => panic!("request {stopped} was not stopped: {issued:?}"),
                () = proxy.reached() => drop(dying),
            }
            let made_a_lease = stopped > 3 || (stopped, side) == (3, Stop::After);
            let below = format!("{}/creds/ro", scene.mount("database"));
            assert_eq!(scene.leases(&below), usize::from(made_a_lease), "the crash was where it was meant to be");

            revoke_all(&provider(grant), &scene.notes.all()).await;
            assert!(soon(|| scene.leases(&below) == 0), "request {stopped}, {side:?}: a lease is left");
            let unknown = scene.tokens();
            // Its answer was lost, so it could not be written down.
            assert_eq!(unknown.len(), usize::from((stopped, side) == (2, Stop::After)), "request {stopped}, {side:?}");
            assert!(unknown.iter().all(|token| token["ttl"].as_u64().unwrap() <= UNKNOWN_LIFE_SECONDS), "{unknown:?}");
        }
    }
}

#[tokio::test]
async fn no_request_is_left_out() {
    let scene = Scene::new();
    let proxy = Proxy::start(&SERVERS.bao.url(), REQUESTS + 1, Stop::Before).await;
    let provider = provider_at(proxy.url(), by_jwt("claviger", AUDIENCE), scene.database(&json!({})));
    let lease = scene.issue(&provider).await.unwrap();
    assert!(SERVERS.postgres.knows(pair(&lease).0));
}

/// Does not return: the process dies before anything is written.
#[derive(Debug, Default)]
struct Unwritten {
    reached: Notify,
}

#[async_trait]
impl Journal for Unwritten {
    async fn made(&self, _: &LeaseId) -> Result<(), JournalFailed> {
        self.reached.notify_one();
        pending().await
    }
}

#[tokio::test]
async fn a_token_that_is_not_yet_written_down_opens_nothing_and_ends_by_itself() {
    let scene = Scene::new();
    let (provider, journal) = (provider(scene.database(&json!({}))), Unwritten::default());
    tokio::select! {
        issued = scene.issue_noting(&provider, &journal) => panic!("{issued:?}"),
        () = journal.reached.notified() => {}
    }
    let [token] = &scene.tokens()[..] else { panic!("{:?}", scene.tokens()) };
    assert!(token["ttl"].as_u64().unwrap() <= UNKNOWN_LIFE_SECONDS, "{token}");
    assert_eq!(scene.leases(&format!("{}/creds/ro", scene.mount("database"))), 0);
}

/// Says that it could not write.
#[derive(Debug)]
struct Failing;

#[async_trait]
impl Journal for Failing {
    async fn made(&self, _: &LeaseId) -> Result<(), JournalFailed> {
        Err(JournalFailed)
    }
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_ends_what_was_made() {
    let scene = Scene::new();
    let provider = provider(scene.database(&json!({})));
    let refused = scene.issue_noting(&provider, &Failing).await.unwrap_err();
    assert!(matches!(refused, ProviderError::Journal(JournalFailed)), "{refused:?}");
    assert_eq!(scene.tokens(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_mint_that_is_refused_leaves_no_token() {
    let scene = Scene::new();
    let mut grant = scene.database(&json!({}));
    grant.path = format!("{}/creds/unknown", scene.mount("database")).parse().unwrap();
    let notes = Notes::default();
    assert!(scene.issue_noting(&provider(grant), &notes).await.is_err());
    assert_eq!((notes.all().len(), scene.tokens()), (1, Vec::new()));
}
