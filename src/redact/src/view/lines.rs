//! The view of text that was broken into lines: without line ends, indentation, line numbers and the marks of quoted lines.

use secret::{FingerprintSet, GramFilter};
use vector::{BATCH, BLOCK};

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
    /// Takes the line ends of a batch of blocks that starts at a place: a mask for each block.
    pub(super) fn take(
        &mut self,
        set: &FingerprintSet,
        text: Text<'_>,
        from: usize,
        line_ends: &[u64; BATCH],
        found: &mut dyn FnMut(Found),
    ) {
        let filter = if set.stride() == GRAM { Some(set.gram_filter()) } else { None };
        for (block, line_ends) in line_ends.iter().enumerate() {
            let mut line_ends = *line_ends;
            while line_ends != 0 {
                let at = from + block * BLOCK + line_ends.trailing_zeros() as usize;
                line_ends &= line_ends - 1;
                if at >= self.at {
                    match filter.and_then(|filter| parted(&filter, text.bytes, at)) {
                        Some(next) => self.at = next,
                        None => self.take_closely(set, text, at, found),
                    }
                }
            }
        }
    }

    #[cold]
    fn take_closely(&mut self, set: &FingerprintSet, text: Text<'_>, at: usize, found: &mut dyn FnMut(Found)) {
        let Some(seam) = seam(text.bytes, at) else { return };
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

/// Where the text of the next line starts, if none of a secret stands right before this line end or there, as nearly everywhere. Says
/// the same as [`may_join`], only sooner, or nothing.
#[inline]
fn parted(filter: &GramFilter<'_>, text: &[u8], at: usize) -> Option<usize> {
    let left = gram_before(text, at)?;
    let first = match text.get(at..)? {
        [b'\n' | b'\r', ..] => 1,
        [b'\\', b'n' | b'r', ..] => 2,
        _ => return None,
    };
    let (plain, numbered) = line_start(text, at + first);
    let right = gram_at(text, plain)?;
    let is_seam = is_in(left.to_be_bytes()[0], OF_SEAM) | is_in(right.to_le_bytes()[0], OF_SEAM);
    let is_live = filter.may_contain(left) | filter.may_contain(right);
    (!is_seam & !is_live & (plain == numbered)).then_some(plain)
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
        if is_in(*before, OF_SEAM) || is_in(*after, OF_SEAM) {
            return is_live_before || is_live_after();
        }
        let ends_behind = left.map(|gram| gram >> 8 | u64::from(*after) << 56);
        let begins_before = right.map(|gram| gram << 8 | u64::from(*before));
        is_live_before && ends_behind.is_some_and(|gram| set.may_contain(gram))
            || is_live_after() && begins_before.is_some_and(|gram| set.may_contain(gram))
    };
    goes_on_at(seam.plain) || seam.numbered != seam.plain && goes_on_at(seam.numbered)
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
    let first = line_end_length(text, at)?;
    let (plain, numbered) = line_start(text, at + first);
    // Blanks and the marks of a line that goes on stand before its end, and more backslashes where it was escaped again.
    let before = text.get(..at).unwrap_or_default();
    if !before.last().is_some_and(|byte| is_in(*byte, OF_SEAM)) {
        return Some(Seam { start: at, plain, numbered });
    }
    let layers = before.iter().rev().take(LAYERS_MAX).take_while(|byte| **byte == b'\\').count();
    let before = before.get(..at - layers).unwrap_or_default();
    let trailing = before.iter().rev().take(BLANK_LENGTH_MAX).take_while(|byte| is_in(**byte, TRAILING));
    Some(Seam { start: before.len() - trailing.count(), plain, numbered })
}

/// The seam that starts at this place, which may be a blank before the end of the line.
fn seam_at(text: &[u8], at: usize) -> Option<Seam> {
    if !is_in(*text.get(at)?, OF_SEAM) {
        return None;
    }
    let blank = run(text, at, TRAILING);
    let first = line_end_length(text, at + blank)?;
    let (plain, numbered) = line_start(text, at + blank + first);
    Some(Seam { start: at, plain, numbered })
}

/// The length of a line end, which may be escaped any number of times.
#[inline]
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
#[inline]
fn line_start(text: &[u8], from: usize) -> (usize, usize) {
    let mut at = from;
    for _ in 0..LINE_ENDS_MAX {
        // Nearly every line starts so.
        if !may_precede_text(text, at) {
            return (at, at);
        }
        at += run(text, at, MARK);
        if text.get(at) == Some(&b'd') && text.get(at..).is_some_and(|rest| rest.starts_with(b"data:")) {
            at += b"data:".len();
            at += run(text, at, BLANK);
        }
        if !may_precede_text(text, at) {
            return (at, at);
        }
        match line_end_length(text, at) {
            Some(length) => at += length,
            None => break,
        }
    }
    let digits = text.get(at..).unwrap_or_default().iter().take(NUMBER_LENGTH_MAX);
    let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return (at, at);
    }
    let behind = at + digits;
    let mark = usize::from(text.get(behind).is_some_and(|byte| b":.|)]>-".contains(byte)));
    // A tab may be escaped.
    let tab = if text.get(behind + mark..).is_some_and(|rest| rest.starts_with(b"\\t")) { 2 } else { 0 };
    let blank = run(text, behind + mark + tab, AFTER_NUMBER);
    if mark + tab + blank == 0 { (at, at) } else { (at, behind + mark + tab + blank) }
}

/// A blank.
const BLANK: u8 = 1;
/// A blank, or a tab, or what stands before the text of a line that is quoted, listed or commented.
const MARK: u8 = 1 << 1;
/// What stands between the number of a line and its text.
const AFTER_NUMBER: u8 = 1 << 2;
/// What stands before the end of a line and not in its text.
const TRAILING: u8 = 1 << 3;
/// With which another seam may begin or end.
const OF_SEAM: u8 = 1 << 4;
/// A byte at the start of a line with which its text may not begin.
const BEFORE_TEXT: u8 = 1 << 5;

static SETS: [u8; 256] = {
    let mut sets = [0; 256];
    let mut byte = 0_usize;
    while byte < sets.len() {
        // Less than 256.
        sets[byte] = match byte as u8 {
            b' ' => BLANK | MARK | AFTER_NUMBER | TRAILING | OF_SEAM | BEFORE_TEXT,
            b'\t' => MARK | AFTER_NUMBER | TRAILING | OF_SEAM | BEFORE_TEXT,
            b'=' => TRAILING | OF_SEAM | BEFORE_TEXT,
            b'\n' | b'\r' | b'\\' => OF_SEAM | BEFORE_TEXT,
            b'|' => MARK | AFTER_NUMBER | BEFORE_TEXT,
            b'>' | b'*' | b'#' => MARK | BEFORE_TEXT,
            b'0'..=b'9' | b'd' => BEFORE_TEXT,
            _ => 0,
        };
        byte += 1;
    }
    sets
};

#[inline]
const fn is_in(byte: u8, set: u8) -> bool {
    SETS[byte as usize] & set != 0
}

/// Whether the byte at a place is one with which the text of a line may not begin.
#[inline]
fn may_precede_text(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|byte| is_in(*byte, BEFORE_TEXT))
}

/// How many bytes from a place on are in a set.
#[inline]
fn run(text: &[u8], from: usize, set: u8) -> usize {
    let mut length = 0;
    while length < BLANK_LENGTH_MAX && text.get(from + length).is_some_and(|byte| is_in(*byte, set)) {
        length += 1;
    }
    length
}
