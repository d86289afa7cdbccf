//! `_meta`: rebuilt for the other side, never copied.
//!
//! | key | what happens to it |
//! |---|---|
//! | `progressToken` | kept where it is a string or an integer, or replaced by ours |
//! | `io.modelcontextprotocol/protocolVersion`, `clientCapabilities`, `clientInfo`, `logLevel` | written from what the session knows, toward a modern upstream only |
//! | `io.modelcontextprotocol/related-task` | kept toward a legacy upstream, whose tasks need it |
//! | `traceparent`, `tracestate` | ours, or none |
//! | `baggage` | dropped: it is a way out for data, and identity that nobody checked |
//! | a well-formed key with a prefix that the protocol does not reserve, such as `com.example/x` | kept, the first 64 |
//! | every other key | dropped |

use crate::{
    era::{Era, Version},
    fault::Fault,
    json::{Json, Object},
    rpc::{Id, Request},
};

pub(crate) const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(crate) const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub(crate) const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
pub(crate) const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
pub(crate) const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
pub(crate) const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";
const PROGRESS_TOKEN: &str = "progressToken";
/// Clients send one or two keys of their own; each is looked up among those before it.
const KEPT_KEYS_MAX: usize = 64;

/// Each key of the request that only the modern era has.
pub(crate) fn is_modern_request_key(key: &str) -> bool {
    [PROTOCOL_VERSION, CLIENT_CAPABILITIES, CLIENT_INFO, LOG_LEVEL].contains(&key)
}

/// What a client says of itself, on each request in the modern era and once in the legacy one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientMeta {
    capabilities: Object,
    info: Option<Object>,
    log_level: Option<String>,
}

impl ClientMeta {
    /// From the parts of a legacy handshake.
    #[must_use]
    pub fn new(capabilities: Object, info: Option<Object>, log_level: Option<String>) -> Self {
        Self { capabilities, info, log_level }
    }

    /// From a modern request.
    ///
    /// # Errors
    /// [`Fault::Meta`] where the capabilities are missing, or something has the wrong type.
    pub fn of(request: &Request) -> Result<Self, Fault> {
        let meta = of_params(request.params());
        let member = |key| meta.and_then(|meta| meta.member(key));
        let object = |value: &Json, key| value.as_object().cloned().ok_or(Fault::Meta(key));
        Ok(Self {
            capabilities: object(
                member(CLIENT_CAPABILITIES).ok_or(Fault::Meta(CLIENT_CAPABILITIES))?,
                CLIENT_CAPABILITIES,
            )?,
            info: member(CLIENT_INFO).map(|info| object(info, CLIENT_INFO)).transpose()?,
            log_level: member(LOG_LEVEL)
                .map(|level| level.as_str().map(str::to_owned).ok_or(Fault::Meta(LOG_LEVEL)))
                .transpose()?,
        })
    }

    /// The same without the tasks of either era, for a service between the two sides that does not carry them: what is not
    /// declared is not used (2026-07-28, extension `io.modelcontextprotocol/tasks`; 2025-11-25, capability `tasks`).
    #[must_use]
    pub fn without_tasks(mut self) -> Self {
        self.capabilities.remove("tasks");
        if let Some(Json::Object(extensions)) = self.capabilities.member_mut("extensions") {
            extensions.remove("io.modelcontextprotocol/tasks");
        }
        self
    }

    /// What the client can do.
    #[must_use]
    pub fn capabilities(&self) -> &Object {
        &self.capabilities
    }

    /// Whether a capability is declared, given as a path such as `["elicitation", "url"]`. An empty `elicitation` means
    /// the form mode.
    #[must_use]
    pub fn declares(&self, path: &[&str]) -> bool {
        if path == ["elicitation", "form"] {
            let elicitation = self.capabilities.member("elicitation").and_then(Json::as_object);
            return elicitation.is_some_and(|modes| modes.is_empty() || modes.member("form").is_some());
        }
        let Some((last, way)) = path.split_last() else { return true };
        let parent = way.iter().try_fold(&self.capabilities, |object, step| object.member(step)?.as_object());
        parent.and_then(|object| object.member(last)).is_some_and(|found| !found.is_null())
    }

    /// The least severe log message that the client wants with the answer to this request; unchecked.
    #[must_use]
    pub fn log_level(&self) -> Option<&str> {
        self.log_level.as_deref()
    }

    /// How the client names itself; never a ground for a decision.
    #[must_use]
    pub fn info(&self) -> Option<&Object> {
        self.info.as_ref()
    }
}

/// What we add to the `_meta` of a request toward an upstream.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ours<'a> {
    /// Our span, as a `traceparent`.
    pub traceparent: Option<&'a str>,
    /// The `tracestate` that goes with it.
    pub tracestate: Option<&'a str>,
    /// Our token, in place of the caller's.
    pub progress_token: Option<&'a Id>,
}

/// The `_meta` that a caller sent.
#[must_use]
pub fn of_params(params: Option<&Object>) -> Option<&Object> {
    params?.member("_meta")?.as_object()
}

/// The caller's trace context: `traceparent` and `tracestate`, unchecked.
#[must_use]
pub fn trace(params: Option<&Object>) -> (Option<&str>, Option<&str>) {
    let text = |key| of_params(params).and_then(|meta| meta.member(key)).and_then(Json::as_str);
    (text("traceparent"), text("tracestate"))
}

/// The caller's progress token.
#[must_use]
pub fn progress_token(params: Option<&Object>) -> Option<Id> {
    Id::from_json(of_params(params)?.member(PROGRESS_TOKEN)?)
}

/// Names the subscription that a notification belongs to, in the words of whoever listens.
pub fn name_subscription(params: &mut Object, subscription: &Id) {
    let mut meta = params.remove("_meta").and_then(|meta| meta.as_object().cloned()).unwrap_or_default();
    meta.set(SUBSCRIPTION_ID, subscription.to_json());
    params.set("_meta", meta);
}

/// Takes the name of the subscription away; the older era has none.
pub fn forget_subscription(params: &mut Object) {
    let Some(Json::Object(mut meta)) = params.remove("_meta") else { return };
    meta.remove(SUBSCRIPTION_ID);
    if !meta.is_empty() {
        params.set("_meta", meta);
    }
}

/// How the server of a modern result names itself; never a ground for a decision.
#[must_use]
pub fn server_info(result: &Object) -> Option<&Object> {
    result.member("_meta")?.member(SERVER_INFO)?.as_object()
}

/// The `_meta` of a request toward an upstream.
#[must_use]
pub fn rebuild(callers: Option<&Object>, client: &ClientMeta, upstream: Era, ours: Ours<'_>) -> Object {
    let callers_token = || callers.and_then(|meta| meta.member(PROGRESS_TOKEN)).and_then(Id::from_json);
    let mut meta = match upstream {
        Era::Modern => Object::new()
            .with(PROTOCOL_VERSION, Version::MODERN.as_str())
            .with(CLIENT_CAPABILITIES, client.capabilities.clone())
            .with_some(CLIENT_INFO, client.info.clone())
            .with_some(LOG_LEVEL, client.log_level.as_deref()),
        Era::Legacy => Object::new(),
    }
    .with_some(PROGRESS_TOKEN, ours.progress_token.cloned().or_else(callers_token).map(|token| token.to_json()))
    .with_some("traceparent", ours.traceparent)
    .with_some("tracestate", ours.traceparent.and(ours.tracestate));
    let kept = |key: &str| is_vendors(key) || (key == RELATED_TASK && upstream == Era::Legacy);
    let theirs = callers.into_iter().flat_map(Object::iter).filter(|(key, _)| kept(key));
    for (key, value) in theirs.take(KEPT_KEYS_MAX) {
        meta.set(key, value.clone());
    }
    meta
}

/// Adds members to the `_meta` of a result, in place of those of the same keys; without any, nothing changes.
pub fn tell(result: &mut Object, members: &Object) {
    match result.member_mut("_meta") {
        Some(Json::Object(meta)) => members.iter().for_each(|(key, value)| meta.set(key, value.clone())),
        // What an upstream has there instead is not ours to repair.
        Some(_) => {}
        None if members.is_empty() => {}
        None => result.set("_meta", members.clone()),
    }
}

/// Whether a key has a prefix that its vendor may use: well-formed, and not reserved for the protocol. The legacy era reserves
/// prefixes by their first label too, so either of the first two counts.
#[must_use]
pub fn is_vendors(key: &str) -> bool {
    const RESERVED: [&str; 2] = ["modelcontextprotocol", "mcp"];
    // Nearly every key is one of these.
    if key.starts_with("io.modelcontextprotocol/") {
        return false;
    }
    let Some((prefix, name)) = key.split_once('/') else { return false };
    prefix.split('.').all(is_label)
        && is_name(name)
        && !prefix.split('.').take(2).any(|label| RESERVED.iter().any(|word| label.eq_ignore_ascii_case(word)))
}

/// A label of a prefix: begins with a letter, ends with a letter or digit, hyphens between.
fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// A name: empty, or alphanumeric at both ends.
fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.iter().flatten().all(|byte| byte.is_ascii_alphanumeric())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Limits;

    fn object(text: &str) -> Object {
        Json::parse(text.as_bytes(), &Limits::MESSAGE).unwrap().as_object().unwrap().clone()
    }

    fn text(object: Object) -> String {
        String::from_utf8(Json::Object(object).to_vec()).unwrap()
    }

    const CALLERS: &str = r#"{"progressToken":7,"traceparent":"caller","tracestate":"c=1","baggage":"user=root","userId":"root",
        "io.modelcontextprotocol/protocolVersion":"1999-01-01","io.modelcontextprotocol/clientCapabilities":{"sampling":{}},
        "io.modelcontextprotocol/subscriptionId":1,"io.modelcontextprotocol/related-task":{"taskId":"t"},
        "com.example/keep":{"a":1},"dev.mcp/x":1,"mcp.dev/x":1,"io.MCP/x":1,"com.example/":2,"com.example.mcp/ok":3,
        "1com/x":1,"com..x/y":1,"com.example/-x":1,"com.example/a/b":1,"vendor-/x":1}"#;

    #[test]
    fn only_listed_keys_reach_a_modern_upstream() {
        let client = ClientMeta::new(object(r#"{"elicitation":{"url":{}}}"#), Some(object(r#"{"name":"c"}"#)), None);
        let token = 9.into();
        let ours = Ours { traceparent: Some("00-ours"), tracestate: Some("o=1"), progress_token: Some(&token) };
        assert_eq!(
            text(rebuild(Some(&object(CALLERS)), &client, Era::Modern, ours)),
            r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{"url":{}}},"io.modelcontextprotocol/clientInfo":{"name":"c"},"progressToken":9,"traceparent":"00-ours","tracestate":"o=1","com.example/keep":{"a":1},"com.example/":2,"com.example.mcp/ok":3}"#
        );
    }

    #[test]
    fn only_listed_keys_reach_a_legacy_upstream() {
        let ours = Ours { tracestate: Some("no parent"), ..Ours::default() };
        assert_eq!(
            text(rebuild(Some(&object(CALLERS)), &ClientMeta::default(), Era::Legacy, ours)),
            r#"{"progressToken":7,"io.modelcontextprotocol/related-task":{"taskId":"t"},"com.example/keep":{"a":1},"com.example/":2,"com.example.mcp/ok":3}"#
        );
        let mistyped = object(r#"{"progressToken":{"x":1}}"#);
        assert!(rebuild(Some(&mistyped), &ClientMeta::default(), Era::Legacy, Ours::default()).is_empty());
    }

    #[test]
    fn a_subscription_is_named_and_forgotten() {
        let mut params = object(r#"{"uri":"x"}"#);
        name_subscription(&mut params, &7.into());
        assert_eq!(text(params.clone()), r#"{"uri":"x","_meta":{"io.modelcontextprotocol/subscriptionId":7}}"#);
        forget_subscription(&mut params);
        assert_eq!(text(params), r#"{"uri":"x"}"#);
        let mut others = object(r#"{"_meta":{"io.modelcontextprotocol/subscriptionId":7,"com.example/x":1}}"#);
        forget_subscription(&mut others);
        assert_eq!(text(others), r#"{"_meta":{"com.example/x":1}}"#);
    }

    #[test]
    fn capabilities_are_read_as_declared() {
        let client = |text| ClientMeta::new(object(text), None, None);
        assert!(client(r#"{"elicitation":{}}"#).declares(&["elicitation", "form"]));
        assert!(!client(r#"{"elicitation":{}}"#).declares(&["elicitation", "url"]));
        assert!(!client(r#"{"elicitation":{"url":{}}}"#).declares(&["elicitation", "form"]));
        assert!(client(r#"{"elicitation":{"url":{}}}"#).declares(&["elicitation", "url"]));
        assert!(!client(r#"{"roots":null}"#).declares(&["roots"]));
    }
}
