//! Finds the places of a text where four bytes are those of one of many things that are looked for, letters taken in either case.
//!
//! Groups of windows find too much: each place that they find has its bytes looked up in a table of bits, places by the hundred and without
//! a branch, for where there is one cannot be guessed.

use crate::anchors::{Anchors, BLOCK, Window};
use crate::path::Path;

/// How many bytes are looked up: the first of a window, or the last.
pub const KEY: usize = 4;
/// Of so many bits the table has two to the power: it fits into the first cache, and is nearly empty.
const TABLE_BITS: u32 = 17;
const WORDS: usize = 1 << (TABLE_BITS - 6);
/// How many places are gathered before they are looked up; a power of two.
const GATHERED: usize = 256;
/// How many of a block are gathered at once; most blocks have no more.
const STEP: usize = 4;

/// Windows in groups, with the bytes that their first or last four may be.
#[derive(Debug, Clone)]
pub struct Keyed<const PLANES: usize, const LENGTH: usize> {
    anchors: Anchors<PLANES, LENGTH>,
    keys: Box<[u64; WORDS]>,
}

/// Four bytes as a number in which the case of letters makes no difference.
#[must_use]
#[inline]
pub const fn key(bytes: [u8; KEY]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

impl<const PLANES: usize, const LENGTH: usize> Keyed<PLANES, LENGTH> {
    /// Takes windows, each with the number of its group, and for each window all keys that its first four bytes or all that its last
    /// four bytes have.
    #[must_use]
    pub fn new(
        windows: impl IntoIterator<Item = (usize, Window<LENGTH>)>,
        first: impl IntoIterator<Item = u32>,
        last: impl IntoIterator<Item = u32>,
    ) -> Self {
        const { assert!(LENGTH >= KEY, "a window has a key") };
        let mut keys = Box::new([0; WORDS]);
        for bit in first.into_iter().map(by_first).chain(last.into_iter().map(by_last)) {
            keys[bit >> 6] |= 1 << (bit & 63);
        }
        Self { anchors: Anchors::new(windows), keys }
    }

    /// The same, on a path of choice, for tests and measurements. One that the machine does not have is not taken.
    #[must_use]
    pub fn on(self, path: Path) -> Self {
        Self { anchors: self.anchors.on(path), ..self }
    }

    /// Calls `found` with each place where some group has a window and the bytes are, as far as the table knows, those of a key, in order.
    #[inline]
    pub fn each(&self, text: &[u8], mut found: impl FnMut(usize)) {
        let mut gathered = [0; GATHERED];
        let mut count = 0;
        self.anchors.each_block(text, |start, marks| {
            let (mut rest, mut at) = (marks, count);
            while rest != 0 {
                let Some(places) = gathered.get_mut(at..).and_then(<[usize]>::first_chunk_mut::<STEP>) else { break };
                for place in places {
                    *place = start + rest.trailing_zeros() as usize;
                    rest &= rest.wrapping_sub(1);
                }
                at += STEP;
            }
            count += marks.count_ones() as usize;
            if count > GATHERED - BLOCK {
                self.look_up(text, &mut gathered, count, &mut found);
                count = 0;
            }
        });
        self.look_up(text, &mut gathered, count, &mut found);
    }

    /// Calls `found` with those of the places that are ones.
    #[inline]
    fn look_up(&self, text: &[u8], gathered: &mut [usize; GATHERED], count: usize, found: &mut impl FnMut(usize)) {
        let mut kept = 0;
        for number in 0..count.min(GATHERED) {
            let at = gathered[number];
            gathered[kept % GATHERED] = at;
            kept += self.count_keys(text, at);
        }
        for at in gathered.iter().take(kept) {
            if self.anchors.is_at(text, *at) {
                found(*at);
            }
        }
    }

    /// Whether the bytes at a place are those of a key, as a number.
    #[inline]
    fn count_keys(&self, text: &[u8], at: usize) -> usize {
        let Some(window) = text.get(at..).and_then(<[u8]>::first_chunk::<LENGTH>) else { return 0 };
        let has = |bit: usize| self.keys[bit >> 6] >> (bit & 63);
        let first = window.first_chunk().map_or(0, |bytes| has(by_first(key(*bytes))));
        let last = window.last_chunk().map_or(0, |bytes| has(by_last(key(*bytes))));
        ((first | last) & 1) as usize
    }
}

/// The bit of a key. Fibonacci hashing: the upper bits of the product depend on all bytes.
#[inline]
const fn by_first(key: u32) -> usize {
    (key.wrapping_mul(0x9e37_79b1) >> (32 - TABLE_BITS)) as usize
}

/// That of the last four bytes is another.
#[inline]
const fn by_last(key: u32) -> usize {
    (key.wrapping_mul(0x85eb_ca6b) >> (32 - TABLE_BITS)) as usize
}
