//! Finds where a token may begin in a text: a key, a hash, a path, which are long, and which nothing of a word stands before.

use crate::marks::{BLOCK, BLOCKS, Marks};
use crate::path::Path;

/// How many bytes of tokens stand in a row at least.
pub const TOKEN: usize = 16;
/// What begins escapes, the last byte of which may look like one of a word.
const ESCAPES: [u8; 2] = *b"\\%";
/// How far after its beginning an escape may end: `\n`, `%3D`, `\u003d`.
const ESCAPE_ENDS: [u32; 3] = [2, 3, 6];
/// Rows of 1, 2, 4 and 8 bytes make rows of twice as many, up to those of a token.
const ROWS: [u32; 4] = [1, 2, 4, 8];
/// What [`Tokens::classes`] says of a byte.
pub(crate) const TOKEN_BIT: u8 = 1;
pub(crate) const WORD_BIT: u8 = 2;
pub(crate) const ESCAPE_BIT: u8 = 4;
pub(crate) const VALUE_BIT: u8 = 8;
const _: () = assert!(TOKEN == 16, "as the rows make it");

/// The bytes that tokens are made of, those that words are made of, and those by which values are told from names.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// By byte: bit 0 if tokens have it, bit 1 if words do, bit 2 if an escape may begin with it, bit 3 if values have one.
    pub(crate) classes: [u8; 256],
    /// For the bytes of tokens, of words and of values, by the lower half of a byte: a bit for each upper half with which it is one.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "for the vector paths"))]
    pub(crate) halves: [[u8; 16]; 3],
    path: Path,
}

/// A place where a token may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// One that is wanted.
    Wanted(usize),
    /// One where a token begins as a whole, no byte of one before it, and has one of a value in its first sixteen.
    Value(usize),
}

impl Tokens {
    /// Takes sets of ASCII bytes, a bit for each: of tokens, of words, and those of which a value has one.
    #[must_use]
    pub fn new(token: u128, word: u128, value: u128) -> Self {
        let mut classes = [0; 256];
        let mut halves = [[0; 16]; 3];
        for (number, (bit, set)) in [(TOKEN_BIT, token), (WORD_BIT, word), (VALUE_BIT, value)].into_iter().enumerate() {
            for byte in (0..128).filter(|byte| set >> byte & 1 == 1) {
                classes[byte] |= bit;
                halves[number][byte % 16] |= 1 << (byte / 16);
            }
        }
        ESCAPES.into_iter().for_each(|byte| classes[usize::from(byte)] |= ESCAPE_BIT);
        Self { classes, halves, path: Path::preferred() }
    }

    /// The same, on a path of choice, for tests and measurements. One that the machine does not have is not taken.
    #[must_use]
    pub fn on(self, path: Path) -> Self {
        Self { path: if path.is_available() { path } else { self.path }, ..self }
    }

    /// Calls `found` with each place where sixteen bytes of a token begin and before which no byte of a word stands, in
    /// order. The end of an escape is none, and what may be one, by a `\` or `%` before it, is taken for it. Of these it is called
    /// for those that are wanted, and once more, or alone, for those of values.
    ///
    /// `is_wanted` is asked for all such places first, and should not branch.
    #[inline]
    pub fn each(&self, text: &[u8], is_wanted: impl Fn(usize) -> bool, mut found: impl FnMut(Token)) {
        let (blocks, rest) = blocks(text);
        let (mut masks, mut places, mut values) = (Masks::NONE, Marks::NONE, Marks::NONE);
        // What begins in a block is judged with the next one.
        let mut start = BLOCK.wrapping_neg();
        for blocks in blocks.chunks(BLOCKS).chain([[rest, [0; BLOCK]].as_slice()]) {
            self.judge(blocks, &mut masks, [&mut places, &mut values]);
            places.each_wanted(start, &is_wanted, &mut |at| found(Token::Wanted(at)));
            values.each(start, &mut |at| found(Token::Value(at)));
            start = start.wrapping_add(blocks.len() * BLOCK);
        }
    }

    /// Reads blocks, [`BLOCKS`] at most, and gives the places in those but the last and in the one before them.
    #[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls what needs instructions"))]
    #[inline]
    fn judge(&self, blocks: &[[u8; BLOCK]], masks: &mut Masks, places: [&mut Marks; 2]) {
        match self.path {
            // SAFETY: a path is taken only if `Path::is_available` found its instructions; `new` and `on` see to it.
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => unsafe { crate::avx512::tokens(self, blocks, masks, places) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => unsafe { crate::avx2::tokens(self, blocks, masks, places) },
            #[cfg(not(target_arch = "x86_64"))]
            Path::Avx512 | Path::Avx2 => self.judge_portably(blocks, masks, places),
            Path::Portable => self.judge_portably(blocks, masks, places),
        }
    }

    fn judge_portably(&self, blocks: &[[u8; BLOCK]], masks: &mut Masks, places: [&mut Marks; 2]) {
        for (masks, block) in masks.next(blocks.len()).zip(blocks) {
            for (mask, bit) in masks.into_iter().zip([TOKEN_BIT, WORD_BIT, ESCAPE_BIT, VALUE_BIT]) {
                let has_bit = |byte: &u8| u64::from(self.classes[usize::from(*byte)] & bit != 0);
                *mask = block.iter().rev().fold(0, |mask, byte| mask << 1 | has_bit(byte));
            }
        }
        masks.judge(places);
    }
}

/// The blocks of a text, and what is left of it with zeros after it.
#[inline]
fn blocks(text: &[u8]) -> (&[[u8; BLOCK]], [u8; BLOCK]) {
    let (blocks, rest) = text.as_chunks();
    let mut last = [0; BLOCK];
    last.iter_mut().zip(rest).for_each(|(last, byte)| *last = *byte);
    (blocks, last)
}

/// How many blocks are known before those that are read.
const BEFORE: usize = 2;

/// The sets that bytes are in: of tokens, of words, what may begin an escape, and what values have.
pub(crate) const SETS: usize = 4;

/// For each block that is read with others, and the two before them, a bit for each byte in each of the sets.
#[derive(Debug)]
pub(crate) struct Masks {
    token: [u64; BEFORE + BLOCKS],
    word: [u64; BEFORE + BLOCKS],
    escape: [u64; BEFORE + BLOCKS],
    value: [u64; BEFORE + BLOCKS],
    /// How many blocks were read last.
    count: usize,
}

// Inlined always: else they would not be compiled for the instructions of each vector pass that they are a part of.
#[expect(clippy::inline_always, reason = "parts of each vector pass")]
impl Masks {
    const NONE: Self = {
        let none = [0; BEFORE + BLOCKS];
        Self { token: none, word: none, escape: none, value: none, count: 0 }
    };

    /// Where the masks of the next blocks belong, so many.
    #[inline(always)]
    pub(crate) fn next(&mut self, count: usize) -> impl Iterator<Item = [&mut u64; SETS]> {
        let before = self.count.min(BLOCKS);
        self.count = count.min(BLOCKS);
        for masks in [&mut self.token, &mut self.word, &mut self.escape, &mut self.value] {
            masks.copy_within(before..before + BEFORE, 0);
        }
        let masks = self.token.iter_mut().zip(&mut self.word).zip(&mut self.escape).zip(&mut self.value);
        masks.skip(BEFORE).map(|(((token, word), escape), value)| [token, word, escape, value])
    }

    /// Gives a bit for each place in the blocks that were read, but the last, and in the one before them.
    #[inline(always)]
    pub(crate) fn judge(&self, [places, values]: [&mut Marks; 2]) {
        let around = |masks: &[u64; BEFORE + BLOCKS], number| [masks[number], masks[number + 1], masks[number + 2]];
        places.set_all(self.count, |number| {
            let [token, word, escape] = [&self.token, &self.word, &self.escape].map(|masks| around(masks, number));
            let mut begins = !behind(1, word);
            for distance in ESCAPE_ENDS {
                begins |= behind(distance, escape);
            }
            let [_, run, _] = ROWS
                .into_iter()
                .fold(token, |[_, now, next], distance| [0, now & ahead(distance, now, next), next & next >> distance]);
            begins & run
        });
        values.set_all(self.count, |number| {
            let [_, has, _] = ROWS.into_iter().fold(around(&self.value, number), |[_, now, next], distance| {
                [0, now | ahead(distance, now, next), next | next >> distance]
            });
            places.of_block(number) & !behind(1, around(&self.token, number)) & has
        });
    }
}

/// The bits of a block that stand so far behind those of a set in it and the block before.
#[inline]
const fn behind(distance: u32, [before, now, _]: [u64; 3]) -> u64 {
    now << distance | before >> (u64::BITS - distance)
}

/// The bits of a block that stand so far ahead of those of a set in it and the next block.
#[inline]
const fn ahead(distance: u32, now: u64, next: u64) -> u64 {
    now >> distance | next << (u64::BITS - distance)
}
