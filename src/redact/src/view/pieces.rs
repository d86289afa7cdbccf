//! Counts short pieces between those that no chain has: longer ones than a character, a pair of digits, a number or `0x61`.

use super::chains;
use super::packed::Members;

/// What a block must know of those before it.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    last: Tails,
    /// Pieces since the last one that was too long for a chain, which ended at `quiet_from`.
    count: usize,
    quiet_from: usize,
}

/// The last bits of some sets, lowest first.
#[derive(Debug, Default, Clone, Copy)]
struct Tails {
    alphanumeric: u64,
    digits: u64,
    /// Digits with which a piece starts.
    starting_digits: u64,
    notation: u64,
}

/// How many bits are kept of the block before.
const TAIL: u32 = 4;

impl Pieces {
    /// Calls `chain` with each stretch between two pieces that are too long, if there is room for a chain in it.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
    pub(super) fn take(&mut self, at: usize, members: &Members, mut chain: impl FnMut(usize, usize)) {
        let (alphanumeric, digits, last) = (members.alphanumeric(), members.digits(), self.last);
        let shifted = |set: u64, tail: u64, by: u32| set << by | tail >> (TAIL - by);
        let second = alphanumeric & shifted(alphanumeric, last.alphanumeric, 1);
        let third = second & shifted(alphanumeric, last.alphanumeric, 2);
        let of_four = shifted(alphanumeric, last.alphanumeric, 3);
        let starts = alphanumeric & !second;
        let is_number = digits & shifted(digits, last.digits, 1) & shifted(digits, last.digits, 2);
        let mut long = third & (of_four | !is_number);
        // The `x` of `0x61`, and other letters that stand for themselves here.
        let starting_digits = starts & digits;
        let notation = members.notation() & shifted(starting_digits, last.starting_digits, 1);
        if notation | last.notation != 0 {
            let in_notation = shifted(notation, last.notation, 1) | shifted(notation, last.notation, 2);
            long = long & !in_notation | third & of_four & shifted(alphanumeric, last.alphanumeric, 4);
        }
        let tail = |set: u64| set >> (u64::BITS - TAIL);
        self.last = Tails {
            alphanumeric: tail(alphanumeric),
            digits: tail(digits),
            starting_digits: tail(starting_digits),
            notation: tail(notation),
        };
        if long == 0 {
            self.count += starts.count_ones() as usize;
            return;
        }
        let (first, final_) = (long.trailing_zeros(), 63 - long.leading_zeros());
        let head = starts & ((1 << first) - 1);
        if self.count + head.count_ones() as usize >= chains::PIECES_MIN {
            chain(self.quiet_from, at + first as usize);
        }
        let between = starts & !head & u64::MAX >> (63 - final_);
        if between.count_ones() as usize >= chains::PIECES_MIN && has_long_gap(long, first, final_) {
            chain(at + first as usize, at + final_ as usize);
        }
        self.count = (starts & u64::MAX.checked_shl(final_ + 1).unwrap_or(0)).count_ones() as usize;
        self.quiet_from = at + final_ as usize + 1;
    }

    /// The same for what is left at the end of a text.
    pub(super) fn end(&self, end: usize, mut chain: impl FnMut(usize, usize)) {
        if self.count >= chains::PIECES_MIN {
            chain(self.quiet_from, end);
        }
    }
}

/// Whether there is room for a chain between two bits of a set.
const fn has_long_gap(set: u64, first: u32, last: u32) -> bool {
    let gaps = !set & u64::MAX << first & u64::MAX >> (63 - last);
    let two = gaps & gaps >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    // A chain of eleven pieces is 21 bytes at least.
    eight & eight >> 8 & four >> 16 != 0
}
