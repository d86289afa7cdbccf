//! What the tests of this crate connect to: a certificate authority, and servers on loopback that count what they receive.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::{DialOptions, Dialer, Roots, TrustAnchors};

/// A certificate authority that exists for one test.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// How a server's certificate is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certificate {
    Good,
    OtherName,
    Expired,
    NotYetValid,
    SelfSigned,
}

impl Authority {
    pub(crate) fn new() -> Self {
        // Authorities of one name would be taken for one another.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("authority {}", COUNT.fetch_add(1, Ordering::SeqCst));
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn anchors(&self) -> TrustAnchors {
        TrustAnchors::from_der([self.0.der().to_vec()]).unwrap()
    }

    pub(crate) fn dialer(&self) -> Dialer {
        Dialer::new(DialOptions { roots: Roots::Only(self.anchors()) })
    }

    pub(crate) fn acceptor(&self, kind: Certificate) -> TlsAcceptor {
        let name = if kind == Certificate::OtherName { "other.example" } else { "localhost" };
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "server");
        match kind {
            Certificate::Expired => params.not_after = date_time_ymd(2020, 1, 1),
            Certificate::NotYetValid => params.not_before = date_time_ymd(4000, 1, 1),
            Certificate::Good | Certificate::OtherName | Certificate::SelfSigned => {}
        }
        let key = KeyPair::generate().unwrap();
        let certificate =
            if kind == Certificate::SelfSigned { params.self_signed(&key) } else { params.signed_by(&key, &self.0) };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.unwrap().der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// What a server has seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    bytes: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Seen {
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn closed(&self) -> usize {
        self.closed.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }
}

/// One request of a client, read off the wire: its number on its connection, and its text up to the end of the head.
pub(crate) struct Turn {
    pub(crate) of_connection: usize,
    pub(crate) head: String,
}

/// What a server does after a turn.
pub(crate) enum Then {
    Keep,
    Close,
    Hang,
}

/// Serves raw bytes: `answer` says what follows each request head. It reads heads only, so that a test sends no bodies.
pub(crate) async fn serve<F>(tls: Option<TlsAcceptor>, answer: F) -> (u16, Seen)
where
    F: Fn(Turn) -> (Vec<u8>, Then) + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (seen, answer) = (Seen::default(), Arc::new(answer));
    let counted = seen.clone();
    spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (counted, tls, answer) = (counted.clone(), tls.clone(), Arc::clone(&answer));
            counted.connections.fetch_add(1, Ordering::SeqCst);
            spawn(async move {
                match tls {
                    None => turns(socket, &counted, &*answer).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(socket).await {
                            turns(stream, &counted, &*answer).await;
                        }
                    }
                }
                counted.closed.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    (port, seen)
}

async fn turns<S, F>(mut stream: S, seen: &Seen, answer: &F)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    F: Fn(Turn) -> (Vec<u8>, Then),
{
    let mut text = Vec::new();
    for of_connection in 1.. {
        let end = loop {
            if let Some(at) = text.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            match stream.read_buf(&mut text).await {
                Ok(count) if count > 0 => seen.bytes.fetch_add(count, Ordering::SeqCst),
                _ => return,
            };
        };
        let head = String::from_utf8(text.drain(..end).collect()).unwrap();
        seen.requests.fetch_add(1, Ordering::SeqCst);
        let (bytes, then) = answer(Turn { of_connection, head });
        if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        match then {
            Then::Keep => {}
            Then::Close => return,
            Then::Hang => std::future::pending().await,
        }
    }
}

/// A socket that is connected to and never spoken on.
pub(crate) async fn silent() -> (u16, Arc<TcpListener>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (listener.local_addr().unwrap().port(), Arc::new(listener))
}

/// Waits for what another task is about to do; a test that waits in vain fails by its runner's clock.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

/// A listener that is gone: nothing accepts there.
pub(crate) async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    #[expect(clippy::disallowed_methods, reason = "a server of a test ends with the test's runtime")]
    tokio::spawn(task);
}
