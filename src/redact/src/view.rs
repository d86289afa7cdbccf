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
mod packed;
mod pieces;
mod signs;

pub(crate) use base64::digit;
pub(crate) use held::word_start;
use secret::FingerprintSet;

use base32::Base32;
use base64::Base64;
use escapes::Escapes;
use lines::Lines;
use signs::Signs;

use crate::live::{Found, confirm_around, find};

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
    /// Whether more may follow, so that what stands at the end may be cut.
    goes_on: bool,
}

/// Looks at a text as it is and in all views. Finds come in no order. What more bytes may change is left for when they have come.
/// `compressed` is told where compressed data in base64 may begin.
pub(crate) fn look(set: &FingerprintSet, text: &[u8], compressed: &mut dyn FnMut(usize), found: &mut dyn FnMut(Found)) {
    Pass::over(set, Text { bytes: text, from: None, goes_on: true }, 0, Some(compressed), found).look();
}

/// The same for a text after which nothing comes.
pub(crate) fn look_at_end(
    set: &FingerprintSet,
    text: &[u8],
    compressed: &mut dyn FnMut(usize),
    found: &mut dyn FnMut(Found),
) {
    Pass::over(set, Text { bytes: text, from: None, goes_on: false }, 0, Some(compressed), found).look();
}

/// Whether a whole text holds a live secret in any encoding.
#[must_use]
pub fn holds_secret(set: &FingerprintSet, text: &[u8]) -> bool {
    let mut holds = false;
    if !set.is_empty() {
        look_at_end(set, text, &mut |_| {}, &mut |_| holds = true);
    }
    holds
}

/// One look at a text: the views that are entered by the signs in it, and who is told of what is found.
struct Pass<'text, 'told> {
    set: &'text FingerprintSet,
    text: Text<'text>,
    /// Of how many views this is one.
    depth: usize,
    escapes: Escapes,
    lines: Lines,
    base32: Base32,
    base64: Base64,
    compressed: Option<&'told mut dyn FnMut(usize)>,
    found: &'told mut dyn FnMut(Found),
}

impl<'text, 'told> Pass<'text, 'told> {
    fn over(
        set: &'text FingerprintSet,
        text: Text<'text>,
        depth: usize,
        compressed: Option<&'told mut dyn FnMut(usize)>,
        found: &'told mut dyn FnMut(Found),
    ) -> Self {
        let (escapes, lines) = (Escapes::default(), Lines::default());
        let (base32, base64) = (Base32::default(), Base64::default());
        Self { set, text, depth, escapes, lines, base32, base64, compressed, found }
    }

    fn look(mut self) {
        signs::read(self.set, self.text.bytes, &mut self);
        let Self { set, text, depth, escapes, lines, found, .. } = self;
        { escapes }.end(set, text, &mut |view| look_at_view(set, view, depth, found));
        { lines }.end(set, text, found);
    }
}

/// Looks at a text that was made from one of some depth.
fn look_at_view(set: &FingerprintSet, view: &View, depth: usize, found: &mut dyn FnMut(Found)) {
    Pass::over(set, view.as_text(), depth + 1, None, found).look();
}

impl Signs for Pass<'_, '_> {
    #[inline(never)]
    fn hit(&mut self, at: usize) {
        let Self { set, text, found, .. } = self;
        confirm_around(set, text.bytes, at, &mut |window| text.report(window, found));
    }

    #[inline(never)]
    fn escape(&mut self, at: usize) {
        let Self { set, text, depth, escapes, found, .. } = self;
        if cfg!(not(claviger_broken = "no_escapes")) && *depth < DEPTH_MAX {
            escapes.take(set, *text, at, &mut |view| look_at_view(set, view, *depth, found));
        }
    }

    #[inline(never)]
    fn line_end(&mut self, at: usize) {
        let Self { set, text, lines, found, .. } = self;
        if cfg!(not(claviger_broken = "no_lines")) {
            lines.take(set, *text, at, found);
        }
    }

    #[cold]
    fn chain(&mut self, start: usize, end: usize) {
        let Self { set, text, depth, found, .. } = self;
        if cfg!(not(claviger_broken = "no_chains")) && *depth < DEPTH_MAX {
            chains::look(*text, (start, end), &mut |view| look_at_view(set, view, *depth, found));
        }
    }

    #[cold]
    fn base32(&mut self, at: usize) {
        let Self { set, text, base32, found, .. } = self;
        if cfg!(not(claviger_broken = "no_base32")) && at < text.bytes.len() {
            base32.take(set, *text, at, found);
        }
    }

    #[cold]
    fn base64(&mut self, at: usize) {
        let Self { set, text, depth, base64, found, .. } = self;
        if cfg!(not(claviger_broken = "no_nested_base64")) && *depth < DEPTH_MAX {
            base64.take(*text, at, &mut |view| look_at_view(set, view, *depth, found));
        }
    }

    #[cold]
    fn compressed(&mut self, at: usize) {
        if let Some(compressed) = &mut self.compressed {
            compressed(at);
        }
    }
}

impl Text<'_> {
    fn get(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// Tells of a window of this text.
    fn report(&self, window: Found, found: &mut dyn FnMut(Found)) {
        let (start, end) = self.origin(window.start, window.end);
        if end - start <= REACH {
            found(Found { start, end, whole_end: end, tag: window.tag });
        }
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
        Text { bytes: self.bytes.as_slice(), from: Some(self.from.as_slice()), goes_on: false }
    }

    /// Looks for the secrets as they are.
    fn find(&self, set: &FingerprintSet, found: &mut dyn FnMut(Found)) {
        let text = self.as_text();
        find(set, &self.bytes, &mut |window| text.report(window, found));
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
}

#[cfg(test)]
mod tests;
