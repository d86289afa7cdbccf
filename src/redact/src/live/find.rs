//! Finds windows of live secrets in a contiguous text: looks eight bytes up at every eighth place, and confirms around a hit.

use secret::FingerprintSet;

/// The bytes that are looked up at once.
pub(crate) const GRAM: usize = 8;

/// A window that belongs to a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Where all of the window ends; this may be only a part of it.
    pub(crate) whole_end: usize,
    /// Of the secret.
    pub(crate) tag: u32,
}

/// Calls `found` for every window of `text` that belongs to a secret, in order but for a few bytes. Every window contains bytes that
/// are looked up, so none is missed, wherever the text was cut.
pub(crate) fn find(set: &FingerprintSet, text: &[u8], found: &mut impl FnMut(Found)) {
    let mut at = 0;
    for gram in text.chunks_exact(GRAM) {
        if set.may_contain(number(gram)) {
            confirm_around(set, text, at, found);
        }
        at += GRAM;
    }
    if set.stride() < GRAM {
        let mut at = set.stride();
        for gram in text.get(at..).unwrap_or_default().chunks_exact(GRAM) {
            if set.may_contain(number(gram)) {
                confirm_around(set, text, at, found);
            }
            at += GRAM;
        }
    }
}

/// Windows that contain the gram at `at` and start after the gram before it, in which any earlier one was found.
#[cold]
pub(crate) fn confirm_around(set: &FingerprintSet, text: &[u8], at: usize, found: &mut impl FnMut(Found)) {
    // A window of at least fifteen bytes also contains the gram half a gram before or the one half a gram after; most false hits end
    // here.
    let has = |start| holds_gram(set, text, start);
    if set.stride() == GRAM && !has(at.checked_sub(GRAM / 2)) && !has(at.checked_add(GRAM / 2)) {
        return;
    }
    for start in (at + 1).saturating_sub(GRAM)..=at {
        if !holds_gram(set, text, Some(start)) {
            continue;
        }
        let rest = text.get(start..).unwrap_or_default();
        for length in set.window_lengths() {
            if let Some(tag) = rest.get(..length).and_then(|window| set.confirm(window)) {
                found(Found { start, end: start + length, whole_end: start + length, tag });
            }
        }
    }
}

/// Whether the eight bytes at a place may stand in a secret.
pub(crate) fn holds_gram(set: &FingerprintSet, text: &[u8], at: Option<usize>) -> bool {
    at.and_then(|at| gram_at(text, at)).is_some_and(|gram| set.may_contain(gram))
}

/// The eight bytes at a place as a number, if they are there.
pub(crate) fn gram_at(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..)?.first_chunk().map(|gram| u64::from_le_bytes(*gram))
}

/// The eight bytes before a place.
pub(crate) fn gram_before(text: &[u8], at: usize) -> Option<u64> {
    text.get(..at)?.last_chunk().map(|gram| u64::from_le_bytes(*gram))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.first_chunk::<GRAM>().map_or_else(
        || bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
        |bytes| u64::from_le_bytes(*bytes),
    )
}
