//! What an upstream answers: a head, then pieces of a body with what happens between them.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as HttpBody, Frame};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{Body, Failure, infallible};

/// An answer in the making.
#[derive(Debug)]
pub(crate) struct Reply {
    response: Response<()>,
    never_begins: bool,
    pieces: Pieces,
}

#[derive(Debug)]
enum Pieces {
    Whole(Bytes),
    Stream(Vec<Piece>),
}

/// One step of a body that streams.
#[derive(Debug)]
pub(crate) enum Piece {
    /// These bytes, at once.
    Bytes(Bytes),
    /// Nothing until the test gives a permit.
    Gate(Arc<Semaphore>),
    /// The connection breaks off.
    Cut,
    /// Nothing, for ever.
    Hang,
}

impl Reply {
    /// Only a status.
    pub(crate) fn status(status: u16) -> Self {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        Self { response, never_begins: false, pieces: Pieces::Whole(Bytes::new()) }
    }

    /// 200 with JSON.
    pub(crate) fn json(value: &Value) -> Self {
        Self::status(200).header("content-type", "application/json").body(value.to_string())
    }

    /// 200 with plain text.
    pub(crate) fn text(text: impl Into<Bytes>) -> Self {
        Self::status(200).header("content-type", "text/plain").body(text)
    }

    /// 200 with a body in steps.
    pub(crate) fn stream(content_type: &str, pieces: Vec<Piece>) -> Self {
        let mut reply = Self::status(200).header("content-type", content_type);
        reply.pieces = Pieces::Stream(pieces);
        reply
    }

    /// No answer, for ever.
    pub(crate) fn never() -> Self {
        Self { never_begins: true, ..Self::status(200) }
    }

    /// One more header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        self.response.headers_mut().append(name, HeaderValue::from_str(value).expect("a header's value"));
        self
    }

    /// The body, at once and with its length.
    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.pieces = Pieces::Whole(body.into());
        self
    }

    pub(super) async fn into_response(self) -> Result<Response<Body>, Failure> {
        if self.never_begins {
            std::future::pending::<()>().await;
        }
        let body = match self.pieces {
            Pieces::Whole(bytes) => infallible(Full::new(bytes)),
            Pieces::Stream(pieces) => Steps { pieces: pieces.into_iter(), waiting: None, cutting: false }.boxed(),
        };
        Ok(self.response.map(|()| body))
    }
}

/// A body that takes its pieces one by one.
struct Steps {
    pieces: std::vec::IntoIter<Piece>,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
    cutting: bool,
}

impl HttpBody for Steps {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                std::task::ready!(waiting.as_mut().poll(cx));
                self.waiting = None;
            }
            match self.pieces.next() {
                None => return Poll::Ready(None),
                Some(Piece::Bytes(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Piece::Cut) if self.cutting => return Poll::Ready(Some(Err("cut".into()))),
                Some(Piece::Cut) => {
                    // What stands before the cut is written only when the body has to be waited for.
                    self.cutting = true;
                    self.pieces = vec![Piece::Cut].into_iter();
                    self.waiting = Some(Box::pin(tokio::task::yield_now()));
                }
                Some(Piece::Hang) => self.waiting = Some(Box::pin(std::future::pending())),
                Some(Piece::Gate(gate)) => {
                    self.waiting = Some(Box::pin(async move {
                        gate.acquire().await.expect("a gate stays open").forget();
                    }));
                }
            }
        }
    }
}
