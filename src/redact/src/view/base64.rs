//! The view of base64 in which text is encoded: base64 again, a JSON document, a header.
//!
//! A secret in plain base64 is known in that form. This view is for what is encoded twice, and is entered where every fourth
//! character is one with which a group of text begins, which other data and identifiers hardly ever have.

use secret::FingerprintSet;

use super::alphabets::{BASE64, BASE64_OF_TEXT, is_in, run_length};
use super::{Text, View};

/// Eleven bytes in base64, and those again, fill so many characters.
pub(crate) const RUN_MIN: usize = 20;
/// How many groups in a row tell of text.
pub(crate) const GROUPS_MIN: usize = 5;
/// What may have to be kept of a run: a window that is encoded twice.
const TAIL_LENGTH_MAX: usize = 2 * FingerprintSet::WINDOW_MAX;
/// Three bytes are four characters.
const GROUP: usize = 4;

pub(super) fn look(_set: &FingerprintSet, text: Text<'_>, look: &mut dyn FnMut(&View)) {
    let mut view = View::default();
    let mut at = 0;
    while at < text.bytes.len() {
        let length = run_length(text.bytes, at, BASE64);
        if length >= RUN_MIN {
            (0..GROUP).for_each(|skipped| look_at_run(text, at + skipped, at + length, &mut view, look));
        }
        at += length.max(1);
    }
}

/// Decodes each stretch of a run in which groups hold text.
fn look_at_run(text: Text<'_>, start: usize, end: usize, view: &mut View, look: &mut dyn FnMut(&View)) {
    let mut at = start;
    while at < end {
        let groups = text.bytes.get(at..end).unwrap_or_default().chunks(GROUP);
        let count = groups.take_while(|group| group.first().is_some_and(|byte| is_in(*byte, BASE64_OF_TEXT))).count();
        if count >= GROUPS_MIN {
            decode(text, at, (at + count * GROUP).min(end), view);
            look(view);
        }
        at += (count + 1) * GROUP;
    }
}

/// Calls `look` with what the run that goes on at the end of a text may stand for.
pub(super) fn tails(text: Text<'_>, view: &mut View, look: &mut dyn FnMut(&View)) {
    let run = text.bytes.iter().rev().take(TAIL_LENGTH_MAX).take_while(|byte| is_in(**byte, BASE64)).count();
    let (start, end) = (text.bytes.len() - run, text.bytes.len());
    if run < 2 * GROUP {
        return;
    }
    for place in 0..GROUP {
        let groups = (start..end).filter(|at| at % GROUP == place).rev();
        let of_text = groups.take_while(|at| text.get(*at).is_some_and(|byte| is_in(byte, BASE64_OF_TEXT)));
        if let Some(first) = of_text.last() {
            decode(text, first, end, view);
            look(view);
        }
    }
}

/// From the start of a group.
fn decode(text: Text<'_>, start: usize, end: usize, view: &mut View) {
    view.clear();
    let mut bits = 0_u32;
    for at in start..end {
        let Some(value) = text.get(at).and_then(value) else { break };
        bits = bits << 6 | u32::from(value);
        let place = (at - start) % GROUP;
        if let Some(before) = place.checked_sub(1) {
            let (first, _) = text.origin(at - 1, at);
            let (_, last) = text.origin(at, at + 1);
            // After the second character of a group four bits are left over, after the third two.
            view.push((bits >> (4 - 2 * before)) as u8, (first, last));
        }
    }
}

const fn value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}
