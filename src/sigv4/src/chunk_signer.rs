//! Writes a body in chunks that are signed one by one.

use http::{HeaderMap, HeaderValue};

use crate::{
    chain::{Chain, Link},
    chunks::{SIGNATURE, TRAILER_SIGNATURE},
};

/// Signs the chunks of a body, in their order.
#[derive(Debug)]
pub struct ChunkSigner(Chain);

impl ChunkSigner {
    pub(crate) const fn new(chain: Chain) -> Self {
        Self(chain)
    }

    /// The line before the bytes of a chunk. After them comes a line break.
    pub fn chunk(&mut self, bytes: &[u8]) -> String {
        let signature = self.0.sign(Link::Chunk(bytes));
        format!("{:x}{SIGNATURE}{signature}\r\n", bytes.len())
    }

    /// What ends the body: a chunk of no bytes, and the fields of the trailer where there is one.
    #[must_use]
    pub fn end(mut self, trailer: Option<&HeaderMap>) -> String {
        let mut text = self.chunk(&[]);
        if let Some(fields) = trailer {
            let signature = self.0.sign(Link::Trailer(&canonical_trailer(fields)));
            for (name, value) in fields {
                text.push_str(&format!("{name}:{}\r\n", visible(value)));
            }
            text.push_str(&format!("{TRAILER_SIGNATURE}:{signature}\r\n"));
        }
        text.push_str("\r\n");
        text
    }
}

/// The fields as a signature takes them: in the order of their names, each with a line feed.
pub(crate) fn canonical_trailer(fields: &HeaderMap) -> String {
    let mut lines: Vec<_> = fields.iter().map(|(name, value)| format!("{name}:{}\n", visible(value))).collect();
    lines.sort_unstable();
    lines.concat()
}

/// A trailer has visible characters alone: [`crate::SignedChunks`] lets no others through.
fn visible(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}
