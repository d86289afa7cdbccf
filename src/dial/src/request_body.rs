//! The body of a request: bytes that are known, or a stream from the caller.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};

/// What a caller's stream fails with; it goes to the log.
pub type StreamError = Box<dyn std::error::Error + Send + Sync>;

/// What is sent after the head.
pub struct RequestBody(Kind);

enum Kind {
    Bytes(Bytes),
    Stream { body: UnsyncBoxBody<Bytes, StreamError>, moved: Progress },
}

impl RequestBody {
    /// No body.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Kind::Bytes(Bytes::new()))
    }

    /// A body that can be sent again.
    #[must_use]
    pub const fn bytes(bytes: Bytes) -> Self {
        Self(Kind::Bytes(bytes))
    }

    /// A body that passes through once.
    pub fn stream<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<StreamError>,
    {
        Self(Kind::Stream { body: body.map_err(Into::into).boxed_unsync(), moved: Progress::default() })
    }

    /// Whether the same bytes can be sent a second time.
    pub(crate) const fn is_replayable(&self) -> bool {
        match self.0 {
            Kind::Bytes(_) => true,
            Kind::Stream { .. } => false,
        }
    }

    /// Tells whether a streamed body still moves; `None` where the body is known.
    pub(crate) fn progress(&self) -> Option<Progress> {
        match &self.0 {
            Kind::Bytes(_) => None,
            Kind::Stream { moved, .. } => Some(moved.clone()),
        }
    }
}

impl fmt::Debug for RequestBody {
    /// Shows neither the bytes nor their number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Bytes(_) => "RequestBody::Bytes(…)",
            Kind::Stream { .. } => "RequestBody::Stream(…)",
        })
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        match &mut self.0 {
            Kind::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Stream { body, moved } => {
                let frame = Pin::new(body).poll_frame(cx);
                if frame.is_ready() {
                    moved.note();
                }
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.is_empty(),
            Kind::Stream { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream { body, .. } => body.size_hint(),
        }
    }
}

/// Whether anything was taken from a stream since somebody last looked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<AtomicBool>);

impl Progress {
    fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Looks, and forgets.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}
