//! Looks for live secrets in what a text means: with escapes undone, without what stands between characters, decoded.
//!
//! A view is a text made from a stretch of another, with the place in the stream from which each of its bytes came. What is found in a
//! view masks the stretch that it came from. A view is entered only where cheap signs say that there is something to undo, and is
//! local: what is found depends on [`REACH`] bytes around it at most, so a text may be looked at in overlapping pieces.

mod alphabets;
mod base32;
mod base64;
mod chains;
mod escapes;
mod held;
mod lines;
mod names;

pub(crate) use held::held_from;
use secret::FingerprintSet;

use crate::live::{Found, find};

/// How far apart the first and the last byte may stand of what is found in a view, and how far around it anything matters.
pub(crate) const REACH: usize = 512;

/// How often what is found in a view is looked at again: a string in JSON in three more layers of it, and some escapes of another kind.
const DEPTH_MAX: usize = 6;

/// A text that was made from another one.
#[derive(Debug, Default)]
struct View {
    bytes: Vec<u8>,
    /// For each byte, the stretch of the stream's text from which it was made.
    from: Vec<(usize, usize)>,
}

/// A text to look at: the stream's own, or one made from it.
#[derive(Debug, Clone, Copy)]
struct Text<'text> {
    bytes: &'text [u8],
    /// `None` where each byte is its own.
    from: Option<&'text [(usize, usize)]>,
}

/// Looks at a text in all views. Finds come in no order.
pub(crate) fn look(set: &FingerprintSet, text: &[u8], found: &mut dyn FnMut(Found)) {
    find(set, text, &mut |window| found(window));
    look_closer(set, Text { bytes: text, from: None }, 0, found);
}

/// The views of a text in which the secrets as they are were looked for.
fn look_closer(set: &FingerprintSet, text: Text<'_>, depth: usize, found: &mut dyn FnMut(Found)) {
    if depth == DEPTH_MAX {
        return;
    }
    escapes::look(set, text, &mut |view| view.look(set, depth + 1, found));
    chains::look(set, text, found);
    lines::look(set, text, found);
    base32::look(set, text, found);
    base64::look(set, text, &mut |view| view.look(set, depth + 1, found));
}

impl Text<'_> {
    fn get(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// Where in the stream a stretch of this text comes from.
    fn origin(&self, start: usize, end: usize) -> (usize, usize) {
        let Some(from) = self.from else { return (start, end) };
        let first = from.get(start).map_or(0, |(first, _)| *first);
        (first, end.checked_sub(1).and_then(|last| from.get(last)).map_or(first, |(_, last)| *last))
    }
}

impl View {
    fn clear(&mut self) {
        self.bytes.clear();
        self.from.clear();
    }

    fn push(&mut self, byte: u8, from: (usize, usize)) {
        self.bytes.push(byte);
        self.from.push(from);
    }

    /// Adds a byte of a text as it is.
    fn copy(&mut self, text: Text<'_>, at: usize) {
        if let Some(byte) = text.get(at) {
            self.push(byte, text.origin(at, at + 1));
        }
    }

    const fn as_text(&self) -> Text<'_> {
        Text { bytes: self.bytes.as_slice(), from: Some(self.from.as_slice()) }
    }

    /// Looks for the secrets as they are.
    fn find(&self, set: &FingerprintSet, found: &mut dyn FnMut(Found)) {
        let text = self.as_text();
        find(set, &self.bytes, &mut |window| {
            let (start, end) = text.origin(window.start, window.end);
            if end - start <= REACH {
                found(Found { start, end, whole_end: end, tag: window.tag });
            }
        });
    }

    /// Looks for the secrets as they are, and lets the line ends between the parts of a find stand: the frame of an event stream, or
    /// of a document of lines, must stay whole.
    fn find_in_lines(&self, set: &FingerprintSet, text: Text<'_>, found: &mut dyn FnMut(Found)) {
        find(set, &self.bytes, &mut |window| {
            let from = self.from.get(window.start..window.end).unwrap_or_default();
            let (start, whole_end) = (from.first().map_or(0, |first| first.0), from.last().map_or(0, |last| last.1));
            if whole_end - start > REACH {
                return;
            }
            let is_joined =
                |before: &(usize, usize), after: &(usize, usize)| before.1 == after.0 || text.from.is_some();
            for part in from.chunk_by(is_joined) {
                if let (Some((start, _)), Some((_, end))) = (part.first(), part.last()) {
                    found(Found { start: *start, end: *end, whole_end, tag: window.tag });
                }
            }
        });
    }

    fn look(&self, set: &FingerprintSet, depth: usize, found: &mut dyn FnMut(Found)) {
        self.find(set, found);
        look_closer(set, self.as_text(), depth, found);
    }
}

#[cfg(test)]
mod tests;
