//! What all compressed data in the text of one stream may expand to together, data in data included.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What may be looked at however short the stream is.
const FREE: u64 = 1 << 20;
/// How many bytes may be looked at for each byte of the stream: text compresses ten to forty times, and base64 is a third longer.
const EXPANSION_MAX: u64 = 32;

/// The budget of a stream. It is shared with the data in the data, and counted by nobody else.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    allowed: AtomicU64,
    given: AtomicU64,
}

impl Expansion {
    /// So much of the stream has come. It is said at places that do not depend on how the stream is cut.
    pub(super) fn allow_for(&self, position: u64) {
        self.allowed.fetch_max(position.saturating_mul(EXPANSION_MAX), Relaxed);
    }

    /// Whether so many more bytes may be looked at.
    pub(super) fn take(&self, length: usize) -> bool {
        let given = self.given.fetch_add(length as u64, Relaxed) + length as u64;
        given <= FREE + self.allowed.load(Relaxed)
    }
}
