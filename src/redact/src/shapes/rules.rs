//! Rules as they are written, and what is wrong with one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::checks::Checksum;
use super::pattern::{Pattern, PatternError};

/// The rules that come with the program, a file for each field.
const FILES: [&str; 10] = [
    include_str!("../../rules/ai.toml"),
    include_str!("../../rules/build.toml"),
    include_str!("../../rules/chat.toml"),
    include_str!("../../rules/cloud.toml"),
    include_str!("../../rules/code.toml"),
    include_str!("../../rules/data.toml"),
    include_str!("../../rules/keys.toml"),
    include_str!("../../rules/money.toml"),
    include_str!("../../rules/services.toml"),
    include_str!("../../rules/web.toml"),
];
/// How many rules there can be: a find names its rule in 16 bits, and each costs some.
const RULES_MAX: usize = 4096;
/// A word before a value is looked for by four of its bytes, and no further back than this.
const WORD_LENGTHS: std::ops::RangeInclusive<usize> = 4..=24;
/// Of a rule that does not say how sure it is.
const SCORE: u8 = 85;

/// One kind of credential, as it is written in a file of rules.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What it looks like, in one or several patterns.
    pub shapes: Vec<String>,
    /// Words of which one stands close before it, in any case. Without them the shape alone must say enough.
    #[serde(default)]
    pub after: Vec<String>,
    /// How random it is at least, in bits for each byte.
    #[serde(default)]
    pub entropy: f32,
    /// Whether it has both letters and digits.
    #[serde(default)]
    pub mixed: bool,
    /// What its vendor puts into it to recognize it.
    pub checksum: Option<Checksum>,
    /// Values in public documentation, which stay.
    #[serde(default)]
    pub examples: BTreeSet<String>,
    /// How sure a find is, of 100.
    #[serde(default = "score")]
    pub score: u8,
}

/// Rules by their names.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: BTreeMap<String, Rule>,
}

/// Why a rule is refused.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// It is not TOML, or none of a rule.
    #[error("the rules cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// There is such a rule already.
    #[error("rule `{0}` is there already; take another name")]
    Twice(String),
    /// Too many.
    #[error("there can be {RULES_MAX} rules")]
    TooMany,
    /// Nothing to look for.
    #[error("rule `{0}` has no shape")]
    Shapeless(String),
    /// A pattern that cannot be read, or not in bounds.
    #[error("rule `{rule}`, shape `{shape}`: {source}")]
    Pattern {
        /// Of this rule.
        rule: String,
        /// This one.
        shape: String,
        /// What is wrong with it.
        source: PatternError,
    },
    /// A shape that has no four bytes by which it can be looked for.
    #[error(
        "rule `{rule}`: one of its shapes has nothing in it to look for; begin it with four bytes that are known, or say in `after` \
         which words stand before it"
    )]
    NoAnchor {
        /// This one.
        rule: String,
    },
    /// A word that is too short to look for, or too long.
    #[error("rule `{rule}`, word `{word}`: write 4 to 24 ASCII characters")]
    Word {
        /// Of this rule.
        rule: String,
        /// This one.
        word: String,
    },
}

impl Rules {
    /// Those that come with the program.
    ///
    /// # Errors
    /// None: a test reads them.
    pub fn built_in() -> Result<Self, RuleError> {
        FILES.into_iter().try_fold(Self::default(), |rules, file| rules.and(file))
    }

    /// These and those of a file.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn and(self, file: &str) -> Result<Self, RuleError> {
        toml::from_str::<BTreeMap<String, Rule>>(file)?
            .into_iter()
            .try_fold(self, |rules, (name, rule)| rules.with(name, rule))
    }

    /// These and one more.
    ///
    /// # Errors
    /// There is one of this name already, or there are too many.
    pub fn with(mut self, name: String, rule: Rule) -> Result<Self, RuleError> {
        if self.rules.len() == RULES_MAX {
            return Err(RuleError::TooMany);
        }
        if self.rules.contains_key(&name) {
            return Err(RuleError::Twice(name));
        }
        self.rules.insert(name, rule);
        Ok(self)
    }

    /// The rules and their names, in the order of names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Rule)> {
        self.rules.iter().map(|(name, rule)| (name.as_str(), rule))
    }
}

impl Rule {
    pub(crate) fn patterns(&self, name: &str) -> Result<Vec<Pattern>, RuleError> {
        if self.shapes.is_empty() {
            return Err(RuleError::Shapeless(name.to_owned()));
        }
        let parse = |shape: &String| {
            let wrong = |source| RuleError::Pattern { rule: name.to_owned(), shape: shape.clone(), source };
            Pattern::parse(shape).map_err(wrong)
        };
        self.shapes.iter().map(parse).collect()
    }

    pub(crate) fn words(&self, name: &str) -> Result<&[String], RuleError> {
        match self.after.iter().find(|word| !WORD_LENGTHS.contains(&word.len()) || !word.is_ascii()) {
            Some(word) => Err(RuleError::Word { rule: name.to_owned(), word: word.clone() }),
            None => Ok(&self.after),
        }
    }
}

const fn score() -> u8 {
    SCORE
}
