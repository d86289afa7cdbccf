//! Each way to be refused, with words of our own.

use provider::{ProviderError, conformance::parts::stored};
use provider_gcp::{Grant, Principal, Token};
use serde_json::{Value, json};

use crate::{
    google::{POOL, service_account_key},
    scene::{Scene, access_token, by_pool, id_token, impersonating, own},
};

impl Scene {
    async fn refusal(&self, principal: Principal, grant: Grant) -> String {
        let refused = self.issue(principal, grant).await.unwrap_err().to_string();
        assert!(!refused.contains("canary"), "{refused}");
        refused
    }
}

#[tokio::test]
async fn a_principal_that_google_does_not_accept_is_told_so() {
    let scene = Scene::new().await;
    let (other_key, _) = service_account_key();
    let federated = |provider: &str, audience: Option<&str>| Principal::Federation {
        provider: provider.to_owned(),
        subject_token_audience: audience.map(str::to_owned),
    };
    for (principal, said) in [
        (Principal::Key(stored(&other_key)), "Google does not accept who asks (invalid_grant)"),
        (federated(POOL, Some("https://other.test")), "Google does not accept who asks (invalid_grant)"),
        (federated("//iam.googleapis.com/other", None), "check `workload_identity_provider`"),
    ] {
        let refused = scene.refusal(principal, own(access_token())).await;
        assert!(refused.contains(said), "{refused}");
    }
}

#[tokio::test]
async fn a_stored_key_that_is_none_is_told_so() {
    let scene = Scene::new().await;
    let mut no_key: Value = serde_json::from_str(&scene.key).unwrap();
    no_key["private_key"] = "canary".into();
    for (stored_text, said) in
        [("canary".to_owned(), "not the JSON of a service account's key"), (no_key.to_string(), "cannot be used")]
    {
        let refused = scene.refusal(Principal::Key(stored(&stored_text)), own(access_token())).await;
        assert!(refused.contains(said) && refused.contains("store it again"), "{refused}");
    }
}

#[tokio::test]
async fn a_token_that_the_principal_may_not_have_is_told_so() {
    let scene = Scene::new().await;
    let other =
        Grant { service_account: Some("owner@acme.iam.gserviceaccount.com".parse().unwrap()), ..own(access_token()) };
    let refused = scene.refusal(by_pool(), other).await;
    assert!(refused.contains("may not impersonate this service account"), "{refused}");
    let forbidden = Token::Access { scopes: vec!["https://www.googleapis.com/auth/forbidden".to_owned()] };
    let refused = scene.refusal(scene.by_key(), own(forbidden)).await;
    assert!(refused.contains("(invalid_scope); check `scopes`"), "{refused}");
    let refused = scene.refusal(by_pool(), own(id_token())).await;
    assert!(refused.contains("name the one to impersonate as `service_account`"), "{refused}");
}

#[tokio::test]
async fn a_google_that_is_busy_is_not_blamed_on_the_credential() {
    let scene = Scene::new().await;
    for status in [429, 500, 503] {
        scene.google.state.lock().forced = Some((status, "canary".to_owned()));
        let refused = scene.issue(by_pool(), impersonating(access_token())).await;
        assert!(matches!(refused, Err(ProviderError::Unreachable)), "{status}");
    }
    scene.issue(by_pool(), impersonating(access_token())).await.unwrap();
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let scene = Scene::new().await;
    for (grant, body) in [
        (own(access_token()), json!({})),
        (own(access_token()), json!({ "access_token": "a" })),
        (own(access_token()), json!({ "access_token": "a\nb", "expires_in": 60 })),
        (own(access_token()), json!({ "access_token": "", "expires_in": 60 })),
        (own(id_token()), json!({ "id_token": "a.b.c" })),
        (own(id_token()), json!({ "id_token": "a" })),
    ] {
        scene.google.state.lock().forced = Some((200, body.to_string()));
        let refused = scene.refusal(scene.by_key(), grant).await;
        assert!(refused.ends_with("Google answered without a usable token"), "{body}: {refused}");
    }
    scene.google.state.lock().forced = Some((302, "canary".to_owned()));
    assert!(scene.refusal(by_pool(), own(access_token())).await.ends_with("status 302"));
}
