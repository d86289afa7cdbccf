//! Answers of our own, in both eras: errors, denials, tool results, `server/discover` and `initialize`.

use http::StatusCode;

use crate::{
    era::{Era, Version},
    fault::code,
    json::{Json, Object},
    meta,
    rpc::{Id, Outcome, Response},
};

/// An HTTP status and the JSON body to send with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    status: StatusCode,
    body: Vec<u8>,
}

impl Reply {
    /// A JSON-RPC error. Without an id where none could be read.
    #[must_use]
    pub fn error(status: StatusCode, id: Option<&Id>, code: i64, message: &str, data: Option<Object>) -> Self {
        let error = Object::new().with("code", code).with("message", message).with_some("data", data);
        let body = Object::new().with("jsonrpc", "2.0").with_some("id", id.map(Id::to_json)).with("error", error);
        Self { status, body: Json::Object(body).to_vec() }
    }

    /// A JSON-RPC result, with status 200.
    #[must_use]
    pub fn result(id: &Id, result: Object) -> Self {
        let body = Response::new(Some(id.clone()), Outcome::Result(result)).to_vec();
        Self { status: StatusCode::OK, body }
    }

    /// The call is not allowed. The status is 200: the message was understood, and clients show the error's text then, where
    /// they would take a 403 for a matter of their token. The older era knows no code for it and takes one that is
    /// implementation-defined.
    #[must_use]
    pub fn denied(era: Era, id: &Id, message: &str, data: Option<Object>) -> Self {
        let code = match era {
            Era::Modern => code::DENIED_MODERN,
            Era::Legacy => code::DENIED_LEGACY,
        };
        Self::error(StatusCode::OK, Some(id), code, message, data)
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The same body with another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The body, `application/json`.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, owned.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }
}

/// A server or a client, as it names itself; never a ground for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Implementation {
    name: String,
    version: String,
}

impl Implementation {
    /// What it is called, and its version.
    #[must_use]
    pub fn new(name: &str, version: &str) -> Self {
        Self { name: name.to_owned(), version: version.to_owned() }
    }

    pub(crate) fn to_object(&self) -> Object {
        Object::new().with("name", self.name.as_str()).with("version", self.version.as_str())
    }
}

/// The result of a tool call that says in words what went wrong, so that the model reads it.
#[must_use]
pub fn tool_error(era: Era, text: &str) -> Object {
    let content = Object::new().with("type", "text").with("text", text);
    complete(era).with("content", Json::Array(vec![content.into()])).with("isError", true)
}

/// A result that says nothing.
#[must_use]
pub fn empty(era: Era) -> Object {
    complete(era)
}

/// The result of `server/discover`. What it holds depends on who asks, so nobody else may cache it.
#[must_use]
pub fn discover(
    server: &Implementation,
    supported: &[Version],
    capabilities: Object,
    instructions: Option<&str>,
    ttl_ms: u64,
) -> Object {
    let supported = supported.iter().map(|version| version.as_str().into()).collect::<Vec<Json>>();
    complete(Era::Modern)
        .with("supportedVersions", supported)
        .with("capabilities", capabilities)
        .with_some("instructions", instructions)
        .with("ttlMs", ttl_ms)
        .with("cacheScope", "private")
        .with("_meta", Object::new().with(meta::SERVER_INFO, server.to_object()))
}

/// The result of `initialize`.
#[must_use]
pub fn initialized(
    server: &Implementation,
    version: Version,
    capabilities: Object,
    instructions: Option<&str>,
) -> Object {
    Object::new()
        .with("protocolVersion", version.as_str())
        .with("capabilities", capabilities)
        .with("serverInfo", server.to_object())
        .with_some("instructions", instructions)
}

/// Asks a modern client to let a person open `url`, and to send the same request again with `request_state`.
#[must_use]
pub fn url_input_required(key: &str, url: &str, message: &str, request_state: &str) -> Object {
    let params = Object::new().with("mode", "url").with("url", url).with("message", message);
    let ask = Object::new().with("method", "elicitation/create").with("params", params);
    Object::new()
        .with("resultType", "input_required")
        .with("inputRequests", Object::new().with(key, ask))
        .with("requestState", request_state)
}

/// Asks a legacy client to let a person open `url`, and to try again.
#[must_use]
pub fn url_elicitation_required(id: &Id, elicitation_id: &str, url: &str, message: &str) -> Reply {
    let elicitation = Object::new()
        .with("mode", "url")
        .with("elicitationId", elicitation_id)
        .with("url", url)
        .with("message", message);
    let data = Object::new().with("elicitations", Json::Array(vec![elicitation.into()]));
    Reply::error(StatusCode::OK, Some(id), code::URL_ELICITATION_REQUIRED, message, Some(data))
}

/// The start of a result that is complete.
fn complete(era: Era) -> Object {
    match era {
        Era::Modern => Object::new().with("resultType", "complete"),
        Era::Legacy => Object::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(reply: &Reply) -> &str {
        std::str::from_utf8(reply.body()).unwrap()
    }

    #[test]
    fn a_denial_has_the_code_of_its_era_and_the_callers_id() {
        let id = Id::from_json(&"a\"1".into()).unwrap();
        let modern = Reply::denied(Era::Modern, &id, "not allowed", None);
        assert_eq!(modern.status(), StatusCode::OK);
        assert_eq!(modern.clone().with_status(StatusCode::FORBIDDEN).status(), StatusCode::FORBIDDEN);
        assert_eq!(text(&modern), r#"{"jsonrpc":"2.0","id":"a\"1","error":{"code":-31403,"message":"not allowed"}}"#);
        let legacy = Reply::denied(Era::Legacy, &id, "not allowed", Some(Object::new().with("rule", "r1")));
        assert_eq!(
            text(&legacy),
            r#"{"jsonrpc":"2.0","id":"a\"1","error":{"code":-32001,"message":"not allowed","data":{"rule":"r1"}}}"#
        );
    }

    #[test]
    fn an_error_without_a_readable_id_has_none() {
        let reply = Reply::error(StatusCode::BAD_REQUEST, None, code::PARSE_ERROR, "no", None);
        assert_eq!(text(&reply), r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}}"#);
    }
}
