//! Each way to be refused, with words of our own.

use std::sync::Arc;

use provider::{
    ProviderError,
    conformance::parts::{canary, stored},
};
use provider_oauth2::{Client, ClientAuthentication, Endpoints, Flow, Grant, Settings};
use serde_json::json;

use crate::scene::{Scene, grant, key, session};

impl Scene {
    async fn refusal(&self, settings: Settings, grant: Grant) -> ProviderError {
        let refused = self.issue(&self.provider_of(settings, grant)).await.unwrap_err();
        assert!(!refused.to_string().contains(&self.secret), "{refused}");
        assert_eq!(self.notes.all(), [], "nothing was made");
        refused
    }
}

#[tokio::test]
async fn a_client_that_is_not_known_is_told_so() {
    let scene = Scene::new().await;
    let (other_key, _) = key();
    let by_key = |pem: &str| ClientAuthentication::PrivateKey { key: stored(pem), key_id: Some("own".to_owned()) };
    for (id, authentication, said) in [
        ("basic", ClientAuthentication::Basic(stored(&canary())), "(invalid_client); check its id"),
        ("post", ClientAuthentication::Body(stored(&canary())), "(invalid_client); check its id"),
        ("nobody", ClientAuthentication::Basic(stored(&scene.secret)), "(invalid_client); check its id"),
        ("basic", ClientAuthentication::Public, "(invalid_client); check its id"),
        ("key", by_key(&other_key), "(invalid_client); check its id"),
        ("key", by_key("no key"), "the stored key of the client key cannot be used"),
        ("unfit", ClientAuthentication::Basic(stored(&scene.secret)), "(invalid_request); check which of `grant`"),
    ] {
        let refused = scene.refusal(scene.settings_as(id, authentication), grant(Flow::ClientCredentials)).await;
        assert!(refused.to_string().contains(said), "{id}: {refused}");
    }
}

#[tokio::test]
async fn a_target_or_scope_that_is_not_granted_is_told_so() {
    let scene = Scene::new().await;
    let good = || grant(Flow::ClientCredentials);
    let other = Grant { resource: Some("https://other.test".to_owned()), ..good() };
    let wide = Grant { scope: Some("admin".to_owned()), ..good() };
    for (grant, said) in [(other, "(invalid_target); check `resource`"), (wide, "(invalid_scope); check `scopes`")] {
        let refused = scene.refusal(scene.settings(), grant).await.to_string();
        assert!(refused.contains(said), "{refused}");
    }
}

#[tokio::test]
async fn who_asks_for_another_audience_is_not_accepted() {
    let scene = Scene::new().await;
    let other = || session(Some("https://other.test"));
    for flow in [Flow::TokenExchange(other()), Flow::JwtBearer(other())] {
        // The server repeats the token in its description.
        let refused = scene.refusal(scene.settings(), grant(flow)).await.to_string();
        assert!(refused.ends_with("check that it trusts this broker's issuer for this audience"), "{refused}");
    }
}

#[tokio::test]
async fn a_server_out_of_service_is_not_blamed_on_the_credential() {
    let scene = Scene::new().await;
    let provider = scene.provider(Flow::ClientCredentials);
    for (status, body) in [(503, ""), (429, "{}"), (400, r#"{"error":"temporarily_unavailable"}"#)] {
        scene.server.control("answer", &json!({ "status": status, "body": body })).await;
        assert!(matches!(scene.issue(&provider).await, Err(ProviderError::Unreachable)), "{status} {body}");
    }
    scene.issue(&provider).await.unwrap();
    let nowhere =
        Settings { endpoints: Endpoints::Discovered { issuer: "http://127.0.0.1:1".to_owned() }, ..scene.settings() };
    let provider = scene.provider_of(nowhere, grant(Flow::ClientCredentials));
    assert!(matches!(scene.issue(&provider).await, Err(ProviderError::Unreachable)));
}

#[tokio::test]
async fn a_server_that_calls_itself_otherwise_gets_no_secret() {
    let scene = Scene::new().await;
    let asked = scene.server.token_count().await;
    for issuer in [format!("{}/", scene.server.issuer), scene.server.issuer.replace("127.0.0.1", "localhost")] {
        let client =
            Client { id: "basic".to_owned(), authentication: ClientAuthentication::Basic(stored(&scene.secret)) };
        let settings =
            Settings { endpoints: Endpoints::Discovered { issuer }, client: Some(client), ..scene.settings() };
        let refused = scene.refusal(settings, grant(Flow::ClientCredentials)).await.to_string();
        assert!(refused.contains("names another issuer than `issuer`"), "{refused}");
    }
    assert_eq!(scene.server.token_count().await, asked);
    // The control: under its own name it is asked.
    scene.issue(&scene.provider(Flow::ClientCredentials)).await.unwrap();
    assert_eq!(scene.server.token_count().await, asked + 1);
}

#[tokio::test]
async fn a_credential_that_was_not_stored_asks_nobody() {
    #[derive(Debug)]
    struct Nothing;
    impl provider::StoredSecret for Nothing {
        fn open(&self) -> Result<secret::Secret, ProviderError> {
            Err(ProviderError::Missing { reason: "store it".to_owned() })
        }
    }
    let scene = Scene::new().await;
    let settings = scene.settings_as("basic", ClientAuthentication::Basic(Arc::new(Nothing)));
    let refused = scene.refusal(settings, grant(Flow::ClientCredentials)).await;
    assert!(matches!(refused, ProviderError::Missing { .. }), "{refused}");
    assert_eq!(scene.server.token_count().await, 0);
}
