//! Fingerprints of secrets: a scanner finds a secret by them in any usual encoding, and they hold no part of it.
//!
//! A secret is recognized by windows of each of its encodings: 16 bytes, or as many more as it takes to hold 64 bits that nobody can
//! know beforehand; a shorter secret is recognized as a whole. Looking up eight bytes at every eighth place
//! ([`FingerprintSet::may_contain`]) is enough, because every run of 15 bytes holds eight that start at a multiple of eight; only
//! around a hit are windows confirmed ([`FingerprintSet::confirm`]) by a 64-bit hash. What a place costs at most does not depend
//! on how many secrets share the text there, so no text is slow to scan.
//!
//! The hashes are keyed with a random number of this process. They keep secrets out of search results, logs and core dumps that are
//! read by eye; they do not keep a weak secret from somebody who has both the hashes and the key.

mod encodings;
mod key;
mod print;
mod public;
mod table;
mod unknown;

use std::fmt;
use std::sync::Arc;

pub use key::{FingerprintKey, NoRandomNumbers};
use print::Prints;
use table::{Filter, Windows};

use crate::Secret;

/// Why a secret cannot be recognized in responses, and so must not be used where it could come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotMask {
    /// So short a text stands in benign answers by chance.
    #[error("a secret of fewer than {length_min} characters cannot be masked; use a longer one")]
    TooShort {
        /// In characters.
        length_min: usize,
    },
    /// Less than 64 bits of it are more than a public prefix, words, repetitions and sequences: whoever has answers masked could
    /// guess it, and benign answers may hold it.
    #[error("a secret that can be guessed cannot be masked; use a longer random one")]
    TooGuessable,
}

/// The sets were made under different keys and cannot be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the fingerprint sets were made under different keys; make them from one")]
pub struct KeysDiffer;

/// The fingerprints of any number of secrets.
#[derive(Clone)]
pub struct FingerprintSet {
    key: FingerprintKey,
    prints: Vec<Arc<Prints>>,
    grams: Filter,
    windows: Windows,
    window_lengths: u64,
    has_short: bool,
    has_blank: bool,
}

impl FingerprintSet {
    /// The longest text that is confirmed in one piece, in bytes; what a scanner keeps between two chunks is one byte less.
    pub const WINDOW_MAX: usize = print::WINDOW_MAX;

    /// A set without secrets.
    #[must_use]
    pub fn new(key: &FingerprintKey) -> Self {
        Self::of(key, Vec::new())
    }

    /// All secrets of the given sets, each once.
    ///
    /// # Errors
    /// Not all sets were made under this key.
    pub fn joined<'set>(key: &FingerprintKey, sets: impl IntoIterator<Item = &'set Self>) -> Result<Self, KeysDiffer> {
        let mut prints: Vec<Arc<Prints>> = Vec::new();
        for set in sets {
            if !set.key.is(key) {
                return Err(KeysDiffer);
            }
            prints.extend(set.prints.iter().cloned());
        }
        prints.sort_by_key(|prints| (prints.tag, Arc::as_ptr(prints)));
        prints.dedup_by(|one, other| Arc::ptr_eq(one, other));
        Ok(Self::of(key, prints))
    }

    /// Adds a secret. `tag` says which one it is, or of which class, and comes back with each hit. Costs what the secret's length
    /// demands, not the size of the set, but for the times when the tables double.
    ///
    /// # Errors
    /// The secret is too short or too regular to be recognized without mangling benign answers.
    pub fn add(&mut self, secret: &Secret, tag: u32) -> Result<(), CannotMask> {
        let prints = Arc::new(Prints::of(secret, tag, &self.key)?);
        self.prints.push(Arc::clone(&prints));
        if self.has_room_for(&prints) {
            self.insert(&prints);
        } else {
            *self = Self::of(&self.key, std::mem::take(&mut self.prints));
        }
        Ok(())
    }

    /// Takes out all secrets with this tag. Costs as much as building the set.
    pub fn remove(&mut self, tag: u32) {
        self.prints.retain(|prints| prints.tag != tag);
        *self = Self::of(&self.key, std::mem::take(&mut self.prints));
    }

    /// Whether there is nothing to look for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.prints.is_empty()
    }

    /// How many secrets are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.prints.len()
    }

    /// The distance in bytes at which a text must be looked up: 8, and 4 if a secret is so short that 8 would miss it.
    #[must_use]
    pub const fn stride(&self) -> usize {
        if self.has_short { 4 } else { 8 }
    }

    /// Whether these eight bytes (as a little-endian number) may stand in a secret. Seldom wrong, and never when it says no.
    #[inline]
    #[must_use]
    pub fn may_contain(&self, gram: u64) -> bool {
        self.grams.contains(self.key.gram(gram))
    }

    /// What answers [`Self::may_contain`], for looking up many grams at once.
    #[must_use]
    pub fn gram_filter(&self) -> GramFilter<'_> {
        let ((xor, factor), (words, shift)) = (self.key.gram_numbers(), self.grams.words());
        GramFilter { xor, factor, words, shift, has_blank: self.has_blank }
    }

    /// The lengths of windows to confirm around a hit of [`Self::may_contain`], shortest first.
    pub fn window_lengths(&self) -> impl Iterator<Item = usize> + use<> {
        bits(self.window_lengths)
    }

    /// The tag of the secret to which this text belongs: a whole window of one of the lengths above.
    #[must_use]
    pub fn confirm(&self, window: &[u8]) -> Option<u32> {
        self.windows.tag(self.key.text(window))
    }

    fn of(key: &FingerprintKey, prints: Vec<Arc<Prints>>) -> Self {
        // Twice the room, so that adding one by one costs a constant share of doubling.
        let total = |part: fn(&Prints) -> usize| 2 * prints.iter().map(|prints| part(prints)).sum::<usize>();
        let mut set = Self {
            key: key.clone(),
            grams: Filter::for_count(total(|prints| prints.grams.len())),
            windows: Windows::for_count(total(|prints| prints.windows.len())),
            prints: Vec::new(),
            window_lengths: 0,
            has_short: false,
            has_blank: false,
        };
        prints.iter().for_each(|prints| set.insert(prints));
        set.prints = prints;
        set
    }

    fn has_room_for(&self, prints: &Prints) -> bool {
        self.grams.has_room_for(prints.grams.len()) && self.windows.has_room_for(prints.windows.len())
    }

    fn insert(&mut self, prints: &Prints) {
        prints.grams.iter().for_each(|hash| self.grams.insert(*hash));
        prints.windows.iter().for_each(|hash| self.windows.insert(*hash, prints.tag));
        self.window_lengths |= prints.window_lengths;
        self.has_short |= prints.has_short();
        self.has_blank |= prints.has_blank;
    }
}

/// A filter for grams, as numbers: the hash of a gram is the upper half of `(gram ^ xor) * factor`. The word for it is found by
/// shifting the hash right by `shift`, and the filter holds it if the bits are set that its lowest six and its next six bits name.
#[derive(Clone, Copy)]
pub struct GramFilter<'set> {
    /// Secret of this process, like the factor.
    pub xor: u64,
    /// Odd.
    pub factor: u64,
    /// A power of two of them.
    pub words: &'set [u64],
    /// So that a hash of 32 bits stays below the number of words.
    pub shift: u32,
    /// Whether a gram may hold a blank or a control character; where it is not so, one that does need not be looked up.
    pub has_blank: bool,
}

impl GramFilter<'_> {
    /// As [`FingerprintSet::may_contain`] says.
    #[inline]
    #[must_use]
    pub fn may_contain(&self, gram: u64) -> bool {
        let hash = (gram ^ self.xor).wrapping_mul(self.factor) >> 32;
        let word = self.words.get((hash >> self.shift) as usize).copied().unwrap_or_default();
        word >> (hash & 63) & word >> (hash >> 6 & 63) & 1 == 1
    }
}

impl fmt::Debug for GramFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GramFilter(…)")
    }
}

impl fmt::Debug for FingerprintSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FingerprintSet({} secrets)", self.prints.len())
    }
}

fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = set.trailing_zeros() as usize;
        set &= set.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use print::Prints;
    use zeroize::Zeroizing;

    fn secret(text: &str) -> Secret {
        Secret::new(Zeroizing::new(text.to_owned()))
    }

    fn set(secrets: &[&str]) -> FingerprintSet {
        let mut set = FingerprintSet::new(&FingerprintKey::random().unwrap());
        for (tag, text) in secrets.iter().enumerate() {
            set.add(&secret(text), tag as u32).unwrap();
        }
        set
    }

    #[test]
    fn every_window_of_a_long_secret_is_confirmed_and_nothing_shorter() {
        let text = "Zr9kQ2vB7xLm4Tn8pWc1YhD";
        let set = set(&["f3a9c1d27b604e85", text]);
        for window in text.as_bytes().windows(16) {
            assert_eq!(set.confirm(window), Some(1));
        }
        for window in text.as_bytes().windows(8) {
            let gram = u64::from_le_bytes(window.try_into().unwrap());
            assert!(set.may_contain(gram) && set.gram_filter().may_contain(gram));
        }
        assert_eq!(set.confirm(&text.as_bytes()[..15]), None);
        assert_eq!(set.confirm(b"Zr9kQ2vB7xLm4Tn9"), None);
    }

    #[test]
    fn a_short_secret_is_confirmed_whole_and_found_at_every_fourth_place() {
        for text in ["q7Rk2mX9Wz4", "q7Rk2mXb9Wz4Lp"] {
            let set = set(&[text]);
            assert_eq!(set.stride(), 4);
            assert_eq!(set.confirm(text.as_bytes()), Some(0));
            assert_eq!(set.confirm(&text.as_bytes()[1..]), None);
            assert!(set.window_lengths().any(|length| length == text.len()));
        }
        assert_eq!(set(&["q7Rk2mXb9Wz4Lp3T"]).stride(), 8);
    }

    #[test]
    fn a_window_is_as_long_as_it_takes_to_be_hard_to_guess() {
        let digits = "73950284610936285471539";
        let set = set(&[digits]);
        assert_eq!(set.confirm(&digits.as_bytes()[..19]), None);
        assert_eq!(set.confirm(&digits.as_bytes()[..20]), Some(0));
        let prefixed = "ghp_Zr9kQ2vB7xLm4Tn8pWc1YhDq";
        let set = self::set(&[prefixed]);
        assert_eq!(set.confirm(&prefixed.as_bytes()[..14]), None);
        assert_eq!(set.confirm(&prefixed.as_bytes()[4..20]), Some(0));
    }

    #[test]
    fn a_set_says_whether_blanks_stand_in_its_secrets() {
        let texts = ["Zr9kQ2vB7xLm4Tn8pWc1YhD", "Zr9kQ2vB7x Lm4Tn8pWc1YhD", "Zr9kQ2vB7x\tLm4Tn8pWc1YhD"];
        for (text, has_blank) in texts.into_iter().zip([false, true, true]) {
            assert_eq!(set(&["Tn8pWc1YhDq3Fs6Gj", text]).gram_filter().has_blank, has_blank, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_masked_is_refused() {
        let mut set = set(&[]);
        assert_eq!(set.add(&secret("q7Rk2mX9Wz"), 0), Err(CannotMask::TooShort { length_min: 11 }));
        for text in ["aaaaaaaaaaaa", "abababababab", "12345678901", "hunter22hunter22", "ghp_Zr9kQ2v"] {
            assert_eq!(set.add(&secret(text), 0), Err(CannotMask::TooGuessable), "{text}");
        }
        assert!(set.is_empty());
    }

    #[test]
    fn a_rule_of_dashes_inside_a_secret_is_not_recognized() {
        let set = set(&["q7Rk2mX9Wz4Lp3Tb--------------------------m9Wz4q7Rk2mXb7c"]);
        assert_eq!(set.confirm(b"----------------"), None);
        assert!(set.confirm(b"q7Rk2mX9Wz4Lp3Tb").is_some());
    }

    #[test]
    fn sets_of_one_key_join_and_secrets_leave_by_tag() {
        let key = FingerprintKey::random().unwrap();
        let (mut one, mut two) = (FingerprintSet::new(&key), FingerprintSet::new(&key));
        one.add(&secret("Vq3xL8mZr9kQ2vB7x"), 1).unwrap();
        two.add(&secret("Tn8pWc1YhDq3Fs6Gj"), 2).unwrap();
        let mut both = FingerprintSet::joined(&key, [&one, &two, &one]).unwrap();
        assert_eq!(both.len(), 2);
        assert_eq!((both.confirm(b"Vq3xL8mZr9kQ2vB7"), both.confirm(b"Tn8pWc1YhDq3Fs6G")), (Some(1), Some(2)));
        both.remove(1);
        assert_eq!((both.confirm(b"Vq3xL8mZr9kQ2vB7"), both.confirm(b"Tn8pWc1YhDq3Fs6G")), (None, Some(2)));
        assert_eq!(FingerprintSet::joined(&key, [&set(&[])]).unwrap_err(), KeysDiffer);
    }

    #[test]
    fn a_set_grows_without_losing_a_secret() {
        let mixed = |n: u64| (n ^ n >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let texts: Vec<String> =
            (1..=300_u64).map(|n| format!("{:016x}{:016x}", mixed(mixed(n)), mixed(mixed(mixed(n))))).collect();
        let set = set(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        for (tag, text) in texts.iter().enumerate() {
            // Digits that repeat make a window longer.
            assert!((16..=24).any(|length| set.confirm(&text.as_bytes()[..length]) == Some(tag as u32)), "{text}");
        }
    }

    #[test]
    fn foreign_grams_seldom_pass_the_filter() {
        let set = set(&["Zr9+kQ/2vB7x=Lm4Tn8pWc1YhD", "q7Rk2mXb9Wz4"]);
        let grams = (0..100_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        assert!(grams.clone().all(|gram| set.may_contain(gram) == set.gram_filter().may_contain(gram)));
        let hits = grams.filter(|gram| set.may_contain(*gram)).count();
        assert!(hits < 4_000, "{hits} of 100000");
    }

    #[test]
    fn a_set_holds_no_part_of_the_secret_and_prints_none() {
        let text = "Zr9+kQ/2vB7x=Lm4Tn8pWc1YhD";
        let key = FingerprintKey::random().unwrap();
        let prints = Prints::of(&secret(text), 0, &key).unwrap();
        let bytes: Vec<u8> = prints
            .grams
            .iter()
            .flat_map(|n| n.to_le_bytes())
            .chain(prints.windows.iter().flat_map(|n| n.to_le_bytes()))
            .collect();
        for part in text.as_bytes().windows(5) {
            assert!(!bytes.windows(5).any(|held| held == part));
        }
        assert_eq!(format!("{:?}", set(&[text])), "FingerprintSet(1 secrets)");
    }
}
