//! Reads a plain HTTP request: its method and path must be one named operation of the upstream.

use std::borrow::Cow;

use http::{HeaderMap, Request};
use hyper::body::Incoming;
use model::{Operations, TraceContext};

use crate::{
    asked::{HttpAsked, HttpBody},
    denial::Denial,
    facts::Facts,
};

pub(super) fn read(
    request: Request<Incoming>,
    operations: &Operations,
    rest: &str,
    known: &mut Facts,
) -> Result<HttpAsked, Denial> {
    let (parts, body) = request.into_parts();
    known.action = Some(Cow::Borrowed(policy::Action::HttpRequest.as_str()));
    note_trace(&parts.headers, known);
    let path = parts.uri.query().map_or_else(|| rest.to_owned(), |query| format!("{rest}?{query}"));
    let path: egress::ForwardPath = path.parse().map_err(|_| Denial::AmbiguousPath)?;
    let operation = operations.find(&parts.method, path.path()).cloned().ok_or(Denial::UnknownOperation)?;
    known.tool = Some(operation.to_string());
    Ok(HttpAsked { operation, method: parts.method, path, headers: parts.headers, body: HttpBody::Stream(body) })
}

/// Takes up the trace that the caller is in.
pub(super) fn note_trace(headers: &HeaderMap, known: &mut Facts) {
    if let Some(trace) = headers.get("traceparent").and_then(|value| TraceContext::parse(value.to_str().ok()?)) {
        known.trace = trace;
    }
}
