//! Finds and masks live secrets in a stream, by their fingerprints.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use secret::FingerprintSet;

use crate::class::Class;
use crate::marker::marker;
use crate::pending::Pending;
use crate::report::Report;

/// What is kept between chunks: a window may start in any of these bytes and end in the next chunk.
const CONTEXT: usize = FingerprintSet::WINDOW_MAX - 1;
/// A shorter text than this is told by the bytes it is made of, a longer one by its grams.
const GRAM: usize = 8;

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
}

#[derive(Debug, Clone, Copy)]
struct Run {
    start: u64,
    end: u64,
}

impl LiveScanner {
    pub(crate) const fn new(set: Arc<FingerprintSet>) -> Self {
        Self {
            set,
            context: Vec::new(),
            seam: Vec::new(),
            pending: Pending::new(),
            runs: VecDeque::new(),
            masked_until: 0,
            seen: 0,
        }
    }

    pub(crate) fn push(&mut self, chunk: Bytes, report: &mut Report, out: &mut impl FnMut(Bytes)) {
        if self.set.is_empty() {
            return out(chunk);
        }
        self.find_across_the_seam(&chunk, report);
        let (start, runs) = (self.seen, &mut self.runs);
        find(&self.set, &chunk, |found| note(runs, start, &found, report));
        self.remember(&chunk);
        self.seen += chunk.len() as u64;
        self.pending.push(chunk);
        let hold = self.seen - self.unfinished() as u64;
        self.drain(hold, report, out);
    }

    /// Passes on all that is held back; what continues a text that was cut here is still recognized and masked.
    pub(crate) fn boundary(&mut self, report: &mut Report, out: &mut impl FnMut(Bytes)) {
        self.drain(self.seen, report, out);
    }

    /// Windows that start in the bytes before the chunk and end in it.
    fn find_across_the_seam(&mut self, chunk: &[u8], report: &mut Report) {
        let before = self.context.len();
        if before == 0 {
            return;
        }
        self.seam.clear();
        self.seam.extend_from_slice(&self.context);
        self.seam.extend_from_slice(chunk.get(..CONTEXT).unwrap_or(chunk));
        let (start, runs) = (self.seen - before as u64, &mut self.runs);
        find(&self.set, &self.seam, |found| {
            if found.start < before && found.start + found.length > before {
                note(runs, start, &found, report);
            }
        });
    }

    fn remember(&mut self, chunk: &[u8]) {
        if let Some(tail) = chunk.last_chunk::<CONTEXT>() {
            self.context.clear();
            self.context.extend_from_slice(tail);
        } else {
            self.context.extend_from_slice(chunk);
            let surplus = self.context.len().saturating_sub(CONTEXT);
            self.context.drain(..surplus);
        }
    }

    /// How many of the last bytes could be the start of a window whose end has not come yet.
    fn unfinished(&self) -> usize {
        let tail = self.context.as_slice();
        let made_of = tail.iter().rev().take(GRAM).take_while(|byte| self.set.may_hold(**byte)).count();
        if made_of < GRAM {
            return made_of;
        }
        let longest = self.set.window_lengths().chain(self.set.short_lengths()).max().unwrap_or(1) - 1;
        let grams = tail.windows(GRAM).rev().take_while(|gram| self.set.may_contain(number(gram))).count();
        (grams + GRAM - 1).min(longest)
    }

    /// Passes on what is clean and masks what was found, up to a position before which nothing more can be found.
    fn drain(&mut self, until: u64, report: &mut Report, out: &mut impl FnMut(Bytes)) {
        while let Some(run) = self.runs.front().copied()
            && run.start <= until
        {
            self.runs.pop_front();
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

/// Whether a whole text holds a live secret.
#[must_use]
pub fn holds_secret(set: &FingerprintSet, text: &[u8]) -> bool {
    let mut holds = false;
    if !set.is_empty() {
        find(set, text, |_| holds = true);
    }
    holds
}

struct Found {
    start: usize,
    length: usize,
    tag: u32,
}

/// Calls `found` for every window of `text` that belongs to a secret, in order but for a few bytes. Every window contains bytes that
/// are looked up, so none is missed, wherever the text was cut.
fn find(set: &FingerprintSet, text: &[u8], mut found: impl FnMut(Found)) {
    let has_short = set.stride() < GRAM;
    let mut at = 0;
    for gram in text.chunks_exact(GRAM) {
        if set.may_contain(number(gram)) {
            confirm_around(set, text, at, &mut found);
        }
        if has_short {
            find_short(set, text, at, &mut found);
        }
        at += GRAM;
    }
    if has_short {
        find_short(set, text, at, &mut found);
    }
}

/// Windows that contain the gram at `at` and start after the gram before it, in which any earlier one was found.
#[cold]
fn confirm_around(set: &FingerprintSet, text: &[u8], at: usize, found: &mut impl FnMut(Found)) {
    // Each of these windows also contains the gram half a gram before or the one half a gram after; most false hits end here.
    let has = |start: Option<usize>| {
        let gram = start.and_then(|start| text.get(start..start + GRAM));
        gram.is_some_and(|gram| set.may_contain(number(gram)))
    };
    if !has(at.checked_sub(GRAM / 2)) && !has(at.checked_add(GRAM / 2)) {
        return;
    }
    for start in (at + 1).saturating_sub(GRAM)..=at {
        let rest = text.get(start..).unwrap_or_default();
        // The second half is cheaper to ask than a hash of the whole.
        if !rest.get(GRAM..2 * GRAM).is_some_and(|half| set.may_contain(number(half))) {
            continue;
        }
        for length in set.window_lengths() {
            if let Some(tag) = rest.get(..length).and_then(|window| set.confirm(window)) {
                found(Found { start, length, tag });
            }
        }
    }
}

/// Texts that are recognized as a whole only, by the grams of the next eight bytes.
fn find_short(set: &FingerprintSet, text: &[u8], at: usize, found: &mut impl FnMut(Found)) {
    let stride = set.stride();
    for at in (at..at + GRAM).step_by(stride) {
        let rest = text.get(at..).unwrap_or_default();
        if !set.may_start_short(number(rest.get(..GRAM).unwrap_or(rest))) {
            continue;
        }
        for start in (at + 1).saturating_sub(stride)..=at {
            for length in set.short_lengths() {
                if let Some(tag) = text.get(start..start + length).and_then(|whole| set.confirm(whole)) {
                    found(Found { start, length, tag });
                }
            }
        }
    }
}

/// Adds a find to those not yet masked, and joins what touches.
fn note(runs: &mut VecDeque<Run>, origin: u64, found: &Found, report: &mut Report) {
    report.note_tag(found.tag);
    let start = origin + found.start as u64;
    let mut run = Run { start, end: start + found.length as u64 };
    // Finds come in order but for a few bytes, so the place is at the end or close to it.
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

fn number(bytes: &[u8]) -> u64 {
    bytes.first_chunk::<GRAM>().map_or_else(
        || bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
        |bytes| u64::from_le_bytes(*bytes),
    )
}
