//! The fingerprints of one secret: hashes of what its encodings contain, and no part of it.

use super::CannotMask;
use super::encodings::{Encoded, WINDOW, encodings};
use super::key::{FingerprintKey, little_endian};
use crate::Secret;

/// Secrets of fewer characters would mangle every answer in which the same word stands by chance.
const CHARACTERS_MIN: usize = 8;
/// With fewer different bytes than this a text is a rule of dashes or a run of zeros, which benign text is full of.
const DIFFERENT_MIN: usize = 4;

/// The bytes of a gram that is looked up for texts shorter than a window, as a mask of the number that eight bytes spell. Five bytes
/// looked up at every fourth place are found in any text of eight.
pub(super) const SHORT_GRAM: u64 = 0x00ff_ffff_ffff;
/// The distance at which short grams are looked up.
pub(super) const SHORT_STRIDE: usize = 4;

/// Everything by which one secret is recognized.
pub(super) struct Prints {
    pub(super) tag: u32,
    /// Of every 8 bytes of each encoding.
    pub(super) grams: Vec<u32>,
    /// Of 5 bytes at the first places of the encodings that are shorter than a window.
    pub(super) short_grams: Vec<u32>,
    /// Of every window of each encoding, and of short encodings as a whole.
    pub(super) windows: Vec<u64>,
    /// Bit n: some window is n bytes long.
    pub(super) window_lengths: u64,
    /// Bit n: some short encoding is n bytes long.
    pub(super) short_lengths: u64,
    /// The bytes that occur in any encoding, one bit each.
    pub(super) alphabet: [u64; 4],
}

impl Prints {
    pub(super) fn of(secret: &Secret, tag: u32, key: &FingerprintKey) -> Result<Self, CannotMask> {
        let text = secret.expose();
        let characters = text.chars().count();
        if characters < CHARACTERS_MIN {
            return Err(CannotMask::TooShort { length_min: CHARACTERS_MIN });
        }
        if is_regular(text.as_bytes()) {
            return Err(CannotMask::TooRegular);
        }
        let mut prints = Self {
            tag,
            grams: Vec::new(),
            short_grams: Vec::new(),
            windows: Vec::new(),
            window_lengths: 0,
            short_lengths: 0,
            alphabet: [0; 4],
        };
        for form in encodings(text) {
            prints.add(&form, key);
        }
        for hashes in [&mut prints.grams, &mut prints.short_grams] {
            hashes.sort_unstable();
            hashes.dedup();
            hashes.shrink_to_fit();
        }
        prints.windows.sort_unstable();
        prints.windows.dedup();
        prints.windows.shrink_to_fit();
        Ok(prints)
    }

    fn add(&mut self, form: &Encoded, key: &FingerprintKey) {
        let bytes = form.bytes.as_slice();
        if bytes.len() < WINDOW {
            self.windows.push(key.text(bytes));
            self.short_lengths |= 1 << bytes.len();
            let first = bytes.windows(8).take(SHORT_STRIDE);
            self.short_grams.extend(first.map(|gram| key.gram(little_endian(gram) & SHORT_GRAM)));
            // Near the end of the shortest texts fewer than eight bytes are left.
            for start in bytes.len() - 7..SHORT_STRIDE.min(bytes.len()) {
                self.short_grams.extend(bytes.get(start..start + 5).map(|gram| key.gram(little_endian(gram))));
            }
        } else {
            let windows = bytes.windows(form.window).filter(|window| different(window) >= DIFFERENT_MIN);
            self.windows.extend(windows.map(|window| key.text(window)));
            self.window_lengths |= 1 << form.window;
        }
        self.grams.extend(bytes.windows(8).map(|gram| key.gram(little_endian(gram))));
        for byte in bytes {
            self.alphabet[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
    }
}

/// Few different characters, or one step from each to the next, as in `12345678`.
fn is_regular(text: &[u8]) -> bool {
    let mut steps = text.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    let first = steps.next();
    different(text) < DIFFERENT_MIN || steps.all(|step| Some(step) == first)
}

fn different(text: &[u8]) -> usize {
    let mut seen = [0_u64; 4];
    for byte in text {
        seen[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }
    seen.iter().map(|bits| bits.count_ones() as usize).sum()
}
