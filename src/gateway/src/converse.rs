//! A conversation in the Model Context Protocol: which era the caller speaks, which the upstream, and what lies between.
//!
//! | caller \ upstream | modern (2026-07-28) | legacy (2025-11-25) |
//! |---|---|---|
//! | modern | [`modern`]: one exchange | [`lower`]: a handshake is held for the caller |
//! | legacy | [`lift`]: a session is held for the caller | [`legacy`]: sessions in pairs |

mod events;
mod legacy;
mod lift;
mod list;
mod lower;
mod modern;
mod rewrite;
mod sessions;
#[cfg(test)]
pub(crate) mod testing;

use std::{collections::HashMap, sync::Arc};

use egress::{ForwardPath, Outbound};
use http::{HeaderMap, Method, Response, StatusCode, header};
use mcp::{Era, Mirrors};
use parking_lot::RwLock;

use crate::{
    Gateway,
    approve::Approved,
    asked::McpAsked,
    denial::Denial,
    mask::{Clean, is_event_stream},
    upstream::Speech,
};

/// The longest message that is read whole: lists, handshakes, single events.
pub(crate) const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// One exchange with an upstream, ready to be recorded and sent.
#[derive(Debug)]
pub struct Leg {
    pub(crate) method: Method,
    pub(crate) path: ForwardPath,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Outbound,
}

impl Leg {
    /// A POST of one message to an MCP endpoint.
    pub(crate) fn post(headers: HeaderMap, message: Vec<u8>) -> Self {
        Self { method: Method::POST, path: endpoint(), headers, body: Outbound::bytes(message.into()) }
    }

    /// A request without a body to an MCP endpoint.
    pub(crate) fn bare(method: Method, headers: HeaderMap) -> Self {
        Self { method, path: endpoint(), headers, body: Outbound::empty() }
    }
}

/// The endpoint is the destination itself.
fn endpoint() -> ForwardPath {
    "".parse().expect("an empty path is the destination's own")
}

/// What is kept between the requests of callers.
#[derive(Debug, Default)]
pub(crate) struct Conversations {
    /// Sessions of callers of the older era.
    legacy: sessions::LegacySessions,
    /// Handshakes that are held for callers of the current era.
    lower: lower::Held,
    /// Which upstreams said lately what their tools mirror.
    lift: lift::Learned,
    /// The arguments that tools of an upstream mirror in headers, as its lists said last; by upstream.
    mirrors: RwLock<HashMap<model::UpstreamName, HashMap<String, Mirrors>>>,
}

/// Answers what was asked.
pub(crate) async fn answer(
    gateway: &Arc<Gateway>,
    approved: Approved,
    asked: McpAsked,
) -> Result<Response<Clean>, Denial> {
    let upstream = match approved.upstream().speech() {
        Speech::Mcp(era) => *era,
        Speech::Http(_) | Speech::Aws(_) => return Err(Denial::UnknownUpstream),
    };
    match (asked.dialect.era(), upstream) {
        (Era::Modern, Era::Modern) => modern::answer(gateway, approved, asked).await,
        (Era::Modern, Era::Legacy) => lower::answer(gateway, approved, asked).await,
        (Era::Legacy, Era::Modern) => lift::answer(gateway, approved, asked).await,
        (Era::Legacy, Era::Legacy) => legacy::answer(gateway, approved, asked).await,
    }
}

/// What an upstream's answer is, by its head.
pub(crate) enum AnswerKind {
    /// One JSON message.
    Json,
    /// A stream of events.
    Events,
    /// Accepted, and nothing to say.
    Accepted,
}

/// Looks at the head of an answer. What is no answer of the protocol becomes a refusal of ours; a challenge is never passed on.
pub(crate) fn kind_of(response: &Response<Clean>) -> Result<AnswerKind, Denial> {
    let status = response.status();
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED) {
        return Err(Denial::CredentialRefused);
    }
    if status == StatusCode::ACCEPTED || status == StatusCode::NO_CONTENT {
        return Ok(AnswerKind::Accepted);
    }
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if status.is_success() && is_event_stream(content_type) {
        return Ok(AnswerKind::Events);
    }
    // An error of the protocol comes with a status of its own and says in JSON what it is.
    if essence.eq_ignore_ascii_case("application/json") && (status.is_success() || status.is_client_error()) {
        return Ok(AnswerKind::Json);
    }
    Err(Denial::UpstreamProtocol { reason: "the answer is neither JSON nor an event stream" })
}

/// The head of an event stream of ours.
pub(crate) fn event_stream(body: Clean) -> Response<Clean> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", http::HeaderValue::from_static("no"));
    response
}

/// The head of one JSON message of an upstream, with its status.
pub(crate) fn json(status: StatusCode, body: Clean) -> Response<Clean> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response
}

/// Accepted, and nothing to say.
pub(crate) fn accepted() -> Response<Clean> {
    let mut response = Response::new(Clean::ours(""));
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}
