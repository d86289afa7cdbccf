//! A gateway in front of one modern server, and a caller of the older era who goes through the stages with a token.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use http::{HeaderMap, Response};
use mcp::{Dialect, Era, Limits, Message};
use serde_json::{Value, json};

use super::server::Server;
use crate::{
    Sessions,
    approve::approve,
    asked::{Asked, McpAsked, McpMessage},
    authorize::authorize,
    converse::{
        self,
        testing::{Messages, Scene},
    },
    denial::Denial,
    facts::{Facts, Voice},
    inspect::inspect,
    mask::Clean,
    refuse::refuse,
    session::LiveSession,
};

pub(super) struct Broker {
    scene: Scene,
    principal: Arc<LiveSession>,
    headers: HeaderMap,
    next_id: AtomicU64,
}

/// An answer, read message by message.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    messages: Messages,
}

impl Answer {
    pub(super) fn is_stream(&self) -> bool {
        self.messages.is_stream()
    }

    /// The next message; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Value> {
        self.messages.next().await
    }

    /// The only message.
    pub(super) async fn only(mut self) -> Value {
        let only = self.next().await.expect("a message");
        assert_eq!(self.next().await, None);
        only
    }

    /// How the body ends, whatever else it says.
    pub(super) async fn end(self) -> Result<(), crate::Interrupted> {
        self.messages.end().await
    }
}

impl Broker {
    pub(super) async fn start() -> (Self, Server) {
        let (server, port) = Server::start().await;
        let scene = Scene::in_front_of(port, Era::Modern).await;
        let (principal, token) = scene.begin().await;
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        (Self { scene, principal, headers, next_id: AtomicU64::new(100) }, server)
    }

    /// Shakes hands with these capabilities; gives the MCP session.
    pub(super) async fn initialize(&self, capabilities: &Value) -> String {
        let answer = self.handshake("2025-11-25", capabilities).await;
        answer.headers["mcp-session-id"].to_str().unwrap().to_owned()
    }

    pub(super) async fn handshake(&self, version: &str, capabilities: &Value) -> Answer {
        let params = json!({
            "protocolVersion": version, "capabilities": capabilities, "clientInfo": {"name": "client", "version": "1"},
        });
        self.post(None, &json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})).await
    }

    /// A request with an id of its own.
    pub(super) async fn ask(&self, session: &str, method: &str, params: Value) -> Answer {
        let id = format!("c-{}", self.next_id.fetch_add(1, Ordering::Relaxed));
        self.post(Some(session), &json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await
    }

    pub(super) async fn call(&self, session: &str, tool: &str) -> Answer {
        self.ask(session, "tools/call", json!({"name": tool, "arguments": {"region": "north"}})).await
    }

    pub(super) async fn post(&self, session: Option<&str>, message: &Value) -> Answer {
        self.post_as(session, None, message).await
    }

    pub(super) async fn post_as(&self, session: Option<&str>, version: Option<&str>, message: &Value) -> Answer {
        let message = Message::parse(message.to_string().as_bytes(), &Limits::MESSAGE).unwrap();
        let headers = self.headers_of(session, version);
        let dialect = Dialect::of(&headers, &message).unwrap();
        let method = message.method().unwrap_or("response").to_owned();
        let id = if let Message::Request(request) = &message { Some(request.id().clone()) } else { None };
        let message = match message {
            Message::Request(request) => McpMessage::Request(request),
            Message::Notification(notification) => McpMessage::Notification(notification),
            Message::Response(response) => McpMessage::Response(response),
        };
        self.carry(method, id, McpAsked { dialect, client: None, headers, message }).await
    }

    pub(super) async fn get(&self, session: &str) -> Answer {
        self.bare(session, McpMessage::Stream { last_event_id: None }).await
    }

    pub(super) async fn delete(&self, session: &str) -> Answer {
        self.bare(session, McpMessage::Terminate).await
    }

    async fn bare(&self, session: &str, message: McpMessage) -> Answer {
        let headers = self.headers_of(Some(session), None);
        let dialect = Dialect::of_headers(&headers).unwrap();
        self.carry("session".to_owned(), None, McpAsked { dialect, client: None, headers, message }).await
    }

    pub(super) async fn revoke(&self) {
        self.scene.revoke(&self.principal).await;
    }

    /// What the record says, in its order: each intent with how it ended.
    pub(super) async fn record(&self) -> Vec<String> {
        self.scene.record().await
    }

    fn headers_of(&self, session: Option<&str>, version: Option<&str>) -> HeaderMap {
        let mut headers = self.headers.clone();
        for (name, value) in [("mcp-session-id", session), ("mcp-protocol-version", version)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        headers
    }

    async fn carry(&self, action: String, id: Option<mcp::Id>, asked: McpAsked) -> Answer {
        let gateway = &self.scene.gateway;
        let mut facts = Facts::new(gateway.new_trace(), gateway.clock.now());
        facts.voice = Voice::Mcp { era: Era::Legacy, id };
        facts.action = Some(action.into());
        let response = match self.judged(asked, &mut facts).await {
            Ok(response) => response,
            Err(denial) => refuse(&gateway.recorder, &facts, denial).await,
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, messages: Messages::of(response) }
    }

    async fn judged(&self, asked: McpAsked, facts: &mut Facts) -> Result<Response<Clean>, Denial> {
        let (gateway, upstream) = (&self.scene.gateway, self.scene.upstream());
        facts.upstream = Some(Arc::clone(&upstream));
        let caller = gateway.authenticator.authenticate(&asked.headers, "", upstream.speech(), facts.arrived)?;
        let session = Sessions::enter(caller, upstream.resource(), facts.arrived)?;
        facts.session = Some(Arc::clone(session.session()));
        let asked = inspect(Asked::Mcp(Box::new(asked)), &upstream, gateway.limits, facts).await?;
        let permit = authorize(session, &upstream, asked, facts)?;
        let (approved, asked) = approve(permit, facts)?;
        let Asked::Mcp(asked) = asked else { panic!("a message") };
        converse::answer(gateway, approved, *asked).await
    }
}
