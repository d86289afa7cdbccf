//! What the tests of this crate call and are called by: upstreams on loopback that record, sources of credentials, canaries.

mod ledger;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use dial::{DialOptions, Dialer, Roots};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use model::{
    AddressClass, Agent, Binding, Caller, Clock, Injection, LeaseId, ManualClock, Scopes, SessionId, Subject,
    Timestamp, TraceContext,
};
use parking_lot::Mutex;
use provider::{CredentialRequest, Lease, Material, Provider, ProviderError};
use ring::rand::{SecureRandom as _, SystemRandom};
use secret::{FingerprintKey, Secret};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use crate::{
    CredentialSource, Egress as _, EgressError, ForwardTicket, InProcess, InProcessParts, IssuedTokenAction, Keeping,
    LiveSecrets, Outbound, PoolLimits, Presented, ProviderHandle, TicketParts, Timeouts, TrustAnchors, Unscanned,
    UpstreamCredential, UpstreamParts, UpstreamTarget,
};

pub(crate) use self::ledger::{Fault, MemoryLedger, Steps};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A random text that stands nowhere else.
pub(crate) fn canary() -> String {
    let mut bytes = [0; 24];
    SystemRandom::new().fill(&mut bytes).unwrap();
    format!("cnry{}", URL_SAFE_NO_PAD.encode(bytes))
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(Zeroizing::new(text.to_owned()))
}

pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    #[expect(clippy::disallowed_methods, reason = "a server of a test ends with the test's runtime")]
    tokio::spawn(task);
}

/// A request as an upstream received it.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) connection: usize,
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    /// Everything in one text, so that a canary is found wherever it stands.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{} {}\n", self.method, self.target);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
        }
        text + &String::from_utf8_lossy(&self.body)
    }

    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }
}

/// An upstream that writes down what it gets.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Recorder {
    pub(crate) async fn start<F>(answer: F) -> Self
    where
        F: Fn(&Received) -> Response<Bytes> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (recorded, answer) = (Arc::clone(&received), Arc::new(answer));
        spawn(async move {
            for connection in 1.. {
                let Ok((socket, _)) = listener.accept().await else { return };
                let (recorded, answer) = (Arc::clone(&recorded), Arc::clone(&answer));
                let service = service_fn(move |request: Request<Incoming>| {
                    let (recorded, answer) = (Arc::clone(&recorded), Arc::clone(&answer));
                    async move {
                        let (head, body) = request.into_parts();
                        let received = Received {
                            connection,
                            method: head.method,
                            target: head.uri.to_string(),
                            headers: head.headers,
                            body: body.collect().await.map(|body| body.to_bytes()).unwrap_or_default(),
                        };
                        let response = answer(&received).map(Full::new);
                        recorded.lock().push(received);
                        Ok::<_, Infallible>(response)
                    }
                });
                spawn(async move {
                    let _closed = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self { port, received }
    }

    pub(crate) async fn ok() -> Self {
        Self::start(|_| Response::new(Bytes::from_static(b"fine"))).await
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().clone()
    }

    pub(crate) fn only(&self) -> Received {
        let [received] = <[Received; 1]>::try_from(self.received()).expect("exactly one request");
        received
    }

    pub(crate) fn count(&self) -> usize {
        self.received.lock().len()
    }
}

/// Issues what a test says.
pub(crate) struct Source {
    issued: AtomicUsize,
    pub(crate) revoked: Mutex<Vec<LeaseId>>,
    #[expect(clippy::type_complexity, reason = "named once")]
    issue: Box<dyn Fn(usize, &str) -> Result<Lease, ProviderError> + Send + Sync>,
    pub(crate) delay: Duration,
}

impl Source {
    pub(crate) fn of<F>(issue: F) -> Arc<Self>
    where
        F: Fn(usize, &str) -> Result<Lease, ProviderError> + Send + Sync + 'static,
    {
        Self::slow(Duration::ZERO, issue)
    }

    pub(crate) fn slow<F>(delay: Duration, issue: F) -> Arc<Self>
    where
        F: Fn(usize, &str) -> Result<Lease, ProviderError> + Send + Sync + 'static,
    {
        let revoked = Mutex::default();
        Arc::new(Self { issued: AtomicUsize::new(0), revoked, issue: Box::new(issue), delay })
    }

    /// A stored secret.
    pub(crate) fn stored(text: &str) -> Arc<Self> {
        let text = text.to_owned();
        Self::of(move |_, _| Ok(lease("stored-1", &text, None)))
    }

    pub(crate) fn issued(&self) -> usize {
        self.issued.load(Ordering::SeqCst)
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Source")
    }
}

#[async_trait]
impl Provider for Source {
    async fn issue(&self, request: CredentialRequest<'_>) -> Result<Lease, ProviderError> {
        let count = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        (self.issue)(count, request.caller.session.as_str())
    }

    async fn revoke(&self, lease: &LeaseId) -> Result<(), ProviderError> {
        self.revoked.lock().push(lease.clone());
        Ok(())
    }
}

pub(crate) fn lease(id: &str, text: &str, expiry: Option<Timestamp>) -> Lease {
    Lease { id: id.parse().unwrap(), material: Material::Token(secret(text)), expiry, renewable: false }
}

/// An egress, and what moves it.
pub(crate) struct Rig {
    pub(crate) egress: InProcess,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) live: Arc<LiveSecrets>,
}

impl Rig {
    pub(crate) fn new(sources: Vec<(Arc<Source>, Keeping)>) -> Self {
        Self::trusting(Roots::System, sources)
    }

    pub(crate) fn trusting(roots: Roots, sources: Vec<(Arc<Source>, Keeping)>) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let live = Arc::new(LiveSecrets::new(&FingerprintKey::random().unwrap()));
        let sources = sources
            .into_iter()
            .map(|(provider, keeping)| {
                let (name, provider) = ("source".parse().unwrap(), provider as Arc<dyn Provider>);
                CredentialSource { name, provider, keeping }
            })
            .collect();
        let egress = InProcess::new(InProcessParts {
            dialer: Dialer::new(DialOptions { roots }),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            sources,
            ledger: MemoryLedger::new(&Steps::all()),
            live: Arc::clone(&live),
        });
        Self { egress, clock, live }
    }

    /// One stored secret.
    pub(crate) fn stored(text: &str) -> Self {
        Self::new(vec![(Source::stored(text), Keeping::Nothing)])
    }

    pub(crate) async fn carry(&self, call: Call) -> Result<Response<Unscanned>, EgressError> {
        self.egress.carry(call.ticket(self.clock.now())).await
    }
}

pub(crate) const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(3), head: Duration::from_secs(20), idle: Duration::from_secs(100) };

pub(crate) fn bearer() -> Injection {
    Injection::Header { name: http::header::AUTHORIZATION, prefix: "Bearer ".to_owned() }
}

/// An upstream at `url` with one credential from the first source.
pub(crate) fn parts(url: &str, injection: Injection) -> UpstreamParts {
    let binding = Binding {
        credential: "key".parse().unwrap(),
        upstream: "api".parse().unwrap(),
        destination: url.parse().unwrap(),
        injection,
    };
    UpstreamParts {
        name: "api".parse().unwrap(),
        destination: url.parse().unwrap(),
        class: AddressClass::Loopback,
        anchors: None::<TrustAnchors>,
        timeouts: TIMEOUTS,
        limits: PoolLimits::default(),
        extra_headers: Vec::new(),
        passes_ranges: false,
        issued_tokens: IssuedTokenAction::Capture,
        gives_pseudonyms: true,
        credential: Some(UpstreamCredential { binding, provider: ProviderHandle(0) }),
    }
}

pub(crate) fn upstream(url: &str, injection: Injection) -> Arc<UpstreamTarget> {
    Arc::new(UpstreamTarget::new(parts(url, injection)).unwrap())
}

/// Who calls in a session that ends at `session_end`.
pub(crate) fn caller(session: SessionId, session_end: Timestamp) -> Caller {
    Caller {
        agent: Agent { name: "agent".parse().unwrap(), groups: Vec::new() },
        subject: Subject { issuer: "https://issuer.example".to_owned(), id: "alice".to_owned() },
        actor: None,
        session,
        session_end,
        scopes: Scopes::default(),
    }
}

/// A call that a test makes.
pub(crate) struct Call {
    pub(crate) upstream: Arc<UpstreamTarget>,
    pub(crate) session: SessionId,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Outbound,
    pub(crate) stand_ins: Vec<Presented>,
}

impl Call {
    pub(crate) fn get(upstream: &Arc<UpstreamTarget>, path: &'static str) -> Self {
        let session = "session-1".parse().unwrap();
        let (upstream, method) = (Arc::clone(upstream), Method::GET);
        Self {
            upstream,
            session,
            method,
            path,
            headers: HeaderMap::new(),
            body: Outbound::empty(),
            stand_ins: Vec::new(),
        }
    }

    pub(crate) fn post(upstream: &Arc<UpstreamTarget>, path: &'static str, body: &'static str) -> Self {
        let body = Outbound::bytes(Bytes::from_static(body.as_bytes()));
        Self { method: Method::POST, body, ..Self::get(upstream, path) }
    }

    pub(crate) fn with(mut self, fields: &[(&str, &str)]) -> Self {
        for (name, value) in fields {
            let name: HeaderName = name.parse().unwrap();
            self.headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        self
    }

    pub(crate) fn in_session(mut self, session: &str) -> Self {
        self.session = session.parse().unwrap();
        self
    }

    pub(crate) fn parts(self, now: Timestamp) -> TicketParts {
        TicketParts {
            caller: Arc::new(caller(self.session, now.plus(Duration::from_secs(900)))),
            trace: TraceContext::new([7; 16], [7; 8], 0),
            upstream: self.upstream,
            method: self.method,
            path: self.path.parse().unwrap(),
            headers: self.headers,
            body: self.body,
            stand_ins: self.stand_ins,
            record: 7,
            recorded_at: now,
        }
    }

    pub(crate) fn ticket(self, now: Timestamp) -> ForwardTicket {
        ForwardTicket::new(self.parts(now))
    }
}

pub(crate) async fn read(response: Response<Unscanned>) -> Result<Bytes, EgressError> {
    Ok(response.into_body().into_parts().body.collect().await?.to_bytes())
}
