//! A gateway in front of one server, and a caller of the current era whose calls have been judged.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use dial::{DialOptions, Dialer};
use egress::{InProcess, InProcessParts, LiveSecrets, PoolLimits, Timeouts, UpstreamParts, UpstreamTarget};
use http::Response;
use mcp::{
    Ask, Dialect, Era, Limits, Message,
    meta::ClientMeta,
    sse::{Decoder, Item},
};
use model::{AddressClass, Agent, Clock, SessionId, Subject, SystemClock, Timestamp};
use policy::{Obligations, Policies, Source};
use secret::FingerprintKey;
use serde_json::{Value, json};
use store::{Session, SessionStore, StoreError};
use tempfile::TempDir;
use tlog::{Log, LogOptions};
use token::{KeyRing, KeyStore, KeyStoreError, SessionTokens, StoredKey};
use tokio_util::task::TaskTracker;

use super::server::Server;
use crate::{
    Authenticator, Door, Gateway, GatewayParts, Metrics, ReadLimits, Recorder, Sessions, Speech, Upstream, Upstreams,
    approve::approve,
    asked::{Asked, McpAsked, McpMessage},
    authorize::Permit,
    converse,
    facts::Facts,
    mask::Clean,
    session::LiveSession,
};

pub(super) struct Broker {
    gateway: Arc<Gateway>,
    session: Arc<LiveSession>,
    sessions: Arc<Sessions>,
    policies: Arc<Policies>,
    tasks: TaskTracker,
    log: Arc<Log>,
    folder: Arc<TempDir>,
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

/// An open stream, read message by message.
pub(super) struct Listener {
    body: Clean,
    decoder: Decoder,
}

impl Listener {
    pub(super) async fn next(&mut self) -> Value {
        self.message().await.expect("a message")
    }

    pub(super) async fn is_over(&mut self) -> bool {
        self.message().await.is_none()
    }

    async fn message(&mut self) -> Option<Value> {
        loop {
            while let Some(item) = self.decoder.next_item().unwrap() {
                if let Item::Event(event) = item {
                    return Some(serde_json::from_slice(&event.data).unwrap());
                }
            }
            self.decoder.feed(self.body.next().await?.unwrap());
        }
    }
}

impl Broker {
    pub(super) async fn start() -> (Self, Server) {
        let (server, port) = Server::start().await;
        (Self::in_front_of(port).await, server)
    }

    async fn in_front_of(port: u16) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let folder = TempDir::new().unwrap();
        let log = Arc::new(Log::open(folder.path(), &LogOptions::new("example.com/test", &[7; 32])).unwrap());
        let tasks = TaskTracker::new();
        let process = tlog::Durability::Process;
        let recorder =
            Recorder::new(Arc::clone(&log), process, Arc::clone(&clock), tasks.clone(), Arc::new(Metrics::default()));
        let text = "permit(principal, action, resource) unless { resource == Tool::\"u1/forbidden\" };".to_owned();
        let policies = Arc::new(Policies::from_sources(&[Source { path: "all.cedar".into(), text }]).unwrap());
        let sessions = Sessions::resume(Arc::new(Nowhere), clock.now(), |session| policies.for_agent(&session.agent));
        let sessions = Arc::new(sessions.await.unwrap());
        let ring = KeyRing::open(Box::new(Nowhere), Arc::clone(&clock), std::time::Duration::from_secs(3600)).unwrap();
        let tokens = Arc::new(SessionTokens::new("https://gw.example".to_owned(), Arc::new(ring)));
        let live = Arc::new(LiveSecrets::new(&FingerprintKey::random().unwrap()));
        let dialer = Dialer::new(DialOptions::default());
        let egress = InProcess::new(InProcessParts { dialer, clock: Arc::clone(&clock), sources: Vec::new(), live });
        let gateway = Arc::new(Gateway::new(GatewayParts {
            door: Door::new(Vec::new(), Vec::new()),
            authenticator: Authenticator::new(tokens, Arc::clone(&sessions)),
            upstreams: Upstreams::from_iter([upstream(port)]),
            limits: ReadLimits { message_bytes_max: 1 << 20, message_wait_max: std::time::Duration::from_secs(5) },
            recorder,
            egress: Arc::new(egress),
            clock,
        }));
        let session = begin(&sessions, &policies, "session-1").await;
        let (folder, calls) = (Arc::new(folder), AtomicUsize::new(1));
        Self { gateway, session, sessions, policies, tasks, log, folder, calls }
    }

    /// Another principal at the same gateway.
    pub(super) async fn another_session(&self) -> Self {
        let session = begin(&self.sessions, &self.policies, "session-2").await;
        Self {
            gateway: Arc::clone(&self.gateway),
            session,
            sessions: Arc::clone(&self.sessions),
            policies: Arc::clone(&self.policies),
            tasks: self.tasks.clone(),
            log: Arc::clone(&self.log),
            folder: Arc::clone(&self.folder),
            calls: AtomicUsize::new(1),
        }
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
        let is_stream = response.headers()["content-type"] == "text/event-stream";
        if is_stream {
            let mut stream = Listener { body: response.into_body(), decoder: Decoder::new(1 << 20) };
            let mut messages = Vec::new();
            while let Some(message) = stream.message().await {
                messages.push(message);
            }
            return Ok(Said { status, messages });
        }
        let whole = response.into_body().collect(1 << 20).await.unwrap();
        Ok(Said { status, messages: vec![serde_json::from_slice(&whole).unwrap()] })
    }

    pub(super) async fn open(&self, tool: &str, arguments: Value) -> Clean {
        let params = json!({"name": tool, "arguments": arguments});
        self.carry("tools/call", params, "{}").await.unwrap().into_body()
    }

    pub(super) async fn listen(&self, params: Value) -> Listener {
        let response = self.carry("subscriptions/listen", params, "{}").await.unwrap();
        Listener { body: response.into_body(), decoder: Decoder::new(1 << 20) }
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
        let upstream = Arc::clone(self.gateway.upstreams().iter().next().unwrap());
        let mut facts = Facts::new(self.gateway.new_trace(), self.gateway.clock.now());
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
        converse::answer(&self.gateway, approved, *asked).await.map_err(|denial| denial.told().error)
    }

    pub(super) async fn end_session(&self) {
        assert!(self.sessions.revoke(&self.session.facts().id, self.gateway.clock.now()).await.unwrap());
    }

    pub(super) fn parked(&self) -> usize {
        self.gateway.conversations.lower.parked.count()
    }

    pub(super) async fn until_nothing_is_parked(&self) {
        while self.parked() > 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Waits for what outlives calls, as the program does when it stops.
    pub(super) async fn stop(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// The intents in their order, each with how it ended.
    pub(super) async fn record(&self) -> Vec<String> {
        self.stop().await;
        let mut journal: Vec<_> = std::fs::read_dir(self.folder.path().join("journal")).unwrap().collect();
        journal.sort_by_key(|entry| entry.as_ref().unwrap().path());
        let text: Vec<u8> =
            journal.into_iter().flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect();
        let text = String::from_utf8_lossy(&text);
        let entries: Vec<Value> = text
            .split("{\"version\":1,")
            .skip(1)
            .filter_map(|rest| {
                let entry = format!("{{\"version\":1,{rest}");
                serde_json::Deserializer::from_str(&entry).into_iter().next()?.ok()
            })
            .collect();
        let place = |intent: u64| {
            let ended = entries.iter().find(|entry| entry["kind"] == "outcome" && entry["intent"] == intent);
            ended.map_or("open", |entry| entry["ending"].as_str().unwrap()).to_owned()
        };
        let intents = entries.iter().enumerate().filter(|(_, entry)| entry["kind"] == "intent");
        intents.map(|(at, entry)| format!("{} {}", entry["action"].as_str().unwrap(), place(at as u64))).collect()
    }
}

fn upstream(port: u16) -> Upstream {
    let name: model::UpstreamName = "u1".parse().unwrap();
    let target = UpstreamTarget::new(UpstreamParts {
        name: name.clone(),
        destination: format!("http://127.0.0.1:{port}/mcp").parse().unwrap(),
        class: AddressClass::Loopback,
        anchors: None,
        timeouts: Timeouts::default(),
        limits: PoolLimits::default(),
        extra_headers: vec![http::HeaderName::from_static("last-event-id")],
        credential: None,
    });
    let resource = "https://gw.example/mcp/u1".parse().unwrap();
    let speech = Speech::Mcp(Era::Legacy);
    Upstream::new(name, resource, "https://gw.example/meta".to_owned(), speech, Arc::new(target.unwrap()), None)
}

async fn begin(sessions: &Sessions, policies: &Policies, id: &str) -> Arc<LiveSession> {
    let now = SystemClock.now();
    let agent = Agent { name: "ci".parse().unwrap(), groups: Vec::new() };
    let facts = Session {
        id: id.parse().unwrap(),
        agent: agent.clone(),
        subject: Subject { issuer: "https://idp.example".to_owned(), id: "ann".to_owned() },
        actor: None,
        resources: vec!["https://gw.example/mcp/u1".parse().unwrap()],
        scopes: "u1:*".parse().unwrap(),
        token_id: id.parse().unwrap(),
        created: now,
        expires: now.plus(std::time::Duration::from_secs(600)),
        revoked: None,
    };
    sessions.start(facts, policies.for_agent(&agent)).await.unwrap()
}

/// Keeps nothing: a test does not restart.
#[derive(Debug)]
struct Nowhere;

#[async_trait]
impl SessionStore for Nowhere {
    async fn insert(&self, _session: &Session) -> Result<(), StoreError> {
        Ok(())
    }

    async fn revoke(&self, _id: &SessionId, _at: Timestamp) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn live(&self, _now: Timestamp) -> Result<Vec<Session>, StoreError> {
        Ok(Vec::new())
    }

    async fn purge(&self, _expired_before: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
}

impl KeyStore for Nowhere {
    fn load(&self) -> Result<Vec<StoredKey>, KeyStoreError> {
        Ok(Vec::new())
    }

    fn save(&self, _keys: &[StoredKey]) -> Result<(), KeyStoreError> {
        Ok(())
    }
}
