//! The sets of bytes by which views are entered, one bit each in a table.

/// A letter or a digit.
pub(crate) const ALPHANUMERIC: u8 = 1;
/// A digit of base64 in either alphabet.
pub(crate) const BASE64: u8 = 1 << 1;
/// A digit of base64 that can begin a group which holds ASCII text: its first six bits are those of a printable character.
pub(crate) const BASE64_OF_TEXT: u8 = 1 << 2;
/// A lower-case letter or a digit.
pub(crate) const LOWER: u8 = 1 << 3;
/// An upper-case letter or a digit.
pub(crate) const UPPER: u8 = 1 << 4;
/// A byte with which an escape may begin.
pub(crate) const SIGN: u8 = 1 << 5;
/// A byte that ends a line, also inside a JSON string, where it is a backslash and the `n` or `r` after it.
pub(crate) const LINE_END: u8 = 1 << 6;

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
    if byte.is_ascii_alphanumeric() {
        sets |= ALPHANUMERIC;
    }
    if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_') {
        sets |= BASE64;
    }
    if matches!(byte, b'I'..=b'Z' | b'a'..=b'f') {
        sets |= BASE64_OF_TEXT;
    }
    if byte.is_ascii_lowercase() || byte.is_ascii_digit() {
        sets |= LOWER;
    }
    if byte.is_ascii_uppercase() || byte.is_ascii_digit() {
        sets |= UPPER;
    }
    if super::escapes::is_sign(byte) {
        sets |= SIGN;
    }
    if matches!(byte, b'\n' | b'\r' | b'\\') {
        sets |= LINE_END;
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
