//! Google as this test sees it: a key's service account, a workload identity pool, and an account to impersonate.

use std::{process::Command, sync::Arc};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use http::{Request, Response};
use model::{Clock as _, SystemClock};
use parking_lot::Mutex;
use provider::conformance::parts::canary;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Map, Value, json};

use crate::loopback::serve;

pub(crate) const KEY_ACCOUNT: &str = "broker@acme.iam.gserviceaccount.com";
pub(crate) const READER: &str = "reader@acme.iam.gserviceaccount.com";
pub(crate) const POOL: &str =
    "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/agents/providers/claviger";

/// A server in the place of all three of Google's, and what is known of it.
pub(crate) struct Google {
    pub(crate) url: String,
    pub(crate) state: Arc<Mutex<State>>,
}

#[derive(Default)]
pub(crate) struct State {
    /// Tokens that were given out, each with what it was given for.
    pub(crate) tokens: Vec<(String, Value)>,
    /// Takes the place of the next answer.
    pub(crate) forced: Option<(u16, String)>,
}

/// What tokens are judged by.
struct Trust {
    key: Vec<u8>,
    /// The claims that the pool accepts: signatures of Claviger's identity are judged elsewhere.
    subject_token: String,
}

/// A service account's key as Google gives it out, and its public half. Node makes the RSA key: `ring` makes none.
pub(crate) fn service_account_key() -> (String, Vec<u8>) {
    let peers = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/peers/node");
    let script = "const { generateKeyPairSync } = require('node:crypto');
        const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        process.stdout.write(privateKey.export({ type: 'pkcs8', format: 'pem' }));";
    let made = Command::new(format!("{peers}/node_modules/.bin/node")).args(["--eval", script]).output();
    let made = made.expect("Node is not installed: run `cargo xtask peers`");
    let pem = String::from_utf8(made.stdout).unwrap();
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let json = json!({
        "type": "service_account", "project_id": "acme", "private_key_id": "key-1", "private_key": pem,
        "client_email": KEY_ACCOUNT, "token_uri": "https://evil.test/token",
    });
    (json.to_string(), key.public_key().as_ref().to_vec())
}

impl Google {
    /// Accepts one key, and one subject token in the pool.
    pub(crate) async fn start(key: Vec<u8>, subject_token: String) -> Self {
        let (state, trust) = (Arc::<Mutex<State>>::default(), Trust { key, subject_token });
        let shared = Arc::clone(&state);
        let url = serve(move |request| {
            let host = format!("http://{}", request.headers()["host"].to_str().unwrap());
            let (status, body) = answer(&request, &trust, &mut shared.lock(), &host);
            Response::builder().status(status).body(body.to_string()).unwrap()
        });
        Self { url: url.await, state }
    }
}

fn answer(request: &Request<Bytes>, trust: &Trust, state: &mut State, host: &str) -> (u16, Value) {
    if let Some((status, body)) = state.forced.take() {
        return (status, serde_json::from_str(&body).unwrap_or(Value::String(body)));
    }
    match request.uri().path() {
        "/token" => by_key(&fields(request), trust, state, &format!("{host}/token")),
        "/v1/token" => by_pool(&fields(request), trust, state),
        path => match path.strip_prefix("/v1/projects/-/serviceAccounts/").and_then(|rest| rest.split_once(':')) {
            Some((account, method)) => impersonated(request, account, method, state),
            None => panic!("Google was asked for {path}"),
        },
    }
}

/// The grant of a service account's key.
fn by_key(fields: &Map<String, Value>, trust: &Trust, state: &mut State, audience: &str) -> (u16, Value) {
    assert_eq!(fields["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let now = SystemClock.now().as_seconds();
    let Some((header, claims)) = verified(fields["assertion"].as_str().unwrap(), &trust.key) else {
        return (400, json!({ "error": "invalid_grant", "error_description": "Invalid JWT Signature." }));
    };
    assert_eq!((&header["alg"], &header["kid"]), (&json!("RS256"), &json!("key-1")));
    let (iat, exp) = (claims["iat"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
    assert!(iat <= now && exp > now && exp - iat <= 3600, "{claims}");
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(KEY_ACCOUNT), &json!(audience)));
    if claims["scope"] == "https://www.googleapis.com/auth/forbidden" {
        return (400, json!({ "error": "invalid_scope", "error_description": "canary" }));
    }
    if let Some(audience) = claims["target_audience"].as_str() {
        let token = id_token(audience);
        state.tokens.push((token.clone(), json!({ "of": KEY_ACCOUNT, "audience": audience })));
        return (200, json!({ "id_token": token }));
    }
    let token = give(state, json!({ "of": KEY_ACCOUNT, "scope": claims["scope"] }));
    (200, json!({ "access_token": token, "expires_in": 3599, "token_type": "Bearer" }))
}

/// The Security Token Service.
fn by_pool(fields: &Map<String, Value>, trust: &Trust, state: &mut State) -> (u16, Value) {
    assert_eq!(fields["grant_type"], "urn:ietf:params:oauth:grant-type:token-exchange");
    assert_eq!(fields["requested_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!(fields["subject_token_type"], "urn:ietf:params:oauth:token-type:id_token");
    if fields["audience"] != POOL {
        return (400, json!({ "error": "invalid_target", "error_description": "canary" }));
    }
    if fields["subject_token"] != trust.subject_token {
        return (400, json!({ "error": "invalid_grant", "error_description": "canary" }));
    }
    let token = give(state, json!({ "of": "pool", "scope": fields["scope"] }));
    (
        200,
        json!({
            "access_token": token, "expires_in": 3600, "token_type": "Bearer",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        }),
    )
}

/// The Service Account Credentials API.
fn impersonated(request: &Request<Bytes>, account: &str, method: &str, state: &mut State) -> (u16, Value) {
    let shown = request.headers()["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    let given = state.tokens.iter().find(|(token, _)| token == shown);
    let scope = given.map(|(_, given)| given["scope"].clone());
    if account != READER || scope != Some(json!("https://www.googleapis.com/auth/cloud-platform")) {
        return (403, json!({ "error": { "code": 403, "message": "canary", "status": "PERMISSION_DENIED" } }));
    }
    let asked: Value = serde_json::from_slice(request.body()).unwrap();
    match method {
        "generateAccessToken" => {
            let life: u64 = asked["lifetime"].as_str().unwrap().strip_suffix('s').unwrap().parse().unwrap();
            let token = give(state, json!({ "of": account, "scope": asked["scope"], "life": life }));
            (200, json!({ "accessToken": token, "expireTime": "2100-01-01T00:00:00.123Z" }))
        }
        "generateIdToken" => {
            let token = id_token(asked["audience"].as_str().unwrap());
            state.tokens.push((token.clone(), json!({ "of": account, "audience": asked["audience"] })));
            (200, json!({ "token": token }))
        }
        other => panic!("Google has no {other}"),
    }
}

fn give(state: &mut State, what: Value) -> String {
    let token = format!("ya29.{}", canary());
    state.tokens.push((token.clone(), what));
    token
}

/// In the shape of an ID token; nobody here verifies one.
fn id_token(audience: &str) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let payload = json!({ "aud": audience, "exp": SystemClock.now().as_seconds() + 3600 });
    format!("{}.{}.{}", part(json!({ "alg": "RS256" })), part(payload), canary())
}

fn verified(token: &str, public_key: &[u8]) -> Option<(Value, Value)> {
    let (message, signature) = token.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let verified =
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key).verify(message.as_bytes(), &signature);
    verified.ok().map(|()| (json(header), json(claims)))
}

fn fields(request: &Request<Bytes>) -> Map<String, Value> {
    assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
    url::form_urlencoded::parse(request.body())
        .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
        .collect()
}
