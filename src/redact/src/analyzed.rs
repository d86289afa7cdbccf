//! Has an analyzer shown the texts of a body that was masked already, and puts markers where it found something.

mod text;

use std::ops::Range;

use bytes::Bytes;

use self::text::Text;
use crate::{
    class::Class,
    entity::Entity,
    marker::marker_of,
    profile::{Action, Profile},
    report::Report,
};

/// A find of an analyzer, by its place in a text that it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// What it is.
    pub entity: Entity,
}

/// An analyzer's answer that belongs to other texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the analyzer found something outside of the texts that it was shown")]
pub struct Misplaced;

/// The texts of a body: of JSON the strings that are values, each as its reader has it; of anything else all.
#[derive(Debug)]
pub struct Texts {
    body: Bytes,
    texts: Vec<Text>,
}

impl Texts {
    /// The texts of a whole body.
    #[must_use]
    pub fn of(body: Bytes) -> Self {
        Self { texts: text::of(&body, 0), body }
    }

    /// The texts of whole events, line by line (HTML, section 9.2.6).
    #[must_use]
    pub fn of_events(body: Bytes) -> Self {
        let (mut texts, mut at) = (Vec::new(), 0);
        for line in body.split(|byte| matches!(byte, b'\n' | b'\r')) {
            let data = line.strip_prefix(b"data:").unwrap_or(line);
            texts.extend(text::of(data, at + line.len() - data.len()));
            at += line.len() + 1;
        }
        Self { body, texts }
    }

    /// What an analyzer is shown.
    #[must_use]
    pub fn shown(&self) -> Vec<&str> {
        self.texts.iter().map(Text::shown).collect()
    }

    /// Does what `profile` says with what was found in each text, and gives the body back.
    ///
    /// # Errors
    /// [`Misplaced`] for finds that are not in these texts.
    pub fn mask(self, found: &[Vec<Span>], profile: &Profile, report: &mut Report) -> Result<Bytes, Misplaced> {
        if found.len() != self.texts.len() {
            return Err(Misplaced);
        }
        let mut masked: Vec<(Range<usize>, Class)> = Vec::new();
        for (text, spans) in self.texts.iter().zip(found) {
            for span in spans.iter().filter(|span| profile.asks_for(span.entity)) {
                let value = text.shown().get(span.start..span.end).filter(|value| !value.is_empty());
                let (value, class) = (value.ok_or(Misplaced)?, Class::Personal(span.entity));
                if profile.allows(class, value.as_bytes()) {
                    continue;
                }
                match profile.action(class) {
                    Action::Detect => {
                        report.note_detected(class);
                        continue;
                    }
                    Action::Block => report.note_block(class),
                    Action::Tokenize | Action::Mask => {}
                }
                masked.push((text.place(span.start)..text.place(span.end), class));
            }
        }
        if masked.is_empty() {
            return Ok(self.body);
        }
        Ok(self.marked(joined(masked), profile, report))
    }

    fn marked(&self, masked: Vec<(Range<usize>, Class)>, profile: &Profile, report: &mut Report) -> Bytes {
        let (mut marked, mut end) = (Vec::with_capacity(self.body.len()), 0);
        for (place, class) in masked {
            marked.extend_from_slice(self.body.get(end..place.start).unwrap_or_default());
            marked.extend_from_slice(&marker_of(class, profile.name(class)));
            report.note(class);
            end = place.end;
        }
        marked.extend_from_slice(self.body.get(end..).unwrap_or_default());
        marked.into()
    }
}

/// Finds in their order; those that overlap are one, of the class that comes first.
fn joined(mut finds: Vec<(Range<usize>, Class)>) -> Vec<(Range<usize>, Class)> {
    finds.sort_unstable_by_key(|(place, class)| (place.start, place.end, *class));
    let mut joined: Vec<(Range<usize>, Class)> = Vec::with_capacity(finds.len());
    for (place, class) in finds {
        match joined.last_mut() {
            Some((last, of_last)) if place.start < last.end => {
                last.end = last.end.max(place.end);
                *of_last = class.min(*of_last);
            }
            _ => joined.push((place, class)),
        }
    }
    joined
}

#[cfg(test)]
mod tests;
