//! The rules that settings ask for, by what a number begins with, so that few are tried at each.

use super::{
    card, national, passport,
    rule::{self, Rule},
};
use crate::entity::Entity;

/// One shape of one rule.
#[derive(Clone, Copy)]
pub(super) struct Compiled {
    pub(super) rule: &'static Rule,
    pub(super) shape: &'static str,
    pub(super) score: u8,
    /// What the shape has behind its first word, if it has several.
    separator: Option<u8>,
}

impl Compiled {
    /// Whether the first word may be followed by this separator.
    pub(super) fn goes_on_with(&self, separator: u8) -> bool {
        match self.separator {
            Some(b' ') => rule::is_any_separator(separator),
            wanted => wanted == Some(separator),
        }
    }
}

/// Shapes by the lengths of their words.
pub(super) struct Rules {
    /// Digits alone, by their number.
    digits: Vec<Vec<Compiled>>,
    /// One word of letters and digits, by its length.
    words: Vec<Vec<Compiled>>,
    /// Several words, by the lengths of the first two.
    several: Vec<Vec<Compiled>>,
}

/// No word of a shape is longer.
const LENGTH_MAX: usize = 24;

impl Rules {
    pub(super) fn of(entities: &[Entity]) -> Self {
        let none = |count| vec![Vec::new(); count];
        let mut rules =
            Self { digits: none(LENGTH_MAX), words: none(LENGTH_MAX), several: none(LENGTH_MAX * LENGTH_MAX) };
        for rule in all().filter(|rule| entities.contains(&rule.entity)) {
            for (shape, score) in rule.shapes {
                let mut words = shape.split(|wanted: char| !wanted.is_ascii_alphanumeric()).map(str::len);
                let (first, second) = (words.next().unwrap_or(0), words.next());
                let (table, place) = match second {
                    Some(second) => (&mut rules.several, first * LENGTH_MAX + second),
                    None if shape.bytes().all(|wanted| wanted == b'9') => (&mut rules.digits, first),
                    None => (&mut rules.words, first),
                };
                if let Some(bucket) = table.get_mut(place) {
                    bucket.push(Compiled {
                        rule,
                        shape,
                        score: *score,
                        separator: shape.as_bytes().get(first).copied(),
                    });
                }
            }
        }
        rules
    }

    /// Numbers of so many digits and nothing else.
    pub(super) fn digits(&self, length: usize) -> &[Compiled] {
        self.digits.get(length).map(Vec::as_slice).unwrap_or_default()
    }

    /// Single words of this length.
    pub(super) fn words(&self, length: usize) -> &[Compiled] {
        self.words.get(length).map(Vec::as_slice).unwrap_or_default()
    }

    /// Numbers whose first two words have these lengths.
    pub(super) fn several(&self, first: usize, second: usize) -> &[Compiled] {
        let place = if first < LENGTH_MAX && second < LENGTH_MAX { first * LENGTH_MAX + second } else { usize::MAX };
        self.several.get(place).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Every rule of numbers of a fixed form.
pub(super) fn all() -> impl Iterator<Item = &'static Rule> {
    national::RULES.into_iter().chain([card::RULES, passport::RULES]).flatten()
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules")
            .field(
                "shapes",
                &[&self.digits, &self.words, &self.several].into_iter().flatten().map(Vec::len).sum::<usize>(),
            )
            .finish()
    }
}
