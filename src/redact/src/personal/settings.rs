//! What of personal data is looked for, and how sure it must be.

use super::{birth, phone, rules};
use crate::entity::Entity;

/// What is looked for.
#[derive(Debug, Clone)]
pub struct PersonalSettings {
    /// The kinds; all by default.
    pub entities: Vec<Entity>,
    /// How sure a find must be, from 0 to 100, as Presidio's score times a hundred. A number that proves itself is above 50 by
    /// itself; one with a weak form needs a word before it.
    pub score_threshold: u8,
    /// How many words before a number may say what it is.
    pub context_word_count: usize,
    /// Further words that say what a number of a kind is.
    pub context_words: Vec<(Entity, String)>,
    /// The region whose telephone numbers are written without their country, as in ISO 3166-1; `None` for international ones alone.
    pub default_region: Option<String>,
    /// Which addresses of the Internet Protocol tell something of a person.
    pub addresses: Addresses,
    /// The operator's own patterns.
    pub own: Vec<OwnPattern>,
}

/// Which addresses of the Internet Protocol are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// Every one but loopback, unspecified and broadcast.
    All,
    /// Those that are routed on the Internet, and none that is kept for documents.
    Public,
}

/// A pattern of the operator's.
#[derive(Debug, Clone)]
pub struct OwnPattern {
    /// What it is called in reports.
    pub name: String,
    /// A regular expression in the syntax of the `regex` crate, over bytes: `\d`, `\w` and `\b` know ASCII alone.
    pub pattern: String,
    /// How sure a match is, from 0 to 100.
    pub score: u8,
    /// Words before it that make it surer.
    pub context_words: Vec<String>,
}

impl Default for PersonalSettings {
    /// Every kind, a threshold of 50, five words, telephone numbers of the United States beside international ones.
    fn default() -> Self {
        Self {
            entities: Entity::ALL.to_vec(),
            score_threshold: 50,
            context_word_count: 5,
            context_words: Vec::new(),
            default_region: Some("US".to_owned()),
            addresses: Addresses::All,
            own: Vec::new(),
        }
    }
}

impl PersonalSettings {
    /// The words that say that a kind follows.
    pub(super) fn keywords(&self) -> Vec<(usize, &str)> {
        let of = |entity: Entity, words: &[&'static str]| {
            words.iter().map(move |word| (entity.place(), *word)).collect::<Vec<_>>()
        };
        let mut keywords = of(Entity::PhoneNumber, phone::WORDS);
        keywords.extend(of(Entity::DateOfBirth, birth::WORDS));
        rules::all().for_each(|rule| keywords.extend(of(rule.entity, rule.words)));
        keywords.extend(self.context_words.iter().map(|(entity, word)| (entity.place(), word.as_str())));
        for (place, own) in self.own.iter().enumerate() {
            keywords.extend(own.context_words.iter().map(|word| (Entity::ALL.len() + place, word.as_str())));
        }
        keywords
    }
}

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPersonalSettings {
    /// Nobody's telephone numbers.
    #[error("`{0}` is not a region; give its two letters of ISO 3166-1, such as `US`")]
    UnknownRegion(String),
    /// Not a regular expression, or one whose automaton is too large.
    #[error("the pattern `{name}` cannot be used: {reason}")]
    Pattern {
        /// Which one.
        name: String,
        /// What is wrong, in the words of the library that reads it.
        reason: String,
    },
    /// It matches nothing, or a text without an end.
    #[error(
        "the pattern `{name}` must match 1 to {length_max} bytes; give its repetitions an upper bound, as in `{{1,20}}`"
    )]
    Unbounded {
        /// Which one.
        name: String,
        /// The longest match that is kept in memory.
        length_max: usize,
    },
    /// There are too many.
    #[error("there are more than {0} patterns")]
    TooManyPatterns(usize),
    /// The context words are too many or too long to be looked for at once.
    #[error("the context words are too many or too long")]
    TooManyWords,
}
