//! The seam for what takes the place of a text and can later be turned back into it.

use std::sync::Arc;

use bytes::Bytes;
use secret::FingerprintSet;

use crate::class::Class;

/// Keeps what was found and gives something to stand for it: a pseudonym, or a handle.
pub trait Substitute: Send {
    /// What takes the place of `value`; `None` for the marker.
    fn substitute(&mut self, class: Class, value: &[u8]) -> Option<Bytes>;

    /// What is to be looked for in the rest of the stream, where a text that was kept became a secret by that.
    fn secrets(&self) -> Option<Arc<FingerprintSet>> {
        None
    }
}
