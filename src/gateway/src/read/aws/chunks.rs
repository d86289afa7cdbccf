//! The body of a request whose chunks are signed one by one: a chunk comes out when its signature was verified, and not before.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use sigv4::{Piece, Refusal, SignedChunks};

/// Each frame of data is a chunk. A trailer comes after the caller's body has ended.
#[derive(Debug)]
pub(crate) struct VerifiedChunks {
    body: Incoming,
    chunks: SignedChunks,
    end: End,
}

#[derive(Debug)]
enum End {
    /// There are more chunks.
    Ahead,
    /// The last chunk was read, and its trailer where there is one.
    Read(Option<HeaderMap>),
    /// Nothing comes any more.
    Given,
}

impl VerifiedChunks {
    pub(super) const fn new(body: Incoming, chunks: SignedChunks) -> Self {
        Self { body, chunks, end: End::Ahead }
    }

    /// How long the body is with what is around its chunks, where its sender said so.
    pub(crate) fn framed_length(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }
}

impl Body for VerifiedChunks {
    type Data = Bytes;
    type Error = egress::StreamError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, egress::StreamError>>> {
        let Self { body, chunks, end } = &mut *self;
        loop {
            match chunks.take_piece() {
                Ok(Some(Piece::Chunk(bytes))) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Ok(Some(Piece::End(trailer))) => *end = End::Read(trailer),
                Ok(None) => {}
                Err(refusal) => return Poll::Ready(Some(Err(refusal.into()))),
            }
            match ready!(Pin::new(&mut *body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        chunks.push(&data);
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => {
                    return Poll::Ready(match std::mem::replace(end, End::Given) {
                        End::Ahead => Some(Err(Refusal::Chunk.into())),
                        End::Read(Some(trailer)) => Some(Ok(Frame::trailers(trailer))),
                        End::Read(None) | End::Given => None,
                    });
                }
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
