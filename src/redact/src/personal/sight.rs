//! One look at a text: what of it is there, what was found, and what is still open.

use super::{
    email::{LOCAL_LENGTH_MAX, is_local},
    keywords::{Keywords, Said},
    noticed::Noticed,
};
use crate::recognizer::Found;

/// What the recognizers share while they look at a text.
pub(super) struct Sight<'text> {
    pub(super) text: &'text [u8],
    pub(super) is_end: bool,
    pub(super) found: Vec<Found>,
    /// The first position at which what follows may still decide.
    pub(super) open: usize,
    /// The position that was asked for last, and what the words say before it.
    said: (usize, Said),
    noticed: Noticed,
}

impl<'text> Sight<'text> {
    pub(super) fn new(text: &'text [u8], is_end: bool) -> Self {
        let open = if is_end { text.len() } else { tail(text) };
        Self { text, is_end, found: Vec::new(), open, said: (0, Said::default()), noticed: Noticed::default() }
    }

    pub(super) fn leave_open(&mut self, from: usize) {
        self.open = self.open.min(from);
    }

    /// What the words before a position say.
    pub(super) fn said(&mut self, start: usize, word_count: usize, keywords: &Keywords) -> Said {
        if self.said.0 != start {
            self.said = (start, keywords.said_before(&mut self.noticed, self.text, start, word_count));
        }
        self.said.1
    }
}

/// Where the last word begins, to which an `@` may follow, with what may belong to a number that follows.
fn tail(text: &[u8]) -> usize {
    let last = text.iter().rev().take(LOCAL_LENGTH_MAX).take_while(|byte| is_local(**byte) || **byte == b'<').count();
    beginning(text, text.len() - last)
}

/// How much may stand between the beginning of a find and its first digit: a month, or letters and a space.
const LETTERS_MAX: usize = 10;

/// The earliest position at which a find may begin whose digits begin at `start`: with a parenthesis, a plus or a word before them.
pub(super) fn beginning(text: &[u8], start: usize) -> usize {
    let text = &text[..start];
    let gap =
        text.iter().rev().take(2).take_while(|byte| matches!(byte, b' ' | b',' | b'.' | b'-' | b'+' | b'(')).count();
    let letters =
        text[..start - gap].iter().rev().take(LETTERS_MAX).take_while(|byte| byte.is_ascii_alphabetic()).count();
    start - gap - letters
}
