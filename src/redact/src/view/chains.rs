//! The view of short pieces with something between them: characters that are interleaved with blanks or hyphens, an array of
//! characters, pairs of hexadecimal digits, lists of numbers.

use super::alphabets::{ALPHANUMERIC, is_in, run_length};
use super::{Spelling, Text, View};

/// The longest piece: `0x61`.
pub(crate) const PIECE_LENGTH_MAX: usize = 4;
/// What may stand between two pieces: the end of a line and the indentation of the next, with quotes and a comma.
pub(crate) const GAP_LENGTH_MAX: usize = 24;
/// Fewer pieces do not spell the shortest secret that is looked for.
pub(crate) const PIECES_MIN: usize = 11;

/// Calls `look` with each chain of short pieces in a stretch in two ways: as what they spell, and as the numbers of characters.
pub(super) fn look(text: Text<'_>, (mut at, end): (usize, usize), look: &mut dyn FnMut(&View)) {
    let mut spelled = View::default();
    let mut numbers = View::spelled(Spelling::Numbers, text);
    while let Some(start) = next_piece(text.bytes, at)
        && start < end
    {
        at = chain(text, start, &mut spelled, &mut numbers, look);
    }
}

/// The start of the next run of letters and digits.
fn next_piece(text: &[u8], from: usize) -> Option<usize> {
    text.get(from..)?.iter().position(|byte| is_in(*byte, ALPHANUMERIC)).map(|at| from + at)
}

/// Follows a chain from its first piece and returns the place after it.
fn chain(text: Text<'_>, start: usize, spelled: &mut View, numbers: &mut View, look: &mut dyn FnMut(&View)) -> usize {
    spelled.clear();
    numbers.clear();
    let (mut at, mut last_end, mut kind) = (start, start, Kind::Other);
    loop {
        let length = run_length(text.bytes, at, ALPHANUMERIC);
        let is_cut = text.goes_on && at + length == text.bytes.len();
        if is_cut || length > PIECE_LENGTH_MAX || at > start && !is_gap(text.bytes, last_end, at) {
            break;
        }
        last_end = at + length;
        let piece = Piece::of(text.bytes, at, last_end);
        if piece.kind != kind && piece.kind != Kind::Empty {
            look_at(spelled, look);
            spelled.clear();
            kind = piece.kind;
        }
        if piece.byte.is_none() && piece.kind != Kind::Empty {
            look_at(numbers, look);
            numbers.clear();
        }
        piece.add(text, spelled, numbers);
        let Some(next) = next_piece(text.bytes, last_end) else { break };
        at = next;
    }
    look_at(spelled, look);
    look_at(numbers, look);
    if last_end > start { last_end } else { start + run_length(text.bytes, start, ALPHANUMERIC) }
}

/// A run of letters and digits without what belongs to the notation.
#[derive(Debug, Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    kind: Kind,
    /// What it stands for as a decimal number.
    byte: Option<u8>,
}

/// Pieces of one kind make a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing but notation: the letter of an escaped line end.
    Empty,
    Character,
    /// Two hexadecimal digits.
    Pair,
    Other,
}

impl Piece {
    fn of(text: &[u8], start: usize, end: usize) -> Self {
        let run = text.get(start..end).unwrap_or_default();
        let is_escaped = start.checked_sub(1).and_then(|before| text.get(before)) == Some(&b'\\');
        let start = match run {
            [b'0', b'x' | b'X', _, _] => start + 2,
            [b'n' | b'r' | b't', ..] if is_escaped => start + 1,
            _ => start,
        };
        let run = text.get(start..end).unwrap_or_default();
        let kind = match run {
            [] => Kind::Empty,
            [_] => Kind::Character,
            [high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => Kind::Pair,
            _ => Kind::Other,
        };
        let byte = if run.len() <= 3 { str::from_utf8(run).ok().and_then(|digits| digits.parse().ok()) } else { None };
        Self { start, end, kind, byte }
    }

    fn add(self, text: Text<'_>, spelled: &mut View, numbers: &mut View) {
        if matches!(self.kind, Kind::Character | Kind::Pair) {
            (self.start..self.end).for_each(|at| spelled.copy(text, at));
        }
        if let Some(byte) = self.byte {
            numbers.push(byte, text.origin(self.start, self.end));
        }
    }
}

/// Whether a chain goes on behind what stands between two places. Brackets end it: an array ends, and an object is none.
fn is_gap(text: &[u8], start: usize, end: usize) -> bool {
    let gap = text.get(start..end).unwrap_or_default();
    gap.len() <= GAP_LENGTH_MAX && !gap.iter().any(|byte| matches!(byte, b'{' | b'}' | b'[' | b']'))
}

fn look_at(view: &View, look: &mut dyn FnMut(&View)) {
    if view.bytes.len() >= PIECES_MIN {
        look(view);
    }
}
