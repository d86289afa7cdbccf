//! What stands around a word with digits, by which most words are told from all that is looked for.

use super::rule::is_word;

/// How long each of two words is that are too short together to be a number without a third.
pub(super) const SHORT: usize = 3;

/// No number without separators is shorter.
const LONG: usize = 7;

/// What a byte is beside a word.
const DIGIT: u8 = 1;
const LETTER: u8 = 1 << 1;
/// What ties the groups of a number together, and what may stand around them.
const TIE: u8 = 1 << 2;
const AROUND: u8 = 1 << 3;
const SPACE: u8 = 1 << 4;
const COMMA: u8 = 1 << 5;
const COLON: u8 = 1 << 6;
/// Past the end of the text, where nothing is known.
const END: u8 = 1 << 7;

/// What goes on with a number behind a word.
const CONTINUES: u8 = DIGIT | LETTER | TIE | AROUND | SPACE;

const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            byte if is_word(byte) => LETTER,
            b'-' | b'.' | b'/' => TIE,
            b'+' | b'(' | b')' => AROUND,
            b' ' => SPACE,
            b',' => COMMA,
            b':' => COLON,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

/// Whether a word with digits may be a number, be the beginning of one, or stand in an address. What says so soonest is asked first.
#[inline]
pub(super) fn may_tell(text: &[u8], start: usize, end: usize) -> bool {
    let kind = |at: usize| text.get(at).map_or(END, |byte| KINDS[usize::from(*byte)]);
    let before = |distance: usize| start.checked_sub(distance).map_or(0, kind);
    let (next, last, length) = (kind(end), before(1), end - start);
    if last == COLON && before(2) & (LETTER | COLON) != 0 || next == END {
        return true;
    }
    let is_tied = || last == TIE && before(2) == DIGIT;
    if length >= LONG && !is_tied() {
        return true;
    }
    if next == COLON {
        let second = kind(end + 1);
        // A time of day has groups of two digits; a letter before one may be of an escape.
        let is_time = length == 2 && kind(start) == DIGIT && second == DIGIT;
        return second & (DIGIT | LETTER | COLON | END) != 0 && !is_time;
    }
    if next & (TIE | AROUND | SPACE | COMMA) == 0 || kind(end + 1) & (CONTINUES | COMMA | END) == 0 || is_tied() {
        return false;
    }
    let is_behind_letter = || last == SPACE && before(2) == LETTER;
    let is_pair = || next == TIE && length <= SHORT && ends_pair(text.get(end + 1..).unwrap_or_default());
    next != COMMA && !is_pair() || is_behind_letter()
}

/// Whether no third word follows a short second one: after a separator this is a decimal fraction, and too short for anything else.
fn ends_pair(rest: &[u8]) -> bool {
    let length = rest.iter().take(SHORT + 1).take_while(|byte| is_word(**byte)).count();
    let third = rest.get(length).map_or(END, |byte| KINDS[usize::from(*byte)]);
    matches!(length, 1..=SHORT) && third & (CONTINUES | END) == 0
}
