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
    /// Where lines may end in a batch of blocks that starts at a place.
    fn line_ends(&mut self, at: usize, line_ends: &[u64; BATCH]);
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
    let (words, shift) = (grams.words, grams.shift);
    let filter = GroupFilter { xor: grams.xor, factor: grams.factor, words, shift, passes_blanks: grams.has_blank };
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
        let (mut any_escape, mut any_line_end) = (0, 0);
        for block in 0..BATCH {
            let members = Members::of(batch, block);
            alphanumeric[block + 1] = members.alphanumeric();
            digits[block + 1] = members.digits();
            base64[block + 1] = members.base64();
            (escapes[block], line_ends[block]) = (members.escapes(), members.line_ends());
            any_escape |= escapes[block];
            any_line_end |= line_ends[block];
        }
        let mut compressed = [0; BATCH];
        let (mut any_compressed, mut any_run) = (0, 0);
        for block in 0..BATCH {
            let (before, own) = (base64[block], base64[block + 1]);
            compressed[block] = own & !(own << 1 | before >> (BLOCK - 1)) & Members::of(batch, block).compressed();
            any_compressed |= compressed[block];
            any_run |= runs_of_18_in(own) | runs_of_18_in(over(before, own, RUN_MIN));
        }
        each_group(&batch.groups, |number| signs.hit(at + number * GRAM));
        if any_escape != 0 {
            each_place(&escapes, |place| signs.escape(at + place));
        }
        if any_line_end != 0 {
            signs.line_ends(at, &line_ends);
        }
        self.pieces.take(at, batch, &alphanumeric, &digits, |start, end| signs.chain(start, end));
        if any_compressed != 0 {
            each_place(&compressed, |place| signs.compressed(at + place));
        }
        if any_run != 0 {
            self.take_runs(at, batch, &base64, signs);
        }
        self.last = Members::of(batch, BATCH - 1);
    }

    /// Takes a batch in which eighteen digits of base64 in a row end, as every run in base32 does and every one that is decoded.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
    fn take_runs(&self, at: usize, batch: &Batch, base64: &Masks, signs: &mut impl Signs) {
        let mut lower: Masks = [self.last.lower; BATCH + 1];
        let mut upper: Masks = [self.last.upper; BATCH + 1];
        let mut hexadecimal: Masks = [self.last.hexadecimal(); BATCH + 1];
        let mut of_text: Masks = [self.last.base64_of_text(); BATCH + 1];
        for block in 0..BATCH {
            let members = Members::of(batch, block);
            (lower[block + 1], upper[block + 1]) = (members.lower, members.upper);
            (hexadecimal[block + 1], of_text[block + 1]) = (members.hexadecimal(), members.base64_of_text());
        }
        let (mut base32, mut decoded) = ([0; BATCH], [0; BATCH]);
        for block in 0..BATCH {
            let inside = |masks: &Masks| runs_of_18_in(masks[block + 1]);
            let across = |masks: &Masks, length| runs_of_18_in(over(masks[block], masks[block + 1], length));
            // A run of hexadecimal digits alone is a hash far more likely than base32, in which a text has other letters.
            base32[block] = (inside(&lower) | inside(&upper)) & !inside(&hexadecimal)
                | (across(&lower, RUN_MIN) | across(&upper, RUN_MIN)) & !across(&hexadecimal, RUN_MIN);
            let (inside, across) = (inside(base64), across(base64, LONG_RUN_MIN));
            // Of seven groups in two blocks four are in one of them.
            let groups = four_groups(of_text[block]) | four_groups(of_text[block + 1]);
            let is_text = if groups == 0 { 0 } else { inside | across };
            decoded[block] = inside & inside >> MORE | across & across >> MORE | is_text;
        }
        for block in 0..BATCH {
            let pair = |masks: &Masks| joined(masks[block], masks[block + 1]);
            if base32[block] != 0 {
                let runs = runs_of_18(pair(&lower)) | runs_of_18(pair(&upper));
                first_of_each(runs & !runs_of_18(pair(&hexadecimal)), |bit| {
                    signs.base32((at + block * BLOCK + bit).saturating_sub(BLOCK));
                });
            }
            if decoded[block] != 0 {
                let blocks = Pair {
                    base64: pair(base64),
                    of_text: pair(&of_text),
                    lower: pair(&lower),
                    upper: pair(&upper),
                    goes_on: base64.get(block + 2).map(|next| next & 1 == 1),
                };
                blocks.take(at + block * BLOCK, signs);
            }
        }
    }
}

/// A block with a long run of base64, behind the one before it.
#[derive(Debug)]
struct Pair {
    base64: u128,
    of_text: u128,
    lower: u128,
    upper: u128,
    /// Whether a run at their end goes on, if that is known.
    goes_on: Option<bool>,
}

impl Pair {
    #[inline(never)]
    fn take(&self, at: usize, signs: &mut impl Signs) {
        let place = |bit: usize| (at + bit).saturating_sub(BLOCK);
        let runs = runs_of_18(self.base64);
        first_of_each(runs & runs >> MORE, |start| {
            if self.may_be_compressed(start as u32) {
                signs.base64_start(place(start));
            }
        });
        first_of_each(runs & runs >> 18 & runs >> 26, |bit| signs.base64_run(place(bit)));
        first_of_each(runs & seven_groups(self.of_text), |bit| signs.base64(place(bit)));
    }

    /// Whether a run may be compressed data that starts at a bit: letters of both cases are among its first characters.
    const fn may_be_compressed(&self, start: u32) -> bool {
        let length = (self.base64 >> start).trailing_ones();
        let end = start + length;
        // What starts with the block before, or further before, was long enough to be told there.
        let is_seen = end <= BLOCK as u32 || start == 0;
        let is_cut = end == u128::BITS && length < HEAD_LENGTH_MAX;
        match self.goes_on {
            _ if is_seen => false,
            // Where it ends, all that is asked for is known.
            Some(true) if is_cut => false,
            None if is_cut => true,
            _ => {
                let head_length = if length < HEAD_LENGTH_MAX { length } else { HEAD_LENGTH_MAX };
                let head = u128::MAX >> (u128::BITS - head_length) << start;
                self.lower & !self.upper & head != 0 && self.upper & !self.lower & head != 0
            }
        }
    }
}

/// The shortest run that is looked at.
const RUN_MIN: u32 = 18;
/// The shortest run that may be compressed data.
const LONG_RUN_MIN: u32 = 24;
/// How much longer it is.
const MORE: u32 = LONG_RUN_MIN - RUN_MIN;
/// So many of its first characters tell what it may be.
const HEAD_LENGTH_MAX: u32 = compressed::HEAD_LENGTH_MAX as u32;
const _: () = assert!(BATCH.is_multiple_of(GRAM));
const _: () = assert!(base32::RUN_MIN == 18 && base64::RUN_MIN >= 18 && base64::GROUPS_MIN == 7);
const _: () = assert!(compressed::RUN_MIN == 24 && wide::RUN_MIN == 18 + 26);

const fn joined(before: u64, block: u64) -> u128 {
    before as u128 | (block as u128) << u64::BITS
}

/// A block from as far before it as something of some length may begin that ends in it.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
const fn over(before: u64, block: u64, length: u32) -> u64 {
    block << (length - 1) | before >> (u64::BITS + 1 - length)
}

/// Where runs of eighteen start, in two blocks.
const fn runs_of_18(runs: u128) -> u128 {
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
const fn seven_groups(of_text: u128) -> u128 {
    let two = of_text & of_text >> 4;
    let four = two & two >> 8;
    four & two >> 16 & of_text >> 24
}

/// Where the first characters of four groups in a row are in a set.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
const fn four_groups(of_text: u64) -> u64 {
    let two = of_text & of_text >> 4;
    two & two >> 8
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
