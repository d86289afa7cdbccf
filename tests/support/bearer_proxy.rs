//! A proxy that adds one bearer token and changes nothing else, for clients that cannot present a token themselves.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::RwLock;
use tokio::{net::TcpListener, task::JoinHandle};

use super::http_client::{Failure, exchange};

/// A client of a test sends its headers at once.
const HEADERS_MAX: Duration = Duration::from_secs(30);

/// A running proxy, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct BearerProxy {
    url: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    authority: String,
    /// The proxy's own port as a caller writes it, and the target's.
    ports: [String; 2],
    authorization: RwLock<HeaderValue>,
}

impl BearerProxy {
    /// Stands in front of `http://host:port/path`. What names the proxy itself in `Host` and `Origin` names the target behind it;
    /// everything else passes as it came.
    #[expect(clippy::disallowed_methods, reason = "the listener ends with the proxy, a connection with its client")]
    pub(crate) async fn start(target: &str, token: &str) -> Self {
        let target: Uri = target.parse().unwrap_or_else(|error| panic!("{target}: {error}"));
        let authority = target.authority().expect("a target has a host").to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let own_port = listener.local_addr().expect("it is bound").port();
        let ports = [format!(":{own_port}"), format!(":{}", target.port_u16().expect("a target has a port"))];
        let shared = Arc::new(Shared { authority, ports, authorization: RwLock::new(bearer(token)) });
        let url = format!("http://{}{}", listener.local_addr().expect("it is bound"), target.path());
        let serving = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _only_slower_without = stream.set_nodelay(true);
                let shared = Arc::clone(&serving);
                let service = service_fn(move |request| carry(Arc::clone(&shared), request));
                let mut server = http1::Builder::new();
                server.timer(TokioTimer::new()).header_read_timeout(HEADERS_MAX);
                tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, shared, accepting }
    }

    /// Where clients find the target's path.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Presents another token from the next request on.
    pub(crate) fn present(&self, token: &str) {
        *self.shared.authorization.write() = bearer(token);
    }
}

impl Drop for BearerProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Both bodies stream. A client that goes away drops the answer, and with it the connection to the target.
async fn carry(
    shared: Arc<Shared>,
    mut request: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, Failure>>, Infallible> {
    let authorization = shared.authorization.read().clone();
    request.headers_mut().insert(header::AUTHORIZATION, authorization);
    let [own, targets] = &shared.ports;
    for name in [header::HOST, header::ORIGIN] {
        let local = request.headers().get(&name).and_then(|value| value.to_str().ok()?.strip_suffix(own.as_str()));
        if let Some(local) = local.map(|local| format!("{local}{targets}")) {
            request.headers_mut().insert(name, local.parse().expect("it was a header value"));
        }
    }
    Ok(match exchange(&shared.authority, request).await {
        Ok(answer) => answer.map(|body| body.map_err(Into::into).boxed()),
        Err(failure) => {
            let mut answer = Response::new(Full::from(failure.to_string()).map_err(|never| match never {}).boxed());
            *answer.status_mut() = StatusCode::BAD_GATEWAY;
            answer
        }
    })
}

fn bearer(token: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).expect("a token is a header value");
    value.set_sensitive(true);
    value
}
