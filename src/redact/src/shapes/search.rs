//! What is looked for: a shape by its rarest bytes, or a word before one.

use std::ops::Range;

use vector::{LENGTH, Window};

use super::anchors::{REACH, rarest};
use super::classes::{Set, holds};
use super::pattern::Pattern;

/// One window, and what it stands for.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) window: Window,
    /// How far the window is from the start of the shape or word.
    pub(crate) offset: usize,
    /// The word that stands before a credential of one of `shapes`; without it, there is one shape, and this is its start.
    pub(crate) word: Option<Vec<u8>>,
    /// The numbers of shapes.
    pub(crate) shapes: Range<usize>,
    /// What must not stand before.
    not_before: Set,
    /// The sets of the first bytes, to the end of the window, if a credential can begin in them.
    start: Vec<Set>,
}

impl Search {
    pub(crate) fn for_shape(number: usize, pattern: &Pattern) -> Option<Self> {
        let mut start = pattern.start(REACH);
        let (offset, window) = rarest(&start)?;
        start.truncate(if pattern.bytes_before() < offset + LENGTH { offset + LENGTH } else { 0 });
        let not_before = pattern.not_before();
        Some(Self { window, offset, word: None, shapes: number..number + 1, not_before, start })
    }

    pub(crate) fn for_word(word: &str, shapes: Range<usize>) -> Option<Self> {
        let bytes = word.bytes().map(|byte| 1 << byte.to_ascii_lowercase() | 1 << byte.to_ascii_uppercase());
        let (offset, window) = rarest(&bytes.collect::<Vec<_>>())?;
        let word = Some(word.as_bytes().to_vec());
        Some(Self { window, offset, word, shapes, not_before: 0, start: Vec::new() })
    }

    /// Whether a text that begins with this byte may be that of a credential.
    pub(crate) fn may_begin_with(&self, byte: u8) -> bool {
        self.start.first().is_some_and(|set| holds(*set, byte))
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
