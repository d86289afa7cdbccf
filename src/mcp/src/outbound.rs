//! Messages that we send of our own accord: to an upstream as its client, and to a client as its server.

use crate::{
    era::{Era, Version},
    json::{Json, Object},
    meta::{self, ClientMeta, Ours},
    method::{Method, NoticeKind},
    reply::Implementation,
    rpc::{Id, Notification, Request},
};

/// Asks a modern upstream what it is.
#[must_use]
pub fn discover(id: Id, client: &ClientMeta, ours: Ours<'_>) -> Request {
    let meta = meta::rebuild(None, client, Era::Modern, ours);
    Request::new(id, Method::Discover.as_str(), Some(Object::new().with("_meta", meta)))
}

/// Opens a session with a legacy upstream.
#[must_use]
pub fn initialize(id: Id, client: &Implementation, capabilities: Object) -> Request {
    let params = Object::new()
        .with("protocolVersion", Version::LEGACY.as_str())
        .with("capabilities", capabilities)
        .with("clientInfo", client.to_object());
    Request::new(id, Method::Initialize.as_str(), Some(params))
}

/// Tells a legacy upstream that the handshake is over.
#[must_use]
pub fn initialized() -> Notification {
    Notification::new(NoticeKind::Initialized.as_str(), None)
}

/// Tells the other side that the answer to a request is no longer wanted.
#[must_use]
pub fn cancelled(request: &Id, reason: Option<&str>) -> Notification {
    let params = Object::new().with("requestId", request.to_json()).with_some("reason", reason);
    Notification::new(NoticeKind::Cancelled.as_str(), Some(params))
}

/// Tells a client what its `subscriptions/listen` will bring. The first message of its stream.
#[must_use]
pub fn acknowledged(subscription: &Id, notifications: Object) -> Notification {
    let params = of_subscription(subscription).with("notifications", notifications);
    Notification::new(NoticeKind::SubscriptionsAcknowledged.as_str(), Some(params))
}

/// Tells a client that a list changed, on the stream of a subscription where the era has them.
#[must_use]
pub fn list_changed(kind: ListChange, subscription: Option<&Id>) -> Notification {
    let kind = match kind {
        ListChange::Tools => NoticeKind::ToolsListChanged,
        ListChange::Prompts => NoticeKind::PromptsListChanged,
        ListChange::Resources => NoticeKind::ResourcesListChanged,
    };
    Notification::new(kind.as_str(), subscription.map(of_subscription))
}

/// The result that ends the stream of a subscription.
#[must_use]
pub fn subscription_ended(subscription: &Id) -> Object {
    let meta = Object::new().with(meta::SUBSCRIPTION_ID, subscription.to_json());
    Object::new().with("resultType", "complete").with("_meta", meta)
}

/// A list that can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListChange {
    /// The tools.
    Tools,
    /// The prompts.
    Prompts,
    /// The resources and their templates.
    Resources,
}

fn of_subscription(id: &Id) -> Object {
    let meta: Json = Object::new().with(meta::SUBSCRIPTION_ID, id.to_json()).into();
    Object::new().with("_meta", meta)
}
