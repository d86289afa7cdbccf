//! The first pass: where in a text a number, a mailbox or a machine-readable line may be, in few instructions per byte.

use std::sync::LazyLock;

use vector::{BLOCK, Blocks, Sets, SetsReader};

use super::{
    around,
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

/// The sets that the blocks are read for: digits, the other bytes of words, and `@` with `<`.
const SETS: Sets = {
    let mut sets = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        sets[byte] = match byte as u8 {
            b'0'..=b'9' => 1,
            byte if is_word(byte) => 2,
            b'@' | b'<' => 4,
            _ => 0,
        };
        byte += 1;
    }
    sets
};

/// Calls `found` with each place from a position on; words may come before the others of their block. Words that are no number, and begin
/// none, are left out; what is too long to be a number always is.
pub(super) fn each(text: &[u8], from: usize, found: impl FnMut(Anchor)) {
    // The block before says how the first word began.
    let base = from.saturating_sub(BLOCK);
    let mut pass = Pass { text, at: base, from, before: Masks::default(), has_digits: false, found };
    BLOCKS.sets(text.get(base..).unwrap_or_default(), &mut pass);
    // A word may end with the text, at the end of its last block.
    pass.judge([0; 3]);
}

/// A bit for each byte of a block.
#[derive(Debug, Clone, Copy, Default)]
struct Masks {
    digits: u64,
    words: u64,
    /// The first of each run of digits, from where it was not looked at before.
    runs: u64,
}

struct Pass<'text, Give> {
    text: &'text [u8],
    /// Where the block begins that is judged.
    at: usize,
    /// What was not looked at before.
    from: usize,
    before: Masks,
    /// Whether a word goes on from the block before that has digits.
    has_digits: bool,
    found: Give,
}

impl<Give: FnMut(Anchor)> SetsReader<3> for Pass<'_, Give> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
    fn read(&mut self, _: usize, sets: &[u64; 3]) {
        self.judge(*sets);
    }
}

impl<Give: FnMut(Anchor)> Pass<'_, Give> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
    fn judge(&mut self, [digits, letters, marks]: [u64; 3]) {
        if marks != 0 {
            self.marks(marks);
        }
        let mut runs = digits & !(digits << 1 | self.before.digits >> (BLOCK - 1));
        if self.at < self.from {
            runs &= u64::MAX.checked_shl((self.from - self.at) as u32).unwrap_or_default();
        }
        let now = Masks { digits, words: digits | letters, runs };
        // A bit that is added to a word is carried to its end.
        let (sum, goes_on_within) = now.words.overflowing_add(runs);
        let (sum, goes_on_from_before) = sum.overflowing_add(u64::from(self.has_digits));
        let mut ends = sum & !now.words;
        self.has_digits = goes_on_within || goes_on_from_before;
        while ends != 0 {
            self.word(now, ends.trailing_zeros());
            ends &= ends - 1;
        }
        (self.before, self.at) = (now, self.at + BLOCK);
    }

    /// Gives mailboxes and machine-readable lines.
    fn marks(&mut self, mut marks: u64) {
        while marks != 0 {
            let at = self.at + marks.trailing_zeros() as usize;
            marks &= marks - 1;
            if at < self.from {
                continue;
            }
            match self.text.get(..=at) {
                Some([.., b'@']) => (self.found)(Anchor::At(at)),
                Some([.., b'<', b'<', b'<']) => {}
                Some([.., b'<', b'<']) => (self.found)(Anchor::Brackets(at)),
                _ => {}
            }
        }
    }

    /// Gives the word with digits that ends here, if it may tell something.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a part of the pass, with its instructions")]
    fn word(&mut self, now: Masks, end: u32) {
        let length = now.words.unbounded_shl(u64::BITS - end).leading_ones();
        let extent = if length < end {
            let start = end - length;
            if !around::may_tell(self.text, self.at + start as usize, self.at + end as usize) {
                return;
            }
            let digit = start + (now.runs >> start).trailing_zeros();
            let digits_end = digit + (now.digits >> digit).trailing_ones();
            let [start, digit, digits_end, end] = [start, digit, digits_end, end].map(|bit| self.at + bit as usize);
            Extent { start, digit, digits_end, end }
        } else {
            match self.long_extent(now, end) {
                Some(extent) if around::may_tell(self.text, extent.start, extent.end) => extent,
                _ => return,
            }
        };
        if let Some(word) = Word::new(self.text, extent) {
            (self.found)(Anchor::Word(word));
        }
    }

    /// The same for a word that begins in the block before; none for one that fills it, which is too long.
    fn long_extent(&self, now: Masks, end: u32) -> Option<Extent> {
        let both = |before: u64, now: u64| u128::from(now) << BLOCK | u128::from(before);
        let end = BLOCK as u32 + end;
        let length = (both(self.before.words, now.words) << (u128::BITS - end)).leading_ones();
        let start = end.checked_sub(length).filter(|start| *start > 0)?;
        let digit = start + (both(self.before.runs, now.runs) >> start).trailing_zeros();
        let digits_end = digit + (both(self.before.digits, now.digits) >> digit).trailing_ones();
        let position = |bit: u32| (self.at + bit as usize).wrapping_sub(BLOCK);
        let [start, digit, digits_end, end] = [start, digit, digits_end, end].map(position);
        Some(Extent { start, digit, digits_end, end })
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

    /// Whether a word with what is joined to it is like `1.25`.
    fn is_short_pair(text: &[u8], word: &Word) -> bool {
        let is_behind_letter = matches!(text[..word.start], [.., b'a'..=b'z', b' ']);
        let second = text[word.end + 1..].iter().take_while(|byte| is_word(**byte)).count();
        let third = text.get(word.end + 1 + second);
        word.length() <= around::SHORT
            && matches!(second, 1..=around::SHORT)
            && matches!(text[word.end], b'-' | b'.' | b'/')
            && third.is_some_and(|byte| !b" -./+()".contains(byte))
            && !is_behind_letter
    }

    /// Whether a word may be a number or the beginning of one.
    fn may_tell(text: &[u8], word: &Word) -> bool {
        let at = |position: usize| text.get(position).copied();
        let before = |back: usize| word.start.checked_sub(back).and_then(at);
        let is_separator = |byte: u8| b" -./+(),".contains(&byte);
        let goes_on = at(word.end + 1).is_none_or(|byte| is_word(byte) || is_separator(byte));
        let is_joined = match at(word.end) {
            None => return true,
            Some(b',') => {
                goes_on && before(1) == Some(b' ') && before(2).is_some_and(|byte| byte.is_ascii_alphabetic())
            }
            Some(byte) => goes_on && is_separator(byte) && !is_short_pair(text, word),
        };
        let is_tied =
            matches!(before(1), Some(b'-' | b'.' | b'/')) && before(2).is_some_and(|byte| byte.is_ascii_digit());
        let is_address = super::super::address::may_be_version_6(text, word.start, word.end);
        (is_joined || word.length() >= 7) && !is_tied || is_address
    }

    proptest! {
        #[test]
        fn each_place_is_given_once_from_wherever_it_starts(
            text in proptest::collection::vec("[a1@<\\\\n-]{0,20}|[a1]{30,50}|[a1 ,:.-]{0,20}|[a1,]{5,9}|\u{e4}", 0..20),
            from in 0_usize..300,
        ) {
            let text = text.concat().into_bytes();
            let mut given = Vec::new();
            each(&text, from, |anchor| given.push(anchor));
            let all = expected(&text, from);
            prop_assert!(given.iter().all(|anchor| all.contains(anchor)), "{given:?} of {all:?}");
            for (number, anchor) in all.iter().enumerate() {
                let is_needed = !matches!(anchor, Anchor::Word(word) if !may_tell(&text, word));
                let count = given.iter().filter(|of| *of == anchor).count();
                prop_assert!(count == 1 || count == 0 && !is_needed, "{number}: {anchor:?} {count} times");
            }
        }
    }
}
