//! Finds and masks live secrets in a stream, by their fingerprints.

mod blob;
mod expansion;
mod find;
mod spelled;
mod stitch;
mod unmarked;

use std::collections::VecDeque;
use std::sync::Arc;

use blob::{Blob, Fed, Start};
pub(crate) use blob::{may_start_compressed, may_start_compressed_at};
use bytes::Bytes;
use expansion::Expansion;
pub(crate) use find::{Found, GRAM, confirm_around, find, gram_at, gram_before, holds_gram};
use secret::FingerprintSet;
use stitch::Stitcher;

use crate::class::Class;
use crate::content::Content;
use crate::marker::marker;
use crate::pending::Pending;
use crate::report::Report;
use crate::view::{Listeners, REACH, Unmarked, look, look_at_end, look_at_last, word_start};

/// What is kept of the stream to look at with the next bytes: what is found in them may have begun, and depend on what stands, so far
/// before.
const CONTEXT: usize = 2 * REACH;
/// How many bytes after a find are seen before it is one: the rest of an escape, or the groups of base64 that tell of text.
const DECIDED_LATER: usize = 128;
/// How many of the last bytes are kept back, for a find may begin in them whose end has not come. Always so many, whatever they are:
/// if it depended on the secrets, whoever has guesses echoed could read the next character of one from what is kept back.
const KEPT_BACK: u64 = (REACH + DECIDED_LATER) as u64;
/// The start of a piece that is looked at together with what came before it: what starts in its first [`REACH`] bytes, and what decides
/// that.
const SEAM: usize = CONTEXT + DECIDED_LATER;
/// A long chunk is looked at in pieces, which bounds what views of it cost.
const PIECE: usize = 128 * 1024;

/// The state of one stream.
#[derive(Debug)]
pub(crate) struct LiveScanner {
    set: Arc<FingerprintSet>,
    /// The last bytes seen, passed on or not.
    context: Vec<u8>,
    /// The context and the start of a chunk, side by side; kept to reuse its memory.
    seam: Vec<u8>,
    pending: Pending,
    /// Found and not yet masked, in order, not touching each other.
    runs: VecDeque<Run>,
    /// Everything before this position that was not passed on belongs to a run whose marker is out.
    masked_until: u64,
    /// The stream position after the last byte seen.
    seen: u64,
    /// Where compressed data may start in the piece that is looked at.
    starts: Vec<Start>,
    /// Compressed data that goes on.
    blob: Option<Box<Blob>>,
    /// Such data without a magic number, or in a list of numbers or in base64.
    unmarked: Vec<Blob>,
    /// In how much compressed data this stream stands.
    depth: u8,
    /// What that may expand to.
    expansion: Arc<Expansion>,
    /// What came in earlier events, for an event stream.
    stitcher: Option<Box<Stitcher>>,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    start: u64,
    end: u64,
}

impl LiveScanner {
    pub(crate) fn new(set: Arc<FingerprintSet>, content: Content) -> Self {
        Self {
            set,
            context: Vec::new(),
            seam: Vec::new(),
            pending: Pending::new(),
            runs: VecDeque::new(),
            masked_until: 0,
            seen: 0,
            starts: Vec::new(),
            blob: None,
            unmarked: Vec::new(),
            depth: 0,
            expansion: Arc::default(),
            stitcher: (content == Content::Events).then(Box::default),
        }
    }

    pub(crate) fn push(&mut self, mut chunk: Bytes, report: &mut Report, out: &mut impl FnMut(Bytes)) {
        if self.set.is_empty() {
            return out(chunk);
        }
        while !chunk.is_empty() {
            let piece = chunk.split_to(chunk.len().min(PIECE));
            let unmarked = self.look(&piece, report);
            self.look_into_blobs(&piece, report);
            self.look_into_unmarked(&piece, unmarked, report);
            self.stitch(&piece, report);
            self.remember(&piece);
            self.seen += piece.len() as u64;
            self.pending.push(piece);
        }
        let clean = self.seen.saturating_sub(KEPT_BACK);
        #[cfg(claviger_broken = "no_hold_back")]
        let clean = self.seen;
        self.drain(self.clean_until(clean), report, out);
    }

    /// Takes the last bytes of a stream. One that comes whole is looked at once.
    pub(crate) fn push_last(&mut self, chunk: Bytes, report: &mut Report, out: &mut impl FnMut(Bytes)) {
        if self.set.is_empty() {
            return out(chunk);
        }
        if self.seen > 0 || chunk.len() > PIECE {
            self.push(chunk, report, out);
            return self.boundary(report, out);
        }
        let Self { set, runs, starts, .. } = self;
        let mut unmarked = Vec::new();
        look_at_last(
            set,
            &chunk,
            &mut Listeners {
                found: &mut |found| note(runs, 0, &found, report),
                compressed: &mut |at| starts.extend(Start::of(chunk.get(at..).unwrap_or_default(), at as u64)),
                unmarked: Some(&mut |data| unmarked.push((data, 0))),
                room: None,
            },
        );
        self.look_into_blobs(&chunk, report);
        self.look_into_unmarked(&chunk, unmarked, report);
        self.stitch(&chunk, report);
        self.seen = chunk.len() as u64;
        self.end_blob(report);
        self.look_at_stitched(report);
        if self.runs.is_empty() {
            return out(chunk);
        }
        self.pending.push(chunk);
        self.drain(self.seen, report, out);
    }

    /// Passes on what is kept back up to the word that may go on, for nothing has come for a while.
    pub(crate) fn pause(&mut self, report: &mut Report, out: &mut impl FnMut(Bytes)) {
        self.look_at_end(report);
        let word = self.seen - (self.context.len() - word_start(&self.context)) as u64;
        self.drain(self.clean_until(word), report, out);
    }

    /// What may be passed on before a position as far as compressed data and the values of events go.
    fn clean_until(&self, position: u64) -> u64 {
        let blobs = self.blob.iter().map(Box::as_ref).chain(&self.unmarked);
        let clean = blobs.map(Blob::clean_until).fold(position, u64::min);
        self.stitcher.as_ref().and_then(|events| events.held_from()).map_or(clean, |held| clean.min(held))
    }

    /// Passes on all that is held back; what continues a text that was cut here is still recognized and masked.
    pub(crate) fn boundary(&mut self, report: &mut Report, out: &mut impl FnMut(Bytes)) {
        self.end_blob(report);
        self.look_at_end(report);
        self.look_at_stitched(report);
        self.drain(self.seen, report, out);
    }

    fn end_blob(&mut self, report: &mut Report) {
        let blobs = self.blob.take().map(|blob| *blob).into_iter().chain(std::mem::take(&mut self.unmarked));
        for mut blob in blobs.collect::<Vec<_>>() {
            blob.end();
            self.note_blob(&blob, self.seen, report);
        }
    }

    /// Looks at what more bytes could have changed.
    fn look_at_end(&mut self, report: &mut Report) {
        let Self { set, context, runs, seen, .. } = self;
        let start = *seen - context.len() as u64;
        let decided = context.len().saturating_sub(DECIDED_LATER);
        look_at_end(set, context, &mut |found| {
            if found.whole_end > decided {
                note(runs, start, &found, report);
            }
        });
    }

    /// Looks into the compressed data that goes on in a piece or starts in it.
    fn look_into_blobs(&mut self, piece: &[u8], report: &mut Report) {
        let mut starts = std::mem::take(&mut self.starts);
        #[cfg(claviger_broken = "no_compressed")]
        starts.clear();
        let goes_on = self.blob.is_some();
        let mut at = self.feed_blob(piece, 0, report);
        for start in starts.drain(..) {
            // What stands before is seen, or of other data.
            let is_free = start.at >= self.seen + at as u64 || at == 0 && !goes_on;
            if is_free {
                self.blob = Blob::new(&self.set, &start, self.depth + 1, &self.expansion).map(Box::new);
                at = self.feed_blob(piece, (start.end() - self.seen) as usize, report);
            }
        }
        self.starts = starts;
    }

    /// Feeds what is left of a piece to the compressed data that goes on, and returns where that ends.
    fn feed_blob(&mut self, piece: &[u8], at: usize, report: &mut Report) -> usize {
        let Some(mut blob) = self.blob.take() else { return at };
        let fed = blob.feed(piece.get(at..).unwrap_or_default(), self.seen + at as u64);
        let end = match fed {
            Fed::All => piece.len(),
            Fed::Until(length) => at + length,
        };
        self.note_blob(&blob, self.seen + end as u64, report);
        if matches!(fed, Fed::All) {
            self.blob = Some(blob);
        }
        end
    }

    /// Masks what is not known to be clean of compressed data in which a secret was found, or that expands too much.
    fn note_blob(&mut self, blob: &Blob, end: u64, report: &mut Report) {
        if blob.is_masked() && blob.clean_until() < end {
            blob.tag().into_iter().for_each(|tag| report.note_tag(tag));
            insert(&mut self.runs, Run { start: blob.clean_until(), end });
        }
    }

    /// Looks at what the events of a stream say together.
    fn stitch(&mut self, piece: &[u8], report: &mut Report) {
        if let Some(events) = self.stitcher.as_mut().filter(|_| cfg!(not(claviger_broken = "no_events_together"))) {
            events.push(&self.set, piece, self.seen, &mut note_stretch(&mut self.runs, report));
        }
    }

    /// Looks at what is there of the values of events.
    fn look_at_stitched(&mut self, report: &mut Report) {
        if let Some(events) = &self.stitcher {
            events.look(&self.set, &mut note_stretch(&mut self.runs, report));
        }
    }

    /// Looks at the start of a piece together with what came before it, and at the rest by itself. Returns the data without a magic number
    /// that starts there, with the position from which its places count.
    fn look(&mut self, piece: &[u8], report: &mut Report) -> Vec<(Unmarked, u64)> {
        let Self { set, context, seam, runs, seen, starts, depth, .. } = self;
        let before = context.len();
        let mut unmarked = Vec::new();
        let mut note_start = |text: &[u8], at: usize, origin: u64| {
            let start = Start::of(text.get(at..).unwrap_or_default(), origin + at as u64);
            starts.extend(start.filter(|start| *depth < blob::DEPTH_MAX && start.end() > *seen));
        };
        if before > 0 {
            seam.clear();
            seam.extend_from_slice(context);
            seam.extend_from_slice(piece.get(..SEAM).unwrap_or(piece));
            let start = *seen - before as u64;
            // What starts later in a longer piece is found in the piece itself.
            let is_whole = piece.len() <= SEAM;
            let is_here = |at: usize| is_whole || at < before + REACH;
            let decided = [before, seam.len()].map(|end| end.saturating_sub(DECIDED_LATER));
            let is_new = |at: usize, end: usize| decided[0] < end && end <= decided[1] && is_here(at);
            look(
                set,
                seam,
                &mut Listeners {
                    found: &mut |found| {
                        if is_new(found.start, found.whole_end) {
                            note(runs, start, &found, report);
                        }
                    },
                    compressed: &mut |at| {
                        if is_here(at) {
                            note_start(seam, at, start);
                        }
                    },
                    room: None,
                    unmarked: Some(&mut |data: Unmarked| {
                        if is_new(data.at, data.decided) {
                            unmarked.push((data, start));
                        }
                    }),
                },
            );
            if is_whole {
                return unmarked;
            }
        }
        let from = if before > 0 { REACH } else { 0 };
        let decided = piece.len().saturating_sub(DECIDED_LATER);
        look(
            set,
            piece,
            &mut Listeners {
                found: &mut |found| {
                    if found.start >= from && found.whole_end <= decided {
                        note(runs, *seen, &found, report);
                    }
                },
                compressed: &mut |at| {
                    if at >= from {
                        note_start(piece, at, *seen);
                    }
                },
                room: None,
                unmarked: Some(&mut |data: Unmarked| {
                    if data.at >= from && data.decided <= decided {
                        unmarked.push((data, *seen));
                    }
                }),
            },
        );
        unmarked
    }

    fn remember(&mut self, chunk: &[u8]) {
        if cfg!(claviger_broken = "no_state") {
            return;
        }
        if let Some(tail) = chunk.last_chunk::<CONTEXT>() {
            self.context.clear();
            self.context.extend_from_slice(tail);
        } else {
            self.context.extend_from_slice(chunk);
            let surplus = self.context.len().saturating_sub(CONTEXT);
            self.context.drain(..surplus);
        }
    }

    /// Passes on what is clean and masks what was found, up to a position before which nothing more can be found.
    fn drain(&mut self, until: u64, report: &mut Report, out: &mut impl FnMut(Bytes)) {
        while let Some(run) = self.runs.front().copied()
            && run.start <= until
        {
            self.runs.pop_front();
            #[cfg(claviger_broken = "short_mask")]
            let run = Run { end: run.start + 1, ..run };
            if run.end <= self.pending.start() {
                // Passed on at a boundary, when nobody could know.
                continue;
            }
            if self.masked_until < run.start || self.masked_until == 0 {
                self.pending.skip(self.masked_until);
                self.pending.release(run.start, out);
                out(marker());
                report.note(Class::LiveSecret);
            }
            self.masked_until = self.masked_until.max(run.end);
        }
        self.pending.skip(self.masked_until);
        self.pending.release(until, out);
    }
}

/// Adds a find to those not yet masked.
fn note(runs: &mut VecDeque<Run>, origin: u64, found: &Found, report: &mut Report) {
    report.note_tag(found.tag);
    insert(runs, Run { start: origin + found.start as u64, end: origin + found.end as u64 });
}

/// Adds finds in stretches of the stream.
fn note_stretch(runs: &mut VecDeque<Run>, report: &mut Report) -> impl FnMut(u64, u64, Option<u32>) {
    |start, end, tag| {
        tag.into_iter().for_each(|tag| report.note_tag(tag));
        insert(runs, Run { start, end });
    }
}

/// Joins a run with those that it touches.
fn insert(runs: &mut VecDeque<Run>, mut run: Run) {
    // Finds come in order but for those in views, so the place is at the end or close to it.
    let mut place = runs.len();
    while let Some(last) = place.checked_sub(1).and_then(|last| runs.get(last)).copied()
        && last.end >= run.start
    {
        place -= 1;
        if last.start <= run.end {
            run = Run { start: run.start.min(last.start), end: run.end.max(last.end) };
            runs.remove(place);
        }
    }
    runs.insert(place, run);
}
