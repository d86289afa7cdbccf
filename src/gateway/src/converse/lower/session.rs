//! One session at an upstream of the older era: its handshake, and what that said.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use http::{HeaderMap, HeaderValue};
use mcp::{
    Json, LegacySessionId, Object, Outcome, Version, headers::MCP_PROTOCOL_VERSION, legacy::MCP_SESSION_ID,
    meta::ClientMeta, outbound, reply::Implementation,
};
use parking_lot::Mutex;

use super::{events, line::finish};
use crate::{
    Gateway,
    approve::Approved,
    converse::{Leg, legacy},
    denial::Denial,
};

/// A server that starts up at its first request needs a while; nobody waits longer for a handshake.
const HANDSHAKE_WAIT_MAX: Duration = Duration::from_secs(60);
/// A name of an implementation is a word.
const NAME_LENGTH_MAX: usize = 256;

/// A session at the upstream.
#[derive(Debug)]
pub(super) struct UpstreamSession {
    id: Option<LegacySessionId>,
    version: Version,
    capabilities: Object,
    server: Implementation,
    instructions: Option<String>,
    /// How much the upstream was asked to log last.
    level: Mutex<Option<String>>,
    /// Whether somebody reads the stream on which the upstream speaks first: there is one in each session.
    is_listened_to: AtomicBool,
}

/// What of a client's capabilities a session of the older era is opened with. Changes of the roots are not passed on, and what
/// is experimental or about tasks is not bridged.
pub(super) fn for_legacy(client: &ClientMeta) -> Object {
    let mut capabilities = Object::new();
    for name in ["elicitation", "sampling", "roots"] {
        let Some(capability) = client.capabilities().member(name).and_then(Json::as_object) else { continue };
        let mut capability = capability.clone();
        capability.remove("listChanged");
        capabilities.set(name, capability);
    }
    capabilities
}

/// What of a server's capabilities a client of the current era can use through this bridge.
pub(super) fn for_modern(server: &Object) -> Object {
    const BRIDGED: [(&str, &[&str]); 5] = [
        ("tools", &["listChanged"]),
        ("prompts", &["listChanged"]),
        ("resources", &["listChanged", "subscribe"]),
        ("completions", &[]),
        ("logging", &[]),
    ];
    let mut capabilities = Object::new();
    for (name, members) in BRIDGED {
        let Some(declared) = server.member(name).and_then(Json::as_object) else { continue };
        let is_set = |member: &&&str| declared.member(member).and_then(Json::as_bool) == Some(true);
        let kept = members.iter().filter(is_set).fold(Object::new(), |kept, member| kept.with(member, true));
        capabilities.set(name, kept);
    }
    capabilities
}

impl UpstreamSession {
    /// Opens a session, as an exchange that is judged to serve the caller's.
    pub(super) async fn open(
        gateway: &Gateway,
        approved: &Approved,
        client: &ClientMeta,
        capabilities: Object,
    ) -> Result<Self, Denial> {
        let opening = Box::pin(Self::shake_hands(gateway, approved, client, capabilities));
        let opened = tokio::time::timeout(HANDSHAKE_WAIT_MAX, opening).await;
        opened.map_err(|_| Denial::Egress(egress::EgressError::HeadTimeout))?
    }

    async fn shake_hands(
        gateway: &Gateway,
        approved: &Approved,
        client: &ClientMeta,
        capabilities: Object,
    ) -> Result<Self, Denial> {
        let serving = approved.serving(mcp::Method::Initialize.as_str());
        let sent = gateway.new_request_id();
        let request = outbound::initialize(sent.clone(), &implementation(client.info()), capabilities);
        let response = gateway.forward(&serving, Leg::post(legacy::base_headers(), request.to_vec())).await?;
        let id = gateway.session_of(&response)?;
        let Outcome::Result(result) = events::one_answer(response, &sent).await? else {
            return Err(Denial::UpstreamProtocol { reason: "the upstream refused the handshake" });
        };
        let session = Self::of(&result, id)?;
        let initialized = outbound::initialized();
        let serving = approved.serving(mcp::NoticeKind::Initialized.as_str());
        let response = gateway.forward(&serving, Leg::post(session.headers(), initialized.to_vec())).await?;
        if !response.status().is_success() {
            return Err(Denial::UpstreamProtocol { reason: "the upstream did not take the end of the handshake" });
        }
        finish(response).await;
        Ok(session)
    }

    /// From the result of `initialize`.
    pub(super) fn of(result: &Object, id: Option<LegacySessionId>) -> Result<Self, Denial> {
        let object = |name| result.member(name).and_then(Json::as_object);
        Ok(Self {
            id,
            version: legacy::negotiated(result)?,
            capabilities: object("capabilities").cloned().unwrap_or_default(),
            server: implementation(object("serverInfo")),
            instructions: result.member("instructions").and_then(Json::as_str).map(str::to_owned),
            level: Mutex::default(),
            is_listened_to: AtomicBool::new(false),
        })
    }

    /// The headers of a POST in this session.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = legacy::base_headers();
        headers.insert(MCP_PROTOCOL_VERSION, HeaderValue::from_static(self.version.as_str()));
        if let Some(Ok(value)) = self.id.as_ref().map(|id| HeaderValue::try_from(id.as_str())) {
            headers.insert(MCP_SESSION_ID, value);
        }
        headers
    }

    /// Whether the upstream gave the session an id, which it can then forget.
    pub(super) const fn has_id(&self) -> bool {
        self.id.is_some()
    }

    pub(super) const fn capabilities(&self) -> &Object {
        &self.capabilities
    }

    /// Whether the upstream declares a member of one of its capabilities.
    pub(super) fn declares(&self, capability: &str, member: &str) -> bool {
        let declared = self.capabilities.member(capability).and_then(|capability| capability.member(member));
        declared.and_then(Json::as_bool) == Some(true)
    }

    pub(super) const fn server(&self) -> &Implementation {
        &self.server
    }

    pub(super) fn instructions(&self) -> Option<&str> {
        self.instructions.as_deref()
    }

    /// Whether the upstream must be told to log at `level`.
    pub(super) fn needs_level(&self, level: &str) -> bool {
        self.capabilities.member("logging").is_some() && self.level.lock().as_deref() != Some(level)
    }

    pub(super) fn note_level(&self, level: &str) {
        *self.level.lock() = Some(level.to_owned());
    }

    /// Takes the one seat at the stream on which the upstream speaks first. Whether it was free.
    pub(super) fn take_seat(&self) -> bool {
        !self.is_listened_to.swap(true, Ordering::AcqRel)
    }

    pub(super) fn leave_seat(&self) {
        self.is_listened_to.store(false, Ordering::Release);
    }
}

/// How somebody names itself; a broker that nobody named speaks for itself.
fn implementation(info: Option<&Object>) -> Implementation {
    let text = |name| info.and_then(|info| info.member(name)).and_then(Json::as_str);
    match (text("name"), text("version")) {
        (Some(name), version) if name.len() + version.map_or(0, str::len) <= NAME_LENGTH_MAX => {
            Implementation::new(name, version.unwrap_or_default())
        }
        _ => Implementation::new("claviger", env!("CARGO_PKG_VERSION")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converse::testing::{object, text};

    #[test]
    fn a_session_is_opened_with_what_is_bridged_and_nothing_else() {
        let capabilities = r#"{"roots":{"listChanged":true},"experimental":{"x":{}},"elicitation":{"url":{}},
            "extensions":{"io.modelcontextprotocol/tasks":{}},"tasks":{},"sampling":{"tools":{}}}"#;
        let client = ClientMeta::new(object(capabilities), None, None);
        assert_eq!(text(&for_legacy(&client)), r#"{"elicitation":{"url":{}},"sampling":{"tools":{}},"roots":{}}"#);
        assert_eq!(text(&for_legacy(&ClientMeta::default())), "{}");
    }

    #[test]
    fn a_modern_client_sees_the_capabilities_that_this_bridge_keeps() {
        let declared = r#"{"logging":{},"tools":{"listChanged":true,"x":1},"tasks":{"list":{}},"experimental":{},
            "resources":{"subscribe":true,"listChanged":false},"prompts":{},"completions":{}}"#;
        assert_eq!(
            text(&for_modern(&object(declared))),
            r#"{"tools":{"listChanged":true},"prompts":{},"resources":{"subscribe":true},"completions":{},"logging":{}}"#
        );
    }

    #[test]
    fn a_handshake_must_choose_a_version_of_the_older_era() {
        let of = |version: &str| UpstreamSession::of(&Object::new().with("protocolVersion", version), None);
        assert_eq!(of("2025-06-18").unwrap().headers().get(MCP_PROTOCOL_VERSION).unwrap(), "2025-06-18");
        for version in ["2026-07-28", "2024-11-05", ""] {
            assert!(matches!(of(version), Err(Denial::UpstreamProtocol { .. })), "{version}");
        }
    }

    #[test]
    fn a_level_is_asked_for_when_it_changes_and_only_of_a_server_that_logs() {
        let server = |capabilities: Object| {
            let result = Object::new().with("protocolVersion", "2025-11-25").with("capabilities", capabilities);
            UpstreamSession::of(&result, None).unwrap()
        };
        let logs = server(Object::new().with("logging", Object::new()));
        assert!(logs.needs_level("info"));
        logs.note_level("info");
        assert!(!logs.needs_level("info") && logs.needs_level("debug"));
        assert!(!server(Object::new()).needs_level("info"));
    }
}
