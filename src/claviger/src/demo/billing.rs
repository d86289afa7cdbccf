//! A plain HTTP API that wants a key in a header of its own, and repeats it in its answers.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
    routing::any,
};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use serde_json::json;

use super::{
    inbox::{Inbox, Received},
    keys::StoredKey,
};

/// Where it wants its key.
pub(super) const SLOT: HeaderName = HeaderName::from_static("x-api-key");

struct Billing {
    key: Arc<StoredKey>,
    inbox: Inbox,
}

/// It takes any method, also one that deletes: what may be called is for the broker to say.
pub(super) fn router(key: Arc<StoredKey>, inbox: Inbox) -> Router {
    Router::new().route("/v1/invoices/{id}", any(answer)).with_state(Arc::new(Billing { key, inbox }))
}

async fn answer(
    State(billing): State<Arc<Billing>>,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let received = Received { method, path: format!("/v1/invoices/{id}"), headers, body };
    billing.inbox.put(received.clone());
    let presented = received.header(&SLOT);
    if !billing.key.is_in_slot("", presented) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(json!({ "invoice": id, "total": "112.00 EUR", "debug": format!("called with {presented}") })).into_response()
}
