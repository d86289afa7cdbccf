//! The one pass over a text: where a secret may stand as it is, and where the signs are by which each view is entered.

use std::sync::LazyLock;

use secret::FingerprintSet;
use vector::{BATCH, BLOCK, Batch, Blocks, GroupFilter, Reader};

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

/// A mask for each block of a batch, behind that of the last block before it.
pub(super) type Masks = [u64; BATCH + 1];

/// What a batch must know of the blocks before it.
#[derive(Debug, Default)]
struct Before {
    pieces: Pieces,
    /// Of the last block.
    last: Members,
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
    fn read(&mut self, at: usize, batch: &Batch) {
        self.before.take(at, batch, self.signs);
    }
}

impl Before {
    /// What is asked of every block is asked of all blocks of a batch at once: the loops become a few instructions each.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
    fn take(&mut self, at: usize, batch: &Batch, signs: &mut impl Signs) {
        let mut alphanumeric: Masks = [self.last.alphanumeric(); BATCH + 1];
        let mut digits: Masks = [self.last.digits(); BATCH + 1];
        let mut base64: Masks = [self.last.base64(); BATCH + 1];
        let (mut escapes, mut line_ends) = ([0; BATCH], [0; BATCH]);
        let mut any_escape = 0;
        for block in 0..BATCH {
            let members = Members::of(batch, block);
            alphanumeric[block + 1] = members.alphanumeric();
            digits[block + 1] = members.digits();
            base64[block + 1] = members.base64();
            (escapes[block], line_ends[block]) = (members.escapes(), members.line_ends());
            any_escape |= escapes[block];
        }
        let (mut compressed, mut runs) = ([0; BATCH], [0; BATCH]);
        let (mut any_compressed, mut any_run) = (0, 0);
        for block in 0..BATCH {
            let (before, own) = (base64[block], base64[block + 1]);
            compressed[block] = own & !(own << 1 | before >> (BLOCK - 1)) & Members::of(batch, block).compressed();
            runs[block] = runs_of_18_in(own) | runs_of_18_in(own << (RUN_MIN - 1) | before >> (u64::BITS + 1 - RUN_MIN));
            any_compressed |= compressed[block];
            any_run |= runs[block];
        }
        each_group(&batch.groups, |number| signs.hit(at + number * GRAM));
        if any_escape != 0 {
            each_place(&escapes, |place| signs.escape(at + place));
        }
        each_place(&line_ends, |place| signs.line_end(at + place));
        self.pieces.take(at, batch, &alphanumeric, &digits, |start, end| signs.chain(start, end));
        if any_compressed != 0 {
            each_place(&compressed, |place| signs.compressed(at + place));
        }
        if any_run != 0 {
            for block in (0..BATCH).filter(|block| runs[*block] != 0) {
                let before = if block == 0 { self.last } else { Members::of(batch, block - 1) };
                take_runs(at + block * BLOCK, &before, &Members::of(batch, block), signs);
            }
        }
        self.last = Members::of(batch, BATCH - 1);
    }
}

/// Takes a block in which eighteen digits of base64 in a row end, as every run in base32 does and every one that is decoded.
#[cold]
fn take_runs(at: usize, before: &Members, members: &Members, signs: &mut impl Signs) {
    let mut each = |runs: u128, each: fn(&mut _, usize)| {
        first_of_each(runs, |bit| each(signs, (at + bit).saturating_sub(BLOCK)));
    };
    let may_be_long =
        |before: u64, block: u64| before.leading_ones() + block.trailing_ones() >= RUN_MIN || runs_of_18_in(block) != 0;
    if may_be_long(before.lower, members.lower) || may_be_long(before.upper, members.upper) {
        let runs = runs_of_18(before.lower, members.lower) | runs_of_18(before.upper, members.upper);
        // A run of hexadecimal digits alone is a hash far more likely than base32, in which a text has other letters.
        each(runs & !runs_of_18(before.hexadecimal(), members.hexadecimal()), Signs::base32);
    }
    let runs = runs_of_18(before.base64(), members.base64());
    each(of_both_cases(runs & runs >> 6, before, members), Signs::base64_start);
    each(runs & runs >> 18 & runs >> 26, Signs::base64_run);
    // Of seven groups in two blocks four are in one of them.
    let (of_text_before, of_text) = (before.base64_of_text(), members.base64_of_text());
    if has_four_groups(of_text_before) || has_four_groups(of_text) {
        each(runs & seven_groups(of_text_before, of_text), Signs::base64);
    }
}

/// Those runs of base64 in two blocks that may be compressed data, in whose first characters are letters of both cases.
fn of_both_cases(runs: u128, before: &Members, members: &Members) -> u128 {
    let base64 = joined(before.base64(), members.base64());
    let lower = joined(before.lower & !before.upper, members.lower & !members.upper);
    let upper = joined(before.upper & !before.lower, members.upper & !members.lower);
    let mut of_both = 0;
    first_of_each(runs, |start| {
        let length = (base64 >> start).trailing_ones();
        let head = u128::MAX >> (u128::BITS - length.min(compressed::HEAD_LENGTH_MAX as u32)) << start;
        // One that goes on may have them where it is not seen.
        let goes_on = start as u32 + length == u128::BITS && length < compressed::HEAD_LENGTH_MAX as u32;
        if goes_on || lower & head != 0 && upper & head != 0 {
            of_both |= 1 << start;
        }
    });
    of_both
}

/// The shortest run that is looked at.
const RUN_MIN: u32 = 18;
const _: () = assert!(BATCH.is_multiple_of(GRAM));
const _: () = assert!(base32::RUN_MIN == 18 && base64::RUN_MIN >= 18 && base64::GROUPS_MIN == 7);
const _: () = assert!(compressed::RUN_MIN == 18 + 6 && wide::RUN_MIN == 18 + 26);

const fn joined(before: u64, block: u64) -> u128 {
    before as u128 | (block as u128) << u64::BITS
}

/// Where runs of eighteen start, in two blocks.
const fn runs_of_18(before: u64, block: u64) -> u128 {
    let runs = joined(before, block);
    let two = runs & runs >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    eight & eight >> 8 & two >> 16
}

/// Where they start in one block.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
const fn runs_of_18_in(runs: u64) -> u64 {
    let two = runs & runs >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    eight & eight >> 8 & two >> 16
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

/// The numbers of the groups in a batch.
#[inline]
fn each_group(groups: &[u8; BATCH], mut each: impl FnMut(usize)) {
    for (number, groups) in groups.as_chunks::<GRAM>().0.iter().enumerate() {
        each_bit(u64::from_le_bytes(*groups), |bit| each(number * BLOCK + bit));
    }
}

/// The places in a batch.
#[inline]
fn each_place(masks: &[u64; BATCH], mut each: impl FnMut(usize)) {
    for (block, mask) in masks.iter().enumerate() {
        each_bit(*mask, |bit| each(block * BLOCK + bit));
    }
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
