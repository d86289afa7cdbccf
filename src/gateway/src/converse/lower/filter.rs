//! Which changes a subscription brings, and each change in the words of its caller.

use bytes::Bytes;
use mcp::{Id, Json, Limits, Message, NoticeKind, Object, meta};

use super::session::UpstreamSession;

/// Resources that one subscription may watch; each is a request to the upstream.
const RESOURCES_MAX: usize = 64;

/// What a subscription brings: what the caller wants, the upstream can, and policy permits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filter {
    tools: bool,
    prompts: bool,
    resources: bool,
    pub(super) uris: Vec<String>,
}

impl Filter {
    pub(super) fn of(wanted: &Object, upstream: &UpstreamSession, may_read: impl Fn(&str) -> bool) -> Self {
        let wants = |name| wanted.member(name).and_then(Json::as_bool) == Some(true);
        let uris = wanted.member("resourceSubscriptions").and_then(Json::as_array).unwrap_or_default();
        let uris = uris.iter().filter_map(Json::as_str).filter(|uri| may_read(uri)).take(RESOURCES_MAX);
        let can_subscribe = upstream.declares("resources", "subscribe");
        Self {
            tools: wants("toolsListChanged") && upstream.declares("tools", "listChanged"),
            prompts: wants("promptsListChanged") && upstream.declares("prompts", "listChanged"),
            resources: wants("resourcesListChanged") && upstream.declares("resources", "listChanged"),
            uris: uris.filter(|_| can_subscribe).map(str::to_owned).collect(),
        }
    }

    /// The filter as the caller is told it.
    pub(super) fn to_object(&self) -> Object {
        let uris: Vec<Json> = self.uris.iter().map(|uri| uri.as_str().into()).collect();
        Object::new()
            .with_some("toolsListChanged", self.tools.then_some(true))
            .with_some("promptsListChanged", self.prompts.then_some(true))
            .with_some("resourcesListChanged", self.resources.then_some(true))
            .with_some("resourceSubscriptions", (!uris.is_empty()).then_some(uris))
    }

    /// Whether a notification is one that the caller wants.
    fn passes(&self, kind: NoticeKind, params: Option<&Object>) -> bool {
        match kind {
            NoticeKind::ToolsListChanged => self.tools,
            NoticeKind::PromptsListChanged => self.prompts,
            NoticeKind::ResourcesListChanged => self.resources,
            NoticeKind::ResourceUpdated => {
                let uri = params.and_then(|params| params.member("uri")).and_then(Json::as_str);
                uri.is_some_and(|uri| self.uris.iter().any(|wanted| wanted == uri))
            }
            NoticeKind::Initialized
            | NoticeKind::Cancelled
            | NoticeKind::Progress
            | NoticeKind::RootsListChanged
            | NoticeKind::Message
            | NoticeKind::SubscriptionsAcknowledged
            | NoticeKind::ElicitationComplete
            | NoticeKind::TaskStatus => false,
        }
    }

    /// A notification of the upstream as the caller of this subscription gets it.
    pub(super) fn change(&self, method: &str, data: &Bytes, callers: &Id) -> Option<Vec<u8>> {
        let kind = NoticeKind::parse(method)?;
        let limits = Limits::LIST;
        let Ok(Message::Notification(mut notice)) = Message::parse(data, &limits) else { return None };
        if !self.passes(kind, notice.params()) {
            return None;
        }
        meta::name_subscription(notice.params_mut(), callers);
        Some(notice.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converse::testing::{object, text};

    const EVERYTHING: &str = r#"{"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true,
        "resourceSubscriptions":["a://1","b://2",7,"a://3"],"other":true}"#;

    fn filter(wanted: &str, capabilities: &str) -> Filter {
        let result = Object::new().with("protocolVersion", "2025-11-25").with("capabilities", object(capabilities));
        let upstream = UpstreamSession::of(&result, None).unwrap();
        Filter::of(&object(wanted), &upstream, |uri| uri.starts_with("a:"))
    }

    #[test]
    fn a_subscription_brings_what_is_wanted_possible_and_permitted() {
        let all = r#"{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"listChanged":true,"subscribe":true}}"#;
        assert_eq!(
            text(&filter(EVERYTHING, all).to_object()),
            r#"{"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true,"resourceSubscriptions":["a://1","a://3"]}"#
        );
        let some = r#"{"tools":{"listChanged":true},"prompts":{},"resources":{"subscribe":false}}"#;
        assert_eq!(text(&filter(EVERYTHING, some).to_object()), r#"{"toolsListChanged":true}"#);
        assert_eq!(text(&filter(r#"{"promptsListChanged":false}"#, all).to_object()), "{}");
    }

    #[test]
    fn a_change_names_the_subscription_by_the_callers_id() {
        let filter = Filter { tools: true, uris: vec!["a://1".to_owned()], ..Filter::default() };
        let change = |method: &str, params: &str| {
            let data = Bytes::from(format!(r#"{{"jsonrpc":"2.0","method":"{method}"{params}}}"#));
            filter.change(method, &data, &5.into()).map(|change| String::from_utf8(change).unwrap())
        };
        const NAMED: &str = r#""_meta":{"io.modelcontextprotocol/subscriptionId":5}"#;
        assert_eq!(
            change("notifications/tools/list_changed", ""),
            Some(format!(r#"{{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{{{NAMED}}}}}"#))
        );
        assert_eq!(
            change("notifications/resources/updated", r#","params":{"uri":"a://1"}"#),
            Some(format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{{"uri":"a://1",{NAMED}}}}}"#
            ))
        );
        assert_eq!(change("notifications/resources/updated", r#","params":{"uri":"a://2"}"#), None);
        for method in ["notifications/prompts/list_changed", "notifications/message", "notifications/made_up"] {
            assert_eq!(change(method, ""), None, "{method}");
        }
    }
}
