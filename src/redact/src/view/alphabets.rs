//! The sets of bytes that runs are made of, one bit each in a table.

/// A lower-case letter or a digit.
pub(crate) const LOWER: u8 = 1;
/// An upper-case letter or a digit.
pub(crate) const UPPER: u8 = 1 << 1;
/// A letter or a digit.
pub(crate) const ALPHANUMERIC: u8 = LOWER | UPPER;
/// A digit of base64 in either alphabet.
pub(crate) const BASE64: u8 = 1 << 2;
/// A digit of base64 that can begin a group which holds ASCII text: its six bits are the first of a printable character, of a tab or of
/// a line end.
pub(crate) const BASE64_OF_TEXT: u8 = 1 << 3;
/// The sets that each byte is in.
pub(crate) const SETS: [u8; 256] = {
    let mut sets = [0; 256];
    let mut byte = 0_usize;
    while byte < sets.len() {
        // Less than 256.
        sets[byte] = sets_of(byte as u8);
        byte += 1;
    }
    sets
};

const fn sets_of(byte: u8) -> u8 {
    let mut sets = 0;
    if byte.is_ascii_lowercase() || byte.is_ascii_digit() {
        sets |= LOWER;
    }
    if byte.is_ascii_uppercase() || byte.is_ascii_digit() {
        sets |= UPPER;
    }
    if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_') {
        sets |= BASE64;
    }
    if matches!(byte, b'C' | b'D' | b'I'..=b'Z' | b'a'..=b'f') {
        sets |= BASE64_OF_TEXT;
    }
    sets
}

/// Whether a byte is in one of some sets.
pub(crate) const fn is_in(byte: u8, sets: u8) -> bool {
    SETS[byte as usize] & sets != 0
}

/// The length of the run of bytes of some sets that starts at a place.
pub(crate) fn run_length(text: &[u8], from: usize, sets: u8) -> usize {
    text.get(from..).unwrap_or_default().iter().take_while(|byte| is_in(**byte, sets)).count()
}
