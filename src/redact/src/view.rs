//! Looks for live secrets in what a text means: with escapes undone, without what stands between characters, decoded.
//!
//! A view is a text made from a stretch of another, with the place in the stream from which each of its bytes came. What is found in a
//! view masks the stretch that it came from. A view is entered only where cheap signs say that there is something to undo, and is
//! local: what is found depends on [`REACH`] bytes around it at most, so a text may be looked at in overlapping pieces.

mod alphabets;
mod base32;
mod base64;
mod chains;
mod compressed;
mod escapes;
mod held;
mod lines;
mod names;
mod packed;
mod pieces;
mod signs;
mod wide;

pub(crate) use base64::digit;
pub(crate) use chains::GAP_LENGTH_MAX;
pub(crate) use compressed::{Spelling, Unmarked, each_that_ends_behind};
pub(crate) use held::word_start;
use secret::FingerprintSet;

use base32::Base32;
use base64::Base64;
use escapes::Escapes;
use lines::Lines;
use signs::Signs;
use vector::BATCH;
use wide::Wide;

use crate::live::{Found, confirm_around, find, may_start_compressed_at};

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
    /// How its characters stand in the stream, where compressed data that starts in it can be followed there.
    spelling: Option<Spelling>,
}

/// A text to look at: the stream's own, or one made from it.
#[derive(Debug, Clone, Copy)]
struct Text<'text> {
    bytes: &'text [u8],
    /// `None` where each byte is its own.
    from: Option<&'text [(usize, usize)]>,
    /// Whether more may follow, so that what stands at the end may be cut.
    goes_on: bool,
    /// As in a view.
    spelling: Option<Spelling>,
}

/// Who is told of what is found.
pub(crate) struct Listeners<'told> {
    /// Of secrets, in no order.
    pub(crate) found: &'told mut dyn FnMut(Found),
    /// Of where compressed data in base64 may begin that has a magic number.
    pub(crate) compressed: &'told mut dyn FnMut(usize),
    /// Of such data without one, and of what begins in a list of numbers or in base64, for who has the stream to follow it. Where there
    /// is nobody, it is looked into as a whole.
    pub(crate) unmarked: Option<&'told mut dyn FnMut(Unmarked)>,
    /// What such data may still expand to that is looked into as a whole; `None` where each may by its own length.
    pub(crate) room: Option<&'told mut usize>,
}

/// Looks at a text as it is and in all views. What more bytes may change is left for when they have come.
pub(crate) fn look(set: &FingerprintSet, text: &[u8], listeners: &mut Listeners<'_>) {
    let text = Text { bytes: text, from: None, goes_on: true, spelling: Some(Spelling::Plain) };
    Pass::over(set, text, 0, listeners).look();
}

/// The same for a text after which nothing comes.
pub(crate) fn look_at_last(set: &FingerprintSet, text: &[u8], listeners: &mut Listeners<'_>) {
    let text = Text { bytes: text, from: None, goes_on: false, spelling: Some(Spelling::Plain) };
    Pass::over(set, text, 0, listeners).look();
}

/// The same for what is there of a text, where compressed data is looked into as a whole.
pub(crate) fn look_at_end(set: &FingerprintSet, text: &[u8], found: &mut dyn FnMut(Found)) {
    look_at_whole(set, text, 0, None, found);
}

/// The same for what was made of another text so many times.
fn look_at_whole(
    set: &FingerprintSet,
    text: &[u8],
    depth: usize,
    room: Option<&mut usize>,
    found: &mut dyn FnMut(Found),
) {
    let text = Text { bytes: text, from: None, goes_on: false, spelling: None };
    Pass::over(set, text, depth, &mut Listeners { found, compressed: &mut |_| {}, unmarked: None, room }).look();
}

/// Whether a whole text holds a live secret in any encoding.
#[must_use]
pub fn holds_secret(set: &FingerprintSet, text: &[u8]) -> bool {
    let mut holds = false;
    if !set.is_empty() {
        look_at_end(set, text, &mut |_| holds = true);
    }
    holds
}

/// One look at a text: the views that are entered by the signs in it, and who is told of what is found.
struct Pass<'text, 'told, 'listeners> {
    set: &'text FingerprintSet,
    text: Text<'text>,
    /// Of how many views this is one.
    depth: usize,
    escapes: Escapes,
    lines: Lines,
    base32: Base32,
    base64: Base64,
    wide: Wide,
    /// The last place at which a run of base64 may start.
    last_run: Option<usize>,
    listeners: &'listeners mut Listeners<'told>,
}

impl<'text, 'told, 'listeners> Pass<'text, 'told, 'listeners> {
    fn over(
        set: &'text FingerprintSet,
        text: Text<'text>,
        depth: usize,
        listeners: &'listeners mut Listeners<'told>,
    ) -> Self {
        let (escapes, lines) = (Escapes::default(), Lines::default());
        let (base32, base64, wide) = (Base32::default(), Base64::default(), Wide::default());
        Self { set, text, depth, escapes, lines, base32, base64, wide, last_run: None, listeners }
    }

    fn look(mut self) {
        signs::read(self.set, self.text.bytes, &mut self);
        let Self { set, text, depth, escapes, lines, wide, listeners, .. } = self;
        { escapes }.end(set, text, &mut |view| look_at_view(set, view, depth, listeners));
        { wide }.end(text, &mut |view| look_at_view(set, view, depth, listeners));
        { lines }.end(set, text, listeners.found);
    }
}

/// Looks at a text that was made from one of some depth.
fn look_at_view(set: &FingerprintSet, view: &View, depth: usize, listeners: &mut Listeners<'_>) {
    Pass::over(set, view.as_text(), depth + 1, listeners).look();
}

impl Signs for Pass<'_, '_, '_> {
    #[inline(never)]
    fn hit(&mut self, at: usize) {
        let Self { set, text, listeners, .. } = self;
        confirm_around(set, text.bytes, at, &mut |window| text.report(window, listeners.found));
    }

    #[inline(never)]
    fn escape(&mut self, at: usize) {
        let Self { set, text, depth, escapes, listeners, .. } = self;
        if cfg!(not(claviger_broken = "no_escapes")) && *depth < DEPTH_MAX {
            escapes.take(set, *text, at, &mut |view| look_at_view(set, view, *depth, listeners));
        }
    }

    #[inline(never)]
    fn line_ends(&mut self, at: usize, line_ends: &[u64; BATCH]) {
        let Self { set, text, lines, listeners, .. } = self;
        if cfg!(not(claviger_broken = "no_lines")) {
            lines.take(set, *text, at, line_ends, listeners.found);
        }
    }

    #[cold]
    fn chain(&mut self, start: usize, end: usize) {
        let Self { set, text, depth, listeners, .. } = self;
        if cfg!(not(claviger_broken = "no_chains")) && *depth < DEPTH_MAX {
            chains::look(*text, (start, end), &mut |view| look_at_view(set, view, *depth, listeners));
        }
    }

    #[cold]
    fn base32(&mut self, at: usize) {
        let Self { set, text, base32, listeners, .. } = self;
        if cfg!(not(claviger_broken = "no_base32")) && at < text.bytes.len() {
            base32.take(set, *text, at, listeners.found);
        }
    }

    #[cold]
    fn base64(&mut self, at: usize) {
        let Self { set, text, depth, base64, listeners, .. } = self;
        if cfg!(not(claviger_broken = "no_nested_base64")) && *depth < DEPTH_MAX {
            base64.take(*text, at, &mut |view| look_at_view(set, view, *depth, listeners));
        }
    }

    #[cold]
    fn base64_run(&mut self, at: usize) {
        let Self { set, text, depth, wide, listeners, .. } = self;
        if cfg!(not(claviger_broken = "no_wide")) && *depth < DEPTH_MAX {
            wide.take(*text, at, &mut |view| look_at_view(set, view, *depth, listeners));
        }
    }

    #[cold]
    fn base64_start(&mut self, at: usize) {
        let is_new = self.last_run.replace(at) != Some(at);
        if cfg!(not(claviger_broken = "no_unmarked")) && is_new && self.depth < DEPTH_MAX {
            let Self { set, text, depth, listeners, .. } = self;
            compressed::codings_at(text.bytes, at).for_each(|coding| {
                look_at_compressed(set, *text, at, coding, *depth, listeners);
            });
        }
    }

    #[cold]
    fn compressed(&mut self, at: usize) {
        if self.depth == 0 {
            (self.listeners.compressed)(at);
        }
    }
}

/// Tells of compressed data that may start at a place, or looks into it.
fn look_at_compressed(
    set: &FingerprintSet,
    text: Text<'_>,
    at: usize,
    coding: &'static str,
    depth: usize,
    listeners: &mut Listeners<'_>,
) {
    match &mut listeners.unmarked {
        Some(unmarked) if text.spelling.is_some() => {
            let is_marked = text.from.is_none() && may_start_compressed_at(text.bytes, at);
            compressed::start(text, at, coding).filter(|_| !is_marked).into_iter().for_each(unmarked);
        }
        _ => {
            let mut own = compressed::room(text.bytes, at);
            let room = listeners.room.as_deref_mut().unwrap_or(&mut own);
            if let Some((end, tag)) = compressed::look(set, text, at, coding, depth, room) {
                let (start, end) = text.origin(at, end);
                let start = start.max(end.saturating_sub(REACH));
                (listeners.found)(Found { start, end, whole_end: end, tag });
            }
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

    /// A view of a text in which its characters stand in some way, if that text is the stream's own.
    fn spelled(spelling: Spelling, text: Text<'_>) -> Self {
        Self { spelling: text.from.is_none().then_some(spelling), ..Self::default() }
    }

    const fn as_text(&self) -> Text<'_> {
        let (bytes, from) = (self.bytes.as_slice(), self.from.as_slice());
        Text { bytes, from: Some(from), goes_on: false, spelling: self.spelling }
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
