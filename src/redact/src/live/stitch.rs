//! Puts together what the events of a stream say in the same place: a text that comes in small pieces, each in an event of its own.
//!
//! The value of each field of a line, and of each member of a JSON document in it, is looked at together with the end of the values that
//! the same name had before. What was passed on with an earlier event stays passed on; that is less than what is looked for.

mod meaning;

use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use secret::FingerprintSet;

use super::blob::{Blob, Fed};
use super::expansion::Expansion;
use super::find::GRAM;
use crate::view::{REACH, Spelling, each_that_ends_behind, look_at_end};
use meaning::Meaning;

/// How many names are followed at once; the one that was followed first gives way.
const NAMES_MAX: usize = 32;
/// What is kept of the values that a name had.
const TAIL_LENGTH_MAX: usize = REACH / 2;
/// What is looked at of a value together with those before, and kept back until it is there.
const HEAD_LENGTH_MAX: usize = 128;
/// A value of so many bytes that is the same again is no piece of a text.
const REPEATED_LENGTH_MIN: usize = GRAM - 1;

/// A find: the stretch of the stream, and the tag of the secret, if there is one.
type Note<'note> = &'note mut dyn FnMut(u64, u64, Option<u32>);

/// Where in an event stream the bytes stand.
#[derive(Debug, Default)]
pub(super) struct Stitcher {
    tails: Tails,
    place: Place,
    /// The name of the field so far.
    field: DefaultHasher,
    /// The name of the member.
    member: u64,
    /// The value of the field.
    value: Option<Value>,
    /// A string in it.
    string: Option<Value>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Name,
    AfterColon,
    AfterBlank,
    Value,
    /// In a JSON document, between strings.
    Document,
    String,
    AfterBackslash,
    AfterString,
}

impl Stitcher {
    /// Takes the next bytes, the first of which stands at a position of the stream.
    pub(super) fn push(&mut self, set: &Arc<FingerprintSet>, bytes: &[u8], position: u64, note: Note<'_>) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let line = memchr::memchr2(b'\n', b'\r', rest);
            let end = at + line.unwrap_or(rest.len());
            while at < end {
                let part = bytes.get(at..end).unwrap_or_default();
                at += self.take(set, part, position + at as u64, note);
            }
            if line.is_some() {
                self.end_line(set, note);
                at = end + 1;
            }
        }
    }

    /// From where the stream must be kept back until the value that goes on is looked at.
    pub(super) fn held_from(&self) -> Option<u64> {
        let held = |value: &Option<Value>, name| {
            value.as_ref().filter(|value| !value.is_looked_at && self.tails.of(name).is_some()).map(|value| value.start)
        };
        held(&self.value, self.field.finish()).into_iter().chain(held(&self.string, self.member)).min()
    }

    /// Looks at what is there of a value that nothing may be kept back of any longer.
    pub(super) fn look(&self, set: &Arc<FingerprintSet>, note: Note<'_>) {
        for (value, name) in [(&self.value, self.field.finish()), (&self.string, self.member)] {
            if let Some(value) = value.as_ref().filter(|value| !value.is_looked_at) {
                self.tails.look(set, name, value, note);
            }
        }
    }

    /// Takes some bytes of a line, and returns how many.
    fn take(&mut self, set: &Arc<FingerprintSet>, part: &[u8], position: u64, note: Note<'_>) -> usize {
        let until = |found: Option<usize>| found.unwrap_or(part.len());
        match self.place {
            Place::Name => {
                let colon = until(memchr::memchr(b':', part));
                self.field.write(part.get(..colon).unwrap_or_default());
                if colon == part.len() {
                    return colon;
                }
                self.place = Place::AfterColon;
                colon + 1
            }
            Place::AfterColon if part.first() == Some(&b' ') => {
                self.place = Place::AfterBlank;
                1
            }
            Place::AfterColon | Place::AfterBlank => {
                let is_document = matches!(part.first(), Some(b'{' | b'['));
                self.place = if is_document { Place::Document } else { Place::Value };
                self.value = Some(Value::new(position));
                0
            }
            Place::Value => {
                self.take_of_value(set, part, note);
                part.len()
            }
            Place::Document => {
                let quote = until(memchr::memchr(b'"', part));
                let length = part.len().min(quote + 1);
                self.take_of_value(set, part.get(..length).unwrap_or_default(), note);
                if quote < part.len() {
                    self.place = Place::String;
                    self.string = Some(Value::of_string(position + length as u64));
                }
                length
            }
            Place::String => {
                let stop = until(memchr::memchr2(b'"', b'\\', part));
                let is_end = part.get(stop) == Some(&b'"');
                self.take_of_string(set, part.get(..stop).unwrap_or_default(), note);
                if is_end {
                    self.take_of_value(set, part.get(..=stop).unwrap_or_default(), note);
                    self.place = Place::AfterString;
                    return stop + 1;
                }
                self.take_of_value(set, part.get(..stop).unwrap_or_default(), note);
                if stop == part.len() {
                    return stop;
                }
                self.take_of_string(set, b"\\", note);
                self.take_of_value(set, b"\\", note);
                self.place = Place::AfterBackslash;
                stop + 1
            }
            Place::AfterBackslash => {
                let escaped = part.get(..1).unwrap_or_default();
                self.take_of_string(set, escaped, note);
                self.take_of_value(set, escaped, note);
                self.place = Place::String;
                escaped.len()
            }
            Place::AfterString => {
                let blank = part.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
                self.take_of_value(set, part.get(..blank).unwrap_or_default(), note);
                if let Some(next) = part.get(blank) {
                    self.end_string(set, *next == b':', note);
                    self.place = Place::Document;
                }
                blank
            }
        }
    }

    /// The value of a line that holds a JSON document is looked at if it is short, for it may be no document.
    fn take_of_value(&mut self, set: &Arc<FingerprintSet>, bytes: &[u8], note: Note<'_>) {
        let is_document = self.place != Place::Value;
        // Nothing is kept of a document that is not short.
        if let Some(value) = self.value.as_mut().filter(|value| !is_document || !value.is_looked_at) {
            value.take(bytes, |value| {
                if !is_document {
                    self.tails.look(set, self.field.finish(), value, note);
                }
            });
        }
    }

    fn take_of_string(&mut self, set: &Arc<FingerprintSet>, bytes: &[u8], note: Note<'_>) {
        if let Some(string) = &mut self.string {
            string.take(bytes, |string| self.tails.look(set, self.member, string, note));
        }
    }

    fn end_string(&mut self, set: &Arc<FingerprintSet>, is_name: bool, note: Note<'_>) {
        let Some(string) = self.string.take() else { return };
        if is_name {
            let mut name = DefaultHasher::new();
            name.write(&string.last);
            self.member = name.finish();
        } else {
            self.tails.end(set, self.member, &string, note);
        }
    }

    fn end_line(&mut self, set: &Arc<FingerprintSet>, note: Note<'_>) {
        self.end_string(set, false, note);
        let is_document = !matches!(self.place, Place::Name | Place::Value);
        let field = std::mem::take(&mut self.field).finish();
        if let Some(value) = self.value.take().filter(|value| !is_document || !value.is_looked_at) {
            self.tails.end(set, field, &value, note);
        }
        self.place = Place::Name;
    }
}

/// A value whose end has not come yet.
#[derive(Debug)]
struct Value {
    start: u64,
    /// Its last bytes: all of them until it is looked at, and what is kept of it at least.
    last: Vec<u8>,
    is_looked_at: bool,
    /// Whether that is not all of it.
    is_cut: bool,
    /// Whether JSON escapes characters in it.
    is_string: bool,
}

impl Value {
    const fn new(start: u64) -> Self {
        Self { start, last: Vec::new(), is_looked_at: false, is_cut: false, is_string: false }
    }

    fn of_string(start: u64) -> Self {
        Self { is_string: true, ..Self::new(start) }
    }

    /// What is kept of it as it is meant.
    fn meaning(&self) -> Meaning {
        if self.is_string { Meaning::of_string(&self.last) } else { Meaning::of_text(&self.last) }
    }

    /// Takes its next bytes, and calls `look` where there are enough, wherever the stream was cut.
    fn take(&mut self, bytes: &[u8], look: impl FnOnce(&Self)) {
        let missing = if self.is_looked_at { 0 } else { HEAD_LENGTH_MAX - self.last.len() };
        let (head, rest) = bytes.split_at(missing.min(bytes.len()));
        self.last.extend_from_slice(head);
        if !self.is_looked_at && self.last.len() == HEAD_LENGTH_MAX {
            look(self);
            self.is_looked_at = true;
        }
        self.is_cut |= self.last.len() + rest.len() > TAIL_LENGTH_MAX;
        keep_last(&mut self.last, rest);
    }
}

/// What the values of each name end with.
#[derive(Debug, Default)]
struct Tails {
    of_names: Vec<Tail>,
    /// What compressed data in all of them may expand to.
    expansion: Arc<Expansion>,
    /// The one that gives way next.
    next: usize,
}

/// What the values of one name end with.
#[derive(Debug)]
struct Tail {
    name: u64,
    text: Vec<u8>,
    /// Compressed data in base64 of which they are pieces.
    compressed: Vec<Blob>,
}

impl Tails {
    fn of(&self, name: u64) -> Option<&[u8]> {
        self.of_names.iter().find(|tail| tail.name == name).map(|tail| tail.text.as_slice())
    }

    /// Looks at a value together with those before.
    fn look(&self, set: &Arc<FingerprintSet>, name: u64, value: &Value, note: Note<'_>) {
        let Some(tail) = self.of(name) else { return };
        let meaning = value.meaning();
        let joined = [tail, &meaning.text].concat();
        look_at_end(set, &joined, &mut |found| {
            if found.end > tail.len() {
                let from = meaning.origin(found.start.saturating_sub(tail.len())).0;
                let to = meaning.origin(found.end - tail.len() - 1).1;
                note(value.start + from as u64, value.start + to as u64, Some(found.tag));
            }
        });
    }

    fn end(&mut self, set: &Arc<FingerprintSet>, name: u64, value: &Value, note: Note<'_>) {
        let text = value.meaning().text;
        let is_repeated = text.len() >= REPEATED_LENGTH_MIN
            && self.of(name).is_some_and(|tail| !value.is_looked_at && tail.ends_with(&text));
        if is_repeated || value.last.is_empty() {
            return;
        }
        if !value.is_looked_at {
            self.look(set, name, value, note);
        }
        let known = self.of_names.iter().position(|tail| tail.name == name);
        let place = known.unwrap_or_else(|| {
            if self.of_names.len() < NAMES_MAX {
                self.of_names.push(Tail::new(name));
                return self.of_names.len() - 1;
            }
            self.next = (self.next + 1) % NAMES_MAX;
            self.next
        });
        if let Some(tail) = self.of_names.get_mut(place) {
            if known.is_none() {
                *tail = Tail::new(name);
            }
            tail.look_into_compressed(set, &self.expansion, value, &text, note);
            keep_last(&mut tail.text, &text);
        }
    }
}

impl Tail {
    const fn new(name: u64) -> Self {
        Self { name, text: Vec::new(), compressed: Vec::new() }
    }

    /// Looks into the compressed data that goes on in a value or starts with it, and masks all of the value if it must not be passed on.
    fn look_into_compressed(
        &mut self,
        set: &Arc<FingerprintSet>,
        expansion: &Arc<Expansion>,
        value: &Value,
        text: &[u8],
        note: Note<'_>,
    ) {
        if value.is_cut {
            // No small piece; alone it was looked into.
            self.compressed.clear();
            return;
        }
        expansion.allow_for(value.start);
        let mut feed = |blob: &mut Blob, digits: &[u8]| {
            let goes_on = matches!(blob.feed(digits, value.start), Fed::All) && blob.look();
            if blob.is_masked() {
                note(value.start, value.start + value.last.len() as u64, blob.tag());
            }
            goes_on
        };
        self.compressed.retain_mut(|blob| feed(blob, text));
        let joined = [self.text.as_slice(), text].concat();
        each_that_ends_behind(&joined, self.text.len(), |at, coding| {
            let blob = Blob::spelled(set, Spelling::Plain, coding, 1, expansion, value.start);
            let digits = joined.get(at..).unwrap_or_default();
            self.compressed.extend(blob.and_then(|mut blob| feed(&mut blob, digits).then_some(blob)));
        });
    }
}

/// Adds bytes, and drops what is too far before the last one.
fn keep_last(tail: &mut Vec<u8>, bytes: &[u8]) {
    tail.extend_from_slice(bytes.get(bytes.len().saturating_sub(TAIL_LENGTH_MAX)..).unwrap_or(bytes));
    tail.drain(..tail.len().saturating_sub(TAIL_LENGTH_MAX));
}

#[cfg(test)]
mod tests;
