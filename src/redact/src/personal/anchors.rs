//! The first pass: where in a text a number, a mailbox or a machine-readable line may be, in few instructions per byte.

use std::sync::LazyLock;

use vector::{BLOCK, Blocks, Sets};

use super::{
    rule::is_word,
    word::{Extent, Word},
};

/// A place to look at. No kind of personal data with a form is without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// An `@`.
    At(usize),
    /// The second of the first two `<` that follow each other. A third may be given again; that costs time and finds nothing new.
    Brackets(usize),
    /// A word, at the first of its digits.
    Word(Word),
}

static BLOCKS: LazyLock<Blocks> = LazyLock::new(|| Blocks::new(SETS));

/// The sets that the blocks are read for.
const SETS: Sets = {
    let mut sets = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        sets[byte] = (byte as u8).is_ascii_digit() as u8
            | (is_word(byte as u8) as u8) << 1
            | ((byte as u8 == b'@') as u8) << 2
            | ((byte as u8 == b'<') as u8) << 3;
        byte += 1;
    }
    sets
};

/// Calls `found` with each place from a position on, in order. Words that are too long to be a number are left out.
pub(super) fn each(text: &[u8], from: usize, mut found: impl FnMut(Anchor)) {
    // The block before says how the first word began.
    let base = from.saturating_sub(BLOCK);
    let mut pass = Pass { text, at: base, before: Masks::default(), now: Masks::default(), done: from };
    let rest = text.get(base..).unwrap_or_default();
    BLOCKS.sets(rest, |at, [digits, words, ats, brackets, ..]| {
        let next = Masks { digits: *digits, words: *words, ats: *ats, brackets: *brackets };
        if at > 0 {
            pass.judge(next, &mut found);
        }
        pass.now = next;
    });
    pass.judge(Masks::default(), &mut found);
}

/// A bit for each byte of a block.
#[derive(Debug, Clone, Copy, Default)]
struct Masks {
    digits: u64,
    words: u64,
    ats: u64,
    brackets: u64,
}

struct Pass<'text> {
    text: &'text [u8],
    /// Where the block begins that is judged.
    at: usize,
    before: Masks,
    now: Masks,
    /// Behind what was given.
    done: usize,
}

/// How much of the blocks before and after is seen with a block: together they fill a word of 128 bits.
const BESIDE: usize = BLOCK / 2;

impl Pass<'_> {
    /// Judges a block when the next is known, into which its last word may reach.
    #[inline]
    fn judge(&mut self, next: Masks, found: &mut impl FnMut(Anchor)) {
        let Masks { digits, brackets, ats, .. } = self.now;
        let runs = digits & !(digits << 1 | self.before.digits >> (BLOCK - 1));
        let pairs = brackets & (brackets << 1 | self.before.brackets >> (BLOCK - 1));
        let mut places = runs | ats | pairs & !(pairs << 1);
        while places != 0 {
            let place = places.trailing_zeros() as usize;
            places &= places - 1;
            let at = self.at + place;
            if at < self.done {
                continue;
            }
            if ats >> place & 1 == 1 {
                found(Anchor::At(at));
            } else if brackets >> place & 1 == 1 {
                found(Anchor::Brackets(at));
            } else {
                let extent = self.extent(next, place);
                self.done = extent.end;
                if let Some(word) = Word::new(self.text, extent) {
                    found(Anchor::Word(word));
                }
            }
        }
        (self.before, self.at) = (self.now, self.at + BLOCK);
    }

    /// How far the word around a digit of the block extends.
    #[inline]
    fn extent(&self, next: Masks, place: usize) -> Extent {
        let Masks { words, digits, .. } = self.now;
        let before = (words << (BLOCK - 1 - place)).leading_ones() as usize - 1;
        let after = (words >> place).trailing_ones() as usize;
        if before == place || place + after == BLOCK {
            return self.long_extent(next, place);
        }
        let digit = self.at + place;
        let digit_count = (digits >> place).trailing_ones() as usize;
        Extent { start: digit - before, digit, digits_end: digit + digit_count, end: digit + after }
    }

    /// The same for a word at an end of the block.
    fn long_extent(&self, next: Masks, place: usize) -> Extent {
        let beside = |before: u64, now: u64, next: u64| {
            u128::from(before >> BESIDE) | u128::from(now) << BESIDE | u128::from(next) << (BESIDE + BLOCK)
        };
        let words = beside(self.before.words, self.now.words, next.words);
        let digits = beside(self.before.digits, self.now.digits, next.digits);
        let (digit, place) = (self.at + place, place + BESIDE);
        let before = (words << (u128::BITS as usize - place)).leading_ones() as usize;
        let after = (words >> place).trailing_ones() as usize;
        if before == place || place + after == u128::BITS as usize {
            return Extent::around(self.text, digit);
        }
        let digit_count = (digits >> place).trailing_ones() as usize;
        Extent { start: digit - before, digit, digits_end: digit + digit_count, end: digit + after }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The places one by one.
    fn expected(text: &[u8], from: usize) -> Vec<Anchor> {
        let (mut anchors, mut done) = (Vec::new(), from);
        for at in from..text.len() {
            let before = at.checked_sub(1).map(|before| text[before]);
            match text[at] {
                b'@' => anchors.push(Anchor::At(at)),
                b'<' if before == Some(b'<') && at.checked_sub(2).is_none_or(|before| text[before] != b'<') => {
                    anchors.push(Anchor::Brackets(at));
                }
                b'0'..=b'9' if at >= done && !before.is_some_and(|before| before.is_ascii_digit()) => {
                    let extent = Extent::around(text, at);
                    done = extent.end;
                    anchors.extend(Word::new(text, extent).map(Anchor::Word));
                }
                _ => {}
            }
        }
        anchors
    }

    proptest! {
        #[test]
        fn each_place_is_given_once_from_wherever_it_starts(
            text in proptest::collection::vec("[a1@<\\\\n-]{0,20}|[a1]{30,50}|\u{e4}", 0..20), from in 0_usize..300,
        ) {
            let text = text.concat().into_bytes();
            let is_third = |at: usize| at.checked_sub(2).is_some_and(|before| text[before] == b'<');
            let mut given = Vec::new();
            each(&text, from, |anchor| given.push(anchor));
            given.retain(|anchor| !matches!(anchor, Anchor::Brackets(at) if is_third(*at)));
            prop_assert_eq!(given, expected(&text, from));
        }
    }
}
