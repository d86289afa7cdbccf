//! The identity provider and the RFC 8693 client, as far as they can be tried without us.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    http_client,
    identity_provider::{IdentityProvider, Setup},
    peers::{node, or_skip, python},
    sdk,
};

const AUDIENCE: &str = "https://claviger.test/token";

#[tokio::test]
async fn the_identity_provider_signs_what_was_asked_for_and_publishes_the_key() {
    let node = or_skip!(node());
    let setup = Setup::default()
        .client("ci", "secret of ci", json!({ "repository": "acme/widgets", "groups": ["dev"] }))
        .resource(AUDIENCE, json!({ "algorithm": "ES256", "ttl_seconds": 120 }))
        .resource("https://expired.test/", json!({ "expires_in_seconds": -60, "header": { "typ": "JWT" } }));
    let provider = IdentityProvider::start(&node, setup).await;

    let (header, payload) = opened(&provider.token("ci", AUDIENCE).await);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("at+jwt")));
    assert_eq!(
        (&payload["iss"], &payload["sub"], &payload["aud"]),
        (&json!(provider.issuer()), &json!("ci"), &json!(AUDIENCE))
    );
    assert_eq!((&payload["repository"], &payload["groups"]), (&json!("acme/widgets"), &json!(["dev"])));
    assert_eq!(seconds(&payload, "exp") - seconds(&payload, "iat"), 120);
    assert!(published(&provider).await.contains(&header["kid"]));

    let (header, payload) = opened(&provider.token("ci", "https://expired.test/").await);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("JWT")));
    assert_eq!(seconds(&payload, "exp") - seconds(&payload, "iat"), -60);
}

#[tokio::test]
async fn rotated_keys_have_new_ids_and_the_old_ones_are_gone() {
    let node = or_skip!(node());
    let setup = Setup::default().client("ci", "secret of ci", json!({})).resource(AUDIENCE, json!({}));
    let mut provider = IdentityProvider::start(&node, setup).await;
    let (before, _) = opened(&provider.token("ci", AUDIENCE).await);
    let kids = provider.rotate().await;
    let (after, _) = opened(&provider.token("ci", AUDIENCE).await);
    assert!(kids.iter().any(|kid| after["kid"] == **kid) && before["kid"] != after["kid"]);
    assert!(!published(&provider).await.contains(&before["kid"]));
    provider.delay(1).await;
    published(&provider).await;
    assert_eq!((provider.count("jwks").await, provider.count("token").await), (2, 2));
    provider.process().kill().await;
    assert!(provider.process().printed().contains("issuer"));
}

#[tokio::test]
async fn google_auth_reports_a_refused_exchange_and_an_absent_endpoint() {
    let (node, python) = (or_skip!(node()), or_skip!(python()));
    let setup = Setup::default().client("ci", "secret of ci", json!({})).resource(AUDIENCE, json!({}));
    let provider = IdentityProvider::start(&node, setup).await;
    let mut wanted = json!({
        "endpoint": format!("{}/token", provider.issuer()), "client_id": "ci", "client_secret": "secret of ci",
        "subject_token": "a", "actor_token": "b", "audience": AUDIENCE, "scopes": ["one", "two"],
    });
    // The provider has no token exchange, which is a whole answer of RFC 6749 section 5.2.
    let refused = sdk::exchange(&python, &wanted).await;
    assert_eq!(refused["error"]["status"], 400, "{refused}");
    let body: Value = serde_json::from_str(refused["error"]["body"].as_str().unwrap_or_default()).expect("JSON");
    assert_eq!(body["error"], "unsupported_grant_type");
    // Port 9 of loopback is nobody's: discard is long gone, and an unprivileged test cannot take it.
    wanted["endpoint"] = json!("http://127.0.0.1:9/token");
    assert_eq!(sdk::exchange(&python, &wanted).await["error"]["kind"], "TransportError");
}

async fn published(provider: &IdentityProvider) -> Vec<Value> {
    let answer = http_client::send(Method::GET, &format!("{}/jwks", provider.issuer()), HeaderMap::new(), "").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["content-type"], "application/jwk-set+json; charset=utf-8");
    let keys = answer.json()["keys"].as_array().cloned().unwrap_or_default();
    keys.into_iter().map(|key| key["kid"].clone()).collect()
}

/// The header and the claims of a JWT, unverified.
fn opened(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let json = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        serde_json::from_slice(&json).unwrap_or_default()
    });
    (parts.next().expect("a header"), parts.next().expect("claims"))
}

fn seconds(payload: &Value, claim: &str) -> i64 {
    payload[claim].as_i64().unwrap_or_else(|| panic!("no {claim} in {payload}"))
}
