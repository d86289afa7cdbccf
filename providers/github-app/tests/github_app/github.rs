//! GitHub as this test sees it: one App, one installation, and the tokens that live.

use std::{collections::BTreeMap, process::Command, sync::Arc};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use model::{Clock as _, SystemClock};
use parking_lot::Mutex;
use provider::conformance::parts::canary;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::loopback::serve;

pub(crate) const APP: &str = "Iv23liTest";
pub(crate) const INSTALLATION: u64 = 4242;

/// A server, and what is known of it.
pub(crate) struct GitHub {
    pub(crate) url: String,
    pub(crate) state: Arc<Mutex<State>>,
}

#[derive(Default)]
pub(crate) struct State {
    /// The tokens that live.
    pub(crate) tokens: Vec<String>,
    /// The bodies of what asked for a token.
    pub(crate) asked: Vec<Value>,
    /// Takes the place of the next answer.
    pub(crate) forced: Option<Forced>,
    /// Members that take the place of those in the next token's answer.
    pub(crate) changed: BTreeMap<String, Value>,
}

/// An answer that says nothing of tokens: status, a header field, body.
pub(crate) type Forced = (u16, Option<(&'static str, &'static str)>, String);

/// An RSA key as GitHub gives it out (PKCS #1), and its public half. Node makes it: `ring` makes none.
pub(crate) fn app_key() -> (String, Vec<u8>) {
    let peers = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/peers/node");
    let script = "const { generateKeyPairSync } = require('node:crypto');
        const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        process.stdout.write(privateKey.export({ type: 'pkcs1', format: 'pem' }));";
    let made = Command::new(format!("{peers}/node_modules/.bin/node")).args(["--eval", script]).output();
    let made = made.expect("Node is not installed: run `cargo xtask peers`");
    let pem = String::from_utf8(made.stdout).unwrap();
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = RsaKeyPair::from_der(&STANDARD.decode(der).unwrap()).unwrap();
    (pem, key.public_key().as_ref().to_vec())
}

impl GitHub {
    pub(crate) async fn start(public_key: Vec<u8>) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        Self { url: serve(move |request| answer(&request, &public_key, &mut shared.lock())).await, state }
    }
}

fn answer(request: &Request<Bytes>, public_key: &[u8], state: &mut State) -> Response<String> {
    let headers = request.headers();
    assert_eq!(headers["accept"], "application/vnd.github+json");
    assert_eq!(headers["x-github-api-version"], "2022-11-28");
    assert!(headers.contains_key("user-agent"), "GitHub refuses a request without one");
    if let Some((status, header, body)) = state.forced.take() {
        let mut response = Response::builder().status(status);
        if let Some((name, value)) = header {
            response = response.header(name, value);
        }
        return response.body(body).unwrap();
    }
    let bearer = bearer(headers);
    match (request.method(), request.uri().path()) {
        (&Method::DELETE, "/api/v3/installation/token") => {
            let before = state.tokens.len();
            state.tokens.retain(|token| *token != bearer);
            if state.tokens.len() < before {
                say(204, &Value::Null)
            } else {
                say(401, &json!({ "message": "Bad credentials" }))
            }
        }
        (&Method::POST, path) if path.starts_with("/api/v3/app/installations/") => {
            if !is_of_app(&bearer, public_key) {
                return say(401, &json!({ "message": "A JSON web token could not be decoded" }));
            }
            if path != format!("/api/v3/app/installations/{INSTALLATION}/access_tokens") {
                return say(404, &json!({ "message": "Not Found" }));
            }
            let asked: Value = serde_json::from_slice(request.body()).unwrap();
            let known = |name: &Value| ["website", "docs"].contains(&name.as_str().unwrap());
            if !asked["repositories"].as_array().unwrap().iter().all(known)
                || asked["permissions"]["administration"] != Value::Null
            {
                return say(
                    422,
                    &json!({ "message": "The permissions requested are not granted to this installation." }),
                );
            }
            let token = format!("ghs_{}", canary());
            state.tokens.push(token.clone());
            let repositories =
                asked["repositories"].as_array().unwrap().iter().map(|name| json!({ "id": 1, "name": name }));
            let mut made = json!({
                "token": token, "expires_at": in_an_hour(), "permissions": asked["permissions"],
                "repository_selection": "selected", "repositories": repositories.collect::<Vec<_>>(),
            });
            made["permissions"]["metadata"] = "read".into();
            for (name, value) in std::mem::take(&mut state.changed) {
                made[name] = value;
            }
            state.asked.push(asked);
            say(201, &made)
        }
        other => panic!("GitHub was asked for {other:?}"),
    }
}

/// As GitHub checks a proof of the App: the signature, who signed, and that it lives for ten minutes at most.
fn is_of_app(token: &str, public_key: &[u8]) -> bool {
    let Some((message, signature)) = token.rsplit_once('.') else { return false };
    let Some((header, claims)) = message.split_once('.') else { return false };
    let json = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let (header, claims, now) = (json(header), json(claims), SystemClock.now().as_seconds());
    let (iat, exp) = (claims["iat"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
    let verified = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key)
        .verify(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap());
    verified.is_ok()
        && header["alg"] == "RS256"
        && claims["iss"] == APP
        && iat <= now
        && (now + 1..=now + 600).contains(&exp)
}

fn bearer(headers: &HeaderMap) -> String {
    headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
}

fn say(status: u16, body: &Value) -> Response<String> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Response::builder().status(status).body(body).unwrap()
}

/// An hour from now, in the form of the documentation. It counts days one by one, unlike what it is read with.
fn in_an_hour() -> String {
    let seconds = SystemClock.now().as_seconds() + 3600;
    let (mut days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (mut year, mut month) = (1970, 1);
    let length = |year: u64, month: u64| match month {
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    while days >= length(year, month) {
        days -= length(year, month);
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
    format!("{year}-{month:02}-{:02}T{:02}:{:02}:{:02}Z", days + 1, of_day / 3600, of_day / 60 % 60, of_day % 60)
}
