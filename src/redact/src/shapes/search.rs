//! What is looked for: a shape by its rarest bytes.

use super::anchors::{LENGTH, REACH, Window, rarest};
use super::classes::{Set, holds};
use super::pattern::Pattern;

/// One window, and what it stands for.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) window: Window,
    /// How far the window is from the start of the shape.
    pub(crate) offset: usize,
    /// The number of the shape.
    pub(crate) shape: u16,
    /// What must not stand before.
    not_before: Set,
    /// The sets of the first bytes, to the end of the window, if a credential can begin in them.
    start: Vec<Set>,
}

impl Search {
    pub(crate) fn new(shape: u16, pattern: &Pattern) -> Option<Self> {
        let mut start = pattern.start(REACH);
        let (offset, window) = rarest(&start, pattern.bytes_min())?;
        start.resize(if pattern.bytes_before() < offset + LENGTH { offset + LENGTH } else { 0 }, Set::MAX);
        let not_before = pattern.not_before();
        Some(Self { window, offset, shape, not_before, start })
    }

    /// Whether a text that begins with this byte may be that of a credential.
    pub(crate) fn may_begin_with(&self, byte: u8) -> bool {
        self.start.first().is_some_and(|set| holds(*set, byte))
    }

    /// How long a text can be and still be too short for its window.
    pub(crate) const fn length_unfinished(&self) -> usize {
        self.start.len().saturating_sub(1)
    }

    /// Whether a text is the start of a credential, and too short to be found by its window.
    pub(crate) fn has_begun(&self, text: &[u8]) -> bool {
        text.len() < self.start.len() && self.start.iter().zip(text).all(|(set, byte)| holds(*set, *byte))
    }

    /// Whether what stands before a place leaves it to be a start. An escape of JSON or of a URL does, though it ends in a letter or digit.
    pub(crate) fn may_start(&self, text: &[u8], start: usize) -> bool {
        match text.get(..start).unwrap_or_default() {
            [.., last] if !holds(self.not_before, *last) => true,
            [.., b'\\', b'n' | b'r' | b't'] => true,
            [.., b'%', first, second] => first.is_ascii_hexdigit() && second.is_ascii_hexdigit(),
            [.., b'\\', b'u', first, second, third, fourth] => {
                [first, second, third, fourth].into_iter().all(u8::is_ascii_hexdigit)
            }
            before => before.is_empty(),
        }
    }
}
