//! A table of bits that says of four bytes whether they may be the first or the last of some window, letters taken in either case.

/// How many bytes are looked up: the first of a window, or the last.
pub const KEY: usize = 4;
/// What hashes have of bits: then the table fits into the first cache, and is nearly empty.
pub(crate) const HASH_BITS: u32 = 17;
/// Fibonacci hashing: the upper bits of the product depend on all bytes.
pub(crate) const FACTOR: u32 = 0x9e37_79b1;
/// Set in a letter in lower case, and in each byte of a key.
pub(crate) const CASE: u32 = 0x2020_2020;
/// A word of the table has so many hashes, by the lowest bits, first for the first bytes of windows and then for the last.
pub(crate) const PER_WORD_BITS: u32 = 4;
const PER_WORD: u32 = 1 << PER_WORD_BITS;
/// The words of the table: one for each value of the other bits of a hash.
pub(crate) const WORDS: usize = 1 << (HASH_BITS - PER_WORD_BITS);

/// Keys of windows.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) words: Box<[u32; WORDS]>,
}

/// Four bytes as a number in which the case of letters makes no difference.
#[must_use]
#[inline]
pub const fn key(bytes: [u8; KEY]) -> u32 {
    u32::from_le_bytes(bytes) | CASE
}

impl Keys {
    pub(crate) fn new(first: impl IntoIterator<Item = u32>, last: impl IntoIterator<Item = u32>) -> Self {
        let mut words = Box::new([0; WORDS]);
        let first = first.into_iter().map(|key| (key, 0));
        for (key, shift) in first.chain(last.into_iter().map(|key| (key, PER_WORD))) {
            let (word, bit) = place(key);
            words[word] |= 1 << (bit + shift);
        }
        Self { words }
    }

    /// Whether the first four bytes of a window, or its last, are those of a key: the lowest bit of what is returned.
    #[inline]
    pub(crate) fn has<const LENGTH: usize>(&self, window: &[u8; LENGTH]) -> u32 {
        let [first, last] =
            [window.first_chunk(), window.last_chunk()].map(|bytes| bytes.map_or(0, |bytes| key(*bytes)));
        let ((first_word, first_bit), (last_word, last_bit)) = (place(first), place(last));
        (self.words[first_word] >> first_bit | self.words[last_word] >> (last_bit + PER_WORD)) & 1
    }
}

/// The word of a key and its bit there.
#[inline]
const fn place(key: u32) -> (usize, u32) {
    let hash = key.wrapping_mul(FACTOR) >> (u32::BITS - HASH_BITS);
    ((hash >> PER_WORD_BITS) as usize, hash % PER_WORD)
}
