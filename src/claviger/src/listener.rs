//! Listeners: accept, protect with TLS, serve HTTP, drain.

mod admin;
mod agents;
mod connect;
mod outgoing;
mod page;
mod tls;

use std::{convert::Infallible, net::Ipv4Addr, sync::Arc, time::Duration};

use config::Protection;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::tls::Acceptor;
pub(crate) use self::{admin::Admin, agents::Agents, outgoing::Outgoing};
use crate::output::Failure;

/// A handshake that takes longer is an attack, or hopeless.
const HANDSHAKE_WAIT_MAX: Duration = Duration::from_secs(10);
/// More fields than any client sends, few enough to compare one by one.
const HEADERS_MAX: usize = 100;
/// Calls of one HTTP/2 connection at a time.
const STREAMS_MAX: u32 = 256;
/// More than one person and the broker beside it open.
const FREE_CONNECTIONS_MAX: usize = 64;
/// How long accepting pauses when the process has no descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What answers requests.
pub(crate) trait Answer: Send + Sync + 'static {
    /// Answers one request.
    fn answer(self: Arc<Self>, request: Request<Incoming>) -> impl Future<Output = Response<Outgoing>> + Send;
}

/// A bound listener.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    acceptor: Option<Acceptor>,
    connections_max: usize,
    header_wait_max: Duration,
}

/// How a listener is told to stop: first no new work, then no work.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    /// No new connections; connections end after the calls that they carry.
    pub(crate) soft: CancellationToken,
    /// Everything ends now.
    pub(crate) hard: CancellationToken,
}

impl Listener {
    /// Binds, and reads the certificate where there is one.
    pub(crate) async fn bind(
        configured: &config::Listener,
        connections_max: usize,
        header_wait_max: Duration,
    ) -> Result<Self, Failure> {
        let address = configured.address;
        let socket = TcpListener::bind(address).await;
        let socket = socket.map_err(|error| {
            Failure::new(format!("cannot listen on {address}: {error}; stop what does, or choose another port"))
        })?;
        let acceptor = match &configured.protection {
            Protection::Tls { certificate, key } => Some(Acceptor::read(certificate, key)?),
            Protection::Loopback | Protection::TerminatorInFront => None,
        };
        Ok(Self { socket, acceptor, connections_max, header_wait_max })
    }

    /// Binds any free port of this machine, for what never leaves it.
    pub(crate) async fn bind_free() -> Result<Self, Failure> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let socket = socket.map_err(|error| Failure::new(format!("no port of this machine is free: {error}")))?;
        let (connections_max, header_wait_max) = (FREE_CONNECTIONS_MAX, HANDSHAKE_WAIT_MAX);
        Ok(Self { socket, acceptor: None, connections_max, header_wait_max })
    }

    /// The address that was bound.
    pub(crate) fn address(&self) -> std::io::Result<std::net::SocketAddr> {
        self.socket.local_addr()
    }

    /// Accepts until it is told to stop. Connections run in `tasks`.
    pub(crate) async fn serve<A: Answer>(self, answer: Arc<A>, stop: Stop, tasks: TaskTracker) {
        let slots = Arc::new(Semaphore::new(self.connections_max));
        loop {
            let accepted = tokio::select! {
                () = stop.soft.cancelled() => return,
                accepted = self.accept(&slots) => accepted,
            };
            let Some((stream, slot)) = accepted else { continue };
            let (answer, stop, acceptor) = (Arc::clone(&answer), stop.clone(), self.acceptor.clone());
            let builder = builder(self.header_wait_max);
            tasks.spawn(async move {
                connection(stream, acceptor, builder, answer, stop).await;
                drop(slot);
            });
        }
    }

    async fn accept(&self, slots: &Arc<Semaphore>) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
        let slot = Arc::clone(slots).acquire_owned().await.ok()?;
        match self.socket.accept().await {
            Ok((stream, _)) => {
                // A small answer must not wait for the next one.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection cannot be tuned");
                }
                Some((stream, slot))
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                None
            }
        }
    }
}

fn builder(header_wait_max: Duration) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(header_wait_max).max_headers(HEADERS_MAX);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX);
    builder
}

/// Serves one connection until it ends, or until it is told to.
async fn connection<A: Answer>(
    stream: TcpStream,
    acceptor: Option<Acceptor>,
    builder: auto::Builder<TokioExecutor>,
    answer: Arc<A>,
    stop: Stop,
) {
    match acceptor {
        None => serve_on(TokioIo::new(stream), builder, answer, stop).await,
        Some(acceptor) => match tokio::time::timeout(HANDSHAKE_WAIT_MAX, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => serve_on(TokioIo::new(stream), builder, answer, stop).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        },
    }
}

async fn serve_on<A: Answer, S>(stream: TokioIo<S>, builder: auto::Builder<TokioExecutor>, answer: Arc<A>, stop: Stop)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request| {
        let answer = Arc::clone(&answer);
        async move { Ok::<_, Infallible>(answer.answer(request).await) }
    });
    let serving = builder.serve_connection(stream, service);
    tokio::pin!(serving);
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = stop.soft.cancelled() => {
            serving.as_mut().graceful_shutdown();
            tokio::select! {
                served = serving.as_mut() => served,
                () = stop.hard.cancelled() => Ok(()),
            }
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}
