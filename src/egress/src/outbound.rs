//! The body of an outbound request.

use std::fmt;

use bytes::Bytes;
use dial::{RequestBody, StreamError};
use http_body::Body;
use ring::digest::{SHA256, digest};

/// What is sent after the head: nothing, the bytes that were judged and recorded, or a stream. Bytes are owned and cannot change on
/// their way, so a ticket that holds them names exactly what is sent.
pub struct Outbound(Kind);

enum Kind {
    Empty,
    Bytes(Bytes),
    Stream(RequestBody),
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

    /// Whether nothing follows the head.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Bytes(bytes) => bytes.is_empty(),
            Kind::Stream(_) => false,
        }
    }

    /// The bytes, where they are known.
    pub(crate) const fn known(&self) -> Option<&Bytes> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(bytes),
            Kind::Empty | Kind::Stream(_) => None,
        }
    }

    /// The digest of what is sent, where that is known: of the judged bytes, or of nothing.
    pub(crate) fn sha256(&self) -> Option<[u8; 32]> {
        let sent: &[u8] = match &self.0 {
            Kind::Empty => &[],
            Kind::Bytes(bytes) => bytes,
            Kind::Stream(_) => return None,
        };
        digest(&SHA256, sent).as_ref().try_into().ok()
    }

    pub(crate) fn into_body(self) -> RequestBody {
        match self.0 {
            Kind::Empty => RequestBody::empty(),
            Kind::Bytes(bytes) => RequestBody::bytes(bytes),
            Kind::Stream(body) => body,
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
        })
    }
}
