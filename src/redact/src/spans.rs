//! Puts markers where recognizers of shapes found something in a stream, however it is cut.

mod quotes;

use bytes::Bytes;

use self::quotes::{Quotes, may_end_before_value};
use crate::{
    content::Content,
    keys::Quote,
    marker::marker_of,
    observe::{Finding, Observe},
    pending::Pending,
    profile::{Action, Profile},
    recognizer::{CONTEXT_MAX, Found, Open},
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
    /// What was found, each with the place of its recognizer in the profile.
    found: Vec<(usize, Found)>,
    /// Where strings begin and end, in JSON.
    quotes: Option<Quotes>,
    /// A find that went on to the end of what was seen, the place of its recognizer, and whether it is left as it is.
    open: Option<(usize, Open, Stays)>,
}

/// Whether the bytes of a find are passed on.
type Stays = bool;

/// What ends with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    None,
    Message,
    Stream,
}

/// What happens to what is found, and to the rest.
pub(crate) struct Sinks<'stream, Out> {
    pub(crate) profile: &'stream Profile,
    pub(crate) report: &'stream mut Report,
    pub(crate) listeners: &'stream mut Listeners,
    pub(crate) out: &'stream mut Out,
}

/// Who takes part in what happens to a find.
#[derive(Default)]
pub(crate) struct Listeners {
    pub(crate) substitute: Option<Box<dyn Substitute>>,
    pub(crate) observer: Option<Box<dyn Observe>>,
}

impl SpanScanner {
    pub(crate) fn new(content: Content) -> Self {
        let quotes = matches!(content, Content::Json | Content::Events).then(Quotes::default);
        Self { seen: Vec::new(), decided: 0, pending: Pending::new(), passed: 0, found: Vec::new(), quotes, open: None }
    }

    pub(crate) fn push(&mut self, chunk: Bytes, sinks: &mut Sinks<'_, impl FnMut(Bytes)>) {
        self.pending.push(chunk.clone());
        if self.seen.is_empty() {
            let decided = self.look(&chunk, 0, End::None, sinks);
            self.seen.extend_from_slice(chunk.get(decided.saturating_sub(CONTEXT_MAX)..).unwrap_or_default());
            self.decided = decided.min(CONTEXT_MAX);
        } else {
            self.seen.extend_from_slice(&chunk);
            self.look_at_seen(End::None, sinks);
        }
    }

    /// Takes the last bytes of a stream.
    pub(crate) fn push_last(&mut self, chunk: Bytes, sinks: &mut Sinks<'_, impl FnMut(Bytes)>) {
        if self.seen.is_empty() && !chunk.is_empty() {
            self.pending.push(chunk.clone());
            self.look(&chunk, 0, End::Stream, sinks);
        } else {
            self.push(chunk, sinks);
            self.boundary(sinks);
        }
    }

    /// Nothing may be kept back any longer. What is before stays known, for its words.
    pub(crate) fn boundary(&mut self, sinks: &mut Sinks<'_, impl FnMut(Bytes)>) {
        if self.decided < self.seen.len() {
            self.look_at_seen(End::Message, sinks);
        }
    }

    fn look_at_seen(&mut self, end: End, sinks: &mut Sinks<'_, impl FnMut(Bytes)>) {
        let mut seen = std::mem::take(&mut self.seen);
        self.decided = self.look(&seen, self.decided, end, sinks);
        let surplus = self.decided.saturating_sub(CONTEXT_MAX);
        seen.drain(..surplus);
        self.decided -= surplus;
        self.seen = seen;
    }

    /// Looks at a text whose first `from` bytes were decided, and passes on what is decided now. Returns where that ends.
    fn look(&mut self, text: &[u8], from: usize, end: End, sinks: &mut Sinks<'_, impl FnMut(Bytes)>) -> usize {
        let looked_from = from + self.go_on(text.get(from..).unwrap_or_default(), sinks);
        if self.open.is_some() {
            self.follow(text.get(from..).unwrap_or_default());
            return text.len();
        }
        let Self { found, pending, passed, quotes, .. } = self;
        found.clear();
        let (mut decided, is_end) = (text.len(), end != End::None);
        for (place, recognizer) in sinks.profile.recognizers().iter().enumerate() {
            decided = decided.min(recognizer.look(text, looked_from, is_end, &mut |find| found.push((place, find))));
        }
        found.sort_unstable_by_key(|(_, find)| (find.start, find.class, find.end));
        let open =
            found.iter().find_map(|(place, find)| Some((*place, *find, open(*place, find, text, sinks.profile)?)));
        // What another recognizer may still find in the midst of a find belongs to one piece with it.
        for (_, find) in found.iter().rev() {
            if find.start < decided && find.end > decided {
                decided = find.start;
            }
        }
        // But an open find, which may be long, is not waited for.
        let open = open.filter(|(_, find, _)| find.start <= decided);
        if open.is_some() {
            decided = text.len();
        }
        let origin = *passed - looked_from as u64;
        let mut text = Text { bytes: text, origin, followed: from, quotes: quotes.as_mut() };
        let mut run = None;
        for find in found.drain(..).filter(|(_, find)| find.start < decided) {
            let Some(last) = run else {
                run = Some(find);
                continue;
            };
            if find.1.start < last.1.end {
                run = Some(joined(last, find));
            } else {
                settle(last, &mut text, pending, sinks);
                run = Some(find);
            }
        }
        let stays = run.is_some_and(|last| settle(last, &mut text, pending, sinks));
        // Of a stream that has ended nobody asks.
        if end != End::Stream {
            text.follow(decided);
        }
        *passed = origin + decided as u64;
        pending.release(*passed, sinks.out);
        self.open = open.map(|(place, _, open)| (place, open, stays));
        decided
    }

    /// Does with what an open find goes on to in a text as was done with its start. Returns how far that is.
    fn go_on(&mut self, text: &[u8], sinks: &mut Sinks<'_, impl FnMut(Bytes)>) -> usize {
        let Some((place, open, stays)) = self.open.take() else { return 0 };
        let recognizer = sinks.profile.recognizers().get(place);
        let (length, open) = recognizer.map_or((0, None), |recognizer| recognizer.go_on(open, text));
        self.passed += length as u64;
        if stays {
            self.pending.release(self.passed, sinks.out);
        } else {
            self.pending.skip(self.passed);
        }
        self.open = open.map(|open| (place, open, stays));
        length
    }

    fn follow(&mut self, text: &[u8]) {
        if let Some(quotes) = &mut self.quotes {
            quotes.follow(text);
        }
    }
}

fn open(place: usize, find: &Found, text: &[u8], profile: &Profile) -> Option<Open> {
    profile.recognizers().get(place)?.open(find, text)
}

/// What is looked at, with its place in the stream.
struct Text<'stream> {
    bytes: &'stream [u8],
    origin: u64,
    /// Up to where strings were followed.
    followed: usize,
    quotes: Option<&'stream mut Quotes>,
}

impl Text<'_> {
    fn follow(&mut self, until: usize) {
        if let Some(quotes) = &mut self.quotes {
            quotes.follow(self.bytes.get(self.followed..until).unwrap_or_default());
            self.followed = until;
        }
    }

    /// What stands around the text that takes the place of a find, if that is a number of JSON, or part of one.
    fn quote_around(&mut self, find: Found) -> Option<&'static str> {
        let value = self.bytes.get(find.start..find.end).unwrap_or_default();
        if self.quotes.is_none() || !value.iter().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte)) {
            return None;
        }
        self.follow(find.start);
        let quote = self.quotes.as_ref()?.around_value()?;
        // What begins as a document does need not be one.
        let before = self.bytes.get(find.start.saturating_sub(CONTEXT_MAX)..find.start).unwrap_or_default();
        (quote == Quote::Double { depth: 0 } || may_end_before_value(before)).then_some(quote.as_str())
    }
}

/// Two finds that overlap: all of both, as what comes first in precedence.
fn joined(one: (usize, Found), other: (usize, Found)) -> (usize, Found) {
    let (start, end) = (one.1.start.min(other.1.start), one.1.end.max(other.1.end));
    let (place, first) = if other.1.class < one.1.class { other } else { one };
    (place, Found { start, end, ..first })
}

/// Does what the profile says with one find. Returns whether it stays as it is.
fn settle(
    (place, find): (usize, Found),
    text: &mut Text<'_>,
    pending: &mut Pending,
    sinks: &mut Sinks<'_, impl FnMut(Bytes)>,
) -> Stays {
    let value = text.bytes.get(find.start..find.end).unwrap_or_default();
    let is_allowed = sinks.profile.allows(find.class, value);
    let (start, end) = (text.origin + find.start as u64, text.origin + find.end as u64);
    if let Some(observer) = &mut sinks.listeners.observer {
        let rule = sinks.profile.recognizers().get(place).map_or("", |recognizer| recognizer.rule_name(find.rule));
        observer.observe(&Finding { class: find.class, rule, score: find.score, start, end, is_allowed });
    }
    if is_allowed {
        return true;
    }
    let instead = match sinks.profile.action(find.class) {
        Action::Detect => {
            sinks.report.note_detected(find.class);
            return true;
        }
        Action::Block => {
            sinks.report.note_block(find.class);
            None
        }
        Action::Tokenize => {
            let substitute = sinks.listeners.substitute.as_mut();
            substitute.and_then(|substitute| substitute.substitute(find.class, value))
        }
        Action::Mask => None,
    };
    pending.release(start, sinks.out);
    let instead = instead.unwrap_or_else(|| marker_of(find.class, sinks.profile.name(find.class)));
    match text.quote_around(find) {
        Some(quote) => (sinks.out)([quote.as_bytes(), instead.as_ref(), quote.as_bytes()].concat().into()),
        None => (sinks.out)(instead),
    }
    pending.skip(end);
    sinks.report.note(find.class);
    false
}

#[cfg(test)]
mod tests;
