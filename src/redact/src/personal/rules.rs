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
    /// The place of its kind.
    pub(super) kind: usize,
    /// What the shape has behind its first word, if it has several.
    separator: Option<u8>,
    /// What it has behind its second.
    third: Option<u8>,
}

impl Compiled {
    /// Whether the first word may be followed by this separator, and the second by this byte.
    pub(super) fn goes_on_with(&self, separator: u8, third: Option<u8>) -> bool {
        let fits = |wanted, byte| if wanted == b' ' { rule::is_any_separator(byte) } else { wanted == byte };
        self.separator.is_some_and(|wanted| fits(wanted, separator))
            && self.third.is_none_or(|wanted| third.is_some_and(|byte| fits(wanted, byte)))
    }
}

/// Shapes by the lengths of their words.
pub(super) struct Rules {
    /// Digits alone, by their number: those that are sure enough by themselves, and those that need a word.
    digits: Vec<[Vec<Compiled>; 2]>,
    /// One word of letters and digits, by its length.
    words: Vec<Vec<Compiled>>,
    /// Several words, by the lengths of the first two.
    several: Vec<Vec<Compiled>>,
    /// How many letters and digits two words have at least that are a number by themselves.
    pair_min: usize,
}

/// No word of a shape is longer.
const LENGTH_MAX: usize = 24;

impl Rules {
    /// The rules of some kinds, of which a find counts from a score on.
    pub(super) fn of(entities: &[Entity], score_threshold: u8) -> Self {
        let none = |count| vec![Vec::new(); count];
        let mut rules = Self {
            digits: vec![[Vec::new(), Vec::new()]; LENGTH_MAX],
            words: none(LENGTH_MAX),
            several: none(LENGTH_MAX * LENGTH_MAX),
            pair_min: usize::MAX,
        };
        for rule in all().filter(|rule| entities.contains(&rule.entity)) {
            for (shape, score) in rule.shapes {
                let mut words = shape.split(|wanted: char| !wanted.is_ascii_alphanumeric()).map(str::len);
                let (first, second) = (words.next().unwrap_or(0), words.next());
                let third = second.and_then(|second| shape.as_bytes().get(first + 1 + second).copied());
                let bucket = match second {
                    Some(second) => rules.several.get_mut(first * LENGTH_MAX + second),
                    None if shape.bytes().all(|wanted| wanted == b'9') => {
                        let needs_word = usize::from(*score < score_threshold);
                        rules.digits.get_mut(first).and_then(|by_need| by_need.get_mut(needs_word))
                    }
                    None => rules.words.get_mut(first),
                };
                if let (Some(second), None) = (second, third) {
                    rules.pair_min = rules.pair_min.min(first + second);
                }
                if let Some(bucket) = bucket {
                    let separator = shape.as_bytes().get(first).copied();
                    let kind = rule.entity.place();
                    bucket.push(Compiled { rule, shape, score: *score, kind, separator, third });
                }
            }
        }
        rules
    }

    /// Numbers of so many digits and nothing else: those that are sure enough by themselves, and those that need a word before them.
    pub(super) fn digits(&self, length: usize) -> &[Vec<Compiled>; 2] {
        const NONE: &[Vec<Compiled>; 2] = &[Vec::new(), Vec::new()];
        self.digits.get(length).unwrap_or(NONE)
    }

    /// How many letters and digits two words have at least that are a number by themselves.
    pub(super) const fn pair_min(&self) -> usize {
        self.pair_min
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
                &self.digits.iter().flatten().chain(&self.words).chain(&self.several).map(Vec::len).sum::<usize>(),
            )
            .finish()
    }
}
