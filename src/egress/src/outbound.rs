//! The body of an outbound request.

use std::fmt;

use bytes::Bytes;
use dial::{RequestBody, StreamError};
use http_body::Body;
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use ring::digest::{SHA256, digest};

/// What is sent after the head: nothing, the bytes that were judged and recorded, or a stream. Bytes are owned and cannot change on
/// their way, so a ticket that holds them names exactly what is sent.
pub struct Outbound(Kind);

enum Kind {
    Empty,
    Bytes(Bytes),
    Stream(RequestBody),
    SignedChunks(Chunks),
}

/// A body whose chunks are to be signed.
pub(crate) struct Chunks {
    /// Each frame of data is a chunk; a frame of trailers is the trailer.
    pub(crate) body: UnsyncBoxBody<Bytes, StreamError>,
    /// How long it is with what stands around the chunks.
    pub(crate) framed_length: Option<u64>,
}

impl Outbound {
    /// No body.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Kind::Empty)
    }

    /// The bytes that were judged.
    #[must_use]
    pub const fn bytes(bytes: Bytes) -> Self {
        Self(Kind::Bytes(bytes))
    }

    /// A body that passes through and that nobody can judge.
    pub fn stream<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<StreamError>,
    {
        Self(Kind::Stream(RequestBody::stream(body)))
    }

    /// A body that passes through in chunks, which the credential signs one by one. Each frame of data is a chunk, and a frame of
    /// trailers is what comes after them. `framed_length` is how long it is with what the caller wrote around the chunks.
    pub fn signed_chunks<B>(body: B, framed_length: Option<u64>) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<StreamError>,
    {
        Self(Kind::SignedChunks(Chunks { body: body.map_err(Into::into).boxed_unsync(), framed_length }))
    }

    /// Whether nothing follows the head.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Bytes(bytes) => bytes.is_empty(),
            Kind::Stream(_) | Kind::SignedChunks(_) => false,
        }
    }

    /// The bytes, where they are known.
    #[must_use]
    pub const fn known(&self) -> Option<&Bytes> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(bytes),
            Kind::Empty | Kind::Stream(_) | Kind::SignedChunks(_) => None,
        }
    }

    /// The digest of what is sent, where that is known: of the judged bytes, or of nothing.
    pub(crate) fn sha256(&self) -> Option<[u8; 32]> {
        let sent: &[u8] = match &self.0 {
            Kind::Empty => &[],
            Kind::Bytes(bytes) => bytes,
            Kind::Stream(_) | Kind::SignedChunks(_) => return None,
        };
        digest(&SHA256, sent).as_ref().try_into().ok()
    }

    /// What goes on the wire; `None` for chunks that nobody signed.
    pub(crate) fn into_body(self) -> Option<RequestBody> {
        match self.0 {
            Kind::Empty => Some(RequestBody::empty()),
            Kind::Bytes(bytes) => Some(RequestBody::bytes(bytes)),
            Kind::Stream(body) => Some(body),
            Kind::SignedChunks(_) => None,
        }
    }

    /// Whether the credential is to sign chunks of it.
    pub(crate) const fn wants_signed_chunks(&self) -> bool {
        match &self.0 {
            Kind::Empty | Kind::Bytes(_) | Kind::Stream(_) => false,
            Kind::SignedChunks(_) => true,
        }
    }

    /// The same body; its chunks are signed by what `sign` makes of them.
    pub(crate) fn with_chunks_signed<B>(self, sign: impl FnOnce(Chunks) -> B) -> Self
    where
        B: Body<Data = Bytes, Error = StreamError> + Send + 'static,
    {
        match self.0 {
            Kind::SignedChunks(chunks) => Self::stream(sign(chunks)),
            Kind::Empty | Kind::Bytes(_) | Kind::Stream(_) => self,
        }
    }
}

impl fmt::Debug for Outbound {
    /// Shows nothing of the bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Empty => "Outbound::empty",
            Kind::Bytes(_) => "Outbound::bytes(…)",
            Kind::Stream(_) => "Outbound::stream(…)",
            Kind::SignedChunks(_) => "Outbound::signed_chunks(…)",
        })
    }
}
