//! The seam for what takes the place of a text and can later be turned back into it.

use bytes::Bytes;

use crate::class::Class;

/// Keeps what was found and gives something to stand for it: a pseudonym, or a handle.
pub trait Substitute: Send {
    /// What takes the place of `value`; `None` for the marker.
    fn substitute(&mut self, class: Class, value: &[u8]) -> Option<Bytes>;
}
