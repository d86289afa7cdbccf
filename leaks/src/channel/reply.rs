//! One answer of an upstream, before it is cut into pieces.

use std::ops::Range;

use super::place;
use crate::encoding::Coding;

/// A header or trailer field.
pub(super) type Field = (Vec<u8>, Vec<u8>);

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Whole heads of informational answers before it.
    pub early: Vec<u8>,
    /// The status.
    pub status: u16,
    /// The reason phrase.
    pub reason: Vec<u8>,
    /// The header fields, without those that frame the body.
    pub headers: Vec<Field>,
    /// The body.
    pub body: Vec<u8>,
    /// What stands behind the length of each chunk.
    pub chunk_extension: Vec<u8>,
    /// The trailer fields.
    pub trailers: Vec<Field>,
    /// Where in the body the secret stands, for cuts inside of it; `None` where it stands in the head.
    pub place: Option<Range<usize>>,
}

impl Reply {
    /// An answer whose secret stands in the body.
    pub(super) fn of(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let place = Some(place(&body));
        Self { body, place, ..Self::page(content_type) }
    }

    /// An answer with a harmless body.
    pub(super) fn page(content_type: &str) -> Self {
        Self {
            early: Vec::new(),
            status: 200,
            reason: b"OK".to_vec(),
            headers: vec![field("content-type", content_type.as_bytes())],
            body: b"{\"nothing\":\"here\"}".to_vec(),
            chunk_extension: Vec::new(),
            trailers: Vec::new(),
            place: None,
        }
    }

    pub(super) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(super) fn header(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.push(field(name, value));
        self
    }

    /// The value of `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        let found = self.headers.iter().find(|(name, _)| name == b"content-type");
        found.and_then(|(_, value)| str::from_utf8(value).ok())
    }

    /// The same with a compressed body.
    #[must_use]
    pub fn coded(mut self, coding: Coding) -> Self {
        self.body = coding.encode(&self.body);
        self.place = Some(0..self.body.len());
        self.header("content-encoding", coding.token().as_bytes())
    }

    /// The same with harmless bytes before the body, so that the secret lies `inside` bytes across a position of the body.
    #[must_use]
    pub fn moved_across(mut self, position: usize, inside: usize) -> Self {
        let Some(place) = self.place.clone() else { return self };
        let length = position.saturating_sub(place.start + inside % place.len().max(1));
        let is_events = self.content_type().is_some_and(|kind| kind.starts_with("text/event-stream"));
        // White space before a document means nothing in any format here; in a stream of events a comment does not.
        let filler = if is_events && length > 3 {
            [b":".as_slice(), &b".".repeat(length - 3), b"\n\n"].concat()
        } else {
            b" ".repeat(length)
        };
        self.place = Some(place.start + filler.len()..place.end + filler.len());
        self.body = [filler, self.body].concat();
        self
    }
}

fn field(name: &str, value: &[u8]) -> Field {
    (name.as_bytes().to_vec(), value.to_vec())
}
