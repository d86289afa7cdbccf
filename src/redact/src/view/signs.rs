//! The one pass over a text: where a secret may stand as it is, and where the signs are by which each view is entered.

use std::sync::LazyLock;

use secret::FingerprintSet;
use vector::{BLOCK, Block, Blocks, GroupFilter, Reader};

use super::packed::{Members, PACKED};
use super::pieces::Pieces;
use super::{base32, base64, compressed, wide};
use crate::live::GRAM;

static BLOCKS: LazyLock<Blocks> = LazyLock::new(|| Blocks::new(PACKED));

/// Who is told of signs, block by block. More places than there are, never fewer.
pub(super) trait Signs {
    /// Eight bytes that may stand in a secret.
    fn hit(&mut self, at: usize);
    /// Where an escape may begin.
    fn escape(&mut self, at: usize);
    /// Where a line may end.
    fn line_end(&mut self, at: usize);
    /// A stretch with many short pieces in it.
    fn chain(&mut self, start: usize, end: usize);
    /// Inside a long run of letters of one case and digits.
    fn base32(&mut self, at: usize);
    /// Inside a long run of base64 in which groups hold text.
    fn base64(&mut self, at: usize);
    /// Where a run of base64 starts that may be compressed data, or goes on.
    fn base64_start(&mut self, at: usize);
    /// Where a long run of base64 starts, or goes on.
    fn base64_run(&mut self, at: usize);
    /// Where compressed data in base64 may begin.
    fn compressed(&mut self, at: usize);
}

/// What a block must know of those before it.
#[derive(Debug, Default)]
struct Before {
    pieces: Pieces,
    /// The sets of the last block that runs are made of.
    lower: u64,
    upper: u64,
    hexadecimal: u64,
    base64: u64,
    of_text: u64,
    /// How many digits of base64 it ends with, or more.
    run: u32,
}

/// A text that is being read.
struct Reading<'signs, Told> {
    before: Before,
    signs: &'signs mut Told,
}

/// Reads a text.
pub(super) fn read(set: &FingerprintSet, text: &[u8], signs: &mut impl Signs) {
    let grams = set.gram_filter();
    let filter = GroupFilter { xor: grams.xor, factor: grams.factor, words: grams.words, shift: grams.shift };
    let mut reading = Reading { before: Before::default(), signs };
    BLOCKS.each(text, &filter, &mut reading);
    let Reading { before, signs } = reading;
    before.pieces.end(text.len(), |start, end| signs.chain(start, end));
    if set.stride() < GRAM {
        let stride = set.stride();
        filter.each(text.get(stride..).unwrap_or_default(), |at| signs.hit(stride + at));
    }
}

impl<Told: Signs> Reader for Reading<'_, Told> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
    fn read(&mut self, at: usize, block: &Block) {
        self.before.take(at, block, self.signs);
    }
}

impl Before {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
    fn take(&mut self, at: usize, block: &Block, signs: &mut impl Signs) {
        let members = Members::of(&block.sets);
        each_bit(u64::from(block.groups), |number| signs.hit(at + number * GRAM));
        each_bit(members.escapes(), |bit| signs.escape(at + bit));
        each_bit(members.line_ends(), |bit| signs.line_end(at + bit));
        self.pieces.take(at, &members, |start, end| signs.chain(start, end));
        let base64 = members.base64();
        let starts = base64 & !(base64 << 1 | self.base64 >> (BLOCK - 1));
        each_bit(starts & members.compressed(), |bit| signs.compressed(at + bit));
        if self.has_long_run(base64) {
            self.take_runs(at, members, signs);
        }
        (self.lower, self.upper, self.hexadecimal) = (members.lower, members.upper, members.hexadecimal());
        (self.base64, self.of_text) = (base64, members.base64_of_text());
    }

    /// Whether eighteen digits of base64 in a row end in a block, as every run in base32 does and every one that is decoded.
    #[inline]
    fn has_long_run(&mut self, base64: u64) -> bool {
        let before = std::mem::replace(&mut self.run, base64.leading_ones());
        if base64 == u64::MAX {
            self.run = before.saturating_add(BLOCK as u32);
        }
        let head = base64.trailing_ones();
        head > 0 && before.saturating_add(head) >= RUN_MIN || has_full_byte(base64) && has_run_of_18(base64)
    }

    #[cold]
    fn take_runs(&self, at: usize, members: Members, signs: &mut impl Signs) {
        let may_be_long =
            |before: u64, block: u64| before.leading_ones() + block.trailing_ones() >= RUN_MIN || has_run_of_18(block);
        if may_be_long(self.lower, members.lower) || may_be_long(self.upper, members.upper) {
            let runs = runs_of_18(self.lower, members.lower) | runs_of_18(self.upper, members.upper);
            // A run of hexadecimal digits alone is a hash far more likely than base32, in which a text has other letters.
            let runs = runs & !runs_of_18(self.hexadecimal, members.hexadecimal());
            first_of_each(runs, |bit| signs.base32((at + bit).saturating_sub(BLOCK)));
        }
        let runs = runs_of_18(self.base64, members.base64());
        first_of_each(runs & runs >> 6, |bit| signs.base64_start((at + bit).saturating_sub(BLOCK)));
        first_of_each(runs & runs >> 18 & runs >> 26, |bit| signs.base64_run((at + bit).saturating_sub(BLOCK)));
        let of_text = members.base64_of_text();
        // Of seven groups in two blocks four are in one of them.
        if has_four_groups(self.of_text) || has_four_groups(of_text) {
            let runs = runs & seven_groups(self.of_text, of_text);
            first_of_each(runs, |bit| signs.base64((at + bit).saturating_sub(BLOCK)));
        }
    }
}

/// The shortest run that is looked at.
const RUN_MIN: u32 = 18;
const _: () = assert!(base32::RUN_MIN == 18 && base64::RUN_MIN >= 18 && base64::GROUPS_MIN == 7);
const _: () = assert!(compressed::RUN_MIN == 18 + 6 && wide::RUN_MIN == 18 + 26);

/// Where runs of eighteen start, in two blocks.
fn runs_of_18(before: u64, block: u64) -> u128 {
    let runs = u128::from(before) | u128::from(block) << 64;
    let two = runs & runs >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    eight & eight >> 8 & two >> 16
}

/// Whether there is one in a block.
#[inline]
const fn has_run_of_18(runs: u64) -> bool {
    let two = runs & runs >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    eight & eight >> 8 & two >> 16 != 0
}

/// Where the first characters of seven groups in a row are in the set, in two blocks.
fn seven_groups(before: u64, block: u64) -> u128 {
    let of_text = u128::from(before) | u128::from(block) << 64;
    let two = of_text & of_text >> 4;
    let four = two & two >> 8;
    four & two >> 16 & of_text >> 24
}

/// Whether the first characters of four groups in a row are in a set.
const fn has_four_groups(of_text: u64) -> bool {
    let two = of_text & of_text >> 4;
    two & two >> 8 != 0
}

/// Whether eight bytes that start at a multiple of eight are all in a set; any run of fifteen holds such eight.
const fn has_full_byte(set: u64) -> bool {
    let missing = !set;
    missing.wrapping_sub(0x0101_0101_0101_0101) & !missing & 0x8080_8080_8080_8080 != 0
}

#[inline]
fn each_bit(mut set: u64, mut each: impl FnMut(usize)) {
    while set != 0 {
        each(set.trailing_zeros() as usize);
        set &= set - 1;
    }
}

/// The lowest bit of each row of bits.
fn first_of_each(set: u128, mut each: impl FnMut(usize)) {
    let mut firsts = set & !(set << 1);
    while firsts != 0 {
        each(firsts.trailing_zeros() as usize);
        firsts &= firsts - 1;
    }
}
