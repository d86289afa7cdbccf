//! A body that may be sent to a caller, and why one ends before it is whole.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use mcp::Object;
use redact::Class;

use super::stream::MaskedStream;
use crate::{analysis::Unanalyzed, denial::Denial};

/// Pieces of no more than this are joined: copying them costs less than handing on each.
const JOINED_BYTES_MAX: usize = 8 * 1024;

/// A body that was scanned, or that this service wrote itself. Nothing else is sent to a caller.
#[derive(Debug)]
pub struct Clean {
    kind: Kind,
    /// What its reader is told of finds in it; of a stream, the stream says so far.
    told: Object,
}

#[derive(Debug)]
enum Kind {
    Whole(Bytes),
    /// All there too, and too long to be copied into one piece.
    Pieces(VecDeque<Bytes>),
    Stream(Box<MaskedStream>),
    /// Frames that a stage of ours makes from clean ones.
    Derived(Pin<Box<dyn DerivedBody>>),
}

/// A body that is derived from clean frames and our own words alone. Implementations stand in this crate.
pub(crate) trait DerivedBody: Send + std::fmt::Debug {
    /// The next bytes, or the end.
    fn poll_bytes(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Interrupted>>>;
}

/// Why a body ends before it is whole: the caller's connection is cut, and the record says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Interrupted {
    /// The upstream broke off or stalled.
    #[error("the upstream's answer broke off")]
    Upstream,
    /// The answer cannot be decoded any further.
    #[error("the upstream's answer cannot be scanned")]
    Unscannable,
    /// The answer holds what the operator says to refuse.
    #[error("the upstream's answer holds what the operator refuses")]
    Blocked(Class),
    /// Nobody looked for names and places in the answer.
    #[error("the upstream's answer was not analyzed")]
    Unanalyzed(Unanalyzed),
    /// The answer is not one of the protocol.
    #[error("the upstream's answer is not one of the protocol")]
    Protocol,
    /// The session ended.
    #[error("the session has ended")]
    SessionEnded,
    /// The outcome cannot be recorded.
    #[error("the outcome cannot be recorded")]
    Unrecorded,
}

impl Clean {
    /// Words of our own.
    pub(crate) fn ours(bytes: impl Into<Bytes>) -> Self {
        Self::of(Kind::Whole(bytes.into()))
    }

    fn of(kind: Kind) -> Self {
        Self { kind, told: Object::new() }
    }

    /// Clean pieces, in their order.
    pub(crate) fn in_pieces(mut pieces: VecDeque<Bytes>) -> Self {
        let length = pieces.iter().map(Bytes::len).sum();
        if pieces.len() <= 1 {
            return Self::of(Kind::Whole(pieces.pop_front().unwrap_or_default()));
        }
        if length > JOINED_BYTES_MAX {
            return Self::of(Kind::Pieces(pieces));
        }
        let mut joined = Vec::with_capacity(length);
        pieces.iter().for_each(|piece| joined.extend_from_slice(piece));
        Self::of(Kind::Whole(joined.into()))
    }

    /// What is still being read and scanned.
    pub(super) fn streaming(stream: MaskedStream) -> Self {
        Self::of(Kind::Stream(Box::new(stream)))
    }

    /// The same, with what its reader is told of finds in it.
    pub(super) fn telling(self, told: Object) -> Self {
        Self { told, ..self }
    }

    /// Whether it is still being read.
    pub(super) const fn is_stream(&self) -> bool {
        matches!(self.kind, Kind::Stream(_))
    }

    /// A body that a stage of ours derives from clean ones.
    pub(crate) fn derived(body: impl DerivedBody + 'static) -> Self {
        Self::of(Kind::Derived(Box::pin(body)))
    }

    /// The bytes, where they are all there already.
    pub(crate) const fn whole(&self) -> Option<&Bytes> {
        match &self.kind {
            Kind::Whole(bytes) => Some(bytes),
            Kind::Pieces(_) | Kind::Stream(_) | Kind::Derived(_) => None,
        }
    }

    /// The pieces, where they are all there already and several.
    pub(crate) const fn pieces(&self) -> Option<&VecDeque<Bytes>> {
        match &self.kind {
            Kind::Pieces(pieces) => Some(pieces),
            Kind::Whole(_) | Kind::Stream(_) | Kind::Derived(_) => None,
        }
    }

    /// What goes into the `_meta` of the result that it holds: what was found in it so far. Nothing where nothing was.
    pub(crate) fn told(&self) -> Object {
        match &self.kind {
            Kind::Stream(stream) => stream.told(),
            Kind::Whole(_) | Kind::Pieces(_) | Kind::Derived(_) => self.told.clone(),
        }
    }

    /// The next clean bytes; `None` at the end, which is after the outcome was recorded.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, Interrupted>> {
        std::future::poll_fn(|cx| self.poll_bytes(cx)).await
    }

    /// Reads to the end.
    ///
    /// # Errors
    /// [`Denial::UpstreamProtocol`] beyond `bytes_max`, otherwise what interrupted the body.
    pub(crate) async fn collect(&mut self, bytes_max: usize) -> Result<Bytes, Denial> {
        if let Kind::Whole(bytes) = &mut self.kind {
            return Ok(std::mem::take(bytes));
        }
        let mut all = Vec::new();
        while let Some(bytes) = self.next().await {
            let bytes = bytes.map_err(Denial::Interrupted)?;
            if all.len() + bytes.len() > bytes_max {
                return Err(Denial::UpstreamProtocol { reason: "a message that must be read whole is too long" });
            }
            all.extend_from_slice(&bytes);
        }
        Ok(all.into())
    }

    /// The answer is complete, and what follows is not passed on. Reading on to the end waits for the outcome's record.
    pub(crate) fn conclude(&mut self) {
        match &mut self.kind {
            Kind::Stream(stream) => stream.conclude(),
            Kind::Whole(bytes) => bytes.clear(),
            Kind::Pieces(pieces) => pieces.clear(),
            Kind::Derived(_) => {}
        }
    }

    pub(crate) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Interrupted>>> {
        match &mut self.kind {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            Kind::Pieces(pieces) => Poll::Ready(pieces.pop_front().map(Ok)),
            Kind::Stream(stream) => stream.poll_bytes(cx),
            Kind::Derived(body) => body.as_mut().poll_bytes(cx),
        }
    }
}

impl Body for Clean {
    type Data = Bytes;
    type Error = Interrupted;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Interrupted>>> {
        self.poll_bytes(cx).map(|next| next.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Pieces(pieces) => pieces.is_empty(),
            Kind::Stream(_) | Kind::Derived(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Pieces(pieces) => SizeHint::with_exact(pieces.iter().map(|piece| piece.len() as u64).sum()),
            Kind::Stream(_) | Kind::Derived(_) => SizeHint::default(),
        }
    }
}

/// An answer of our own in JSON.
pub(crate) fn ours_json(status: StatusCode, body: impl Into<Bytes>) -> Response<Clean> {
    let mut response = ours(status, body);
    response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}

/// An answer of our own, never stored by anyone.
pub(crate) fn ours(status: StatusCode, body: impl Into<Bytes>) -> Response<Clean> {
    let mut response = Response::new(Clean::ours(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response
}
