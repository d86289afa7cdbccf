//! A plain HTTP call: one exchange, bodies streamed both ways.

use egress::{IssuedTokenAction, Outbound};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::Body as _;

use crate::{
    Gateway,
    approve::Approved,
    asked::{HttpAsked, HttpBody},
    converse::Leg,
    denial::Denial,
    handles::{Places, UPSTREAM_AUTHORIZATION, Watched},
    mask::Clean,
    read::collect,
    upstream::Speech,
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
        HttpBody::Stream(body) if must_be_known(&approved, &headers) => {
            Outbound::bytes(collect(body, gateway.limits).await?)
        }
        HttpBody::Stream(body) => Outbound::stream(Watched::new(body)),
        HttpBody::SignedChunks(body) => {
            let framed_length = body.framed_length();
            Outbound::signed_chunks(body, framed_length)
        }
    };
    let shows_token = headers.contains_key(UPSTREAM_AUTHORIZATION);
    let mut response = gateway.forward(&approved, Leg { method, path, headers, body }).await?;
    match response.status() {
        StatusCode::UNAUTHORIZED if shows_token => Err(Denial::IssuedTokenRefused),
        StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(Denial::CredentialRefused),
        _ => {
            response.headers_mut().remove(mcp::legacy::MCP_SESSION_ID);
            Ok(response)
        }
    }
}

/// Whether a body must be all there: a credential goes into it, or what a handle or pseudonym stands for may.
fn must_be_known(approved: &Approved, headers: &HeaderMap) -> bool {
    let target = approved.upstream().target();
    let has_fields = || match Places::of_type(headers) {
        Places::Json | Places::Form => true,
        Places::None => false,
    };
    let has_stand_ins = target.issued_tokens() == IssuedTokenAction::Capture
        || target.gives_pseudonyms() && matches!(approved.upstream().speech(), Speech::Http(_));
    target.fills_body() || has_stand_ins && has_fields()
}
