//! The listener for agents: calls go to the gateway, everything else to the routes of the token service.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    response::{IntoResponse, Response as AxumResponse},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use config::IntrospectionClient;
use futures_util::FutureExt as _;
use gateway::CREDENTIALS_PATH;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::json;
use token::{
    AUTHORIZATION_SERVER_PATH, AuthorizationServer, ErrorBody, ErrorCode, JWKS_AGE_MAX, OPENID_CONFIGURATION_PATH,
    PROTECTED_RESOURCE_PATH, ProtectedResource,
};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use super::{Answer, Outgoing, connect};
use crate::broker::Broker;

/// A form with two tokens of the greatest length fits.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// Answers agents.
pub(crate) struct Agents {
    broker: Arc<Broker>,
    routes: Router,
    /// Calls that may be carried at once; beyond it callers are turned away, so that those inside are served.
    calls: Arc<Semaphore>,
}

/// What the routes work with.
struct Routes {
    broker: Arc<Broker>,
    public_url: String,
    clients: Vec<IntrospectionClient>,
}

impl Agents {
    pub(crate) fn new(broker: Arc<Broker>, config: &config::Config) -> Self {
        let routes = Routes {
            broker: Arc::clone(&broker),
            public_url: config.server.public_url.to_string(),
            clients: config.introspection_clients.clone(),
        };
        Self { broker, routes: router(routes), calls: Arc::new(Semaphore::new(config.server.limits.calls_max)) }
    }
}

impl Answer for Agents {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Outgoing> {
        let path = request.uri().path();
        let is_call = ["/mcp/", "/http/", "/aws/"].iter().any(|route| path.starts_with(route));
        let lends_key = path.starts_with(CREDENTIALS_PATH);
        if is_call || lends_key {
            let Ok(slot) = Arc::clone(&self.calls).try_acquire_owned() else { return overloaded() };
            let gateway = &self.broker.gateway;
            // A fault in one call must not take the other calls of a connection down.
            let carried = if lends_key {
                AssertUnwindSafe(gateway.lend_key(&request)).catch_unwind().await
            } else {
                AssertUnwindSafe(gateway.carry(request)).catch_unwind().await
            };
            return carried.map_or_else(|_| fault(), |answer| answer.map(|body| Outgoing::Clean { body, _slot: slot }));
        }
        if let Err(denial) = self.broker.gateway.admit(request.headers(), request.uri()) {
            let told = denial.told();
            return ours(told.status, told.error, told.description);
        }
        let answered = self.routes.clone().oneshot(request.map(axum::body::Body::new)).await;
        answered.map_or_else(|never| match never {}, |answer| answer.map(Outgoing::Ours))
    }
}

fn router(routes: Routes) -> Router {
    let pages = connect::router(Arc::clone(&routes.broker.connections));
    Router::new()
        .route("/token", post(exchange))
        .route("/introspect", post(introspect))
        .route("/revoke", post(revoke))
        .route("/authorize", get(authorize))
        .route("/jwks", get(jwks))
        .route(AUTHORIZATION_SERVER_PATH, get(authorization_server))
        .route(OPENID_CONFIGURATION_PATH, get(authorization_server))
        .route(&format!("{PROTECTED_RESOURCE_PATH}/{{kind}}/{{upstream}}"), get(protected_resource))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .fallback(|| async { (StatusCode::NOT_FOUND, Json(json!({ "error": "not_found" }))) })
        .with_state(Arc::new(routes))
        .merge(pages)
}

/// RFC 8693.
async fn exchange(State(routes): State<Arc<Routes>>, headers: HeaderMap, body: Bytes) -> AxumResponse {
    if !is_form(&headers) {
        return not_a_form();
    }
    match routes.broker.tokens.exchange_form(&body).await {
        Ok(response) => secret_json(StatusCode::OK, &response),
        Err(refused) => refuse(&refused),
    }
}

/// RFC 7662, for the resource servers that the configuration names.
async fn introspect(State(routes): State<Arc<Routes>>, headers: HeaderMap, body: Bytes) -> AxumResponse {
    if !is_known_client(&routes.clients, &headers) {
        let body =
            ErrorBody::new(ErrorCode::InvalidClient, "introspection needs the credentials of a configured client");
        let mut response = secret_json(ErrorCode::InvalidClient.status(), &body);
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"introspection\""));
        return response;
    }
    if !is_form(&headers) {
        return not_a_form();
    }
    match routes.broker.tokens.introspect(&body) {
        Ok(response) => secret_json(StatusCode::OK, &response),
        Err(refused) => refuse(&refused),
    }
}

/// RFC 7009: whoever holds a token may end it.
async fn revoke(State(routes): State<Arc<Routes>>, headers: HeaderMap, body: Bytes) -> AxumResponse {
    if !is_form(&headers) {
        return not_a_form();
    }
    match routes.broker.tokens.revoke(&body).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refused) => refuse(&refused),
    }
}

/// There is no interactive grant; clients of MCP want the endpoint to exist.
async fn authorize() -> AxumResponse {
    let body = json!({
        "error": "unsupported_response_type",
        "error_description": "exchange a token of your identity provider at the token endpoint instead",
    });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

async fn jwks(State(routes): State<Arc<Routes>>) -> AxumResponse {
    let age = format!("public, max-age={}", JWKS_AGE_MAX.as_secs());
    ([(header::CACHE_CONTROL, age)], Json(routes.broker.ring.jwks())).into_response()
}

/// RFC 8414.
async fn authorization_server(State(routes): State<Arc<Routes>>) -> AxumResponse {
    let at = |path: &str| format!("{}{path}", routes.public_url);
    let document = AuthorizationServer {
        issuer: routes.public_url.clone(),
        authorization_endpoint: at("/authorize"),
        token_endpoint: at("/token"),
        jwks_uri: at("/jwks"),
        introspection_endpoint: at("/introspect"),
        revocation_endpoint: at("/revoke"),
    };
    Json(document.to_json()).into_response()
}

/// RFC 9728.
async fn protected_resource(
    State(routes): State<Arc<Routes>>,
    Path((kind, name)): Path<(String, String)>,
) -> AxumResponse {
    let wanted = format!("{}/{kind}/{name}", routes.public_url);
    let upstream = routes.broker.gateway.upstreams().iter().find(|upstream| upstream.resource().as_str() == wanted);
    let Some(upstream) = upstream else { return StatusCode::NOT_FOUND.into_response() };
    let document = ProtectedResource {
        resource: upstream.resource().clone(),
        authorization_server: routes.public_url.clone(),
        name: upstream.name().to_string(),
    };
    Json(document.to_json()).into_response()
}

/// The token endpoints take forms and nothing else.
fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn not_a_form() -> AxumResponse {
    let body = ErrorBody::new(ErrorCode::InvalidRequest, "send application/x-www-form-urlencoded");
    secret_json(ErrorCode::InvalidRequest.status(), &body)
}

fn refuse(refused: &gateway::Refused) -> AxumResponse {
    let mut response = secret_json(refused.code.status(), &refused.body);
    if refused.code == ErrorCode::TemporarilyUnavailable {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// JSON that nobody may keep.
fn secret_json(status: StatusCode, body: &impl serde::Serialize) -> AxumResponse {
    (status, [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")], Json(body)).into_response()
}

/// Whether a request has the credentials of a configured client (RFC 6749, section 2.3.1).
fn is_known_client(clients: &[IntrospectionClient], headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Some((scheme, encoded)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else { return false };
    let decoded = if scheme.eq_ignore_ascii_case("basic") { STANDARD.decode(encoded.trim()).ok() } else { None };
    let Some(decoded) = decoded.map(zeroize::Zeroizing::new) else { return false };
    let Some(colon) = decoded.iter().position(|byte| *byte == b':') else { return false };
    let (id, secret) = decoded.split_at(colon);
    let digest = ring::digest::digest(&ring::digest::SHA256, secret.get(1..).unwrap_or_default());
    // The digests of random secrets are compared, so where they differ tells nothing of the secret.
    clients.iter().any(|client| client.id.as_bytes() == id && digest.as_ref() == client.secret_sha256)
}

fn overloaded() -> Response<Outgoing> {
    let mut response =
        ours(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "too many calls are waiting; try again shortly");
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn fault() -> Response<Outgoing> {
    tracing::error!("a call panicked; the lines above say where");
    ours(StatusCode::INTERNAL_SERVER_ERROR, "internal", "a fault of this service; its log says more")
}

fn ours(status: StatusCode, error: &str, description: &str) -> Response<Outgoing> {
    let body = json!({ "error": error, "error_description": description });
    (status, Json(body)).into_response().map(Outgoing::Ours)
}
