//! A gateway in front of one modern server, and a caller of the older era who goes through the stages with a token.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use dial::{DialOptions, Dialer};
use egress::{InProcess, InProcessParts, LiveSecrets, PoolLimits, Timeouts, UpstreamParts, UpstreamTarget};
use http::{HeaderMap, Response};
use mcp::{
    Dialect, Era, Limits, Message,
    sse::{Decoder, Item},
};
use model::{AddressClass, Agent, Clock, SessionId, Subject, SystemClock, Timestamp};
use policy::{Policies, Source};
use secret::FingerprintKey;
use serde_json::{Value, json};
use store::{Session, SessionStore, StoreError};
use tempfile::TempDir;
use tlog::{Log, LogOptions};
use token::{Grant, KeyRing, KeyStore, KeyStoreError, SessionTokens, StoredKey};
use tokio_util::task::TaskTracker;

use super::server::Server;
use crate::{
    Authenticator, Door, Gateway, GatewayParts, Metrics, ReadLimits, Recorder, Sessions, Speech, Upstream, Upstreams,
    approve::approve,
    asked::{Asked, McpAsked, McpMessage},
    authorize::authorize,
    converse,
    denial::Denial,
    facts::{Facts, Voice},
    mask::Clean,
    refuse::refuse,
};

pub(super) struct Broker {
    gateway: Arc<Gateway>,
    sessions: Arc<Sessions>,
    principal: SessionId,
    headers: HeaderMap,
    tasks: TaskTracker,
    folder: TempDir,
    next_id: AtomicU64,
}

/// An answer, read message by message.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    body: Clean,
    decoder: Option<Decoder>,
}

impl Answer {
    pub(super) fn is_stream(&self) -> bool {
        self.decoder.is_some()
    }

    /// The next message; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(decoder) = &mut self.decoder {
                while let Some(item) = decoder.next_item().unwrap() {
                    if let Item::Event(event) = item {
                        return Some(serde_json::from_slice(&event.data).unwrap());
                    }
                }
                decoder.feed(self.body.next().await?.unwrap());
                continue;
            }
            let mut whole = Vec::new();
            while let Some(bytes) = self.body.next().await {
                whole.extend_from_slice(&bytes.unwrap());
            }
            return (!whole.is_empty()).then(|| serde_json::from_slice(&whole).unwrap());
        }
    }

    /// The only message.
    pub(super) async fn only(mut self) -> Value {
        let only = self.next().await.expect("a message");
        assert_eq!(self.next().await, None);
        only
    }

    /// How the body ends, whatever else it says.
    pub(super) async fn end(mut self) -> Result<(), crate::Interrupted> {
        while let Some(bytes) = self.body.next().await {
            bytes?;
        }
        Ok(())
    }
}

impl Broker {
    pub(super) async fn start() -> (Self, Server) {
        let (server, port) = Server::start().await;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let folder = TempDir::new().unwrap();
        let log = Arc::new(Log::open(folder.path(), &LogOptions::new("example.com/test", &[7; 32])).unwrap());
        let tasks = TaskTracker::new();
        let process = tlog::Durability::Process;
        let recorder = Recorder::new(log, process, Arc::clone(&clock), tasks.clone(), Arc::new(Metrics::default()));
        let text = "permit(principal, action, resource) unless { resource == Tool::\"u1/forbidden\" };".to_owned();
        let policies = Policies::from_sources(&[Source { path: "all.cedar".into(), text }]).unwrap();
        let sessions = Sessions::resume(Arc::new(Nowhere), clock.now(), |session| policies.for_agent(&session.agent));
        let sessions = Arc::new(sessions.await.unwrap());
        let ring = KeyRing::open(Box::new(Nowhere), Arc::clone(&clock), Duration::from_secs(3600)).unwrap();
        let tokens = Arc::new(SessionTokens::new("https://gw.example".to_owned(), Arc::new(ring)));
        let (principal, token) = begin(&sessions, &policies, &tokens).await;
        let live = Arc::new(LiveSecrets::new(&FingerprintKey::random().unwrap()));
        let dialer = Dialer::new(DialOptions::default());
        let egress = InProcess::new(InProcessParts { dialer, clock: Arc::clone(&clock), sources: Vec::new(), live });
        let gateway = Arc::new(Gateway::new(GatewayParts {
            door: Door::new(Vec::new(), Vec::new()),
            authenticator: Authenticator::new(tokens, Arc::clone(&sessions)),
            upstreams: Upstreams::from_iter([upstream(port)]),
            limits: ReadLimits { message_bytes_max: 1 << 20, message_wait_max: Duration::from_secs(5) },
            recorder,
            egress: Arc::new(egress),
            clock,
        }));
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        (Self { gateway, sessions, principal, headers, tasks, folder, next_id: AtomicU64::new(100) }, server)
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
        assert!(self.sessions.revoke(&self.principal, self.gateway.clock.now()).await.unwrap());
    }

    /// What the record says, in its order: each intent with how it ended.
    pub(super) async fn record(&self) -> Vec<String> {
        self.tasks.close();
        self.tasks.wait().await;
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
        let ending = |intent: usize| {
            let ended = entries.iter().find(|entry| entry["kind"] == "outcome" && entry["intent"] == intent);
            ended.map_or("open", |entry| entry["ending"].as_str().unwrap()).to_owned()
        };
        let intents = entries.iter().enumerate().filter(|(_, entry)| entry["kind"] == "intent");
        intents.map(|(at, entry)| format!("{} {}", entry["action"].as_str().unwrap(), ending(at))).collect()
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
        let mut facts = Facts::new(self.gateway.new_trace(), self.gateway.clock.now());
        facts.voice = Voice::Mcp { era: Era::Legacy, id };
        facts.action = Some(action.into());
        let response = match self.judged(asked, &mut facts).await {
            Ok(response) => response,
            Err(denial) => refuse(&self.gateway.recorder, &facts, denial).await,
        };
        let (head, body) = response.into_parts();
        let is_stream = head.headers.get("content-type").is_some_and(|value| value == "text/event-stream");
        let decoder = is_stream.then(|| Decoder::new(1 << 20));
        Answer { status: head.status.as_u16(), headers: head.headers, body, decoder }
    }

    async fn judged(&self, asked: McpAsked, facts: &mut Facts) -> Result<Response<Clean>, Denial> {
        let upstream = Arc::clone(self.gateway.upstreams().iter().next().unwrap());
        facts.upstream = Some(Arc::clone(&upstream));
        let caller = self.gateway.authenticator.authenticate(&asked.headers, facts.arrived)?;
        let session = Sessions::enter(caller, upstream.resource(), facts.arrived)?;
        facts.session = Some(Arc::clone(session.session()));
        let permit = authorize(session, &upstream, Asked::Mcp(Box::new(asked)), facts)?;
        let (approved, asked) = approve(permit, facts)?;
        let Asked::Mcp(asked) = asked else { panic!("a message") };
        converse::answer(&self.gateway, approved, *asked).await
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
        extra_headers: Vec::new(),
        credential: None,
    });
    let resource = "https://gw.example/mcp/u1".parse().unwrap();
    let speech = Speech::Mcp(Era::Modern);
    Upstream::new(name, resource, "https://gw.example/meta".to_owned(), speech, Arc::new(target.unwrap()), None)
}

async fn begin(sessions: &Sessions, policies: &Policies, tokens: &SessionTokens) -> (SessionId, String) {
    let now = SystemClock.now();
    let grant = Grant {
        agent: Agent { name: "ci".parse().unwrap(), groups: Vec::new() },
        subject: Subject { issuer: "https://idp.example".to_owned(), id: "ann".to_owned() },
        actor: None,
        resources: vec!["https://gw.example/mcp/u1".parse().unwrap()],
        scopes: "u1:*".parse().unwrap(),
        expires: now.plus(Duration::from_secs(600)),
    };
    let claims = tokens.claims(&grant, now).unwrap();
    let facts = Session {
        id: claims.session.clone(),
        agent: grant.agent.clone(),
        subject: grant.subject,
        actor: None,
        resources: grant.resources,
        scopes: grant.scopes,
        token_id: claims.token_id.parse().unwrap(),
        created: now,
        expires: claims.expires,
        revoked: None,
    };
    sessions.start(facts, policies.for_agent(&grant.agent)).await.unwrap();
    (claims.session.clone(), tokens.issue(&claims).unwrap())
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
