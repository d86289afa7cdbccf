//! An upstream inside the test: it keeps what it received, and answers as it is told.

mod reply;

use std::{convert::Infallible, path::PathBuf, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::{BodyExt as _, combinators::BoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinHandle,
};

pub(crate) use self::reply::{Piece, Reply};
use super::{http_client::Failure, tls::Server};

/// One request as it arrived, body included.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    /// The text of a header that came once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }
}

type Body = BoxBody<Bytes, Failure>;
type Answer = dyn Fn(&Received) -> Reply + Send + Sync;

/// A running upstream, which ends when it is dropped.
pub(crate) struct Echo {
    url: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
    certificate_authority: Option<PathBuf>,
}

struct Shared {
    answer: Box<Answer>,
    received: Mutex<Vec<Received>>,
}

impl Echo {
    /// Answers over plain HTTP on a free loopback port.
    pub(crate) async fn start(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(answer, None).await
    }

    /// Answers over TLS with that server's certificate.
    pub(crate) async fn start_tls(server: Server, answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(answer, Some(server)).await
    }

    #[expect(clippy::disallowed_methods, reason = "the listener ends with the upstream, a connection with its client")]
    async fn serve(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static, tls: Option<Server>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let url = match &tls {
            None => format!("http://127.0.0.1:{port}"),
            Some(_) => format!("https://localhost:{port}"),
        };
        let certificate_authority = tls.as_ref().map(|server| server.authority().to_owned());
        let acceptor = tls.map(|server| server.acceptor());
        let shared = Arc::new(Shared { answer: Box::new(answer), received: Mutex::default() });
        let serving = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _only_slower_without = stream.set_nodelay(true);
                let (shared, acceptor) = (Arc::clone(&serving), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => connection(stream, shared).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                connection(stream, shared).await;
                            }
                        }
                    }
                });
            }
        });
        Self { url, shared, accepting, certificate_authority }
    }

    /// `http://127.0.0.1:PORT`, or `https://localhost:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The PEM file of who vouches for it, where it speaks TLS.
    pub(crate) fn certificate_authority(&self) -> Option<&PathBuf> {
        self.certificate_authority.as_ref()
    }

    /// Everything that arrived until now, in order.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().clone()
    }

    /// The only request that arrived.
    ///
    /// # Panics
    ///
    /// When there were none, or several.
    pub(crate) fn only(&self) -> Received {
        let mut received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received.remove(0)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl std::fmt::Debug for Echo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Echo").field("url", &self.url).finish_non_exhaustive()
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, shared: Arc<Shared>) {
    let service = service_fn(move |request| answer(Arc::clone(&shared), request));
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new());
    let _ended_early_or_not = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Failure> {
    let (parts, body) = request.into_parts();
    let head =
        |body| Received { method: parts.method.clone(), uri: parts.uri.clone(), headers: parts.headers.clone(), body };
    if parts.uri.path().ends_with("/mirror") {
        // The answer is the request's body as it comes: whether both stream is seen by who sends it.
        shared.received.lock().push(head(Bytes::new()));
        return Ok(Response::new(body.map_err(Into::into).boxed()));
    }
    let received = head(body.collect().await?.to_bytes());
    let reply = (shared.answer)(&received);
    shared.received.lock().push(received);
    reply.into_response().await
}

/// A body whose frames never fail.
fn infallible(body: impl hyper::body::Body<Data = Bytes, Error = Infallible> + Send + Sync + 'static) -> Body {
    body.map_err(|never| match never {}).boxed()
}
