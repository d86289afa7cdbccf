//! What a recognizer of shapes is, and what it says.

use crate::class::Class;

/// The most bytes that a recognizer keeps back: what it finds in one piece is no longer.
pub(crate) const KEPT_MAX: usize = 4 * 1024;
/// How many bytes before a text a recognizer can see, for the words that stand around it.
pub(crate) const CONTEXT_MAX: usize = 256;

/// A text that was recognized, by its place in what the recognizer was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// What it is.
    pub class: Class,
    /// Which rule of its recognizer says so.
    pub rule: u16,
    /// How sure that is, from 0 to 100.
    pub score: u8,
}

/// A find that is longer than the text that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) rule: u16,
    /// Where in it the text ended, as its recognizer knows.
    pub(crate) state: u8,
}

/// Recognizes texts by what they look like, in a stream that it is shown piece by piece.
pub(crate) trait Recognizer: std::fmt::Debug + Send + Sync {
    /// Calls `found` for each find that starts at `from` or later, in the order of their starts; what stands before `from` was
    /// decided earlier, and is shown for its words. Returns the position up to which everything is decided: the end of the text
    /// where `is_end` says that nothing follows, otherwise the first place at which a find may still start or go on, and no more
    /// than [`KEPT_MAX`] before the end. Every find ends at or before that position. One that ends with a text that goes on may be
    /// open: see [`Recognizer::open`].
    fn look(&self, text: &[u8], from: usize, is_end: bool, found: &mut dyn FnMut(Found)) -> usize;

    /// What is to be known of a find that reached the end of a text and may go on in what follows, whatever its length.
    fn open(&self, _found: &Found, _text: &[u8]) -> Option<Open> {
        None
    }

    /// How far an open find goes on in the text that follows, and what is to be known of it if it is still open there.
    fn go_on(&self, _open: Open, _text: &[u8]) -> (usize, Option<Open>) {
        (0, None)
    }

    /// The name of a rule, for people.
    fn rule_name(&self, rule: u16) -> &str;
}
