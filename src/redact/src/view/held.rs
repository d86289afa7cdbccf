//! What must be kept back at the end of a text, because it may turn out to be the start of a secret in some view.

use secret::FingerprintSet;

use super::{REACH, Text, View, base32, base64, chains, escapes, lines};
use crate::live::{GRAM, number};

/// Views of views that are looked at for what may begin at the end of a text.
const DEPTH_MAX: usize = 3;

/// The place from which a text must be kept back: everything before is decided. A constant number of bytes before the end at most.
pub(crate) fn held_from(set: &FingerprintSet, text: &[u8]) -> usize {
    let start = text.len().saturating_sub(REACH);
    let tail = text.get(start..).unwrap_or_default();
    start + held_from_at(set, Text { bytes: tail, from: None, goes_on: true }, 0)
}

fn held_from_at(set: &FingerprintSet, text: Text<'_>, depth: usize) -> usize {
    let count = unfinished(set, text.bytes);
    let mut from = origin_of_last(text, count);
    if depth == DEPTH_MAX {
        return from;
    }
    let (mut view, mut other) = (View::default(), View::default());
    if chains::tail(text, &mut view, &mut other) {
        from = from.min(held_in(set, &view, from));
        from = from.min(held_in_views(set, &other, depth, from));
    }
    base32::tails(text, &mut view, &mut |view| from = from.min(held_in(set, view, from)));
    base64::tails(text, &mut view, &mut |view| from = from.min(held_in_views(set, view, depth, from)));
    // A line end or an escape matters if all after it could belong to a secret.
    if lines::ends_after(text, text.bytes.len() - count) {
        for without_numbers in [false, true] {
            lines::tail(text, without_numbers, &mut view);
            from = from.min(held_in(set, &view, from));
        }
    }
    if let Some(end) = escapes::tail(text, text.bytes.len() - count, &mut view) {
        if end < text.bytes.len() {
            from = from.min(text.origin(end, end + 1).0);
        }
        if !view.bytes.is_empty() {
            from = from.min(held_from_at(set, view.as_text(), depth + 1));
        }
    }
    from
}

/// The place in the stream's text of what is unfinished at the end of a view, and `otherwise` if nothing is.
fn held_in(set: &FingerprintSet, view: &View, otherwise: usize) -> usize {
    let count = unfinished(set, &view.bytes);
    if count == 0 { otherwise } else { origin_of_last(view.as_text(), count) }
}

/// The same for a view that is looked at in all views of its own.
fn held_in_views(set: &FingerprintSet, view: &View, depth: usize, otherwise: usize) -> usize {
    let Some((_, end)) = view.from.last() else { return otherwise };
    let held = held_from_at(set, view.as_text(), depth + 1);
    if held < *end { held } else { otherwise }
}

/// Where the last bytes of a text come from.
fn origin_of_last(text: Text<'_>, count: usize) -> usize {
    let at = text.bytes.len() - count;
    match text.from {
        None => at,
        Some(from) => from.get(at).or(from.last()).map_or(0, |(start, end)| if count == 0 { *end } else { *start }),
    }
}

/// How many of the last bytes could be the start of a window whose end has not come yet.
fn unfinished(set: &FingerprintSet, text: &[u8]) -> usize {
    let made_of = text.iter().rev().take(GRAM).take_while(|byte| set.may_hold(**byte)).count();
    if made_of < GRAM {
        return made_of;
    }
    let longest = FingerprintSet::WINDOW_MAX - 1;
    let grams = text.windows(GRAM).rev().take(longest).take_while(|gram| set.may_contain(number(gram))).count();
    (grams + GRAM - 1).min(longest)
}
