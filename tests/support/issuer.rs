//! An issuer inside the test, for tokens that no provider signs: each header and each payload byte is the test's own.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};

use super::{
    canary,
    echo::{Echo, Reply},
    now_seconds,
};

/// The audience that every broker of these tests demands.
pub(crate) const AUDIENCE: &str = "https://claviger.test/";

const KEY_ID: &str = "test-key";

/// A running issuer of ES256 tokens.
#[derive(Debug)]
pub(crate) struct Issuer {
    server: Echo,
    key: EcdsaKeyPair,
    jwk: Value,
}

impl Issuer {
    /// Publishes its metadata and its one key on a free port.
    pub(crate) async fn start() -> Self {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let document = document.expect("random numbers");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &SystemRandom::new());
        let key = key.expect("it was generated on the line above");
        let (_, x_and_y) = key.public_key().as_ref().split_at(1);
        let (x, y) = x_and_y.split_at(32);
        let [x, y] = [x, y].map(|number| URL_SAFE_NO_PAD.encode(number));
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256", "kid": KEY_ID });
        let published = jwk.clone();
        let server = Echo::start(move |request| {
            let issuer = format!("http://{}", request.header("host").unwrap_or_default());
            match request.uri.path() {
                "/.well-known/openid-configuration" => Reply::json(&json!({
                    "issuer": issuer, "jwks_uri": format!("{issuer}/jwks"),
                    "id_token_signing_alg_values_supported": ["ES256"],
                })),
                "/jwks" => Reply::json(&json!({ "keys": [published] })),
                _ => Reply::status(404),
            }
        });
        Self { server: server.await, key, jwk }
    }

    /// Its issuer identifier, `http://127.0.0.1:PORT`.
    pub(crate) fn issuer(&self) -> &str {
        self.server.url()
    }

    /// The public half of its key.
    pub(crate) fn jwk(&self) -> Value {
        self.jwk.clone()
    }

    /// A good token for a subject: valid for five minutes, for [`AUDIENCE`].
    pub(crate) fn token(&self, subject: &str) -> String {
        self.token_with(subject, json!({}))
    }

    /// A good token with other or more claims; `null` removes one.
    pub(crate) fn token_with(&self, subject: &str, claims: Value) -> String {
        let mut payload = self.payload(subject);
        for (name, value) in claims.as_object().into_iter().flatten() {
            payload[name] = value.clone();
        }
        if let Some(members) = payload.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        self.sign(&Self::header().to_string(), &payload.to_string())
    }

    /// The header of a good token.
    pub(crate) fn header() -> Value {
        json!({ "alg": "ES256", "typ": "JWT", "kid": KEY_ID })
    }

    /// The claims of a good token.
    pub(crate) fn payload(&self, subject: &str) -> Value {
        let now = now_seconds();
        let jti = canary::random_hex(8);
        json!({ "iss": self.issuer(), "sub": subject, "aud": AUDIENCE, "iat": now, "exp": now + 300, "jti": jti })
    }

    /// Signs exactly these texts.
    pub(crate) fn sign(&self, header: &str, payload: &str) -> String {
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.key.sign(&SystemRandom::new(), input.as_bytes()).expect("random numbers");
        let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature));
        canary::register("subject token", &token);
        token
    }
}
