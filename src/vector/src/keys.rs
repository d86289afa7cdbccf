//! Four bytes as one number.

/// How many bytes a key has.
pub const KEY: usize = 4;
/// Set in a letter in lower case, and in each byte of a key.
const CASE: u32 = 0x2020_2020;

/// Four bytes as a number in which the case of letters makes no difference.
#[must_use]
#[inline]
pub const fn key(bytes: [u8; KEY]) -> u32 {
    u32::from_le_bytes(bytes) | CASE
}
