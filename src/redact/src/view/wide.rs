//! The view of base64 in which text is encoded whose characters take more bytes each: UTF-16 and UTF-32, full-width forms, characters
//! with one between them that is not seen.
//!
//! Two, three or four bytes for each character are a period of twelve bytes, which are sixteen digits of base64, and at least four
//! of them are the same in each period. So it is entered where digits are like those sixteen places on, as they hardly ever are.

use super::alphabets::{BASE64, is_in};
use super::{REACH, Text, View, base64};

/// Fewer digits do not hold the shortest secret in full-width forms.
pub(super) const RUN_MIN: usize = 44;
/// The digits of twelve bytes.
const PERIOD: usize = 16;
/// Digits are compared in words.
const WORD: usize = 8;
/// How many of the digits of a period are the same in the next one.
const SAME_MIN: usize = 4;
/// Fewer visible characters do not spell the shortest secret.
const VISIBLE_MIN: usize = 11;
/// How far before and behind a sign it is decoded.
const AROUND: usize = REACH / 2;
/// Three bytes are four characters.
const GROUP: usize = 4;
/// What one place of the list stands for.
const STEP: usize = 128;

/// Takes the places of long runs, and calls `look` with the text around each sign in them.
#[derive(Debug, Default)]
pub(super) struct Wide {
    view: View,
    done: usize,
    /// The stretch from the first to after the last sign, not yet looked at.
    stretch: Option<(usize, usize)>,
}

impl Wide {
    pub(super) fn take(&mut self, text: Text<'_>, from: usize, look: &mut dyn FnMut(&View)) {
        let Self { view, done, stretch } = self;
        each_sign(text.bytes, from.max(*done), from + STEP, |at| match stretch {
            Some((_, end)) if at <= *end + AROUND => *end = at,
            _ => {
                if let Some(found) = stretch.replace((at, at)) {
                    decode_around(text, found, view, look);
                }
            }
        });
        *done = from + STEP;
    }

    /// Looks at what is left.
    pub(super) fn end(mut self, text: Text<'_>, look: &mut dyn FnMut(&View)) {
        if let Some(found) = self.stretch {
            decode_around(text, found, &mut self.view, look);
        }
    }
}

/// Calls `sign` with each place between two at which digits are like those of the next period.
fn each_sign(text: &[u8], from: usize, to: usize, mut sign: impl FnMut(usize)) {
    let (one, other) = (text.get(from..).unwrap_or_default(), text.get(from + PERIOD..).unwrap_or_default());
    let (one, other) = (one.as_chunks::<WORD>().0, other.as_chunks::<WORD>().0);
    let (mut at, mut before) = (from, 0);
    for (one, other) in one.iter().zip(other) {
        if at >= to {
            break;
        }
        let differs = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        // Seldom is any byte the same, which is what this is not zero for.
        let is_any = differs.wrapping_sub(0x0101_0101_0101_0101) & !differs & 0x8080_8080_8080_8080;
        let same = if is_any == 0 { 0 } else { differs.to_le_bytes().iter().filter(|byte| **byte == 0).count() };
        if before + same >= SAME_MIN && !is_all_one(text, at) {
            sign(at);
        }
        before = same;
        at += WORD;
    }
}

/// Whether the same digit stands everywhere, as in zeros and rules.
fn is_all_one(text: &[u8], at: usize) -> bool {
    let digits = text.get(at..at + PERIOD + WORD).unwrap_or_default();
    digits.first().is_some_and(|first| digits.iter().all(|digit| digit == first))
}

/// Decodes what stands around a stretch, from each place at which a group may begin.
fn decode_around(text: Text<'_>, (start, end): (usize, usize), view: &mut View, look: &mut dyn FnMut(&View)) {
    let is_digit = |byte: &&u8| is_in(**byte, BASE64);
    let before = text.bytes.get(..start).unwrap_or_default().iter().rev().take(AROUND).take_while(is_digit).count();
    let end = text.bytes.len().min(end + AROUND);
    for skipped in 0..GROUP {
        base64::decode(text, (start - before + skipped, end), is_of_wide_text, view, &mut |view| look_at(view, look));
    }
}

/// A character, a zero byte, or a byte of those characters of UTF-8 that are undone.
fn is_of_wide_text(byte: u8) -> bool {
    base64::is_of_text(byte) || matches!(byte, 0 | 0x80..=0xc2 | 0xe2 | 0xef)
}

fn look_at(view: &View, look: &mut dyn FnMut(&View)) {
    let others = view.bytes.iter().filter(|byte| !byte.is_ascii_graphic()).count();
    if others > 0 && view.bytes.len() - others + others / 3 >= VISIBLE_MIN {
        look(view);
    }
}
