//! A development identity provider, for this demonstration and nothing else: OpenID Connect discovery, a key set, and signed tokens
//! by the client credentials grant.

use std::sync::Arc;

use axum::{
    Form, Json, Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{HeaderMap, StatusCode, header};
use model::{Clock as _, SystemClock};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::keys::random_text;
use crate::output::Failure;

/// The one workload that it knows.
pub(super) const CLIENT: &str = "assistant";
const KEY_ID: &str = "demonstration";
const TOKEN_SECONDS: u64 = 3600;

/// What it signs with, and whom it knows.
pub(super) struct IdentityProvider {
    issuer: String,
    key: EcdsaKeyPair,
    client_secret: String,
}

#[derive(Deserialize)]
struct TokenRequest {
    grant_type: String,
    resource: String,
}

impl IdentityProvider {
    /// A provider with a key and a client secret of its own.
    pub(super) fn new(issuer: String) -> Result<Arc<Self>, Failure> {
        let failed = |_| Failure::new("no key of an identity provider can be made");
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(failed)?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random);
        let key = key.map_err(|_| Failure::new("no key of an identity provider can be made"))?;
        Ok(Arc::new(Self { issuer, key, client_secret: random_text(32)? }))
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What the agent logs in with, as the value of `Authorization` (RFC 6749, section 2.3.1).
    pub(super) fn client_authorization(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{}", self.client_secret)))
    }

    pub(super) fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .with_state(self)
    }

    fn sign(&self, claims: &Value) -> Option<String> {
        let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": KEY_ID });
        let [header, claims] = [&header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let input = format!("{header}.{claims}");
        let signature = self.key.sign(&SystemRandom::new(), input.as_bytes()).ok()?;
        Some(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

async fn discovery(State(provider): State<Arc<IdentityProvider>>) -> Json<Value> {
    let issuer = &provider.issuer;
    Json(json!({
        "issuer": issuer, "jwks_uri": format!("{issuer}/jwks"), "token_endpoint": format!("{issuer}/token"),
        "grant_types_supported": ["client_credentials"], "response_types_supported": [],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

/// The public point is a byte 4 and two coordinates (SEC 1, section 2.3.3).
async fn jwks(State(provider): State<Arc<IdentityProvider>>) -> Json<Value> {
    let point = provider.key.public_key().as_ref().get(1..).unwrap_or_default();
    let (x, y) = point.split_at(point.len() / 2);
    let [x, y] = [x, y].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
    let key = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "alg": "ES256", "use": "sig", "kid": KEY_ID });
    Json(json!({ "keys": [key] }))
}

async fn token(
    State(provider): State<Arc<IdentityProvider>>,
    headers: HeaderMap,
    Form(request): Form<TokenRequest>,
) -> Response {
    let refused = |status, error: &str| (status, Json(json!({ "error": error }))).into_response();
    let sha256 = |text: &str| digest(&SHA256, text.as_bytes());
    let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // The digests of random secrets are compared, so where they differ tells nothing of the secret.
    if sha256(presented).as_ref() != sha256(&provider.client_authorization()).as_ref() {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    if request.grant_type != "client_credentials" {
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let now = SystemClock.now().as_millis() / 1000;
    let claims = json!({
        "iss": provider.issuer, "sub": CLIENT, "client_id": CLIENT, "aud": request.resource,
        "iat": now, "exp": now + TOKEN_SECONDS, "jti": random_text(16).unwrap_or_default(),
    });
    match provider.sign(&claims) {
        Some(token) => {
            let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS });
            ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
        None => refused(StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
    }
}
