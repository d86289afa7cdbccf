//! A body in chunks, each signed with the real key as it goes out.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use dial::StreamError;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use sigv4::ChunkSigner;

/// Writes what is around the chunks. It has the length that the caller's body had, whose chunks these are.
pub(super) struct SignedBody {
    chunks: UnsyncBoxBody<Bytes, StreamError>,
    /// Signs what comes next; `None` after the end.
    signer: Option<ChunkSigner>,
    /// The bytes of the chunk whose line was just written.
    chunk: Option<Bytes>,
    is_first: bool,
    trailer: Option<HeaderMap>,
    length: Option<u64>,
}

impl SignedBody {
    pub(super) const fn new(
        chunks: UnsyncBoxBody<Bytes, StreamError>,
        length: Option<u64>,
        signer: ChunkSigner,
    ) -> Self {
        Self { chunks, signer: Some(signer), chunk: None, is_first: true, trailer: None, length }
    }

    /// The line break after the chunk before, and what follows it.
    fn framed(&mut self, text: &str) -> Bytes {
        let line_end = if std::mem::take(&mut self.is_first) { "" } else { "\r\n" };
        Bytes::from([line_end, text].concat())
    }

    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamError>>> {
        if let Some(chunk) = self.chunk.take() {
            return Poll::Ready(Some(Ok(chunk)));
        }
        while let Some(signer) = &mut self.signer {
            match ready!(Pin::new(&mut self.chunks).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(chunk) => {
                        let line = signer.chunk(&chunk);
                        self.chunk = Some(chunk);
                        return Poll::Ready(Some(Ok(self.framed(&line))));
                    }
                    Err(frame) => self.trailer = frame.into_trailers().ok(),
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    let end = self.signer.take().map(|signer| signer.end(self.trailer.as_ref())).unwrap_or_default();
                    return Poll::Ready(Some(Ok(self.framed(&end))));
                }
            }
        }
        Poll::Ready(None)
    }
}

impl Body for SignedBody {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        let next = ready!(self.next(cx));
        if let (Some(Ok(bytes)), Some(length)) = (&next, &mut self.length) {
            *length = length.saturating_sub(bytes.len() as u64);
        }
        Poll::Ready(next.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.signer.is_none() && self.chunk.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map(SizeHint::with_exact).unwrap_or_default()
    }
}
