//! What the pass over a text asks of each byte, in eight bits: most say one thing of a letter or digit, and another of all other bytes.

use vector::{BATCH, Batch};

use super::alphabets::{BASE64, BASE64_OF_TEXT, is_in};
use super::escapes;
use crate::live::may_start_compressed;

/// The bits of each byte.
pub(super) const PACKED: [u8; 256] = {
    let mut packed = [0; 256];
    let mut byte = 0_usize;
    while byte < packed.len() {
        // Less than 256.
        packed[byte] = bits(byte as u8);
        byte += 1;
    }
    packed
};

/// The number of the bit is where [`Members::of`] reads it.
const fn bits(byte: u8) -> u8 {
    let is_digit = byte.is_ascii_digit();
    let [first, second] = may_start_compressed(byte);
    let meanings = if byte.is_ascii_alphanumeric() {
        [
            is_digit || byte.is_ascii_lowercase(),
            is_digit || byte.is_ascii_uppercase(),
            first,
            is_in(byte, BASE64_OF_TEXT),
            second,
            matches!(byte, b'u' | b'U' | b'x' | b'0'..=b'7'),
            matches!(byte, b'n' | b'r'),
            byte.is_ascii_hexdigit(),
        ]
    } else {
        let is_sign = escapes::is_sign(byte) && byte != b'\\';
        let is_next = matches!(byte, b'#' | b'=' | b']' | b'\r' | b'\n' | 0x80 | 0x81 | 0xad | 0xbb..=0xbd);
        [false, false, byte == b'\\', is_in(byte, BASE64), matches!(byte, b'\n' | b'\r'), is_sign, byte == 0, is_next]
    };
    let (mut bits, mut number) = (0, 0);
    while number < meanings.len() {
        bits |= (meanings[number] as u8) << number;
        number += 1;
    }
    bits
}

/// A bit for each byte of a block that is one of some.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Members {
    /// A lower-case letter or a digit.
    pub(super) lower: u64,
    /// An upper-case letter or a digit.
    pub(super) upper: u64,
    backslash_or_first: u64,
    base64_or_text: u64,
    line_end_or_second: u64,
    sign_or_number: u64,
    always_or_break: u64,
    next_or_hexadecimal: u64,
}

/// The byte after the last one of a block is not known, and so may be anything.
const UNKNOWN: u64 = 1 << 63;

impl Members {
    /// Those of a block of a batch.
    #[inline]
    pub(super) const fn of(batch: &Batch, block: usize) -> Self {
        let block = block % BATCH;
        Self {
            lower: batch.sets[0][block],
            upper: batch.sets[1][block],
            backslash_or_first: batch.sets[2][block],
            base64_or_text: batch.sets[3][block],
            line_end_or_second: batch.sets[4][block],
            sign_or_number: batch.sets[5][block],
            always_or_break: batch.sets[6][block],
            next_or_hexadecimal: batch.sets[7][block],
        }
    }

    #[inline]
    pub(super) const fn alphanumeric(&self) -> u64 {
        self.lower | self.upper
    }

    #[inline]
    pub(super) const fn digits(&self) -> u64 {
        self.lower & self.upper
    }

    /// A digit of base64 in either alphabet.
    #[inline]
    pub(super) const fn base64(&self) -> u64 {
        self.alphanumeric() | self.base64_or_text
    }

    /// A digit of base64 that can begin a group which holds ASCII text.
    #[inline]
    pub(super) const fn base64_of_text(&self) -> u64 {
        self.base64_or_text & self.alphanumeric()
    }

    /// A hexadecimal digit.
    #[inline]
    pub(super) const fn hexadecimal(&self) -> u64 {
        self.next_or_hexadecimal & self.alphanumeric()
    }

    /// A letter that stands for itself in a number, as in `0x61`, or makes an escape of a backslash.
    #[inline]
    pub(super) const fn notation(&self) -> u64 {
        (self.sign_or_number | self.always_or_break) & self.alphanumeric() & !self.digits()
    }

    /// Where an escape may begin that is undone for its own sake.
    #[inline]
    pub(super) const fn escapes(&self) -> u64 {
        let alphanumeric = self.alphanumeric();
        let after_backslash = self.sign_or_number & alphanumeric;
        let after_sign = alphanumeric | self.next_or_hexadecimal;
        let escapes = self.backslash_or_first & (after_backslash >> 1 | UNKNOWN)
            | self.sign_or_number & (after_sign >> 1 | self.always_or_break | UNKNOWN);
        escapes & !alphanumeric
    }

    /// Where a line may end.
    #[inline]
    pub(super) const fn line_ends(&self) -> u64 {
        let alphanumeric = self.alphanumeric();
        let line_ends = self.line_end_or_second & !alphanumeric;
        let after_backslash = self.always_or_break & alphanumeric | line_ends;
        line_ends | self.backslash_or_first & !alphanumeric & (after_backslash >> 1 | UNKNOWN)
    }

    /// Where compressed data in base64 may begin, if nothing of base64 stands before it.
    #[inline]
    pub(super) const fn compressed(&self) -> u64 {
        let alphanumeric = self.alphanumeric();
        let second = self.line_end_or_second & alphanumeric;
        self.backslash_or_first & alphanumeric & (second >> 1 | UNKNOWN)
    }
}
