//! A person's consent: what a browser is sent away with, and what it must bring back.

use std::{collections::HashMap, sync::Arc};

use dial::{DialOptions, Dialer};
use model::SystemClock;
use provider_oauth2::{AuthorizationCode, NotAuthorized, Pending, Redirected, Wish};
use serde_json::json;
use url::{Url, form_urlencoded};

use crate::scene::{RESOURCE, Scene, Shelf};

/// One that the client `basic` has registered.
const CALLBACK: &str = "http://127.0.0.1:9/callback";

const WISH: Wish<'_> = Wish {
    scope: Some("openid offline_access read"),
    resource: Some(RESOURCE),
    audience: None,
    nonce: None,
    asks_always: true,
};

impl Scene {
    fn people(&self) -> AuthorizationCode {
        let dialer = Dialer::new(DialOptions::default());
        AuthorizationCode::new(self.settings(), CALLBACK.to_owned(), dialer, Arc::new(SystemClock))
    }

    /// A code for whoever was sent away to `url`.
    async fn code(&self, url: &Url) -> String {
        let challenge = parameters(url)["code_challenge"].clone();
        let code = self.server.control("code", &json!({ "challenge": challenge, "redirect_uri": CALLBACK })).await;
        code["code"].as_str().unwrap().to_owned()
    }

    async fn sent_away(&self) -> (Url, Pending) {
        self.people().begin(WISH, "the state").await.unwrap()
    }
}

fn parameters(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

fn redirected(parameters: &[(&str, &str)]) -> Redirected {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    Redirected::parse(&query).unwrap()
}

/// An account as it is kept.
fn kept(issuer: &str, refresh_token: &str) -> String {
    json!({ "issuer": issuer, "client": null, "token": { "refresh": refresh_token } }).to_string()
}

#[tokio::test]
async fn a_code_becomes_a_refresh_token_of_the_person() {
    let scene = Scene::new().await;
    let (url, pending) = scene.sent_away().await;
    let sent = parameters(&url);
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "basic"),
        ("redirect_uri", CALLBACK),
        ("state", "the state"),
        ("code_challenge_method", "S256"),
        ("scope", "openid offline_access read"),
        ("resource", RESOURCE),
        ("prompt", "consent"),
    ] {
        assert_eq!(sent[name], value);
    }
    assert!(url.as_str().starts_with(&scene.server.issuer));
    let code = scene.code(&url).await;
    let back = redirected(&[("state", "the state"), ("code", &code), ("iss", &scene.server.issuer)]);
    let authorized = scene.people().finish(pending, back).await.unwrap();
    assert!(authorized.id_token.is_some());
    assert!(authorized.connection.is_lasting());
    let shelf = Shelf::with(authorized.connection.sealed().expose());
    let lease = scene.issue(&scene.provider(provider_oauth2::Flow::Connection(shelf))).await.unwrap();
    assert_eq!(scene.introspect(&lease).await["sub"], "alice");
}

#[tokio::test]
async fn an_answer_of_another_server_is_not_used() {
    let scene = Scene::new().await;
    for issuer in [None, Some("https://other.test"), Some(&*format!("{}/", scene.server.issuer))] {
        let (url, pending) = scene.sent_away().await;
        let code = scene.code(&url).await;
        for answer in [("code", code.as_str()), ("error", "access_denied")] {
            let mut parameters = vec![("state", "the state"), answer];
            parameters.extend(issuer.map(|issuer| ("iss", issuer)));
            let (_, again) = scene.sent_away().await;
            let refused = scene.people().finish(again, redirected(&parameters)).await.unwrap_err();
            assert!(matches!(refused, NotAuthorized::OtherIssuer), "{issuer:?} {refused}");
        }
        // The code was shown to nobody, and is good still.
        let back = redirected(&[("state", "the state"), ("code", &code), ("iss", &scene.server.issuer)]);
        scene.people().finish(pending, back).await.unwrap();
    }
}

#[tokio::test]
async fn a_code_of_somebody_elses_flow_is_worth_nothing() {
    let scene = Scene::new().await;
    let (theirs, _) = scene.sent_away().await;
    let (_, ours) = scene.sent_away().await;
    let code = scene.code(&theirs).await;
    let back = redirected(&[("state", "the state"), ("code", &code), ("iss", &scene.server.issuer)]);
    let refused = scene.people().finish(ours, back).await.unwrap_err().to_string();
    assert!(refused.ends_with("(invalid_grant); the person has to begin again"), "{refused}");
    assert!(!refused.contains(&code));
}

#[tokio::test]
async fn a_person_who_declines_is_told_apart_from_a_server_that_errs() {
    let scene = Scene::new().await;
    let issuer = scene.server.issuer.clone();
    let finish = async |answer: Option<(&str, &str)>| {
        let (_, pending) = scene.sent_away().await;
        let mut parameters = vec![("state", "the state"), ("iss", &*issuer)];
        parameters.extend(answer);
        scene.people().finish(pending, redirected(&parameters)).await.unwrap_err()
    };
    assert!(matches!(finish(Some(("error", "access_denied"))).await, NotAuthorized::Declined));
    assert!(matches!(finish(None).await, NotAuthorized::Malformed));
    let refused = finish(Some(("error", "invalid_scope"))).await.to_string();
    assert!(refused.ends_with("(invalid_scope); check `scopes`"), "{refused}");
    let refused = finish(Some(("error", "canary"))).await.to_string();
    assert!(refused.ends_with("its own log says which"), "{refused}");
}

#[tokio::test]
async fn a_refresh_token_that_was_revoked_means_that_nothing_is_connected() {
    let scene = Scene::new().await;
    let kept = kept(&scene.server.issuer, &scene.server.refresh_token().await);
    let connection = || provider_oauth2::Flow::Connection(Shelf::with(&kept));
    scene.issue(&scene.provider(connection())).await.unwrap();
    // The server ends the token with its first use.
    let refused = scene.issue(&scene.provider(connection())).await.unwrap_err();
    assert!(matches!(refused, provider::ProviderError::NotConnected), "{refused}");
}

#[tokio::test]
async fn a_refresh_token_is_shown_to_no_server_but_its_own() {
    let scene = Scene::new().await;
    let token = scene.server.refresh_token().await;
    let shelf = Shelf::with(&kept("https://other.test", &token));
    let refused = scene.issue(&scene.provider(provider_oauth2::Flow::Connection(shelf))).await.unwrap_err();
    assert!(matches!(refused, provider::ProviderError::NotConnected), "{refused}");
    assert_eq!(scene.server.token_count().await, 0);
    // The control.
    let shelf = Shelf::with(&kept(&scene.server.issuer, &token));
    scene.issue(&scene.provider(provider_oauth2::Flow::Connection(shelf))).await.unwrap();
}
