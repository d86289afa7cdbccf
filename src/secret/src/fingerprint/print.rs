//! The fingerprints of one secret: hashes of what its encodings contain, and no part of it.

use super::CannotMask;
use super::encodings::{Encoded, Starts, encodings};
use super::key::{FingerprintKey, little_endian};
use super::unknown::{UNKNOWN_MIN, unknown};
use crate::Secret;

/// Eight bytes looked up at every fourth place are found in any text of this length.
const CHARACTERS_MIN: usize = 11;
/// Eight bytes looked up at every eighth place are found in any text of this length.
const LONG_MIN: usize = 15;
/// The longest window; a stretch of a secret with less than enough unknown bits in so many bytes is not recognized by itself.
pub(super) const WINDOW_MAX: usize = 48;

/// Everything by which one secret is recognized.
pub(super) struct Prints {
    pub(super) tag: u32,
    /// Of every 8 bytes of each encoding.
    pub(super) grams: Vec<u32>,
    /// Of windows of each encoding, and of short encodings as a whole.
    pub(super) windows: Vec<u64>,
    /// Bit n: some window is n bytes long.
    pub(super) window_lengths: u64,
    /// Whether some encoding holds a blank or a control character.
    pub(super) has_blank: bool,
}

impl Prints {
    pub(super) fn of(secret: &Secret, tag: u32, key: &FingerprintKey) -> Result<Self, CannotMask> {
        let text = secret.expose();
        if text.len() < CHARACTERS_MIN {
            return Err(CannotMask::TooShort { length_min: CHARACTERS_MIN });
        }
        if sum(&unknown(text)) < UNKNOWN_MIN {
            return Err(CannotMask::TooGuessable);
        }
        let mut prints = Self { tag, grams: Vec::new(), windows: Vec::new(), window_lengths: 0, has_blank: false };
        for form in encodings(text) {
            prints.add(&form, key);
        }
        prints.grams.sort_unstable();
        prints.grams.dedup();
        prints.grams.shrink_to_fit();
        prints.windows.sort_unstable();
        prints.windows.dedup();
        prints.windows.shrink_to_fit();
        Ok(prints)
    }

    /// Whether a text that is recognized is so short that it is missed at every eighth place.
    pub(super) const fn has_short(&self) -> bool {
        self.window_lengths & ((1 << LONG_MIN) - 1) != 0
    }

    fn add(&mut self, form: &Encoded, key: &FingerprintKey) {
        self.has_blank |= form.bytes.iter().any(|byte| *byte <= b' ');
        let count = self.windows.len();
        match form.starts {
            Starts::Each(stride) => {
                (0..form.bytes.len()).step_by(stride).for_each(|start| self.add_window(form, start, key));
                if let Some(start) = last_start(form) {
                    self.add_text(&form.bytes[start..], key);
                }
            }
            Starts::First => self.add_window(form, 0, key),
            Starts::Last => {
                if let Some(start) = last_start(form) {
                    self.add_text(&form.bytes[start..], key);
                }
            }
        }
        // The bits at the edges of groups may be what is missing to a whole window.
        if self.windows.len() == count && (CHARACTERS_MIN..=WINDOW_MAX).contains(&form.bytes.len()) {
            if sum(&form.bits) * 8 < UNKNOWN_MIN * 7 {
                return;
            }
            self.add_text(&form.bytes, key);
        }
        let grams = form.bytes.windows(8).zip(form.bits.windows(8)).filter(|(_, bits)| sum(bits) > 0);
        self.grams.extend(grams.map(|(gram, _)| key.gram(little_endian(gram))));
    }

    /// The shortest window that starts here and holds enough that is unknown, if there is one.
    fn add_window(&mut self, form: &Encoded, start: usize, key: &FingerprintKey) {
        let mut total = 0;
        let enough = form.bits[start..].iter().take(WINDOW_MAX).position(|bits| {
            total += u32::from(*bits);
            total >= UNKNOWN_MIN
        });
        if let Some(enough) = enough
            && let Some(window) = form.bytes.get(start..start + form.window.max(enough + 1))
        {
            self.add_text(window, key);
        }
    }

    fn add_text(&mut self, text: &[u8], key: &FingerprintKey) {
        self.windows.push(key.text(text));
        self.window_lengths |= 1 << text.len();
    }
}

/// Where the shortest window starts that ends with the form.
fn last_start(form: &Encoded) -> Option<usize> {
    let mut total = 0;
    let enough = form.bits.iter().rev().take(WINDOW_MAX).position(|bits| {
        total += u32::from(*bits);
        total >= UNKNOWN_MIN
    })?;
    form.bytes.len().checked_sub(form.window.max(enough + 1))
}

fn sum(bits: &[u16]) -> u32 {
    bits.iter().map(|bits| u32::from(*bits)).sum()
}
