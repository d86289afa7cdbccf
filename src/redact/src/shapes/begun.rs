//! Where at the end of a text a credential may have begun of which there is too little yet to look for it.

use std::cmp::Reverse;

use vector::KEY;

use super::anchors::{REACH, has_few_keys, keys};
use super::classes::{Set, class, holds};
use super::search::{Search, ends_with_escape};
use super::table::Table;

/// The beginnings of what is looked for.
#[derive(Debug)]
pub(crate) struct Beginnings {
    /// By the first byte of a text: the searches for credentials that begin so, those first that are told last.
    by_byte: Vec<Vec<u16>>,
    /// By the first four bytes.
    by_start: Table,
    /// Those that begin with one of too many four bytes, and the sets of the first bytes of all of them.
    loose: Vec<u16>,
    loose_start: [Set; LOOSE],
    /// How long a text may be that begins one of them.
    length_max: usize,
    word: Set,
}

/// So many bytes of what begins loosely are looked at for all at once.
const LOOSE: usize = 8;

impl Beginnings {
    pub(crate) fn of(searches: &[Search]) -> Self {
        let begins = |byte: u8| {
            let is_of = |search: &Search| search.start().first().is_some_and(|set| holds(*set, byte));
            let mut of = (0..).zip(searches).filter(|(_, search)| is_of(search)).collect::<Vec<_>>();
            of.sort_by_key(|(_, search)| Reverse(search.length_unfinished()));
            of.into_iter().map(|(number, _)| number).collect()
        };
        let (mut entries, mut loose, mut loose_start) = (Vec::new(), Vec::new(), [0; LOOSE]);
        for (number, search) in (0..).zip(searches).filter(|(_, search)| search.length_unfinished() >= KEY) {
            match search.start().first_chunk() {
                Some(start) if has_few_keys(start) => entries.extend(keys(start).into_iter().map(|key| (key, number))),
                _ => {
                    loose.push(number);
                    let sets = search.start().iter().copied().chain(std::iter::repeat(Set::MAX));
                    loose_start.iter_mut().zip(sets).for_each(|(all, set)| *all |= set);
                }
            }
        }
        Self {
            by_byte: (0..=255).map(begins).collect(),
            by_start: Table::new(entries),
            loose,
            loose_start,
            length_max: searches.iter().map(Search::length_unfinished).max().unwrap_or(0).min(REACH - 1),
            word: class("word").unwrap_or_default(),
        }
    }

    /// The first place from which on the text may be the start of a credential, too short yet to be looked for.
    pub(crate) fn first(&self, searches: &[Search], text: &[u8]) -> Option<usize> {
        (text.len().saturating_sub(self.length_max)..text.len()).find(|start| self.is_at(searches, text, *start))
    }

    fn is_at(&self, searches: &[Search], text: &[u8], start: usize) -> bool {
        let (before, rest) = text.split_at(start);
        // What begins with a byte of a word never begins within one.
        if let (Some(last), Some(first)) = (before.last(), rest.first())
            && holds(self.word, *last)
            && holds(self.word, *first)
            && !ends_with_escape(before)
        {
            return false;
        }
        let has_begun = |number: &u16| {
            let search = searches.get(usize::from(*number));
            search.is_some_and(|search| search.has_begun(rest) && search.may_start(text, start))
        };
        if rest.len() < KEY {
            let by_byte = rest.first().and_then(|first| self.by_byte.get(usize::from(*first)));
            return by_byte.is_some_and(|numbers| numbers.iter().any(has_begun));
        }
        let is_loose = || rest.iter().zip(self.loose_start).all(|(byte, set)| holds(set, *byte));
        self.by_start.at(rest, 0).iter().any(has_begun) || is_loose() && self.loose.iter().any(has_begun)
    }
}
