//! The one pass over a text: where a secret may stand as it is, and where the signs are by which each view is entered.

use std::sync::LazyLock;

use secret::FingerprintSet;
use vector::{BLOCK, Block, Blocks, GroupFilter};

use super::alphabets::{BACKSLASH, BASE64, BASE64_OF_TEXT, ESCAPED, LINE_END, LOWER, SETS, SIGN, UPPER};
use super::{base32, base64, chains};
use crate::live::GRAM;

static BLOCKS: LazyLock<Blocks> = LazyLock::new(|| Blocks::new(SETS));

/// Where something may have to be undone. More places than there are, never fewer.
#[derive(Debug, Default)]
pub(super) struct Signs {
    /// Where an escape may begin.
    pub(super) escapes: Vec<usize>,
    /// Where a line may end.
    pub(super) line_ends: Vec<usize>,
    /// Stretches with many short pieces in them.
    pub(super) chains: Vec<(usize, usize)>,
    /// Inside a long run of letters of one case and digits.
    pub(super) base32: Vec<usize>,
    /// Inside a long run of base64 in which groups hold text.
    pub(super) base64: Vec<usize>,
}

/// What a block must know of those before it.
#[derive(Debug, Default)]
struct Before {
    /// Letters and digits, digits, and the starts of pieces.
    pieces_of: [u64; 3],
    notation: u64,
    lower: u64,
    upper: u64,
    base64: u64,
    of_text: u64,
    /// Pieces since the last one that was too long for a chain, which ended at `quiet_from`.
    pieces: usize,
    quiet_from: usize,
}

impl Signs {
    fn clear(&mut self) {
        self.escapes.clear();
        self.line_ends.clear();
        self.chains.clear();
        self.base32.clear();
        self.base64.clear();
    }

    /// Reads a text. Calls `hit` with the place of each eight bytes that may stand in a secret.
    pub(super) fn read(&mut self, set: &FingerprintSet, text: &[u8], mut hit: impl FnMut(usize)) {
        self.clear();
        let grams = set.gram_filter();
        let filter = GroupFilter { xor: grams.xor, factor: grams.factor, words: grams.words, shift: grams.shift };
        let mut before = Before::default();
        BLOCKS.each(text, &filter, |at, block| {
            each_bit(u64::from(block.groups), |number| hit(at + number * GRAM));
            self.take(at, block, &mut before);
        });
        if before.pieces >= chains::PIECES_MIN {
            self.chains.push((before.quiet_from, text.len()));
        }
        if set.stride() < GRAM {
            let stride = set.stride();
            BLOCKS.each(text.get(stride..).unwrap_or_default(), &filter, |at, block| {
                each_bit(u64::from(block.groups), |number| hit(at + stride + number * GRAM));
            });
        }
    }

    #[inline]
    fn take(&mut self, at: usize, block: &Block, before: &mut Before) {
        let of = |set: u8| block.sets[set.trailing_zeros() as usize & 7];
        let (lower, upper) = (of(LOWER), of(UPPER));
        // The byte after the last one is not known here.
        let escapes = of(BACKSLASH) & (of(ESCAPED) >> 1 | 1 << 63);
        each_bit(escapes | of(SIGN), |bit| self.escapes.push(at + bit));
        each_bit(escapes | of(LINE_END), |bit| self.line_ends.push(at + bit));
        self.take_pieces(at, [lower | upper, lower & upper, of(ESCAPED)], before);
        if has_full_byte(lower) || has_full_byte(upper) {
            let runs = runs_of_18(before.lower, lower) | runs_of_18(before.upper, upper);
            first_of_each(runs, |bit| self.base32.push((at + bit).saturating_sub(BLOCK)));
        }
        let (base64, of_text) = (of(BASE64), of(BASE64_OF_TEXT));
        if has_full_byte(base64) {
            let runs = runs_of_18(before.base64, base64) & seven_groups(before.of_text, of_text);
            first_of_each(runs, |bit| self.base64.push((at + bit).saturating_sub(BLOCK)));
        }
        (before.lower, before.upper, before.base64, before.of_text) = (lower, upper, base64, of_text);
    }

    /// Counts pieces between those that no chain has: longer ones than a character, a pair of digits, a number or `0x61`.
    #[inline]
    fn take_pieces(&mut self, at: usize, [alphanumeric, digits, marks]: [u64; 3], before: &mut Before) {
        let [last, last_digits, last_starts] = before.pieces_of;
        let shifted = |set: u64, last: u64, by: u32| set << by | last >> (64 - by);
        let second = alphanumeric & shifted(alphanumeric, last, 1);
        let third = second & shifted(alphanumeric, last, 2);
        let fourth = third & shifted(alphanumeric, last, 3);
        let fifth = fourth & shifted(alphanumeric, last, 4);
        let starts = alphanumeric & !second;
        let is_number = digits & shifted(digits, last_digits, 1) & shifted(digits, last_digits, 2);
        // The `x` of `0x61`, and other letters that stand for themselves here.
        let notation = marks & !digits & shifted(starts & digits, last_starts & last_digits, 1);
        let in_notation = shifted(notation, before.notation, 1) | shifted(notation, before.notation, 2);
        let long = third & !is_number & !in_notation | fourth & !in_notation | fifth;
        (before.pieces_of, before.notation) = ([alphanumeric, digits, starts], notation);
        if long == 0 {
            before.pieces += starts.count_ones() as usize;
            return;
        }
        let (first, final_) = (long.trailing_zeros(), 63 - long.leading_zeros());
        let head = starts & ((1 << first) - 1);
        if before.pieces + head.count_ones() as usize >= chains::PIECES_MIN {
            self.chains.push((before.quiet_from, at + first as usize));
        }
        let between = starts & !head & u64::MAX >> (63 - final_);
        if between.count_ones() as usize >= chains::PIECES_MIN && has_long_gap(long, first, final_) {
            self.chains.push((at + first as usize, at + final_ as usize));
        }
        before.pieces = (starts & u64::MAX.checked_shl(final_ + 1).unwrap_or(0)).count_ones() as usize;
        before.quiet_from = at + final_ as usize + 1;
    }
}

/// Whether there is room for a chain between two bits of a set.
fn has_long_gap(set: u64, first: u32, last: u32) -> bool {
    let gaps = !set & u64::MAX << first & u64::MAX >> (63 - last);
    let two = gaps & gaps >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    // A chain of eleven pieces is 21 bytes at least.
    eight & eight >> 8 & four >> 16 != 0
}

const _: () = assert!(base32::RUN_MIN == 18 && base64::RUN_MIN >= 18 && base64::GROUPS_MIN == 7);

/// Where runs of eighteen start, in two blocks.
fn runs_of_18(before: u64, block: u64) -> u128 {
    let runs = u128::from(before) | u128::from(block) << 64;
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
