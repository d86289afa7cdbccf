//! The sets of bytes by which views are entered, one bit each in a table.

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
/// A byte other than a backslash with which an escape may begin.
pub(crate) const SIGN: u8 = 1 << 4;
/// A backslash.
pub(crate) const BACKSLASH: u8 = 1 << 5;
/// A byte that ends a line.
pub(crate) const LINE_END: u8 = 1 << 6;
/// What makes an escape of a backslash before it, or the end of a line.
pub(crate) const ESCAPED: u8 = 1 << 7;

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
    if super::escapes::is_sign(byte) {
        sets |= if byte == b'\\' { BACKSLASH } else { SIGN };
    }
    if matches!(byte, b'\n' | b'\r') {
        sets |= LINE_END;
    }
    if matches!(byte, b'u' | b'U' | b'x' | b'0'..=b'7' | b'n' | b'r' | b'\n' | b'\r') {
        sets |= ESCAPED;
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
