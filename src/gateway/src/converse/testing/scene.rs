//! A gateway in front of one upstream `u1`, whose tool `forbidden` nobody may call.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use dial::{DialOptions, Dialer};
use egress::{
    InProcess, InProcessParts, IssuedTokenAction, LiveSecrets, NoLedger, PoolLimits, Timeouts, UpstreamParts,
    UpstreamTarget,
};
use http::HeaderName;
use mcp::Era;
use model::{AddressClass, Agent, Clock, SessionId, Subject, SystemClock, Timestamp};
use policy::{Policies, Source};
use secret::FingerprintKey;
use serde_json::Value;
use store::{Session, SessionStore, StoreError};
use tempfile::TempDir;
use tlog::{Log, LogOptions};
use token::{Grant, KeyRing, KeyStore, KeyStoreError, SessionTokens, StoredKey};
use tokio_util::task::TaskTracker;

use crate::{
    Authenticator, Door, Gateway, GatewayParts, Masking, Metrics, ReadLimits, Recorder, Sessions, Speech, Upstream,
    Upstreams, session::LiveSession,
};

pub(crate) struct Scene {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) sessions: Arc<Sessions>,
    policies: Policies,
    tokens: Arc<SessionTokens>,
    tasks: TaskTracker,
    folder: TempDir,
}

impl Scene {
    /// In front of an upstream of that era at that port of loopback.
    pub(crate) async fn in_front_of(port: u16, era: Era) -> Self {
        Self::masking(port, era, Masking::default()).await
    }

    /// The same, with something else looked for in the traffic.
    pub(crate) async fn masking(port: u16, era: Era, masking: Masking) -> Self {
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
        let live = Arc::new(LiveSecrets::new(&FingerprintKey::random().unwrap()));
        let dialer = Dialer::new(DialOptions::default());
        let (sources, ledger) = (Vec::new(), Arc::new(NoLedger));
        let parts = InProcessParts { dialer, clock: Arc::clone(&clock), sources, ledger, live };
        let egress = InProcess::new(parts);
        let gateway = Arc::new(Gateway::new(GatewayParts {
            door: Door::new(Vec::new(), Vec::new()),
            authenticator: Authenticator::new(Arc::clone(&tokens), Arc::clone(&sessions)),
            sessions: Arc::clone(&sessions),
            upstreams: Upstreams::from_iter([upstream(port, era).masked_by(masking)]),
            limits: ReadLimits { message_bytes_max: 1 << 20, message_wait_max: Duration::from_secs(5) },
            recorder,
            egress: Arc::new(egress),
            invitations: Arc::new(()),
            clock,
        }));
        Self { gateway, sessions, policies, tokens, tasks, folder }
    }

    pub(crate) fn upstream(&self) -> Arc<Upstream> {
        Arc::clone(self.gateway.upstreams().iter().next().unwrap())
    }

    /// Begins a session, and gives its token.
    pub(crate) async fn begin(&self) -> (Arc<LiveSession>, String) {
        let now = SystemClock.now();
        let grant = Grant {
            agent: Agent { name: "ci".parse().unwrap(), groups: Vec::new() },
            subject: Subject { issuer: "https://idp.example".to_owned(), id: "ann".to_owned() },
            actor: None,
            resources: vec!["https://gw.example/mcp/u1".parse().unwrap()],
            scopes: "u1:*".parse().unwrap(),
            expires: now.plus(Duration::from_secs(600)),
        };
        let claims = self.tokens.claims(&grant, now).unwrap();
        let policy = self.policies.for_agent(&grant.agent);
        let facts = Session {
            id: claims.session.clone(),
            agent: grant.agent,
            subject: grant.subject,
            actor: None,
            resources: grant.resources,
            scopes: grant.scopes,
            token_id: claims.token_id.parse().unwrap(),
            created: now,
            expires: claims.expires,
            revoked: None,
        };
        (self.sessions.start(facts, policy).await.unwrap(), self.tokens.issue(&claims).unwrap())
    }

    pub(crate) async fn revoke(&self, session: &LiveSession) {
        assert!(self.sessions.revoke(&session.facts().id, self.gateway.clock.now()).await.unwrap());
    }

    /// Waits for what outlives calls, as the program does when it stops.
    pub(crate) async fn stop(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// The intents in their order, each with how it ended.
    pub(crate) async fn record(&self) -> Vec<String> {
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
        let ending = |intent: usize| {
            let ended = entries.iter().find(|entry| entry["kind"] == "outcome" && entry["intent"] == intent);
            ended.map_or("open", |entry| entry["ending"].as_str().unwrap()).to_owned()
        };
        let intents = entries.iter().enumerate().filter(|(_, entry)| entry["kind"] == "intent");
        intents.map(|(at, entry)| format!("{} {}", entry["action"].as_str().unwrap(), ending(at))).collect()
    }
}

fn upstream(port: u16, era: Era) -> Upstream {
    let name: model::UpstreamName = "u1".parse().unwrap();
    let target = UpstreamTarget::new(UpstreamParts {
        name: name.clone(),
        destination: format!("http://127.0.0.1:{port}/mcp").parse().unwrap(),
        class: AddressClass::Loopback,
        anchors: None,
        timeouts: Timeouts::default(),
        limits: PoolLimits::default(),
        extra_headers: match era {
            Era::Modern => Vec::new(),
            Era::Legacy => vec![HeaderName::from_static("last-event-id")],
        },
        passes_ranges: false,
        issued_tokens: IssuedTokenAction::Mask,
        gives_pseudonyms: false,
        credential: None,
    });
    let resource = "https://gw.example/mcp/u1".parse().unwrap();
    let metadata = "https://gw.example/meta".to_owned();
    Upstream::new(name, resource, metadata, Speech::Mcp(era), Arc::new(target.unwrap()), None)
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
