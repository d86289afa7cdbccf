//! Looks into compressed data that stands in a text as base64.
//!
//! What is known to be clean so far may be passed on; from where that is not known the rest of the data is masked when a secret is found
//! in it. So nothing has to be kept whole, however long it is.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use secret::FingerprintSet;

use super::LiveScanner;
use super::expansion::Expansion;
use super::spelled::{Read, Spelled};
use crate::content::Content;
use crate::decode::{Decoder, Unscannable};
use crate::report::Report;
use crate::view::{Spelling, Unmarked, digit};

/// The starts in base64 of what can be told by its start, with the content coding of each: gzip (RFC 1952), zlib with the usual windows
/// (RFC 1950) and zstd (RFC 8878).
const STARTS: [(&[u8], &str); 6] = [
    (b"H4sI", "gzip"),
    (b"eJ", "deflate"),
    (b"eN", "deflate"),
    (b"eF", "deflate"),
    (b"eA", "deflate"),
    (b"KLUv", "zstd"),
];
/// Data in data in data is not looked into.
pub(super) const DEPTH_MAX: u8 = 2;
/// So many characters are decoded at once, wherever the stream is cut, so that what is masked does not depend on it.
const UNIT: usize = 512;

/// Compressed data whose end has not come yet.
#[derive(Debug)]
pub(super) struct Blob {
    decoder: Decoder,
    inner: Box<LiveScanner>,
    unit: Vec<u8>,
    /// Everything before this position of the stream is clean.
    clean_until: u64,
    /// The ends of units that are not known to be clean: in what they decode to, and in the stream.
    units: VecDeque<(u64, u64)>,
    /// Found in it.
    found: Report,
    /// It expands too much to be looked at to its end.
    is_refused: bool,
    spelled: Spelled,
}

/// What became of some bytes.
pub(super) enum Fed {
    /// All belong to the data, and more may.
    All,
    /// The data ended before this one, or it was no such data.
    Until(usize),
}

/// Whether a start has a byte for its first, and for its second.
pub(crate) const fn may_start_compressed(byte: u8) -> [bool; 2] {
    let (mut is, mut number) = ([false; 2], 0);
    while number < STARTS.len() {
        let (start, _) = STARTS[number];
        is[0] |= start[0] == byte;
        is[1] |= start[1] == byte;
        number += 1;
    }
    is
}

/// Whether compressed data with a magic number may start at a place of a text.
pub(crate) fn may_start_compressed_at(text: &[u8], at: usize) -> bool {
    Start::of(text.get(at..).unwrap_or_default(), 0).is_some()
}

/// What compressed data begins with at a place of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) at: u64,
    digits: &'static [u8],
    coding: &'static str,
}

impl Start {
    /// The start at the beginning of a text, which stands at a position of the stream.
    pub(super) fn of(text: &[u8], at: u64) -> Option<Self> {
        let (digits, coding) = *STARTS.iter().find(|(start, _)| text.starts_with(start))?;
        Some(Self { at, digits, coding })
    }

    /// Where the data goes on.
    pub(super) const fn end(&self) -> u64 {
        self.at + self.digits.len() as u64
    }
}

impl Blob {
    /// Data with a start.
    pub(super) fn new(set: &Arc<FingerprintSet>, start: &Start, depth: u8, expansion: &Arc<Expansion>) -> Option<Self> {
        let blob = Self::spelled(set, Spelling::Plain, start.coding, depth, expansion, start.end())?;
        Some(Self { unit: start.digits.to_vec(), ..blob })
    }

    /// Data without a magic number, or in a view, which begins at a position of the stream.
    pub(super) fn unmarked(
        set: &Arc<FingerprintSet>,
        start: Unmarked,
        depth: u8,
        expansion: &Arc<Expansion>,
        position: u64,
    ) -> Option<Self> {
        let blob = Self::spelled(set, start.spelling, start.coding, depth, expansion, position)?;
        Some(Self { unit: start.digits, ..blob })
    }

    /// Data whose characters stand in some way; nothing is known to be clean that stands behind the position.
    pub(super) fn spelled(
        set: &Arc<FingerprintSet>,
        spelling: Spelling,
        coding: &str,
        depth: u8,
        expansion: &Arc<Expansion>,
        position: u64,
    ) -> Option<Self> {
        let mut inner = LiveScanner::new(Arc::clone(set), Content::Binary);
        (inner.depth, inner.expansion) = (depth, Arc::clone(expansion));
        Some(Self {
            decoder: Decoder::new(Some(coding)).ok()?,
            inner: Box::new(inner),
            unit: Vec::new(),
            clean_until: position,
            units: VecDeque::new(),
            found: Report::default(),
            is_refused: false,
            spelled: Spelled::new(spelling),
        })
    }

    /// Takes the next bytes, the first of which stands at a position of the stream.
    pub(super) fn feed(&mut self, bytes: &[u8], position: u64) -> Fed {
        for (at, byte) in bytes.iter().enumerate() {
            match self.spelled.take(*byte) {
                Read::Digit(of_data) => self.unit.push(of_data),
                Read::Nothing => continue,
                Read::End(last) => {
                    self.unit.extend(last);
                    self.allow_for(position + at as u64);
                    self.end();
                    return Fed::Until(at);
                }
            }
            if self.unit.len() == UNIT {
                self.allow_for(position + at as u64 + 1);
                if !self.decode() && !self.is_masked() {
                    return Fed::Until(at + 1);
                }
                self.advance(position + at as u64 + 1);
            }
        }
        Fed::All
    }

    /// So much of the stream has come in which it stands, if it stands in no other data.
    fn allow_for(&self, position: u64) {
        if self.inner.depth == 1 {
            self.inner.expansion.allow_for(position);
        }
    }

    /// What was decoded up to a position is clean once the scanner inside has passed it on.
    fn advance(&mut self, position: u64) {
        self.units.push_back((self.inner.seen, position));
        while let Some((decoded, position)) = self.units.front().copied()
            && decoded <= self.inner.pending.start()
            && !self.is_masked()
        {
            self.units.pop_front();
            self.clean_until = position;
        }
    }

    /// Looks at what is left of it.
    pub(super) fn end(&mut self) {
        self.unit.extend(self.spelled.end());
        self.decode();
        self.inner.look_at_end(&mut self.found);
    }

    /// Looks at what is there of it, as far as that can be read; whether it is still what the start promised.
    pub(super) fn look(&mut self) -> bool {
        let rest = self.unit.split_off(self.unit.len() / 4 * 4);
        let is_decoded = self.decode();
        self.unit = rest;
        self.inner.look_at_end(&mut self.found);
        is_decoded
    }

    /// Everything before this position of the stream is clean.
    pub(super) const fn clean_until(&self) -> u64 {
        self.clean_until
    }

    /// The secret that was found in it.
    pub(super) fn tag(&self) -> Option<u32> {
        self.found.tags().first().copied()
    }

    /// Whether the rest of it must not be passed on.
    pub(super) fn is_masked(&self) -> bool {
        self.is_refused || self.tag().is_some()
    }

    /// Decodes what is there of a unit; whether it was what the start promised.
    fn decode(&mut self) -> bool {
        if self.is_masked() {
            self.unit.clear();
            return true;
        }
        let bytes: Vec<u8> = self.unit.chunks(4).flat_map(group).collect();
        self.unit.clear();
        let Self { decoder, inner, found, is_refused, .. } = self;
        let decoded = decoder.push(Bytes::from(bytes), &mut |piece| {
            *is_refused |= !inner.expansion.take(piece.len());
            if !*is_refused {
                inner.push(piece, found, &mut |clean| drop(clean));
            }
        });
        self.is_refused |= decoded == Err(Unscannable::Expands);
        decoded.is_ok()
    }
}

/// The bytes of a group of up to four characters.
fn group(characters: &[u8]) -> impl Iterator<Item = u8> + use<> {
    let number = characters.iter().fold(0_u32, |number, byte| number << 6 | u32::from(digit(*byte).unwrap_or(0)));
    let number = number << (6 * (4 - characters.len().min(4)));
    let [_, bytes @ ..] = number.to_be_bytes();
    bytes.into_iter().take((characters.len() * 6) / 8)
}
