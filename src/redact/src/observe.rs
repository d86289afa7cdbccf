//! The seam for a person who wants to know what was recognized, where, and why.

use crate::class::Class;

/// One find. It holds nothing of what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding<'rules> {
    /// What it is.
    pub class: Class,
    /// The rule that says so.
    pub rule: &'rules str,
    /// How sure that is, from 0 to 100.
    pub score: u8,
    /// Its first byte, counted from the start of what the recognizers of shapes were shown: what was masked before they saw it
    /// counts as its marker.
    pub start: u64,
    /// The byte after its last.
    pub end: u64,
    /// Whether the operator says that it is harmless.
    pub is_allowed: bool,
}

/// Is told of each find of a recognizer of shapes.
pub trait Observe: Send {
    /// A find, in the order of the stream.
    fn observe(&mut self, finding: &Finding<'_>);
}
