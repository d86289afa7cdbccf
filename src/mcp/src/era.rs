//! Which revision of the protocol a message speaks; never guessed downward.
//!
//! The eras differ in what protects them: the modern one (2026-07-28) mirrors the body in headers and keeps no session, the
//! legacy one (2025-11-25 and before) begins with `initialize`. A message that carries any mark of the modern era must be
//! modern through and through: leaving one mark out is an error and not a downgrade.

use http::{HeaderMap, HeaderName};

use crate::{
    fault::Fault,
    headers::{self, MCP_METHOD, MCP_NAME, MCP_PROTOCOL_VERSION},
    json::Json,
    legacy::LegacySessionId,
    meta,
    method::Method,
    rpc::Message,
};

/// One of the two families of revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Era {
    /// Stateless: 2026-07-28.
    Modern,
    /// With a handshake: 2025-11-25 and before.
    Legacy,
}

/// A revision that we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// 2025-03-26: the first with Streamable HTTP; assumed of a legacy message that names none.
    V2025_03_26,
    /// 2025-06-18.
    V2025_06_18,
    /// 2025-11-25: the last of the legacy era.
    V2025_11_25,
    /// 2026-07-28: the first of the modern era.
    V2026_07_28,
}

impl Version {
    /// Every version, the newest first.
    pub const ALL: &'static [Self] = &[Self::V2026_07_28, Self::V2025_11_25, Self::V2025_06_18, Self::V2025_03_26];
    /// The newest of the legacy era.
    pub const LEGACY: Self = Self::V2025_11_25;
    /// The newest of the modern era.
    pub const MODERN: Self = Self::V2026_07_28;

    /// Reads a version that we speak.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|version| version.as_str() == text)
    }

    /// The version as the protocol writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// The era that it belongs to.
    #[must_use]
    pub fn era(self) -> Era {
        match self {
            Self::V2025_03_26 | Self::V2025_06_18 | Self::V2025_11_25 => Era::Legacy,
            Self::V2026_07_28 => Era::Modern,
        }
    }

    /// What a server answers to `initialize`: the version asked for where it is a legacy one that we speak, otherwise the newest
    /// legacy one. The handshake cannot lead into the modern era.
    #[must_use]
    pub fn negotiate(requested: &str) -> Self {
        Self::parse(requested).filter(|version| version.era() == Era::Legacy).unwrap_or(Self::LEGACY)
    }
}

/// How a message is spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialect {
    /// Modern; [`crate::modern::check`] must still find it whole.
    Modern,
    /// The `initialize` that opens a legacy session.
    Opening,
    /// Legacy, after the handshake.
    Legacy {
        /// The version that the message names, or 2025-03-26.
        version: Version,
        /// The session that it names.
        session: Option<LegacySessionId>,
    },
}

impl Dialect {
    /// The era.
    #[must_use]
    pub fn era(&self) -> Era {
        match self {
            Self::Modern => Era::Modern,
            Self::Opening | Self::Legacy { .. } => Era::Legacy,
        }
    }

    /// Recognizes how a POSTed message is spoken.
    ///
    /// # Errors
    /// Where a header cannot be read, or names a version that we do not speak.
    pub fn of(headers: &HeaderMap, message: &Message) -> Result<Self, Fault> {
        if has_modern_mark(message) {
            return Ok(Self::Modern);
        }
        let opening = matches!(message, Message::Request(request) if request.method() == Method::Initialize.as_str());
        match Self::of_headers(headers)? {
            Self::Legacy { .. } if opening => Ok(Self::Opening),
            dialect => Ok(dialect),
        }
    }

    /// Recognizes how a request without a body is spoken: the GET and DELETE of the legacy era.
    ///
    /// # Errors
    /// Where a header cannot be read, or names a version that we do not speak.
    pub fn of_headers(headers: &HeaderMap) -> Result<Self, Fault> {
        if headers.keys().any(is_modern_header) {
            return Ok(Self::Modern);
        }
        let version = match headers::single(headers, &MCP_PROTOCOL_VERSION)? {
            None => Version::V2025_03_26,
            Some(text) => Version::parse(text).ok_or_else(|| Fault::unsupported(text))?,
        };
        match version.era() {
            Era::Modern => Ok(Self::Modern),
            Era::Legacy => Ok(Self::Legacy { version, session: LegacySessionId::of(headers)? }),
        }
    }
}

/// Whether only a modern message has this header.
#[must_use]
pub fn is_modern_header(name: &HeaderName) -> bool {
    *name == MCP_METHOD || *name == MCP_NAME || name.as_str().starts_with(headers::PARAM_PREFIX)
}

fn has_modern_mark(message: &Message) -> bool {
    let by_method = match message {
        Message::Request(request) => Method::parse(request.method()).is_some_and(Method::is_only_modern),
        Message::Notification(_) | Message::Response(_) => false,
    };
    let by_meta = || {
        let meta = message.params().and_then(|params| params.member("_meta")).and_then(Json::as_object);
        meta.is_some_and(|meta| meta.iter().any(|(key, _)| meta::is_modern_request_key(key)))
    };
    by_method || by_meta()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Limits;

    const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;

    fn dialect(headers: &[(&'static str, &str)], body: &str) -> Result<Dialect, Fault> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Dialect::of(&map, &Message::parse(body.as_bytes(), &Limits::MESSAGE).unwrap())
    }

    fn request(method: &str, params: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}}}}}"#)
    }

    #[test]
    fn any_modern_mark_makes_a_message_modern() {
        let call = request("tools/call", "");
        for (headers, body) in [
            (vec![("mcp-protocol-version", "2026-07-28")], call.clone()),
            (vec![("mcp-method", "tools/call")], call.clone()),
            (vec![("mcp-param-region", "x")], call.clone()),
            (vec![("mcp-name", "x"), ("mcp-session-id", "s")], call),
            (vec![("mcp-protocol-version", "2025-11-25")], request("tools/call", META)),
            (vec![("mcp-protocol-version", "nonsense")], request("tools/call", META)),
            (vec![], request("tools/call", r#""_meta":{"io.modelcontextprotocol/clientCapabilities":{}}"#)),
            (vec![], request("initialize", META)),
            (vec![], request("server/discover", "")),
            (vec![], request("subscriptions/listen", "")),
        ] {
            assert_eq!(dialect(&headers, &body), Ok(Dialect::Modern), "{headers:?} {body}");
        }
    }

    #[test]
    fn a_message_without_a_mark_is_legacy() {
        let session = LegacySessionId::parse("s-1").unwrap();
        let version = Version::V2025_03_26;
        assert_eq!(dialect(&[], &request("initialize", "")), Ok(Dialect::Opening));
        assert_eq!(dialect(&[], &request("tools/list", "")), Ok(Dialect::Legacy { version, session: None }));
        assert_eq!(
            dialect(&[("mcp-protocol-version", "2025-11-25"), ("mcp-session-id", "s-1")], &request("tools/list", "")),
            Ok(Dialect::Legacy { version: Version::V2025_11_25, session: Some(session) })
        );
    }

    #[test]
    fn a_version_that_we_do_not_speak_is_refused() {
        let list = request("tools/list", "");
        for text in ["1900-01-01", "2024-11-05", "2027-01-01", ""] {
            let fault = dialect(&[("mcp-protocol-version", text)], &list).unwrap_err();
            assert_eq!(fault, Fault::UnsupportedVersion { requested: text.to_owned() });
        }
        let twice = [("mcp-protocol-version", "2025-11-25"), ("mcp-protocol-version", "2025-11-25")];
        assert!(matches!(dialect(&twice, &list), Err(Fault::Header { .. })));
    }

    #[test]
    fn the_handshake_never_leads_into_the_modern_era() {
        assert_eq!(Version::negotiate("2025-06-18"), Version::V2025_06_18);
        assert_eq!(Version::negotiate("2026-07-28"), Version::V2025_11_25);
        assert_eq!(Version::negotiate("2024-11-05"), Version::V2025_11_25);
    }
}
