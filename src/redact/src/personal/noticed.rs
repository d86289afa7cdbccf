//! What was read of a text on the way to the numbers in it, so that no word is read for each of them.

use super::{
    beginnings::Beginnings,
    context::{Kind, REACH},
};

/// What is known of the words before the last number that was asked for.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    /// Of the words that may say something of what begins here or later, each that begins before was looked at.
    until: usize,
    /// The last of them at which a keyword may be.
    last: Option<usize>,
}

/// Where the words end that are read back from a place.
enum Read {
    /// At one that a keyword may have.
    Keyword(usize),
    /// At the last that counts.
    Counted,
    /// Where they had to.
    Stopped,
}

impl Noticed {
    /// Whether a keyword may be among up to `count_max` words before `start`: these are the words of [`super::context::Context`].
    pub(super) fn may_stand_before(
        &mut self,
        beginnings: &Beginnings,
        text: &[u8],
        start: usize,
        count_max: usize,
    ) -> bool {
        let kind = |at: Option<usize>| at.and_then(|at| text.get(at)).map_or(Kind::Gap, |byte| Kind::of(*byte));
        let is_digit = text.get(start).is_some_and(u8::is_ascii_digit);
        let is_inside = !is_digit && kind(start.checked_sub(1)) != Kind::Gap && kind(Some(start)) != Kind::Gap;
        if beginnings.may_be_any() || is_inside {
            return true;
        }
        let furthest = start.saturating_sub(REACH);
        // A word may begin right behind what was read, and behind the letter of an escape there.
        let known = if start < self.until { 0 } else { self.until.saturating_sub(2) };
        let read = read_back(beginnings, text, known.max(furthest)..start, count_max);
        let last = match read {
            Read::Keyword(at) => Some(at),
            Read::Counted => None,
            Read::Stopped => self.last.filter(|last| *last >= furthest && known > 0),
        };
        if start >= self.until {
            (self.until, self.last) = (start, last);
        }
        // The first word may have its beginning out of reach.
        last.is_some() || matches!(read, Read::Stopped) && beginnings.may_begin(text, furthest)
    }
}

/// What a byte is where words are read back.
const GAP: u8 = 0;
const SMALL: u8 = 1;
const CAPITAL: u8 = 2;
/// Of a word, and no ASCII.
const OTHER: u8 = 3;

const KINDS: [u8; 256] = {
    let mut kinds = [GAP; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match Kind::of(byte as u8) {
            _ if byte >= 128 => OTHER,
            Kind::Gap => GAP,
            Kind::Small => SMALL,
            Kind::Capital => CAPITAL,
        };
        byte += 1;
    }
    kinds
};

/// Reads the words of a text before the end of a range, at most so many, back to its start.
fn read_back(beginnings: &Beginnings, text: &[u8], range: std::ops::Range<usize>, count_max: usize) -> Read {
    let Some(words) = text.get(range.clone()) else { return Read::Stopped };
    let (mut count, mut later) = (0, GAP);
    for (behind, byte) in words.iter().enumerate().rev() {
        let kind = KINDS[usize::from(*byte)];
        if kind == later {
            continue;
        }
        let at = range.start + behind;
        // A word begins behind a gap, and with a capital behind another letter.
        if later != GAP && kind == GAP || later == CAPITAL {
            if beginnings.may_begin(text, at + 1) {
                return Read::Keyword(at + 1);
            }
            // The letter of an escape may stand before the word.
            if *byte == b'\\' && at + 2 < range.end && beginnings.may_begin(text, at + 2) {
                return Read::Keyword(at + 2);
            }
            count += usize::from(kind == GAP);
            if kind == GAP && count == count_max {
                return Read::Counted;
            }
        }
        // Writings without spaces have no beginnings of words.
        if kind == OTHER && beginnings.may_be_other(text, at) {
            return Read::Keyword(at);
        }
        later = if kind == OTHER { SMALL } else { kind };
    }
    Read::Stopped
}
