//! A gateway in front of one server, and a caller of the current era whose calls have been judged.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use http::Response;
use mcp::{Ask, Dialect, Era, Limits, Message, meta::ClientMeta};
use policy::Obligations;
use serde_json::{Value, json};

use super::server::Server;
use crate::{
    approve::approve,
    asked::{Asked, McpAsked, McpMessage},
    authorize::Permit,
    converse::{
        self,
        testing::{Messages, Scene},
    },
    facts::Facts,
    mask::Clean,
    session::LiveSession,
};

pub(super) struct Broker {
    scene: Arc<Scene>,
    session: Arc<LiveSession>,
    calls: AtomicUsize,
}

/// What a caller got.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) messages: Vec<Value>,
}

impl Said {
    pub(super) fn last(&self) -> &Value {
        self.messages.last().expect("an answer")
    }

    pub(super) fn state(&self) -> String {
        self.last()["result"]["requestState"].as_str().expect("a state").to_owned()
    }
}

impl Broker {
    pub(super) async fn start() -> (Self, Server) {
        let (server, port) = Server::start().await;
        (Self::at(Arc::new(Scene::in_front_of(port, Era::Legacy).await)).await, server)
    }

    /// Another principal at the same gateway.
    pub(super) async fn another_session(&self) -> Self {
        Self::at(Arc::clone(&self.scene)).await
    }

    async fn at(scene: Arc<Scene>) -> Self {
        let (session, _token) = scene.begin().await;
        Self { scene, session, calls: AtomicUsize::new(1) }
    }

    pub(super) async fn call(&self, tool: &str, arguments: Value, capabilities: &str) -> Result<Said, &'static str> {
        self.call_with(tool, arguments, capabilities, json!({})).await
    }

    pub(super) async fn call_with(
        &self,
        tool: &str,
        arguments: Value,
        capabilities: &str,
        meta: Value,
    ) -> Result<Said, &'static str> {
        let params = json!({"name": tool, "arguments": arguments, "_meta": meta});
        self.ask("tools/call", params, capabilities).await
    }

    pub(super) async fn retry(
        &self,
        tool: &str,
        arguments: Value,
        state: &str,
        answers: Value,
    ) -> Result<Said, &'static str> {
        self.retry_with(tool, arguments, state, answers, super::ELICITATION).await
    }

    pub(super) async fn retry_with(
        &self,
        tool: &str,
        arguments: Value,
        state: &str,
        answers: Value,
        capabilities: &str,
    ) -> Result<Said, &'static str> {
        let params = json!({"name": tool, "arguments": arguments, "requestState": state, "inputResponses": answers});
        self.ask("tools/call", params, capabilities).await
    }

    /// Asks, and reads the whole answer; the word of the refusal where there is one.
    pub(super) async fn ask(&self, method: &str, params: Value, capabilities: &str) -> Result<Said, &'static str> {
        let response = self.carry(method, params, capabilities).await?;
        let status = response.status().as_u16();
        let mut answer = Messages::of(response);
        let mut messages = Vec::new();
        while let Some(message) = answer.next().await {
            messages.push(message);
        }
        Ok(Said { status, messages })
    }

    pub(super) async fn open(&self, tool: &str, arguments: Value) -> Clean {
        let params = json!({"name": tool, "arguments": arguments});
        self.carry("tools/call", params, "{}").await.unwrap().into_body()
    }

    pub(super) async fn listen(&self, params: Value) -> Messages {
        Messages::of(self.carry("subscriptions/listen", params, "{}").await.unwrap())
    }

    async fn carry(
        &self,
        method: &str,
        mut params: Value,
        capabilities: &str,
    ) -> Result<Response<Clean>, &'static str> {
        let capabilities: Value = serde_json::from_str(capabilities).unwrap();
        if params["_meta"].is_null() {
            params["_meta"] = json!({});
        }
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
        let id = format!("c-{}", self.calls.fetch_add(1, Ordering::Relaxed));
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string();
        let Ok(Message::Request(request)) = Message::parse(message.as_bytes(), &Limits::MESSAGE) else {
            panic!("{message}")
        };
        let (gateway, upstream) = (&self.scene.gateway, self.scene.upstream());
        let mut facts = Facts::new(gateway.new_trace(), gateway.clock.now());
        (facts.session, facts.upstream) = (Some(Arc::clone(&self.session)), Some(Arc::clone(&upstream)));
        facts.action = Some(method.to_owned().into());
        match Ask::of(&request, Era::Modern).unwrap() {
            Ask::ToolsCall { name, arguments } | Ask::PromptsGet { name, arguments } => {
                facts.tool = Some(name.to_owned());
                facts.arguments_sha256 = arguments.map(mcp::Object::canonical_sha256);
            }
            Ask::ResourcesRead { uri } => facts.tool = Some(uri.to_owned()),
            _ => {}
        }
        let client = Some(ClientMeta::of(&request).unwrap());
        let headers = http::HeaderMap::new();
        let message = McpMessage::Request(request);
        let asked = Asked::Mcp(Box::new(McpAsked { dialect: Dialect::Modern, client, headers, message }));
        let (rule, obligations) = ("r".parse().unwrap(), Obligations::default());
        let permit = Permit { session: Arc::clone(&self.session), upstream, asked, rule, obligations };
        let (approved, Asked::Mcp(asked)) = approve(permit, &facts).unwrap() else { panic!("a message") };
        converse::answer(gateway, approved, *asked).await.map_err(|denial| denial.told().error)
    }

    pub(super) async fn end_session(&self) {
        self.scene.revoke(&self.session).await;
    }

    pub(super) fn parked(&self) -> usize {
        self.scene.gateway.conversations.lower.parked.count()
    }

    pub(super) async fn until_nothing_is_parked(&self) {
        while self.parked() > 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Waits for what outlives calls, as the program does when it stops.
    pub(super) async fn stop(&self) {
        self.scene.stop().await;
    }

    /// The intents in their order, each with how it ended.
    pub(super) async fn record(&self) -> Vec<String> {
        self.scene.record().await
    }
}
