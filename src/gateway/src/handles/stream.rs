//! Watches a body that passes through unread: a handle in it ends the request.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use egress::{Handle, HandleInStream};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// A body on its way to an upstream.
#[derive(Debug)]
pub(crate) struct Watched {
    body: Incoming,
    /// The last bytes that went by, in which a handle may have begun.
    seen: Vec<u8>,
}

/// All of a handle but its last byte.
const SEEN_MAX: usize = Handle::LENGTH - 1;

impl Watched {
    pub(crate) const fn new(body: Incoming) -> Self {
        Self { body, seen: Vec::new() }
    }

    /// Whether a handle ends in these bytes, which are the next.
    fn shows_handle(&mut self, next: &[u8]) -> bool {
        // Across the seam between two pieces, then in the piece itself.
        self.seen.extend_from_slice(next.get(..SEEN_MAX.min(next.len())).unwrap_or_default());
        let shows = Handle::find_in(&self.seen).next().is_some() || Handle::find_in(next).next().is_some();
        if next.len() >= SEEN_MAX {
            self.seen.clear();
            self.seen.extend_from_slice(next.get(next.len() - SEEN_MAX..).unwrap_or_default());
        } else {
            let surplus = self.seen.len().saturating_sub(SEEN_MAX);
            self.seen.drain(..surplus);
        }
        shows
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(match frame {
            Some(Ok(frame)) if frame.data_ref().is_some_and(|data| self.shows_handle(data)) => {
                Some(Err(HandleInStream.into()))
            }
            frame => frame.map(|frame| frame.map_err(Into::into)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
