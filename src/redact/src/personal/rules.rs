//! The rules that settings ask for, by what a number begins with, so that few are tried at each.

use super::{card, national, passport, rule::Rule};
use crate::entity::Entity;

/// One shape of one rule.
#[derive(Clone, Copy)]
pub(super) struct Compiled {
    pub(super) rule: &'static Rule,
    pub(super) shape: &'static str,
    pub(super) score: u8,
    pub(super) begins_with_letters: bool,
}

/// Shapes by the length of their first word, whether that begins with a digit, and whether more follows it.
pub(super) struct Rules {
    buckets: Vec<Vec<Compiled>>,
}

/// The first word of no shape is longer.
const LENGTH_MAX: usize = 24;

impl Rules {
    pub(super) fn of(entities: &[Entity]) -> Self {
        let mut buckets = vec![Vec::new(); (LENGTH_MAX + 1) * 4];
        for rule in all().filter(|rule| entities.contains(&rule.entity)) {
            for (shape, score) in rule.shapes {
                let length = shape.bytes().take_while(|wanted| matches!(wanted, b'9' | b'A' | b'B' | b'X')).count();
                let begins_with_letters = shape.bytes().take(length).all(|wanted| wanted == b'A');
                let compiled = Compiled { rule, shape, score: *score, begins_with_letters };
                let begins_with_digit = shape.starts_with('9');
                if let Some(bucket) = buckets.get_mut(place(length, begins_with_digit, length < shape.len())) {
                    bucket.push(compiled);
                }
            }
        }
        Self { buckets }
    }

    /// The shapes that a word of this length, with this first byte, may begin or be.
    pub(super) fn candidates(&self, length: usize, first: u8, goes_on: bool) -> impl Iterator<Item = &Compiled> {
        let bucket = |goes_on| {
            let length = length.min(LENGTH_MAX + 1);
            self.buckets.get(place(length, first.is_ascii_digit(), goes_on)).map(Vec::as_slice).unwrap_or_default()
        };
        bucket(false).iter().chain(if goes_on { bucket(true) } else { &[] })
    }
}

/// Every rule of numbers of a fixed form.
pub(super) fn all() -> impl Iterator<Item = &'static Rule> {
    national::RULES.into_iter().chain([card::RULES, passport::RULES]).flatten()
}

const fn place(length: usize, begins_with_digit: bool, goes_on: bool) -> usize {
    length * 4 + begins_with_digit as usize * 2 + goes_on as usize
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules").field("shapes", &self.buckets.iter().map(Vec::len).sum::<usize>()).finish()
    }
}
