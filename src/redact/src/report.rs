//! What was masked in one stream: how often, of which class, of which secret.

use std::collections::BTreeSet;

/// How many different secrets a report names; one response that holds more is no less of an incident.
const TAGS_MAX: usize = 16;

/// Why something was masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A secret that Claviger holds came back.
    LiveSecret,
    /// The value of a field whose name says that it is secret.
    NamedField,
}

impl Class {
    /// The name used in records, metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LiveSecret => "live_secret",
            Self::NamedField => "named_field",
        }
    }
}

/// What was masked. Holds nothing of what stood there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    live: u64,
    fields: u64,
    tags: BTreeSet<u32>,
}

impl Report {
    /// How many times a marker was put in.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.live + self.fields
    }

    /// How many of them are of this class. A live secret in a field of a telling name counts in both.
    #[must_use]
    pub const fn count_of(&self, class: Class) -> u64 {
        match class {
            Class::LiveSecret => self.live,
            Class::NamedField => self.fields,
        }
    }

    /// The classes that occurred.
    pub fn classes(&self) -> impl Iterator<Item = Class> + use<'_> {
        [Class::LiveSecret, Class::NamedField].into_iter().filter(|class| self.count_of(*class) > 0)
    }

    /// The tags of the live secrets that came back, as they were given to `FingerprintSet::add`; the first sixteen of them.
    #[must_use]
    pub const fn tags(&self) -> &BTreeSet<u32> {
        &self.tags
    }

    /// Adds what was masked elsewhere in the same exchange, such as in the headers.
    pub fn merge(&mut self, other: &Self) {
        self.live += other.live;
        self.fields += other.fields;
        other.tags.iter().for_each(|tag| self.note_tag(*tag));
    }

    pub(crate) const fn note(&mut self, class: Class) {
        match class {
            Class::LiveSecret => self.live += 1,
            Class::NamedField => self.fields += 1,
        }
    }

    pub(crate) fn note_tag(&mut self, tag: u32) {
        if self.tags.len() < TAGS_MAX {
            self.tags.insert(tag);
        }
    }
}
