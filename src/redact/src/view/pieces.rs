//! Counts short pieces between those that no chain has: longer ones than a character, a pair of digits, a number or `0x61`.

use vector::{BATCH, BLOCK, Batch};

use super::chains;
use super::packed::Members;
use super::signs::Masks;

/// What a batch must know of the blocks before it.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// Digits with which a piece starts, of the last block.
    starting_digits: u64,
    /// Of the last block.
    notation: u64,
    /// Where a piece is too long for a chain, of the last block.
    long: u64,
    /// Pieces since the last one that was too long for a chain, which ended at `quiet_from`.
    count: usize,
    quiet_from: usize,
}

/// Eleven pieces are so many bytes at least.
const CHAIN_LENGTH_MIN: u32 = 2 * chains::PIECES_MIN as u32 - 1;

impl Pieces {
    /// Calls `chain` with each stretch between two pieces that are too long, if there is room for a chain in it.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
    pub(super) fn take(
        &mut self,
        at: usize,
        batch: &Batch,
        alphanumeric: &Masks,
        digits: &Masks,
        mut chain: impl FnMut(usize, usize),
    ) {
        let mut starts = [0; BATCH];
        let mut starting_digits: Masks = [self.starting_digits; BATCH + 1];
        for block in 0..BATCH {
            starts[block] = alphanumeric[block + 1] & !shifted(alphanumeric, block, 1);
            starting_digits[block + 1] = starts[block] & digits[block + 1];
        }
        let mut notation: Masks = [self.notation; BATCH + 1];
        for block in 0..BATCH {
            // The `x` of `0x61`, and other letters that stand for themselves here.
            notation[block + 1] = Members::of(batch, block).notation() & shifted(&starting_digits, block, 1);
        }
        let mut long: Masks = [self.long; BATCH + 1];
        for block in 0..BATCH {
            let third = alphanumeric[block + 1] & shifted(alphanumeric, block, 1) & shifted(alphanumeric, block, 2);
            let of_four = third & shifted(alphanumeric, block, 3);
            let is_number = digits[block + 1] & shifted(digits, block, 1) & shifted(digits, block, 2);
            let in_notation = shifted(&notation, block, 1) | shifted(&notation, block, 2);
            long[block + 1] = (of_four | third & !is_number) & !in_notation | of_four & shifted(alphanumeric, block, 4);
        }
        let mut quiet = 0;
        for block in 0..BATCH {
            quiet |= ends_long_gap(long[block], long[block + 1]);
        }
        (self.starting_digits, self.notation) = (starting_digits[BATCH], notation[BATCH]);
        self.long = long[BATCH];
        if quiet == 0 && self.count < chains::PIECES_MIN {
            // There is a long piece near the end.
            self.restart(at + (BATCH - 1) * BLOCK, long[BATCH], starts[BATCH - 1]);
            return;
        }
        for block in 0..BATCH {
            self.take_block(at + block * BLOCK, long[block + 1], starts[block], &mut chain);
        }
    }

    #[inline]
    fn take_block(&mut self, at: usize, long: u64, starts: u64, chain: &mut impl FnMut(usize, usize)) {
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
        self.restart(at, long, starts);
    }

    /// Counts anew behind the last long piece of a block.
    #[inline]
    const fn restart(&mut self, at: usize, long: u64, starts: u64) {
        let end = u64::BITS - long.leading_zeros();
        self.count = match starts.checked_shr(end) {
            Some(starts) => starts.count_ones() as usize,
            None => 0,
        };
        self.quiet_from = at + end as usize;
    }

    /// The same for what is left at the end of a text.
    pub(super) fn end(&self, end: usize, mut chain: impl FnMut(usize, usize)) {
        if self.count >= chains::PIECES_MIN {
            chain(self.quiet_from, end);
        }
    }
}

/// The mask of a block of a batch, moved up so many places; what falls out of the one before comes in.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
const fn shifted(masks: &Masks, block: usize, by: u32) -> u64 {
    masks[block + 1] << by | masks[block] >> (u64::BITS - by)
}

/// Whether a gap ends in a block that has room for a chain.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
const fn ends_long_gap(before: u64, long: u64) -> u64 {
    let over = long << (CHAIN_LENGTH_MIN - 1) | before >> (u64::BITS + 1 - CHAIN_LENGTH_MIN);
    long_gaps(!long) | long_gaps(!over)
}

/// Where gaps start in which there is room for a chain.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
const fn long_gaps(gaps: u64) -> u64 {
    let two = gaps & gaps >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    // 21 bytes.
    eight & eight >> 8 & four >> 16 & gaps >> 20
}

/// Whether there is room for a chain between two bits of a set.
const fn has_long_gap(set: u64, first: u32, last: u32) -> bool {
    long_gaps(!set & u64::MAX << first & u64::MAX >> (63 - last)) != 0
}

const _: () = assert!(CHAIN_LENGTH_MIN == 21);
