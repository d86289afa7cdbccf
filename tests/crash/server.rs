//! A small HTTP server of a test, which knows how many connections are open.

use std::{
    collections::VecDeque,
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};

/// A peer that was killed is gone at once; only a hang takes this long.
const CLOSED_MAX: Duration = Duration::from_secs(30);

/// A running server, which ends when it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    open: watch::Receiver<usize>,
    accepting: JoinHandle<()>,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "the listener ends with the server, a connection with its client")]
    pub(super) async fn start<F, A>(answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> A + Send + Sync + 'static,
        A: Future<Output = Response<Pieces>> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (count, open) = watch::channel(0);
        let (answer, count) = (Arc::new(answer), Arc::new(count));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _only_slower_without = stream.set_nodelay(true);
                let (answer, count) = (Arc::clone(&answer), Arc::clone(&count));
                count.send_modify(|open| *open += 1);
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let answered = answer(request);
                        async { Ok::<_, Infallible>(answered.await) }
                    });
                    let _ended_or_cut = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                    count.send_modify(|open| *open -= 1);
                });
            }
        });
        Self { address, open, accepting }
    }

    /// `http://127.0.0.1:PORT`
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until every connection is read to its end: then everything that a killed peer has sent was received.
    pub(super) async fn closed(&self) {
        let mut open = self.open.clone();
        let closed = timeout(CLOSED_MAX, open.wait_for(|open| *open == 0)).await;
        closed.expect("the connections of a killed process end").expect("the server runs");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A body of one piece with its length, or of several that are written one by one.
#[derive(Debug)]
pub(super) struct Pieces {
    pieces: VecDeque<Bytes>,
    paused: bool,
}

/// An answer of this type.
pub(super) fn answer(content_type: &'static str, pieces: impl IntoIterator<Item = String>) -> Response<Pieces> {
    let pieces = pieces.into_iter().map(Bytes::from).collect();
    let mut response = Response::new(Pieces { pieces, paused: false });
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.paused = !self.paused;
        if self.paused && !self.is_end_stream() {
            // What was given so far goes out before the next piece is asked for.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.pieces.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self.pieces.len() {
            0 => SizeHint::with_exact(0),
            1 => SizeHint::with_exact(self.pieces.iter().map(|piece| piece.len() as u64).sum()),
            _ => SizeHint::default(),
        }
    }
}
