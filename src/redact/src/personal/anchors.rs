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

/// What stands between the groups of a number: what ties them together, what may stand around them, and the space and comma.
const TIES: &[u8] = b"-./";
const AROUND: &[u8] = b"+()";

/// The sets that the blocks are read for, in the order of [`Masks`].
const SETS: Sets = {
    let mut sets = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        sets[byte] = (byte as u8).is_ascii_digit() as u8 | (is_word(byte as u8) as u8) << 1;
        byte += 1;
    }
    let mut others: &[(&[u8], u8)] = &[(b"@<", 4), (TIES, 8), (AROUND, 16), (b" ", 32), (b",", 64), (b":", 128)];
    while let Some(((bytes, bit), rest)) = others.split_first() {
        let mut at = 0;
        while at < bytes.len() {
            sets[bytes[at] as usize] |= *bit;
            at += 1;
        }
        others = rest;
    }
    sets
};

/// Calls `found` with each place from a position on; words may come before the others of their block. Words that are no number, and begin
/// none, are left out where their block says so; what is too long to be a number always is.
pub(super) fn each(text: &[u8], from: usize, mut found: impl FnMut(Anchor)) {
    // The block before says how the first word began.
    let base = from.saturating_sub(BLOCK);
    let mut pass = Pass::new(text, base, from);
    let rest = text.get(base..).unwrap_or_default();
    BLOCKS.sets(rest, |at, sets| {
        if at > 0 {
            pass.judge(Masks::of(sets), &mut found);
        }
        pass.now = Masks::of(sets);
    });
    // A word may end with the text, at the end of its last block.
    pass.judge(Masks::default(), &mut found);
    pass.now = Masks::default();
    pass.judge(Masks::default(), &mut found);
}

/// A bit for each byte of a block.
#[derive(Debug, Clone, Copy, Default)]
struct Masks {
    digits: u64,
    words: u64,
    /// `@` and `<`.
    marks: u64,
    ties: u64,
    around: u64,
    spaces: u64,
    commas: u64,
    colons: u64,
}

impl Masks {
    #[inline]
    const fn of([digits, words, marks, ties, around, spaces, commas, colons]: &[u64; 8]) -> Self {
        Self {
            digits: *digits,
            words: *words,
            marks: *marks,
            ties: *ties,
            around: *around,
            spaces: *spaces,
            commas: *commas,
            colons: *colons,
        }
    }

    const fn letters(&self) -> u64 {
        self.words & !self.digits
    }

    /// What is of a word, or goes on with a number behind one.
    const fn continues(&self) -> u64 {
        self.words | self.ties | self.around | self.spaces
    }

    /// What may follow the separator after the first group of a number.
    const fn goes_on(&self) -> u64 {
        self.words | self.ties | self.around | self.spaces | self.commas
    }
}

/// How long each of two words is that are too short together to be a number without a third.
const SHORT: usize = 3;

struct Pass<'text> {
    text: &'text [u8],
    /// Where the block begins that is judged.
    at: usize,
    /// What was not looked at before.
    from: usize,
    before: Masks,
    now: Masks,
    /// The first of each run of digits in the block before.
    runs_before: u64,
    /// Whether a word goes on from the block before that has digits, and how that word began.
    has_digits: bool,
    began: Began<bool>,
}

/// Whether words begin behind a number that they belong to, behind a letter and a space, or behind a colon that may be of an address.
#[derive(Debug, Clone, Copy, Default)]
struct Began<Bits> {
    tied: Bits,
    behind_letter: Bits,
    behind_colon: Bits,
}

impl<'text> Pass<'text> {
    fn new(text: &'text [u8], at: usize, from: usize) -> Self {
        Self {
            text,
            at,
            from,
            before: Masks::default(),
            now: Masks::default(),
            runs_before: 0,
            has_digits: false,
            began: Began::default(),
        }
    }

    /// Judges a block when the next is known.
    #[inline]
    fn judge(&mut self, next: Masks, found: &mut impl FnMut(Anchor)) {
        self.marks(found);
        let mut runs = self.now.digits & !behind(1, self.before.digits, self.now.digits);
        if self.at < self.from {
            runs &= u64::MAX.checked_shl((self.from - self.at) as u32).unwrap_or_default();
        }
        if runs == 0 && !self.has_digits {
            let is_open = self.now.words >> (BLOCK - 1) == 1;
            // A word that goes on may have begun in any way.
            self.began = Began { tied: false, behind_letter: is_open, behind_colon: is_open };
        } else {
            let mut ends = self.ends(runs, next);
            while ends != 0 {
                self.word(runs, ends.trailing_zeros(), found);
                ends &= ends - 1;
            }
        }
        (self.before, self.runs_before, self.at) = (self.now, runs, self.at + BLOCK);
    }

    /// Gives mailboxes and machine-readable lines.
    #[inline]
    fn marks(&self, found: &mut impl FnMut(Anchor)) {
        let mut marks = self.now.marks;
        while marks != 0 {
            let at = self.at + marks.trailing_zeros() as usize;
            marks &= marks - 1;
            if at < self.from {
                continue;
            }
            match self.text.get(..=at) {
                Some([.., b'@']) => found(Anchor::At(at)),
                Some([.., b'<', b'<', b'<']) => {}
                Some([.., b'<', b'<']) => found(Anchor::Brackets(at)),
                _ => {}
            }
        }
    }

    /// A bit for the end of each word with digits that may be a number, or be the beginning of one.
    #[inline]
    fn ends(&mut self, runs: u64, next: Masks) -> u64 {
        let (before, now) = (self.before, self.now);
        let starts = now.words & !behind(1, before.words, now.words);
        let behind_tie = behind(1, before.ties, now.ties) & behind(2, before.digits, now.digits);
        let letter_or_colon = |masks: Masks| masks.letters() | masks.colons;
        let behind_space = behind(1, before.spaces, now.spaces) & behind(2, before.letters(), now.letters());
        let behind_colon =
            behind(1, before.colons, now.colons) & behind(2, letter_or_colon(before), letter_or_colon(now));
        let end = |first: u64, goes_on: &mut bool| {
            // A bit that is added to a word is carried to its end.
            let (sum, goes_on_within) = now.words.overflowing_add(first);
            let (sum, goes_on_from_before) = sum.overflowing_add(u64::from(*goes_on));
            *goes_on = goes_on_within || goes_on_from_before;
            sum & !now.words
        };
        let digits = end(runs, &mut self.has_digits);
        let tied = end(starts & behind_tie, &mut self.began.tied);
        let behind_letter = end(starts & behind_space, &mut self.began.behind_letter);
        let address = end(starts & behind_colon, &mut self.began.behind_colon);
        // At least seven bytes of a word end here, or exactly two.
        let last = |distance| behind(distance, before.words, now.words);
        let two = last(1) & last(2);
        let long = two & last(3) & last(4) & last(5) & last(6) & last(7);
        let is_pair = two & !last(3);
        let follows = |now: u64, next: u64| now >> 1 | next << (BLOCK - 1);
        let address_goes_on = follows(now.words | now.colons, next.words | next.colons);
        let digit_follows = follows(now.digits, next.digits);
        // What comes behind the end of the text is not known.
        let left = self.text.len().checked_sub(self.at).filter(|left| *left <= BLOCK);
        let bit = |place: Option<usize>| place.and_then(|place| 1_u64.checked_shl(place as u32)).unwrap_or_default();
        let (is_end, is_last) = (bit(left), bit(left.and_then(|left| left.checked_sub(1))));
        let goes_on = follows(now.goes_on(), next.goes_on()) | is_last;
        let joined = (now.ties | now.around | now.spaces | now.commas & behind_letter) & goes_on;
        let is_time = is_pair & digit_follows;
        let joined = if joined == 0 {
            0
        } else {
            joined & !self.short_pairs(last(1) & last(2) & last(3) & last(4), next) | joined & behind_letter
        };
        let in_address = now.colons & (address_goes_on & !is_time | is_last) | address;
        digits & ((long | joined) & !tied | in_address | is_end)
    }

    /// A bit for each dot, hyphen or slash behind a word of up to three bytes that is followed by another such word and no third: a
    /// decimal fraction, and too short for anything else. None where the text ends soon. `long` has the ends of longer words.
    #[inline]
    fn short_pairs(&self, long: u64, next: Masks) -> u64 {
        if self.text.len() < self.at + BLOCK + 2 * SHORT {
            return 0;
        }
        let ahead = |distance: u32, now: u64, next: u64| now >> distance | next << (u64::BITS - distance);
        let word = |distance: u32| ahead(distance, self.now.words, next.words);
        let over = |distance: u32| !ahead(distance, self.now.continues(), next.continues());
        let (one, two, three) = (word(1), word(2), word(3));
        self.now.ties & !long & one & (over(2) | two & (over(3) | three & over(4)))
    }

    /// Gives the word that ends here.
    #[inline]
    fn word(&self, runs: u64, end: u32, found: &mut impl FnMut(Anchor)) {
        let Masks { words, digits, .. } = self.now;
        let length = words.unbounded_shl(u64::BITS - end).leading_ones();
        let extent = if length < end {
            let start = end - length;
            let digit = start + (runs >> start).trailing_zeros();
            let digits_end = digit + (digits >> digit).trailing_ones();
            let [start, digit, digits_end, end] = [start, digit, digits_end, end].map(|bit| self.at + bit as usize);
            Extent { start, digit, digits_end, end }
        } else {
            match self.long_extent(runs, end) {
                Some(extent) => extent,
                None => return,
            }
        };
        if let Some(word) = Word::new(self.text, extent) {
            found(Anchor::Word(word));
        }
    }

    /// The same for a word that begins in the block before; none for one that fills it, which is too long.
    fn long_extent(&self, runs: u64, end: u32) -> Option<Extent> {
        let both = |before: u64, now: u64| u128::from(now) << BLOCK | u128::from(before);
        let end = BLOCK as u32 + end;
        let length = (both(self.before.words, self.now.words) << (u128::BITS - end)).leading_ones();
        let start = end.checked_sub(length).filter(|start| *start > 0)?;
        let digit = start + (both(self.runs_before, runs) >> start).trailing_zeros();
        let digits_end = digit + (both(self.before.digits, self.now.digits) >> digit).trailing_ones();
        let position = |bit: u32| (self.at + bit as usize).wrapping_sub(BLOCK);
        let [start, digit, digits_end, end] = [start, digit, digits_end, end].map(position);
        Some(Extent { start, digit, digits_end, end })
    }
}

/// The bits that stand so far before each.
#[inline]
const fn behind(distance: u32, before: u64, now: u64) -> u64 {
    now << distance | before >> (u64::BITS - distance)
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
        word.length() <= SHORT
            && matches!(second, 1..=SHORT)
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
