//! What is written to a caller: a clean body of the gateway, or a page of our own routes.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use gateway::Clean;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

/// A body on its way out.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// Scanned, or said by the gateway itself.
    Clean {
        /// The body.
        body: Clean,
        /// The call's place among those that are carried at once; given up with the body.
        _slot: OwnedSemaphorePermit,
    },
    /// Said by a route of ours; nothing in it comes from an upstream.
    Ours(axum::body::Body),
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Self::Clean { body, .. } => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Self::Ours(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Clean { body, .. } => body.is_end_stream(),
            Self::Ours(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Clean { body, .. } => body.size_hint(),
            Self::Ours(body) => body.size_hint(),
        }
    }
}
