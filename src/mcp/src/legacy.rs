//! What only the legacy era has: session ids and the parameters of the handshake.

use http::{HeaderMap, HeaderName};

use crate::{
    fault::Fault,
    json::{Json, Object},
    rpc::Request,
};

/// The header that names a legacy session.
pub const MCP_SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// A session id of the legacy era: visible ASCII. It names a session and proves nothing about who sends it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LegacySessionId(String);

/// A JWT as a session id has been seen; beyond this it is a body.
const SESSION_ID_LENGTH_MAX: usize = 2_048;

impl LegacySessionId {
    /// Reads a session id.
    ///
    /// # Errors
    /// Where it is empty, too long, or holds something else than visible ASCII.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fits =
            (1..=SESSION_ID_LENGTH_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(Fault::SessionSyntax) }
    }

    /// The session id of a request or an answer, where it has one.
    ///
    /// # Errors
    /// Where the header stands twice or is not a session id.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, Fault> {
        let mut values = headers.get_all(MCP_SESSION_ID).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => Self::parse(value.to_str().map_err(|_| Fault::SessionSyntax)?).map(Some),
            (Some(_), Some(_)) => Err(Fault::SessionSyntax),
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a client says in `initialize`.
#[derive(Debug, Clone, Copy)]
pub struct Handshake<'a> {
    /// The newest version that it speaks; [`crate::Version::negotiate`] answers it.
    pub requested_version: &'a str,
    /// What it can do.
    pub capabilities: &'a Object,
    /// How it names itself; never a ground for a decision.
    pub client_info: &'a Object,
}

impl<'a> Handshake<'a> {
    /// Reads the parameters of `initialize`.
    ///
    /// # Errors
    /// Where a required one is missing or has the wrong type.
    pub fn of(request: &'a Request) -> Result<Self, Fault> {
        let param = |name| request.params().and_then(|params| params.member(name));
        let object = |name| param(name).and_then(Json::as_object).ok_or(Fault::Param { name, expected: "an object" });
        Ok(Self {
            requested_version: param("protocolVersion")
                .and_then(Json::as_str)
                .ok_or(Fault::Param { name: "protocolVersion", expected: "a string" })?,
            capabilities: object("capabilities")?,
            client_info: object("clientInfo")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_is_visible_ascii_and_stands_once() {
        for bad in ["", "a b", "a\tb", "é", &"a".repeat(2_049)] {
            assert_eq!(LegacySessionId::parse(bad), Err(Fault::SessionSyntax));
        }
        let mut headers = HeaderMap::new();
        assert_eq!(LegacySessionId::of(&headers), Ok(None));
        headers.append(MCP_SESSION_ID, "~1!".parse().unwrap());
        assert_eq!(LegacySessionId::of(&headers).unwrap().unwrap().as_str(), "~1!");
        headers.append(MCP_SESSION_ID, "~1!".parse().unwrap());
        assert_eq!(LegacySessionId::of(&headers), Err(Fault::SessionSyntax));
    }

    #[test]
    fn a_handshake_needs_all_three_parameters() {
        let full = Object::new()
            .with("protocolVersion", "2025-06-18")
            .with("capabilities", Object::new().with("roots", Object::new()))
            .with("clientInfo", Object::new().with("name", "c"));
        let request = Request::new(1.into(), "initialize", Some(full.clone()));
        let handshake = Handshake::of(&request).unwrap();
        assert_eq!(handshake.requested_version, "2025-06-18");
        assert_eq!((handshake.capabilities.len(), handshake.client_info.len()), (1, 1));
        for name in ["protocolVersion", "capabilities", "clientInfo"] {
            let mut partial = full.clone();
            partial.remove(name);
            let request = Request::new(1.into(), "initialize", Some(partial));
            assert!(matches!(Handshake::of(&request), Err(Fault::Param { name: missing, .. }) if missing == name));
        }
    }
}
