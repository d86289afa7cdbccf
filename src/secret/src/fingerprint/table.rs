//! The two tables behind a fingerprint set: a filter that says no quickly, and a hash table that says yes for certain.

/// Bits of filter per gram at least: two of eight are set, so at most one foreign gram in twenty passes.
const FILTER_BITS_PER_GRAM: usize = 8;
/// A kilobyte, so that a set of a few secrets does not have to grow at once.
const FILTER_WORDS_MIN: usize = 128;

/// A Bloom filter with both bits of a gram in one word.
#[derive(Clone)]
pub(super) struct Filter {
    words: Vec<u64>,
    shift: u32,
    count: usize,
}

impl Filter {
    pub(super) fn for_count(count: usize) -> Self {
        let words = (count * FILTER_BITS_PER_GRAM / 64).next_power_of_two().max(FILTER_WORDS_MIN);
        Self { words: vec![0; words], shift: 32 - words.trailing_zeros().min(31), count: 0 }
    }

    /// Whether `more` grams fit without making wrong hits frequent.
    pub(super) fn has_room_for(&self, more: usize) -> bool {
        (self.count + more) * FILTER_BITS_PER_GRAM <= self.words.len() * 64
    }

    pub(super) fn insert(&mut self, hash: u32) {
        let (word, [first, second]) = self.place(hash);
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << first | 1 << second;
            self.count += 1;
        }
    }

    #[inline]
    pub(super) fn contains(&self, hash: u32) -> bool {
        let (word, [first, second]) = self.place(hash);
        let word = self.words.get(word).copied().unwrap_or_default();
        word >> first & word >> second & 1 == 1
    }

    /// Everything that a look-up needs beside the key.
    pub(super) fn words(&self) -> (&[u64], u32) {
        (&self.words, self.shift)
    }

    /// The word comes from the highest bits, the two bits in it from the lowest; up to eight million grams these are different ones.
    #[inline]
    fn place(&self, hash: u32) -> (usize, [u32; 2]) {
        ((hash >> self.shift) as usize, [hash & 63, hash >> 6 & 63])
    }
}

/// From the hash of a window to the tag of its secret: open addressing, at most half full.
#[derive(Clone)]
pub(super) struct Windows {
    hashes: Vec<u64>,
    tags: Vec<u32>,
    count: usize,
}

impl Windows {
    pub(super) fn for_count(count: usize) -> Self {
        let slots = (count * 2).next_power_of_two().max(FILTER_WORDS_MIN);
        Self { hashes: vec![0; slots], tags: vec![0; slots], count: 0 }
    }

    pub(super) fn has_room_for(&self, more: usize) -> bool {
        (self.count + more) * 2 <= self.hashes.len()
    }

    /// Adds a window; where two secrets share one, the first keeps it. Call it only while there is room.
    pub(super) fn insert(&mut self, hash: u64, tag: u32) {
        let slot = self.slot(hash);
        if let (Some(held @ 0), Some(held_tag)) = (self.hashes.get_mut(slot), self.tags.get_mut(slot)) {
            *held = hash;
            *held_tag = tag;
            self.count += 1;
        }
    }

    pub(super) fn tag(&self, hash: u64) -> Option<u32> {
        let slot = self.slot(hash);
        (self.hashes.get(slot) == Some(&hash)).then(|| self.tags.get(slot).copied()).flatten()
    }

    /// The slot that holds the hash, or the empty one where it belongs. The table is never full, so the walk ends.
    fn slot(&self, hash: u64) -> usize {
        let mask = self.hashes.len() - 1;
        let mut slot = hash as usize & mask;
        while self.hashes.get(slot).is_some_and(|held| *held != 0 && *held != hash) {
            slot = (slot + 1) & mask;
        }
        slot
    }
}
