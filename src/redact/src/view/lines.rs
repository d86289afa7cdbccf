//! The view of text that was broken into lines: without line ends, indentation, line numbers and the marks of quoted lines.

use secret::FingerprintSet;

use super::{Text, View};
use crate::live::{Found, GRAM, gram_at, gram_before};

/// What a window may need of the text on each side of a line end.
const CONTEXT: usize = 2 * FingerprintSet::WINDOW_MAX;
/// The longest indentation, or the longest gap after a line number.
const BLANK_LENGTH_MAX: usize = 24;
/// The most backslashes before the letter of a line end, which double with each layer.
const LAYERS_MAX: usize = 8;
/// The most digits in a line number.
const NUMBER_LENGTH_MAX: usize = 7;
/// How many line ends with nothing between them are taken for one.
const LINE_ENDS_MAX: usize = 4;

/// What stands between the text of one line and that of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seam {
    /// Where the text of the line ends.
    start: usize,
    /// Where the text of the next line starts if it has no number.
    plain: usize,
    /// Where it starts behind its number, or `plain`.
    numbered: usize,
}

/// Takes the line ends of a text in order, and looks at the text around each that may stand inside a secret.
#[derive(Debug, Default)]
pub(super) struct Lines {
    view: View,
    /// The stretch from the first to after the last seam, not yet looked at.
    stretch: Option<(usize, usize)>,
    /// Up to where seams are known.
    at: usize,
}

impl Lines {
    pub(super) fn take(&mut self, set: &FingerprintSet, text: Text<'_>, next: usize, found: &mut dyn FnMut(Found)) {
        if next < self.at {
            return;
        }
        let Some(seam) = seam(text.bytes, next) else { return };
        self.at = seam.plain;
        if !may_join(set, text.bytes, seam) {
            return;
        }
        match &mut self.stretch {
            Some((_, end)) if seam.start <= *end + CONTEXT => *end = seam.numbered,
            _ => {
                if let Some(done) = self.stretch.replace((seam.start, seam.numbered)) {
                    join(set, text, done, &mut self.view, found);
                }
            }
        }
    }

    pub(super) fn end(&mut self, set: &FingerprintSet, text: Text<'_>, found: &mut dyn FnMut(Found)) {
        if let Some(done) = self.stretch.take() {
            join(set, text, done, &mut self.view, found);
        }
    }
}

/// Whether a secret may go on behind a seam. Where it does, eight of its bytes stand on one side, and seven of them together with the byte
/// on the other.
fn may_join(set: &FingerprintSet, text: &[u8], seam: Seam) -> bool {
    if set.stride() < GRAM {
        return true;
    }
    let (left, before) = (gram_before(text, seam.start), seam.start.checked_sub(1).and_then(|at| text.get(at)));
    let is_live_before = left.is_some_and(|gram| set.may_contain(gram));
    let goes_on_at = |at: usize| {
        let (Some(before), Some(after)) = (before, text.get(at)) else { return is_live_before };
        let right = gram_at(text, at);
        let is_live_after = || right.is_some_and(|gram| set.may_contain(gram));
        if may_be_of_seam(*before) || may_be_of_seam(*after) {
            return is_live_before || is_live_after();
        }
        let ends_behind = left.map(|gram| gram >> 8 | u64::from(*after) << 56);
        let begins_before = right.map(|gram| gram << 8 | u64::from(*before));
        is_live_before && ends_behind.is_some_and(|gram| set.may_contain(gram))
            || is_live_after() && begins_before.is_some_and(|gram| set.may_contain(gram))
    };
    goes_on_at(seam.plain) || seam.numbered != seam.plain && goes_on_at(seam.numbered)
}

/// Whether another seam may begin or end with a byte.
const fn may_be_of_seam(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | b'\\' | b' ' | b'\t' | b'=')
}

/// Looks at the lines around a stretch in one piece, with their numbers and without.
fn join(
    set: &FingerprintSet,
    text: Text<'_>,
    (start, end): (usize, usize),
    view: &mut View,
    found: &mut dyn FnMut(Found),
) {
    for without_numbers in [false, true] {
        view.clear();
        let mut has_numbers = false;
        let mut at = start.saturating_sub(CONTEXT);
        while at < text.bytes.len().min(end + CONTEXT) {
            if let Some(seam) = seam_at(text.bytes, at) {
                has_numbers |= seam.numbered != seam.plain;
                at = if without_numbers { seam.numbered } else { seam.plain };
            } else {
                view.copy(text, at);
                at += 1;
            }
        }
        view.find_in_lines(set, text, found);
        if !has_numbers {
            break;
        }
    }
}

/// The seam of which the line end at this place is the first.
fn seam(text: &[u8], at: usize) -> Option<Seam> {
    if let Some([before, b'\n' | b'\r', after]) = at.checked_sub(1).and_then(|before| text.get(before..at + 2))
        && !may_be_of_seam(*before)
        && !may_be_before_text(*after)
    {
        return Some(Seam { start: at, plain: at + 1, numbered: at + 1 });
    }
    let first = line_end_length(text, at)?;
    // Blanks and the marks of a line that goes on stand before its end, and more backslashes where it was escaped again.
    let before = text.get(..at).unwrap_or_default();
    let layers = before.iter().rev().take(LAYERS_MAX).take_while(|byte| **byte == b'\\').count();
    let at = at - layers;
    let before = text.get(..at).unwrap_or_default();
    let trailing =
        before.iter().rev().take(BLANK_LENGTH_MAX).take_while(|byte| matches!(byte, b' ' | b'\t' | b'=')).count();
    let (plain, numbered) = line_start(text, at + layers + first);
    Some(Seam { start: at - trailing, plain, numbered })
}

/// The seam that starts at this place, which may be a blank before the end of the line.
fn seam_at(text: &[u8], at: usize) -> Option<Seam> {
    if !may_be_of_seam(*text.get(at)?) {
        return None;
    }
    let blank = blank_length(text, at, b" \t=");
    let first = line_end_length(text, at + blank)?;
    let (plain, numbered) = line_start(text, at + blank + first);
    Some(Seam { start: at, plain, numbered })
}

/// The length of a line end, which may be escaped any number of times.
fn line_end_length(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'\n' | b'\r' => Some(1),
        b'\\' => {
            let rest = text.get(at..)?;
            let backslashes = rest.iter().take(LAYERS_MAX).take_while(|byte| **byte == b'\\').count();
            match rest.get(backslashes)? {
                b'n' | b'r' => Some(backslashes + 1),
                // The mark of a line that goes on.
                b'\n' | b'\r' => Some(backslashes + 1),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Where the text of a line starts, without and with a number before it.
fn line_start(text: &[u8], from: usize) -> (usize, usize) {
    let mut at = from;
    for _ in 0..LINE_ENDS_MAX {
        at += blank_length(text, at, b" \t>|*#");
        if text.get(at..).is_some_and(|rest| rest.starts_with(b"data:")) {
            at += b"data:".len();
            at += blank_length(text, at, b" ");
        }
        match line_end_length(text, at) {
            Some(length) => at += length,
            None => break,
        }
    }
    let digits = text
        .get(at..)
        .unwrap_or_default()
        .iter()
        .take(NUMBER_LENGTH_MAX)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if digits == 0 {
        return (at, at);
    }
    let behind = at + digits;
    let mark = usize::from(text.get(behind).is_some_and(|byte| b":.|)]>-".contains(byte)));
    // A tab may be escaped.
    let tab = if text.get(behind + mark..).is_some_and(|rest| rest.starts_with(b"\\t")) { 2 } else { 0 };
    let blank = blank_length(text, behind + mark + tab, b" \t|");
    if mark + tab + blank == 0 { (at, at) } else { (at, behind + mark + tab + blank) }
}

/// Whether the text of a line may begin behind a byte at its start, and not with it.
const fn may_be_before_text(byte: u8) -> bool {
    may_be_of_seam(byte) || byte.is_ascii_digit() || matches!(byte, b'>' | b'|' | b'*' | b'#' | b'd')
}

fn blank_length(text: &[u8], from: usize, blanks: &[u8]) -> usize {
    text.get(from..).unwrap_or_default().iter().take(BLANK_LENGTH_MAX).take_while(|byte| blanks.contains(byte)).count()
}
