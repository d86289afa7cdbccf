//! Words with digits: runs of letters, digits and underscores.

use super::{escape::after_escape, rule::is_word};

/// A longer word is no number but some blob.
pub(super) const LENGTH_MAX: usize = 40;

/// How far a word reaches, with what stands of an escape before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) start: usize,
    /// A digit in it, which is the first of some.
    pub(super) digit: usize,
    /// Where these digits end.
    pub(super) digits_end: usize,
    pub(super) end: usize,
}

impl Extent {
    /// Reads the bytes around a digit one by one.
    #[cfg(test)]
    pub(super) fn around(text: &[u8], digit: usize) -> Self {
        let (before, after) = (&text[..digit], &text[digit..]);
        // One byte more than a word has tells that it is too long.
        let start = digit - before.iter().rev().take(LENGTH_MAX + 1).take_while(|byte| is_word(**byte)).count();
        let digits_end = digit + after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let end = digit + after.iter().take_while(|byte| is_word(**byte)).count();
        Self { start, digit, digits_end, end }
    }
}

/// A word that may be a number or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) start: usize,
    /// The first of its digits.
    pub(super) digit: usize,
    pub(super) end: usize,
    pub(super) is_digits: bool,
}

impl Word {
    /// The word of this extent, unless it is too long to be a number.
    pub(super) fn new(text: &[u8], extent: Extent) -> Option<Self> {
        let Extent { start, digit, digits_end, end } = extent;
        if digit - start > LENGTH_MAX {
            return None;
        }
        let start = after_escape(text, start, digit);
        let word = Self { start, digit, end, is_digits: start == digit && end == digits_end };
        (word.length() < LENGTH_MAX).then_some(word)
    }

    pub(super) const fn length(&self) -> usize {
        self.end - self.start
    }

    pub(super) const fn begins_with_digit(&self) -> bool {
        self.start == self.digit
    }

    /// Where the word of a few letters begins that stands one space before this one.
    pub(super) fn letters_before(&self, text: &[u8]) -> Option<usize> {
        let end = self.start.checked_sub(1).filter(|before| text.get(*before) == Some(&b' '))?;
        let count = text[..end].iter().rev().take(10).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let start = after_escape(text, end - count, end);
        let is_whole = start
            .checked_sub(1)
            .and_then(|before| text.get(before))
            .is_none_or(|byte| !is_word(*byte) || start != end - count);
        (is_whole && matches!(end - start, 1..=9)).then_some(start)
    }
}
