//! Claviger as an issuer whose key OpenBao knows.

use std::sync::Arc;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use model::{Caller, Clock as _, SystemClock, UpstreamName};
use provider::{WebIdentity, WebIdentityFailed};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use secret::Secret;
use serde_json::{Map, Value, json};

/// What its tokens say that they come from.
pub(crate) const ISSUER: &str = "https://claviger.test";

/// What stands before the point of a P-256 key in its SubjectPublicKeyInfo (RFC 5480).
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

#[derive(Debug)]
pub(crate) struct Identity(EcdsaKeyPair);

impl Identity {
    pub(crate) fn new() -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap())
    }

    pub(crate) fn public_key_pem(&self) -> String {
        let spki = [&SPKI_PREFIX, self.0.public_key().as_ref()].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(spki))
    }
}

impl Identity {
    /// A JWT of these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "ES256", "typ": "JWT" })), part(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Identity {
    fn own_token_at(&self, now_seconds: u64, audience: &str) -> Secret {
        let (iat, exp) = (now_seconds, now_seconds + 300);
        let claims = json!({ "iss": ISSUER, "sub": "claviger", "aud": audience, "iat": iat, "exp": exp });
        Secret::new(self.sign(&claims).into())
    }
}

impl WebIdentity for Identity {
    fn id_token(
        &self,
        _: &Caller,
        _: &UpstreamName,
        _: &str,
        _: Map<String, Value>,
    ) -> Result<Secret, WebIdentityFailed> {
        Err(WebIdentityFailed)
    }

    fn own_token(&self, audience: &str) -> Result<Secret, WebIdentityFailed> {
        Ok(self.own_token_at(SystemClock.now().as_seconds(), audience))
    }
}

/// The same issuer, whose clock is off by so many seconds.
#[derive(Debug)]
pub(crate) struct OffClock(pub(crate) Arc<Identity>, pub(crate) i64);

impl WebIdentity for OffClock {
    fn id_token(
        &self,
        _: &Caller,
        _: &UpstreamName,
        _: &str,
        _: Map<String, Value>,
    ) -> Result<Secret, WebIdentityFailed> {
        Err(WebIdentityFailed)
    }

    fn own_token(&self, audience: &str) -> Result<Secret, WebIdentityFailed> {
        Ok(self.0.own_token_at(SystemClock.now().as_seconds().saturating_add_signed(self.1), audience))
    }
}
