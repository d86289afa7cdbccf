//! From four bytes to the numbers of what may be there: a hash table that is never changed.

use vector::key;

/// What hashes have of bits: then the bits fit into the first cache.
const HASH_BITS: u32 = 16;

/// By keys.
#[derive(Debug)]
pub(crate) struct Table {
    /// A bit for each hash: most keys are told to be none of these without a look at them.
    known: Box<[u64; 1 << (HASH_BITS - 6)]>,
    /// The bytes, and where in `numbers` theirs begin and end. Twice as many places as entries at least, so that a search is short.
    slots: Vec<(u32, u32, u32)>,
    numbers: Vec<u16>,
}

impl Table {
    /// Takes keys, each with the number of what has it.
    pub(crate) fn new(mut entries: Vec<(u32, u16)>) -> Self {
        entries.sort_unstable();
        let slots = vec![(0, 0, 0); (2 * entries.len() + 2).next_power_of_two()];
        let mut table = Self { known: Box::new([0; 1 << (HASH_BITS - 6)]), slots, numbers: Vec::new() };
        for of_key in entries.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((key, _)) = of_key.first() else { continue };
            let hash = hash(*key);
            table.known[hash / 64] |= 1 << (hash % 64);
            let start = table.numbers.len() as u32;
            table.numbers.extend(of_key.iter().map(|(_, number)| number));
            let mut slot = table.slot(*key);
            while table.slots[slot].2 != 0 {
                slot = (slot + 1) & (table.slots.len() - 1);
            }
            table.slots[slot] = (*key, start, table.numbers.len() as u32);
        }
        table
    }

    /// What may begin at this place of a text.
    #[inline]
    pub(crate) fn at(&self, text: &[u8], at: usize) -> &[u16] {
        let start = text.get(at..).and_then(<[u8]>::first_chunk).map(|start| key(*start));
        start.filter(|key| self.may_have(*key)).map_or(&[], |key| self.of(key))
    }

    /// Whether something may begin at this place of a text.
    #[inline]
    pub(crate) fn may_be_at(&self, text: &[u8], at: usize) -> bool {
        let start = text.get(at..).and_then(<[u8]>::first_chunk);
        start.is_some_and(|start| self.may_have(key(*start)))
    }

    /// Whether something may have this key.
    #[inline]
    pub(crate) fn may_have(&self, key: u32) -> bool {
        let hash = hash(key);
        self.known[hash / 64] >> (hash % 64) & 1 == 1
    }

    /// What has this key.
    #[inline(never)]
    fn of(&self, key: u32) -> &[u16] {
        let mut slot = self.slot(key);
        loop {
            match self.slots.get(slot) {
                Some((of, start, end)) if *of == key && *end != 0 => {
                    return self.numbers.get(*start as usize..*end as usize).unwrap_or_default();
                }
                Some((_, _, 1..)) => slot = (slot + 1) & (self.slots.len() - 1),
                _ => return &[],
            }
        }
    }

    const fn slot(&self, key: u32) -> usize {
        (key.wrapping_mul(FACTOR) >> (32 - self.slots.len().trailing_zeros())) as usize & (self.slots.len() - 1)
    }
}

/// Fibonacci hashing: the upper bits of the product depend on all bytes.
const FACTOR: u32 = 0x9e37_79b1;

#[inline]
const fn hash(key: u32) -> usize {
    (key.wrapping_mul(FACTOR) >> (u32::BITS - HASH_BITS)) as usize
}
