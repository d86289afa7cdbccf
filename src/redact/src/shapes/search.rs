//! What is looked for: a shape by its anchor.

use super::anchors::{Anchor, Kind, REACH};
use super::classes::{Set, holds};
use super::near;
use super::pattern::Pattern;

/// One shape, and where it is looked for.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) anchor: Anchor,
    /// The number of the shape.
    pub(crate) shape: u16,
    /// What must not stand before.
    not_before: Set,
    /// The sets of the first bytes, to the end of the anchor, if a credential can begin in them.
    start: Vec<Set>,
}

impl Search {
    pub(crate) fn new(shape: u16, pattern: &Pattern) -> Option<Self> {
        Some(Self::by(Anchor::of(pattern)?, shape, pattern))
    }

    /// The same by an anchor of choice.
    pub(crate) fn by(anchor: Anchor, shape: u16, pattern: &Pattern) -> Self {
        let mut start = pattern.start(REACH);
        let end = anchor.end();
        let is_made_of = if anchor.kind == Kind::Bytes { Set::MAX } else { near::token() };
        start.resize(if pattern.bytes_before() < end { end } else { 0 }, is_made_of);
        Self { anchor, shape, not_before: pattern.not_before(), start }
    }

    /// The sets of the first bytes of a text that is too short for its anchor.
    pub(crate) fn start(&self) -> &[Set] {
        &self.start
    }

    /// How long a text can be and still be too short for its anchor.
    pub(crate) const fn length_unfinished(&self) -> usize {
        self.start.len().saturating_sub(1)
    }

    /// Whether a text is the start of a credential, and too short to be found by its anchor.
    pub(crate) fn has_begun(&self, text: &[u8]) -> bool {
        text.len() < self.start.len() && self.start.iter().zip(text).all(|(set, byte)| holds(*set, *byte))
    }

    /// Whether what stands before a place leaves it to be a start. An escape of JSON or of a URL does, though it ends in a letter or digit.
    pub(crate) fn may_start(&self, text: &[u8], start: usize) -> bool {
        match text.get(..start).unwrap_or_default() {
            [.., last] if !holds(self.not_before, *last) => true,
            before => before.is_empty() || ends_with_escape(before),
        }
    }
}

/// Whether a text ends with an escape of JSON or of a URL.
pub(crate) fn ends_with_escape(text: &[u8]) -> bool {
    match text {
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [.., b'%', first, second] if first.is_ascii_hexdigit() => second.is_ascii_hexdigit(),
        [.., b'\\', b'u', first, second, third, fourth] => {
            [first, second, third, fourth].into_iter().all(u8::is_ascii_hexdigit)
        }
        _ => false,
    }
}
