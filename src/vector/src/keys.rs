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

/// The keys of the first four bytes and of the four after them.
#[must_use]
#[inline]
pub const fn keys(bytes: [u8; 2 * KEY]) -> [u32; 2] {
    let both = u64::from_le_bytes(bytes);
    [both as u32 | CASE, (both >> u32::BITS) as u32 | CASE]
}
