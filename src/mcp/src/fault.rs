//! Each way in which a message cannot be taken, with the JSON-RPC code, the HTTP status and the text that the caller sees.

use std::borrow::Cow;

use http::StatusCode;

use crate::{
    era::{Era, Version},
    json::{Json, Malformed, Object, Reason},
    reply::Reply,
    rpc::{ID_LENGTH_MAX, Id},
};

/// The error codes of JSON-RPC 2.0 (section 5.1), of MCP, and ours.
pub mod code {
    /// Not JSON.
    pub const PARSE_ERROR: i64 = -32_700;
    /// JSON, but no message.
    pub const INVALID_REQUEST: i64 = -32_600;
    /// No such method in this era.
    pub const METHOD_NOT_FOUND: i64 = -32_601;
    /// A parameter is missing or wrong; also an unknown tool, prompt or resource.
    pub const INVALID_PARAMS: i64 = -32_602;
    /// Something failed on our side or upstream.
    pub const INTERNAL_ERROR: i64 = -32_603;
    /// A mirrored header is missing, or says something else than the body (2026-07-28).
    pub const HEADER_MISMATCH: i64 = -32_020;
    /// The request needs a capability that the client did not declare (2026-07-28).
    pub const MISSING_CAPABILITY: i64 = -32_021;
    /// A protocol version that we do not speak (2026-07-28).
    pub const UNSUPPORTED_VERSION: i64 = -32_022;
    /// A person must open a URL first (2025-11-25 only).
    pub const URL_ELICITATION_REQUIRED: i64 = -32_042;
    /// Denied, to a modern caller: an application's code stands outside of the range that JSON-RPC reserves.
    pub const DENIED_MODERN: i64 = -31_403;
    /// Denied, to a legacy caller.
    pub const DENIED_LEGACY: i64 = -32_001;
    /// No such session, to a legacy caller: the code that its clients know, beside the status 404 that they act on.
    pub const SESSION_NOT_FOUND: i64 = -32_001;
}

/// Why a message is refused before anyone judges it. The text never repeats what the caller sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The body is not strict JSON, or too large.
    #[error("the body is not acceptable JSON: {0}")]
    Json(#[from] Malformed),
    /// The body is an array.
    #[error("batches are not accepted; send each message in a request of its own")]
    Batch,
    /// The body is another value than an object.
    #[error("the body must be one JSON object")]
    NotAnObject,
    /// `jsonrpc` is missing or another version.
    #[error("`jsonrpc` must be \"2.0\"")]
    JsonRpcVersion,
    /// A member that no message has; also one whose name differs in case.
    #[error("the message has a member that JSON-RPC does not define; names are case-sensitive")]
    UnknownMember,
    /// `id` is null, or neither a string nor an integer, or too long.
    #[error("`id` must be a string or an integer of at most {ID_LENGTH_MAX} bytes")]
    Id,
    /// `method` is not a string, or too long.
    #[error("`method` must be a string of at most 128 bytes")]
    Method,
    /// Members of different kinds of message together, or of none.
    #[error("a message holds exactly one of `method`, `result` and `error`")]
    Shape,
    /// `result` is not an object.
    #[error("`result` must be an object")]
    Result,
    /// `error` lacks an integer `code` or a string `message`.
    #[error("`error` must be an object with an integer `code` and a string `message`")]
    Error,
    /// A response where only requests and notifications are taken.
    #[error("this endpoint takes requests and notifications, not responses")]
    UnexpectedResponse,
    /// `params` is not an object.
    #[error("`params` must be an object")]
    Params,
    /// A parameter is missing or has the wrong type.
    #[error("`params.{name}` must be {expected}")]
    Param {
        /// The parameter.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A required key of `_meta` is missing or has the wrong type.
    #[error("`params._meta` must hold `{0}`")]
    Meta(&'static str),
    /// A header that mirrors the body is missing, malformed, or says something else.
    #[error("header mismatch: {header} {problem}")]
    Header {
        /// The header's name.
        header: Cow<'static, str>,
        /// What is wrong with it.
        problem: HeaderProblem,
    },
    /// A protocol version that we do not speak.
    #[error("unsupported protocol version")]
    UnsupportedVersion {
        /// What the caller asked for: the protocol wants it repeated in `data`, so it is cut to what a version can look like.
        requested: String,
    },
    /// A capability that the client did not declare.
    #[error("the request needs the client capability `{0}`")]
    MissingCapability(&'static str),
    /// No such method in this era.
    #[error("method not found")]
    UnknownMethod,
    /// `initialize` in the stateless era.
    #[error("`initialize` does not exist in this protocol version; use `server/discover`")]
    HandshakeRemoved,
    /// Not `application/json` in UTF-8.
    #[error("the content type must be application/json in UTF-8, without a content encoding")]
    ContentType,
    /// `Accept` leaves out one of the two forms of an answer.
    #[error("`Accept` must allow application/json and text/event-stream")]
    Accept,
    /// A legacy request without the session id that it was given.
    #[error("the header MCP-Session-Id is missing; send the one that `initialize` returned")]
    SessionMissing,
    /// A session id that no server could have given.
    #[error("the header MCP-Session-Id must stand once and hold visible ASCII")]
    SessionSyntax,
    /// A session that does not exist, or is not the caller's.
    #[error("session not found; send `initialize` again")]
    SessionUnknown,
}

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// It is required and not there.
    #[error("is missing")]
    Missing,
    /// It stands more than once.
    #[error("stands more than once")]
    Repeated,
    /// Invalid characters, or a base64 sentinel that does not decode.
    #[error("cannot be read")]
    Unreadable,
    /// It differs from the body.
    #[error("differs from the body")]
    Differs,
    /// The body has nothing that it could mirror.
    #[error("has no counterpart in the body")]
    Unexpected,
}

impl Fault {
    pub(crate) fn header(header: impl Into<Cow<'static, str>>, problem: HeaderProblem) -> Self {
        Self::Header { header: header.into(), problem }
    }

    /// An unsupported version, repeated as far as it looks like one.
    pub(crate) fn unsupported(requested: &str) -> Self {
        const ECHO_LENGTH_MAX: usize = 32; // a version is a date of 10 characters
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        Self::UnsupportedVersion { requested: requested.chars().filter(plain).take(ECHO_LENGTH_MAX).collect() }
    }

    /// The code of the JSON-RPC error.
    #[must_use]
    pub fn code(&self) -> i64 {
        match self {
            Self::Json(malformed) if malformed.reason() != Reason::TooLong => code::PARSE_ERROR,
            Self::Json(_)
            | Self::Batch
            | Self::NotAnObject
            | Self::JsonRpcVersion
            | Self::UnknownMember
            | Self::Id
            | Self::Method
            | Self::Shape
            | Self::Result
            | Self::Error
            | Self::UnexpectedResponse
            | Self::ContentType
            | Self::Accept
            | Self::SessionMissing
            | Self::SessionSyntax => code::INVALID_REQUEST,
            Self::Params | Self::Param { .. } | Self::Meta(_) => code::INVALID_PARAMS,
            Self::Header { .. } => code::HEADER_MISMATCH,
            Self::UnsupportedVersion { .. } => code::UNSUPPORTED_VERSION,
            Self::MissingCapability(_) => code::MISSING_CAPABILITY,
            Self::UnknownMethod | Self::HandshakeRemoved => code::METHOD_NOT_FOUND,
            Self::SessionUnknown => code::SESSION_NOT_FOUND,
        }
    }

    /// The HTTP status. The older era answers what it understood as a message with 200.
    #[must_use]
    pub fn status(&self, era: Era) -> StatusCode {
        let in_era = |modern, legacy| match era {
            Era::Modern => modern,
            Era::Legacy => legacy,
        };
        match self {
            Self::Json(malformed) if malformed.reason() == Reason::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Accept => StatusCode::NOT_ACCEPTABLE,
            Self::SessionUnknown => StatusCode::NOT_FOUND,
            Self::UnknownMethod | Self::HandshakeRemoved => in_era(StatusCode::NOT_FOUND, StatusCode::OK),
            Self::Param { .. } => in_era(StatusCode::BAD_REQUEST, StatusCode::OK),
            Self::Json(_)
            | Self::Batch
            | Self::NotAnObject
            | Self::JsonRpcVersion
            | Self::UnknownMember
            | Self::Id
            | Self::Method
            | Self::Shape
            | Self::Result
            | Self::Error
            | Self::UnexpectedResponse
            | Self::Params
            | Self::Meta(_)
            | Self::Header { .. }
            | Self::UnsupportedVersion { .. }
            | Self::MissingCapability(_)
            | Self::SessionMissing
            | Self::SessionSyntax => StatusCode::BAD_REQUEST,
        }
    }

    /// The `data` member of the JSON-RPC error, for the faults whose definition has one.
    #[must_use]
    pub fn data(&self) -> Option<Object> {
        let supported = || Json::Array(Version::ALL.iter().map(|version| version.as_str().into()).collect());
        if let Self::UnsupportedVersion { requested } = self {
            return Some(Object::new().with("supported", supported()).with("requested", requested.as_str()));
        }
        if let Self::MissingCapability(path) = self {
            return Some(Object::new().with("requiredCapabilities", nested(path.split('.'))));
        }
        (*self == Self::HandshakeRemoved).then(|| Object::new().with("supported", supported()))
    }

    /// The whole answer.
    #[must_use]
    pub fn reply(&self, era: Era, id: Option<&Id>) -> Reply {
        Reply::error(self.status(era), id, self.code(), &self.to_string(), self.data())
    }
}

/// `a.b` as `{"a":{"b":{}}}`.
fn nested<'a>(mut path: impl Iterator<Item = &'a str>) -> Object {
    match path.next() {
        Some(name) => Object::new().with(name, nested(path)),
        None => Object::new(),
    }
}

/// A fault, and the id of the message where it could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct Rejected {
    #[source]
    fault: Fault,
    id: Option<Id>,
}

impl Rejected {
    /// A fault of the message with this id.
    #[must_use]
    pub fn new(fault: Fault, id: Option<Id>) -> Self {
        Self { fault, id }
    }

    /// The message's id, where it could be read.
    #[must_use]
    pub fn id(&self) -> Option<&Id> {
        self.id.as_ref()
    }

    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// The whole answer.
    #[must_use]
    pub fn reply(&self, era: Era) -> Reply {
        self.fault.reply(era, self.id.as_ref())
    }
}

impl From<Fault> for Rejected {
    fn from(fault: Fault) -> Self {
        Self { fault, id: None }
    }
}
