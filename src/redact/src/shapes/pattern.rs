//! The language in which shapes are written, and what reads a text by it: forward, each byte once.
//!
//! A pattern is a row of literals, `'ghp_'` or in any case `~'bearer '`, and of runs, `alnum{36}`, `[ab]`, `hex{8..10}`, `base64{20..}`.
//! Parentheses stand around the part that is secret, if it is not all. A run takes every byte that it can, and what may follow it is
//! never of the run, or the pattern is refused: so there is one way to read a text, and nothing to go back to.

mod item;
mod parse;

use super::classes::{Set, class, holds};
use super::pem;

use self::item::Item;
use self::parse::Parser;
pub use self::parse::PatternError;

/// How long a text can be until it is decided whether it has a shape: it is kept back meanwhile.
const BYTES_MAX: usize = 2048;

/// How long what stands before the secret part can be: it is not kept back, and read again from the context.
const BYTES_BEFORE_MAX: usize = super::CONTEXT - 8;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    items: Vec<Item>,
    /// The items of the secret part: from this one on, and before this one.
    secret: (usize, usize),
}

/// What a text is, as far as it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    No,
    /// The text ends before it is decided; a secret part can begin at this place, or later.
    More {
        secret: usize,
    },
    /// The secret part, what of it is there whatever comes, and whether it may go on in the text that follows.
    Yes {
        secret: (usize, usize),
        certain: usize,
    },
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let (items, secret) = Parser::of(text).items()?;
        let pattern = Self { secret: secret.unwrap_or((0, items.len())), items };
        pattern.check()?;
        Ok(pattern)
    }

    fn check(&self) -> Result<(), PatternError> {
        if self.items.is_empty() {
            return Err(PatternError::Empty);
        }
        let (mut bytes, last) = (0, self.items.len() - 1);
        for (at, item) in self.items.iter().enumerate() {
            if at == self.secret.0 && bytes > BYTES_BEFORE_MAX {
                return Err(PatternError::TooFar);
            }
            bytes += match item {
                Item::Text { bytes, .. } => bytes.len(),
                Item::Run { min, max: None, .. } | Item::Pem { min } if at == last => *min,
                Item::Run { max: None, .. } | Item::Pem { .. } => return Err(PatternError::TooLong),
                Item::Run { set, min, max: Some(max) } => {
                    if min != max && self.first_of(at + 1) & set != 0 {
                        return Err(PatternError::Ambiguous(at + 1));
                    }
                    *max
                }
            };
        }
        if bytes > BYTES_MAX { Err(PatternError::TooLong) } else { Ok(()) }
    }

    /// What the text from this item on may begin with.
    fn first_of(&self, from: usize) -> Set {
        let mut first = 0;
        for item in self.items.get(from..).unwrap_or_default() {
            first |= item.set_at(0);
            if item.bytes_min() > 0 {
                break;
            }
        }
        first
    }

    /// Patterns that together have the same texts, each of which begins with a known number of bytes of each class: a run of a few
    /// lengths at the start becomes one pattern for each length.
    pub(crate) fn with_fixed_starts(&self) -> Vec<Self> {
        match self.items.first() {
            Some(Item::Run { set, min, max: Some(max) }) if min < max && self.items.len() > 1 => (*min..=*max)
                .map(|count| {
                    let mut pattern = self.clone();
                    pattern.items[0] = Item::Run { set: *set, min: count, max: Some(count) };
                    pattern
                })
                .collect(),
            _ => vec![self.clone()],
        }
    }

    /// The sets of the first bytes, as far as it is known at which place each stands, and no further than this.
    pub(crate) fn start(&self, length_max: usize) -> Vec<Set> {
        let mut start = Vec::new();
        for (number, item) in self.items.iter().enumerate() {
            start.extend((0..item.bytes_min()).map(|at| item.set_at(at)));
            if !item.has_one_length() {
                let after = self.items.get(number + 1..).unwrap_or_default();
                if after.iter().any(|item| item.bytes_min() > 0) {
                    start.push(item.set_at(0) | self.first_of(number + 1));
                }
                break;
            }
        }
        start.truncate(length_max);
        start
    }

    /// Whether so many bytes from a place of known distance on are of a set in every text of this shape.
    pub(crate) fn is_made_of(&self, set: Set, from: usize, count: usize) -> bool {
        let (mut at, end) = (0, from + count);
        for item in &self.items {
            let count = item.bytes_min();
            let is_wanted = |at: &usize| *at >= from && *at < end;
            let others = (at..at + count).filter(is_wanted).any(|place| item.set_at(place - at) & !set != 0);
            let is_between = !item.has_one_length() && at + count < end && item.set_at(0) & !set != 0;
            if others || is_between || at < from && !item.has_one_length() {
                return false;
            }
            at += count;
            if at >= end {
                return true;
            }
        }
        false
    }

    /// What it begins with, if that is a run of some length and one byte of a literal after it.
    pub(crate) fn before_literal(&self) -> Option<(Set, usize, u8)> {
        match self.items.as_slice() {
            [Item::Run { set, max: Some(max), .. }, Item::Text { bytes, in_any_case: false }, ..] => {
                Some((*set, *max, *bytes.first()?))
            }
            _ => None,
        }
    }

    /// The literal that it begins with, and what follows it.
    pub(crate) fn after_literal(&self) -> Option<(&[u8], Self)> {
        match self.items.split_first()? {
            (Item::Text { bytes, in_any_case: false }, rest) if !rest.is_empty() => {
                let secret = (self.secret.0.saturating_sub(1), self.secret.1.saturating_sub(1));
                Some((bytes, Self { items: rest.to_vec(), secret }))
            }
            _ => None,
        }
    }

    /// This behind a literal.
    pub(crate) fn behind(&self, literal: &[u8]) -> Self {
        let literal = Item::Text { bytes: literal.to_vec(), in_any_case: false };
        let items = [literal].into_iter().chain(self.items.iter().cloned()).collect();
        Self { items, secret: (self.secret.0 + 1, self.secret.1 + 1) }
    }

    /// How many bytes stand before the secret part at least.
    pub(crate) fn bytes_before(&self) -> usize {
        self.items.iter().take(self.secret.0).map(Item::bytes_min).sum()
    }

    /// What must not stand before it: a name or number that it would be the end of.
    pub(crate) fn not_before(&self) -> Set {
        let word = class("word").unwrap_or_default();
        match self.items.first() {
            Some(Item::Run { set, .. }) => *set | word,
            Some(Item::Text { bytes, .. }) if !bytes.first().is_some_and(|first| holds(word, *first)) => 0,
            // What is read far shall not be read again from each place within.
            _ if self.items.iter().any(Item::is_long) => class("base64url").unwrap_or_default(),
            _ => word,
        }
    }

    /// Reads a text from `start` on.
    pub(crate) fn read(&self, text: &[u8], start: usize, is_end: bool) -> Reading {
        let (mut at, mut secret, mut certain) = (start, (start, start), start);
        let more = |number, secret: (usize, usize)| Reading::More {
            secret: if number < self.secret.0 { text.len() } else { secret.0 },
        };
        for (number, item) in self.items.iter().enumerate() {
            if number == self.secret.0 {
                secret.0 = at;
            }
            let rest = text.get(at..).unwrap_or_default();
            let Some(length) = item.length(rest) else {
                return if !is_end && item.may_begin(rest) { more(number, secret) } else { Reading::No };
            };
            let may_go_on = at + length == text.len() && !is_end && !item.is_full(length);
            certain = at + if item.goes_on() { item.bytes_min() } else { length };
            if may_go_on && !item.goes_on() {
                return more(number, secret);
            }
            at += length;
            if number + 1 == self.secret.1 {
                secret.1 = at;
            }
        }
        match text.get(at) {
            _ if self.items.last().is_some_and(Item::goes_on) => {}
            Some(next) if holds(self.not_after(), *next) => return Reading::No,
            None if !is_end && self.not_after() != 0 => return Reading::More { secret: secret.0 },
            _ => {}
        }
        Reading::Yes { secret, certain: certain.min(secret.1) }
    }

    /// What must not follow, for it would be longer then.
    fn not_after(&self) -> Set {
        let word = class("word").unwrap_or_default();
        match self.items.last() {
            Some(Item::Run { set, .. }) => *set | word,
            Some(Item::Text { bytes, .. }) if bytes.last().is_some_and(|last| holds(word, *last)) => word,
            _ => 0,
        }
    }

    /// Whether the secret part may go on without an end.
    pub(crate) fn goes_on(&self) -> bool {
        self.items.last().is_some_and(Item::goes_on)
    }

    /// How far a secret part that went on to the end of a text goes on in the next, and its state there; none if it ends.
    pub(crate) fn go_on(&self, state: u8, text: &[u8]) -> (usize, Option<u8>) {
        match self.items.last() {
            Some(Item::Run { set, max: None, .. }) => {
                let length = text.iter().take_while(|byte| holds(*set, **byte)).count();
                (length, (length == text.len()).then_some(0))
            }
            Some(Item::Pem { .. }) => pem::go_on(state, text),
            _ => (0, None),
        }
    }

    /// The state of a secret part that goes on at the end of this text, which is all of it.
    pub(crate) fn state_after(&self, secret: &[u8]) -> u8 {
        match self.items.split_last() {
            Some((Item::Pem { .. }, before)) => {
                let before = before.iter().skip(self.secret.0).map(Item::bytes_min).sum::<usize>();
                pem::go_on(pem::START, secret.get(before..).unwrap_or_default()).1.unwrap_or(pem::START)
            }
            _ => 0,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
