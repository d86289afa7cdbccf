//! Reads a request of the Model Context Protocol over Streamable HTTP, in either era.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use hyper::body::Incoming;
use mcp::{Dialect, Era, Fault, Limits, Message, Rejected, Version, era, headers, meta, modern};
use model::TraceContext;

use super::{ReadLimits, collect};
use crate::{
    asked::{McpAsked, McpMessage},
    connection,
    denial::Denial,
    facts::{Facts, Voice},
};

pub(super) async fn read(
    request: Request<Incoming>,
    limits: ReadLimits,
    known: &mut Facts,
) -> Result<McpAsked, Denial> {
    let (mut parts, body) = request.into_parts();
    leave_foreign_headers(&mut parts.headers);
    let headers = parts.headers;
    // Until the message is read, the headers say which era's words a refusal takes.
    known.voice = Voice::Mcp { era: era_of(&headers), id: None };
    match parts.method {
        Method::POST => {
            let body = collect(body, limits).await?;
            message(headers, &body, limits, known)
        }
        Method::GET => without_message(headers, known, |headers| {
            let last_event_id = headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
            McpMessage::Stream { last_event_id }
        }),
        Method::DELETE => without_message(headers, known, |_| McpMessage::Terminate),
        _ => Err(Denial::MethodNotAllowed { allow: "GET, POST, DELETE" }),
    }
}

/// A caller that names a version of the older era speaks it, whatever headers of the newer one it sends along: in that era they
/// are unknown, and unknown headers say nothing.
fn leave_foreign_headers(headers: &mut HeaderMap) {
    let mut versions = headers.get_all(headers::MCP_PROTOCOL_VERSION).iter();
    let version = versions.next().and_then(|version| Version::parse(version.to_str().ok()?));
    if versions.next().is_none() && version.is_some_and(|version| version.era() == Era::Legacy) {
        let foreign: Vec<_> = headers.keys().filter(|name| era::is_modern_header(name)).cloned().collect();
        foreign.iter().for_each(|name| drop(headers.remove(name)));
    }
}

/// One message, whole: its bytes are read once into a tree, and what is sent later is written from that tree.
fn message(headers: HeaderMap, body: &Bytes, limits: ReadLimits, known: &mut Facts) -> Result<McpAsked, Denial> {
    headers::check_content_type(&headers).map_err(malformed)?;
    headers::check_accept(&headers).map_err(malformed)?;
    let limits = Limits::MESSAGE.with_bytes_max(limits.message_bytes_max);
    let mut message = Message::parse(body, &limits).map_err(Denial::Malformed)?;
    let id = match &message {
        Message::Request(request) => Some(request.id().clone()),
        Message::Notification(_) | Message::Response(_) => None,
    };
    known.trace = trace_of(&headers, &message).unwrap_or(known.trace);
    let rejected = |fault: Fault| Denial::Malformed(Rejected::new(fault, id.clone()));
    let dialect = Dialect::of(&headers, &message).map_err(rejected)?;
    known.voice = Voice::Mcp { era: dialect.era(), id: id.clone() };
    known.action = message.method().map(action);
    let client = match dialect.era() {
        Era::Modern => modern::check(&headers, &message).map_err(rejected)?,
        Era::Legacy => None,
    };
    if dialect.era() == Era::Modern
        && connection::take_answer(&mut message)
        && client.as_ref().is_some_and(connection::opens_urls)
    {
        known.note_opens_urls();
    }
    let message = match message {
        Message::Request(request) => McpMessage::Request(request),
        Message::Notification(notification) => McpMessage::Notification(notification),
        Message::Response(response) => McpMessage::Response(response),
    };
    Ok(McpAsked { dialect, client, headers, message })
}

/// GET and DELETE belong to the older era alone.
fn without_message(
    headers: HeaderMap,
    known: &mut Facts,
    message: impl FnOnce(&HeaderMap) -> McpMessage,
) -> Result<McpAsked, Denial> {
    let dialect = Dialect::of_headers(&headers).map_err(malformed)?;
    known.voice = Voice::Mcp { era: dialect.era(), id: None };
    if dialect.era() == Era::Modern {
        return Err(Denial::MethodNotAllowed { allow: "POST" });
    }
    let message = message(&headers);
    known.action = Some(Cow::Borrowed(match message {
        McpMessage::Terminate => "session/terminate",
        _ => "session/stream",
    }));
    Ok(McpAsked { dialect, client: None, headers, message })
}

fn era_of(headers: &HeaderMap) -> Era {
    match Dialect::of_headers(headers) {
        Ok(dialect) => dialect.era(),
        Err(_) => Era::Modern,
    }
}

/// The caller's trace: from `_meta` first, else from the header; an invalid one is none.
fn trace_of(headers: &HeaderMap, message: &Message) -> Option<TraceContext> {
    let (in_meta, _) = meta::trace(message.params());
    let in_header = || headers.get("traceparent").and_then(|value| value.to_str().ok());
    TraceContext::parse(in_meta.or_else(in_header)?)
}

/// A method of the protocol needs no copy of its name.
fn action(method: &str) -> Cow<'static, str> {
    mcp::Method::parse(method).map_or_else(|| Cow::Owned(method.to_owned()), |method| Cow::Borrowed(method.as_str()))
}

fn malformed(fault: Fault) -> Denial {
    Denial::Malformed(Rejected::new(fault, None))
}
