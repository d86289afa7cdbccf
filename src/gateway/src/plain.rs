//! A plain HTTP call: one exchange, bodies streamed both ways.

use egress::Outbound;
use http::{HeaderValue, Response, StatusCode};
use http_body::Body as _;

use crate::{
    Gateway,
    approve::Approved,
    asked::{HttpAsked, HttpBody},
    converse::Leg,
    denial::Denial,
    mask::Clean,
    read::collect,
};

/// Forwards the call and hands back its masked answer. A challenge of the upstream is for this service alone.
pub(crate) async fn answer(gateway: &Gateway, approved: Approved, asked: HttpAsked) -> Result<Response<Clean>, Denial> {
    let HttpAsked { method, path, mut headers, body, .. } = asked;
    let span = approved.facts().trace.child(gateway.new_span());
    if let Ok(value) = HeaderValue::try_from(span.to_string()) {
        headers.insert("traceparent", value);
    }
    let body = match body {
        HttpBody::Whole(bytes) if bytes.is_empty() => Outbound::empty(),
        HttpBody::Whole(bytes) => Outbound::bytes(bytes),
        HttpBody::Members(members) => Outbound::bytes(members.to_vec().into()),
        HttpBody::Stream(body) if body.is_end_stream() => Outbound::empty(),
        HttpBody::Stream(body) if approved.upstream().target().fills_body() => {
            // A credential goes into a body that is all there.
            Outbound::bytes(collect(body, gateway.limits).await?)
        }
        HttpBody::Stream(body) => Outbound::stream(body),
        HttpBody::SignedChunks(body) => {
            let framed_length = body.framed_length();
            Outbound::signed_chunks(body, framed_length)
        }
    };
    let mut response = gateway.forward(&approved, Leg { method, path, headers, body }).await?;
    match response.status() {
        StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(Denial::CredentialRefused),
        _ => {
            response.headers_mut().remove(mcp::legacy::MCP_SESSION_ID);
            Ok(response)
        }
    }
}
