//! Users of PostgreSQL: made for a session, used, extended, and gone with it.

use std::time::Duration;

use model::{Clock as _, SystemClock};
use provider::{Provider as _, ProviderError};
use provider_vault::Mint;
use serde_json::{Value, json};

use crate::scene::{SERVERS, Scene, pair, provider, reason, soon};

const READ: &str = "SELECT name FROM fruit";

#[tokio::test]
async fn a_user_reads_and_is_gone_after_the_revocation() {
    let scene = Scene::new();
    let provider = provider(scene.database(&json!({})));
    let lease = scene.issue(&provider).await.unwrap();
    let (user, password) = pair(&lease);
    assert_eq!(SERVERS.postgres.query_as(user, password, READ).as_deref(), Some("quince"));
    assert_eq!(SERVERS.postgres.query_as(user, "wrong", READ), None, "passwords are checked");
    assert!(lease.id.as_str().contains(&format!("/{}/creds/ro/", scene.mount("database"))), "{}", lease.id);

    provider.revoke(&lease.id).await.unwrap();
    assert!(!SERVERS.postgres.knows(user), "the revocation waits for it");
    assert_eq!(SERVERS.postgres.query_as(user, password, READ), None);
    assert_eq!(scene.tokens(), Vec::<Value>::new());
    provider.revoke(&lease.id).await.unwrap();
}

#[tokio::test]
async fn what_the_journal_names_ends_everything_even_in_another_process() {
    let scene = Scene::new();
    let grant = scene.database(&json!({}));
    let lease = scene.issue(&provider(grant.clone())).await.unwrap();
    let (user, _) = pair(&lease);
    assert!(SERVERS.postgres.knows(user));
    let [made] = &scene.notes.all()[..] else { panic!("{:?}", scene.notes.all()) };

    let after = provider(grant);
    after.revoke(made).await.unwrap();
    assert!(soon(|| !SERVERS.postgres.knows(user)));
    assert_eq!(scene.tokens(), Vec::<Value>::new());
    after.revoke(made).await.unwrap();
    after.revoke(&lease.id).await.unwrap();
}

#[tokio::test]
async fn vault_itself_ends_the_token_with_the_session_and_knows_whose_it_is() {
    let scene = Scene::new();
    let provider = provider(scene.database(&json!({})));
    scene.issue(&provider).await.unwrap();
    let [token] = &scene.tokens()[..] else { panic!("{:?}", scene.tokens()) };
    assert_eq!((&token["meta"]["agent"], &token["meta"]["upstream"]), (&json!("agent"), &json!("warehouse")));
    assert_eq!(token["policies"], json!([format!("read-{}", scene.number)]), "its policies and no others");
    let seconds = |name: &str| token[name].as_u64().unwrap();
    assert!((880..=900).contains(&seconds("ttl")) && seconds("explicit_max_ttl") <= 900, "{token}");
}

#[tokio::test]
async fn a_lease_is_renewed_to_the_sessions_end_and_not_past_it() {
    let scene = Scene::new();
    let provider = provider(scene.database(&json!({ "default_ttl": "60s" })));
    let lease = scene.issue(&provider).await.unwrap();
    let (expiry, session_end) = (lease.expiry.unwrap(), scene.caller.session_end);
    assert!(lease.renewable && expiry <= SystemClock.now().plus(Duration::from_secs(60)), "{lease:?}");
    let renewed = provider.renew(&lease.id, session_end).await.unwrap();
    assert!(renewed > expiry && renewed <= session_end);
    assert!(session_end.since(renewed) <= Duration::from_secs(2), "all of it");
    let (user, password) = pair(&lease);
    assert_eq!(SERVERS.postgres.query_as(user, password, READ).as_deref(), Some("quince"), "the secret stays");
}

#[tokio::test]
async fn a_lease_is_not_renewed_past_its_own_most() {
    let scene = Scene::new();
    let provider = provider(scene.database(&json!({ "default_ttl": "30s", "max_ttl": "60s" })));
    let lease = scene.issue(&provider).await.unwrap();
    let renewed = provider.renew(&lease.id, scene.caller.session_end).await.unwrap();
    assert!(renewed <= SystemClock.now().plus(Duration::from_secs(60)));
}

#[tokio::test]
async fn a_lease_that_was_ended_is_not_renewed() {
    let scene = Scene::new();
    let provider = provider(scene.database(&json!({})));
    let lease = scene.issue(&provider).await.unwrap();
    let (_, password) = pair(&lease);
    provider.revoke(&lease.id).await.unwrap();
    let refused = provider.renew(&lease.id, scene.caller.session_end).await.unwrap_err();
    assert!(matches!(refused, ProviderError::Refused { .. }), "{refused:?}");
    assert!(reason(&refused, &[password]).contains("invalid accessor"), "{refused}");
}

#[tokio::test]
async fn a_revocation_that_postgres_does_not_answer_is_to_be_tried_again() {
    let scene = Scene::new();
    let grant = scene.database(&json!({ "revocation_statements": ["SELECT no_such_function()"] }));
    let provider = provider(grant);
    let lease = scene.issue(&provider).await.unwrap();
    let refused = provider.revoke(&lease.id).await.unwrap_err();
    assert!(matches!(refused, ProviderError::Unreachable), "{refused:?}");
    assert_eq!(scene.tokens(), Vec::<Value>::new(), "the token has ended nevertheless");
    let mend = json!({ "db_name": "postgres", "revocation_statements": ["DROP ROLE \"{{name}}\""] });
    SERVERS.bao.done("POST", &format!("{}/roles/ro", scene.mount("database")), &mend);
    provider.revoke(&lease.id).await.unwrap();
}

#[tokio::test]
async fn a_database_role_that_vault_does_not_know_is_missing() {
    let scene = Scene::new();
    let _known = scene.database(&json!({}));
    let grant = scene.grant(&format!("{}/creds/unknown", scene.mount("database")), Mint::database());
    let refused = scene.issue(&provider(grant)).await.unwrap_err();
    assert!(matches!(refused, ProviderError::Missing { .. }), "{refused:?}");
    assert!(reason(&refused, &[]).contains("unknown role"), "{refused}");
    assert_eq!(scene.tokens(), Vec::<Value>::new());
}
