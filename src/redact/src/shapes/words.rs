//! Words of which one stands before a value, and where they are in a short piece of text.

use std::ops::Range;

use vector::{Anchors, BLOCK, GROUPS, KEY, key};

use super::groups::grouped;
use super::near::is_word_start;
use super::table::Table;

/// Two planes of windows: the pieces are short, and what it finds is looked up.
const PLANES: usize = 2;

/// The words, each with the shapes of the values after it.
#[derive(Debug)]
pub(crate) struct Words {
    words: Vec<(Vec<u8>, Range<u16>)>,
    by_start: Table,
    starts: Anchors<PLANES, KEY>,
}

impl Words {
    /// Takes words of four bytes at least.
    pub(crate) fn new(words: Vec<(Vec<u8>, Range<u16>)>) -> Self {
        let starts = || words.iter().filter_map(|(word, _)| word.first_chunk::<KEY>());
        let in_any_case = |byte: u8| 1 << byte.to_ascii_lowercase() | 1 << byte.to_ascii_uppercase();
        let windows = starts().map(|start| start.map(in_any_case)).collect();
        let keys = starts().map(|start| key(*start));
        Self {
            by_start: Table::new(keys.zip(0..).collect()),
            starts: Anchors::new(grouped(windows, PLANES * GROUPS)),
            words,
        }
    }

    /// Calls `found` with the place after each word that begins in a piece of the text, and the shapes of its values.
    pub(crate) fn each(&self, text: &[u8], piece: Range<usize>, mut found: impl FnMut(usize, &Range<u16>)) {
        let block = text.get(piece.start..).and_then(<[u8]>::first_chunk).filter(|_| piece.len() <= BLOCK);
        if let Some(block) = block {
            // Most pieces are so short, and have no word.
            let mut marks = self.starts.in_block(block);
            while marks != 0 {
                let start = piece.start + marks.trailing_zeros() as usize;
                if start >= piece.end {
                    break;
                }
                self.at(text, start, &mut found);
                marks &= marks - 1;
            }
            return;
        }
        let shown = text.get(piece.start..text.len().min(piece.end + KEY - 1)).unwrap_or_default();
        let is_wanted = |at| self.by_start.may_be_at(text, piece.start + at);
        self.starts.each(shown, is_wanted, |at| {
            let start = piece.start + at;
            if start < piece.end {
                self.at(text, start, &mut found);
            }
        });
    }

    /// Calls `found` for each word that begins at a place.
    #[inline]
    fn at(&self, text: &[u8], start: usize, found: &mut impl FnMut(usize, &Range<u16>)) {
        if !self.by_start.may_be_at(text, start) || !is_word_start(text, start) {
            return;
        }
        let words = self.by_start.at(text, start).iter().filter_map(|word| self.words.get(usize::from(*word)));
        for (word, shapes) in words {
            let end = start + word.len();
            if text.get(start..end).is_some_and(|here| here.eq_ignore_ascii_case(word)) {
                found(end, shapes);
            }
        }
    }
}
