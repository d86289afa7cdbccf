//! Puts markers where recognizers of shapes found something in a stream, however it is cut.

use bytes::Bytes;

use crate::{
    marker::marker_of,
    pending::Pending,
    profile::{Action, Profile},
    recognizer::{CONTEXT_MAX, Found},
    report::Report,
    substitute::Substitute,
};

/// The state of one stream.
#[derive(Debug)]
pub(crate) struct SpanScanner {
    /// The last bytes that were decided, for their words, and all that are not decided yet.
    seen: Vec<u8>,
    /// How many bytes of `seen` were decided.
    decided: usize,
    /// What is not passed on yet.
    pending: Pending,
    /// The position in the stream up to which everything was passed on or masked.
    passed: u64,
    found: Vec<Found>,
}

/// What happens to what is found, and to the rest.
pub(crate) struct Sinks<'stream, Out> {
    pub(crate) profile: &'stream Profile,
    pub(crate) report: &'stream mut Report,
    pub(crate) substitute: Option<&'stream mut (dyn Substitute + 'static)>,
    pub(crate) out: &'stream mut Out,
}

impl SpanScanner {
    pub(crate) const fn new() -> Self {
        Self { seen: Vec::new(), decided: 0, pending: Pending::new(), passed: 0, found: Vec::new() }
    }

    pub(crate) fn push(&mut self, chunk: Bytes, sinks: &mut Sinks<'_, impl FnMut(Bytes)>) {
        self.pending.push(chunk.clone());
        if self.seen.is_empty() {
            let decided = self.look(&chunk, 0, false, sinks);
            self.seen.extend_from_slice(chunk.get(decided.saturating_sub(CONTEXT_MAX)..).unwrap_or_default());
            self.decided = decided.min(CONTEXT_MAX);
        } else {
            self.seen.extend_from_slice(&chunk);
            self.look_at_seen(false, sinks);
        }
    }

    /// Nothing may be kept back any longer. What is before stays known, for its words.
    pub(crate) fn boundary(&mut self, sinks: &mut Sinks<'_, impl FnMut(Bytes)>) {
        if self.decided < self.seen.len() {
            self.look_at_seen(true, sinks);
        }
    }

    fn look_at_seen(&mut self, is_end: bool, sinks: &mut Sinks<'_, impl FnMut(Bytes)>) {
        let mut seen = std::mem::take(&mut self.seen);
        self.decided = self.look(&seen, self.decided, is_end, sinks);
        let surplus = self.decided.saturating_sub(CONTEXT_MAX);
        seen.drain(..surplus);
        self.decided -= surplus;
        self.seen = seen;
    }

    /// Looks at a text whose first `from` bytes were decided, and passes on what is decided now. Returns where that ends.
    fn look(&mut self, text: &[u8], from: usize, is_end: bool, sinks: &mut Sinks<'_, impl FnMut(Bytes)>) -> usize {
        let Self { found, pending, passed, .. } = self;
        found.clear();
        let mut decided = text.len();
        for recognizer in sinks.profile.recognizers() {
            decided = decided.min(recognizer.look(text, from, is_end, &mut |find| found.push(find)));
        }
        found.sort_unstable_by_key(|find| (find.start, find.class, find.end));
        // What another recognizer may still find in the midst of a find belongs to one piece with it.
        for find in found.iter().rev() {
            if find.start < decided && find.end > decided {
                decided = find.start;
            }
        }
        let origin = *passed - from as u64;
        let mut run: Option<Found> = None;
        for find in found.drain(..).filter(|find| find.start < decided) {
            let Some(last) = run else {
                run = Some(find);
                continue;
            };
            if find.start < last.end {
                run = Some(joined(last, find));
            } else {
                settle(last, text, origin, pending, sinks);
                run = Some(find);
            }
        }
        if let Some(last) = run {
            settle(last, text, origin, pending, sinks);
        }
        *passed = origin + decided as u64;
        pending.release(*passed, sinks.out);
        decided
    }
}

/// Two finds that overlap: all of both, as what comes first in precedence.
fn joined(one: Found, other: Found) -> Found {
    let (start, end) = (one.start.min(other.start), one.end.max(other.end));
    let first = if other.class < one.class { other } else { one };
    Found { start, end, ..first }
}

/// Does what the profile says with one find.
fn settle(find: Found, text: &[u8], origin: u64, pending: &mut Pending, sinks: &mut Sinks<'_, impl FnMut(Bytes)>) {
    let value = text.get(find.start..find.end).unwrap_or_default();
    if sinks.profile.allows(&find, value) {
        return;
    }
    let instead = match sinks.profile.action(find.class) {
        Action::Detect => return sinks.report.note_detected(find.class),
        Action::Block => {
            sinks.report.note_block(find.class);
            None
        }
        Action::Tokenize => sinks.substitute.as_mut().and_then(|substitute| substitute.substitute(find.class, value)),
        Action::Mask => None,
    };
    pending.release(origin + find.start as u64, sinks.out);
    (sinks.out)(instead.unwrap_or_else(|| marker_of(find.class)));
    pending.skip(origin + find.end as u64);
    sinks.report.note(find.class);
}

#[cfg(test)]
mod tests;
