//! What was found in one stream: how often, of which class, of which secret.

use std::collections::{BTreeMap, BTreeSet};

use crate::class::Class;

/// How many different secrets a report names; one response that holds more is no less of an incident.
const TAGS_MAX: usize = 16;

/// What was found. Holds nothing of what stood there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    masked: BTreeMap<Class, u64>,
    detected: BTreeMap<Class, u64>,
    tags: BTreeSet<u32>,
    blocked_by: Option<Class>,
}

impl Report {
    /// How many times something else was put in the place of a text.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.masked.values().sum()
    }

    /// How many of them are of this class. A live secret in a field of a telling name counts in both.
    #[must_use]
    pub fn count_of(&self, class: Class) -> u64 {
        self.masked.get(&class).copied().unwrap_or(0)
    }

    /// The classes of which something was masked, and how often.
    pub fn classes(&self) -> impl Iterator<Item = (Class, u64)> + use<'_> {
        self.masked.iter().map(|(class, count)| (*class, *count))
    }

    /// The classes of which something was found and left as it was, and how often.
    pub fn detected(&self) -> impl Iterator<Item = (Class, u64)> + use<'_> {
        self.detected.iter().map(|(class, count)| (*class, *count))
    }

    /// Whether nothing at all was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.masked.is_empty() && self.detected.is_empty() && self.blocked_by.is_none()
    }

    /// The class for which the stream must be refused.
    #[must_use]
    pub const fn blocked_by(&self) -> Option<Class> {
        self.blocked_by
    }

    /// The tags of the live secrets that came back, as they were given to `FingerprintSet::add`; the first sixteen of them.
    #[must_use]
    pub const fn tags(&self) -> &BTreeSet<u32> {
        &self.tags
    }

    /// Adds what was found elsewhere in the same exchange, such as in the headers.
    pub fn merge(&mut self, other: &Self) {
        other.masked.iter().for_each(|(class, count)| *self.masked.entry(*class).or_default() += count);
        other.detected.iter().for_each(|(class, count)| *self.detected.entry(*class).or_default() += count);
        other.tags.iter().for_each(|tag| self.note_tag(*tag));
        self.blocked_by = self.blocked_by.or(other.blocked_by);
    }

    /// Adds what was found elsewhere and, unlike there, is left as it was.
    pub(crate) fn merge_as_detected(&mut self, other: &Self) {
        other.masked.iter().for_each(|(class, count)| *self.detected.entry(*class).or_default() += count);
    }

    pub(crate) fn note(&mut self, class: Class) {
        *self.masked.entry(class).or_default() += 1;
    }

    pub(crate) fn note_detected(&mut self, class: Class) {
        *self.detected.entry(class).or_default() += 1;
    }

    pub(crate) fn note_block(&mut self, class: Class) {
        self.blocked_by.get_or_insert(class);
    }

    pub(crate) fn note_tag(&mut self, tag: u32) {
        if self.tags.len() < TAGS_MAX {
            self.tags.insert(tag);
        }
    }
}
