//! A modern POST (2026-07-28): its headers against its body, and the headers of the one that we send on.

use http::{
    HeaderMap, HeaderValue,
    header::{ACCEPT, CONTENT_TYPE},
};

use crate::{
    era::{Era, Version},
    fault::{Fault, HeaderProblem},
    headers::{self, ANSWER_TYPES, MCP_METHOD, MCP_NAME, MCP_PROTOCOL_VERSION},
    json::{Json, Object},
    meta::{self, ClientMeta},
    method::Method,
    mirror::Mirrors,
    rpc::{Message, Notification, Request},
};

/// Checks everything that a modern POST must say twice, except for mirrored arguments: those need the tool's definition, see
/// [`Mirrors::check`]. Gives what the client says of itself, and nothing for a notification.
///
/// # Errors
/// A [`Fault`] with the code that the specification asks for.
pub fn check(headers: &HeaderMap, message: &Message) -> Result<Option<ClientMeta>, Fault> {
    match message {
        Message::Request(request) => check_request(headers, request).map(Some),
        Message::Notification(notification) => check_notification(headers, notification).map(|()| None),
        Message::Response(_) => Err(Fault::UnexpectedResponse),
    }
}

fn check_request(headers: &HeaderMap, request: &Request) -> Result<ClientMeta, Fault> {
    let named = headers::single(headers, &MCP_PROTOCOL_VERSION)?
        .ok_or(Fault::header("MCP-Protocol-Version", HeaderProblem::Missing))?;
    let said = meta::of_params(request.params())
        .and_then(|meta| meta.member(meta::PROTOCOL_VERSION))
        .and_then(Json::as_str)
        .ok_or(Fault::Meta(meta::PROTOCOL_VERSION))?;
    if named != said {
        return Err(Fault::header("MCP-Protocol-Version", HeaderProblem::Differs));
    }
    check_version(said)?;
    let client = ClientMeta::of(request)?;
    mirrored(headers, &MCP_METHOD, Some(request.method()))?;
    let method = Method::parse(request.method()).filter(|method| method.exists_in(Era::Modern));
    let Some(method) = method else {
        let handshake = request.method() == Method::Initialize.as_str();
        return Err(if handshake { Fault::HandshakeRemoved } else { Fault::UnknownMethod });
    };
    mirrored(headers, &MCP_NAME, name(method, request.params())?)?;
    Ok(client)
}

/// A notification has no `_meta` that it must carry; what its headers say must still be true.
fn check_notification(headers: &HeaderMap, notification: &Notification) -> Result<(), Fault> {
    let named = headers::single(headers, &MCP_PROTOCOL_VERSION)?
        .ok_or(Fault::header("MCP-Protocol-Version", HeaderProblem::Missing))?;
    let said = meta::of_params(notification.params()).and_then(|meta| meta.member(meta::PROTOCOL_VERSION));
    if said.is_some_and(|said| said.as_str() != Some(named)) {
        return Err(Fault::header("MCP-Protocol-Version", HeaderProblem::Differs));
    }
    check_version(named)?;
    if headers.contains_key(MCP_METHOD) {
        mirrored(headers, &MCP_METHOD, Some(notification.method()))?;
    }
    mirrored(headers, &MCP_NAME, None)
}

fn check_version(text: &str) -> Result<(), Fault> {
    match Version::parse(text).map(Version::era) {
        Some(Era::Modern) => Ok(()),
        // A legacy version in a modern message would be a way around the mirrored headers.
        Some(Era::Legacy) | None => Err(Fault::unsupported(text)),
    }
}

/// The value of the body that `Mcp-Name` mirrors.
fn name(method: Method, params: Option<&Object>) -> Result<Option<&str>, Fault> {
    let Some(name) = method.named_by() else { return Ok(None) };
    let value = params.and_then(|params| params.member(name)).and_then(Json::as_str);
    value.map(Some).ok_or(Fault::Param { name, expected: "a string" })
}

/// Compares one header with its counterpart in the body.
fn mirrored(headers: &HeaderMap, header: &http::HeaderName, body: Option<&str>) -> Result<(), Fault> {
    let problem = match (headers::single(headers, header)?, body) {
        (None, None) => return Ok(()),
        (None, Some(_)) => HeaderProblem::Missing,
        (Some(_), None) => HeaderProblem::Unexpected,
        (Some(value), Some(body)) => match headers::decode(value) {
            None => HeaderProblem::Unreadable,
            Some(text) if text == body => return Ok(()),
            Some(_) => HeaderProblem::Differs,
        },
    };
    Err(Fault::header(headers::spelled(header), problem))
}

/// Writes the headers of a modern request toward an upstream, each derived from the body that is sent.
///
/// # Errors
/// [`Fault::Param`] where the body lacks what a header must mirror; [`Fault::UnknownMethod`] where the era lacks the method.
pub fn write_headers(request: &Request, mirrors: &Mirrors, out: &mut HeaderMap) -> Result<(), Fault> {
    let method = Method::parse(request.method()).filter(|method| method.exists_in(Era::Modern));
    let method = method.ok_or(Fault::UnknownMethod)?;
    out.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    out.insert(ACCEPT, HeaderValue::from_static(ANSWER_TYPES));
    out.insert(MCP_PROTOCOL_VERSION, HeaderValue::from_static(Version::MODERN.as_str()));
    out.insert(MCP_METHOD, HeaderValue::from_static(method.as_str()));
    if let Some(name) = name(method, request.params())? {
        out.insert(MCP_NAME, headers::encode(name));
    }
    if method == Method::ToolsCall {
        let arguments = request.params().and_then(|params| params.member("arguments")).and_then(Json::as_object);
        mirrors.write(arguments, out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
