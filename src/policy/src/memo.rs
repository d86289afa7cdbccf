//! A table of answers that readers share without a lock, and that cannot grow.

use std::{
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    sync::Arc,
};

use arc_swap::{ArcSwapOption, Guard};

/// A fixed number of slots; a key has two of them, chosen by a keyed hash, and a newcomer pushes one older entry out. Losing an
/// entry costs a recomputation and nothing else, so a caller who invents names fills no memory and changes no answer.
pub(crate) struct Memo<E> {
    slots: Box<[ArcSwapOption<E>]>,
    hasher: RandomState,
}

impl<E> Memo<E> {
    /// A table of `slot_count` slots, a power of two.
    pub(crate) fn new(slot_count: usize) -> Self {
        debug_assert!(slot_count.is_power_of_two(), "the mask of `places` needs a power of two");
        Self { slots: (0..slot_count).map(|_| ArcSwapOption::empty()).collect(), hasher: RandomState::new() }
    }

    /// The hash to pass to [`Self::find`] and [`Self::keep`].
    pub(crate) fn hash(&self, key: impl Hash) -> u64 {
        self.hasher.hash_one(key)
    }

    /// The entry that `is_it` accepts. The hash only chooses where to look, so `is_it` must compare the whole key.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(&E) -> bool) -> Option<Guard<Option<Arc<E>>>> {
        self.places(hash).into_iter().flatten().find_map(|slot| {
            let entry = slot.load();
            entry.as_ref().is_some_and(|e| is_it(e)).then_some(entry)
        })
    }

    /// Keeps an entry, in a free slot where there is one.
    pub(crate) fn keep(&self, hash: u64, entry: Arc<E>) {
        let [first, second] = self.places(hash);
        let free = [first, second].into_iter().flatten().find(|slot| slot.load().is_none());
        let pushed_out = if hash >> 63 == 0 { first } else { second };
        if let Some(slot) = free.or(pushed_out) {
            slot.store(Some(entry));
        }
    }

    fn places(&self, hash: u64) -> [Option<&ArcSwapOption<E>>; 2] {
        let mask = self.slots.len() - 1;
        // Two disjoint stretches of the hash, cut to the table on purpose.
        [hash as usize & mask, (hash >> 32) as usize & mask].map(|place| self.slots.get(place))
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.slots.iter().filter(|slot| slot.load().is_some()).count()
    }
}

impl<E> fmt::Debug for Memo<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").field("slots", &self.slots.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_and_nothing_else() {
        let memo = Memo::new(64);
        memo.keep(memo.hash("a"), Arc::new("a"));
        let found = |key: &'static str| memo.find(memo.hash(key), |e| *e == key).is_some();
        assert!(found("a"));
        assert!(!found("b"));
    }

    #[test]
    fn an_entry_of_the_same_hash_is_not_taken_for_another() {
        let memo = Memo::new(2);
        memo.keep(7, Arc::new("a"));
        assert!(memo.find(7, |e| *e == "b").is_none());
    }

    #[test]
    fn a_flood_of_keys_fills_the_table_and_no_more() {
        let memo = Memo::new(64);
        for key in 0..100_000_u32 {
            memo.keep(memo.hash(key), Arc::new(key));
        }
        assert_eq!(memo.len(), 64);
    }
}
