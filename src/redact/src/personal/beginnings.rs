//! The most telling words of the keywords, by which most texts before a number are known to have none of them.

use std::cmp::Reverse;

use super::context::Kind;

/// The most telling word of each keyword. It may say that a keyword is there which is not.
pub(super) struct Beginnings {
    /// A bit for each three letters that one of them begins with.
    letters: Box<[u64; 1 << (3 * LETTER_BITS - 6)]>,
    /// Which of them begin with these, in the order of their places.
    places: Vec<(u32, u32)>,
    words: Vec<Telling>,
    /// The first two bytes of the first character of each keyword that is not ASCII: a bit for each second, by the first.
    others: [u64; 1 << 6],
    /// Whether a keyword has no such word.
    may_be_any: bool,
}

/// A word in small letters, up to its first digit.
struct Telling {
    word: Box<[u8]>,
    /// Whether it may stand for the beginning of a longer word.
    goes_on: bool,
}

/// The bits that a letter takes.
const LETTER_BITS: u32 = 5;
const LETTER: u8 = (1 << LETTER_BITS) - 1;
const CAPITAL: u8 = 1 << LETTER_BITS;

/// What a character that is not ASCII begins with, at least.
const LEAD_MIN: usize = 0xc0;

/// Each byte as a letter, whether it is small or a capital; gaps and digits end the letters of a word.
const LETTERS: [u8; 256] = {
    let mut letters = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        letters[byte] = match byte as u8 {
            letter @ b'A'..=b'Z' => letter & LETTER | CAPITAL,
            letter @ b'a'..=b'z' => letter & LETTER,
            b'\'' => 27,
            b'#' => 28,
            0x80.. => 29,
            _ => 0,
        };
        byte += 1;
    }
    letters
};

impl Beginnings {
    /// The keywords are in small letters, with a space before each that begins where a word does. One of up to `short` bytes is a word
    /// of its own; a longer one may be the beginning of one.
    pub(super) fn of<'a>(keywords: impl IntoIterator<Item = &'a str>, short: usize) -> Self {
        let mut beginnings = Self {
            letters: Box::new([0; 1 << (3 * LETTER_BITS - 6)]),
            places: Vec::new(),
            words: Vec::new(),
            others: [0; 1 << 6],
            may_be_any: false,
        };
        for keyword in keywords {
            match keyword.strip_prefix(' ') {
                _ if !keyword.is_ascii() => beginnings.add_other(keyword.as_bytes()),
                Some(keyword) => beginnings.add(Telling::of(keyword, short)),
                None => beginnings.may_be_any = true,
            }
        }
        beginnings.places.sort_unstable();
        beginnings
    }

    fn add(&mut self, telling: Telling) {
        const ALL: usize = 1 << LETTER_BITS;
        let letters = telling.word.iter().map(|byte| LETTERS[usize::from(*byte)]).collect::<Vec<_>>();
        let (first, count) = match letters.as_slice() {
            [] => return self.may_be_any = true,
            [only] if telling.goes_on => (place(*only, 0, 0), ALL * ALL),
            // A gap, a digit or the capital of another word follows; whatever comes third.
            [only] => (place(*only, 0, 0), ALL),
            [first, second] => (place(*first, *second, 0), ALL),
            [first, second, third, ..] => (place(*first, *second, *third), 1),
        };
        for place in first..first + count {
            self.letters[place / 64] |= 1 << (place % 64);
            self.places.push((place as u32, self.words.len() as u32));
        }
        self.words.push(telling);
    }

    fn add_other(&mut self, keyword: &[u8]) {
        let Some(at) = keyword.iter().position(|byte| !byte.is_ascii()) else { return };
        if let Some([first, second, ..]) = keyword.get(at..)
            && let Some(lead) = usize::from(*first).checked_sub(LEAD_MIN)
            && let Some(seconds) = self.others.get_mut(lead)
        {
            *seconds |= 1 << (second & 0x3f);
        }
    }

    /// Whether any text may have a keyword.
    pub(super) const fn may_be_any(&self) -> bool {
        self.may_be_any
    }

    /// Whether a keyword may have its most telling word at this place, at which a word begins.
    #[inline]
    pub(super) fn may_begin(&self, text: &[u8], at: usize) -> bool {
        let rest = text.get(at..).unwrap_or_default();
        let mut bytes = [0; 3];
        match rest.first_chunk() {
            Some(first) => bytes = *first,
            None => bytes.iter_mut().zip(rest).for_each(|(byte, of)| *byte = *of),
        }
        let [first, second, third] = bytes.map(|byte| LETTERS[usize::from(byte)]);
        let begins_another = second & CAPITAL != 0 && first & CAPITAL == 0;
        let place = place(first, if begins_another { 0 } else { second }, third);
        self.letters[place / 64] >> (place % 64) & 1 == 1 && self.begins(rest, place)
    }

    #[inline(never)]
    fn begins(&self, rest: &[u8], place: usize) -> bool {
        let place = place as u32;
        let first = self.places.partition_point(|(of, _)| *of < place);
        let places = self.places.get(first..).unwrap_or_default().iter().take_while(|(of, _)| *of == place);
        places.filter_map(|(_, word)| self.words.get(*word as usize)).any(|word| word.begins(rest))
    }

    /// Whether a keyword may have its first character that is not ASCII at this place, at which a byte is that is not.
    #[inline]
    pub(super) fn may_be_other(&self, text: &[u8], at: usize) -> bool {
        let Some([first, second, ..]) = text.get(at..) else { return false };
        let seconds = usize::from(*first).checked_sub(LEAD_MIN).and_then(|lead| self.others.get(lead));
        seconds.is_some_and(|seconds| seconds >> (second & 0x3f) & 1 == 1)
    }
}

/// Where the bit of three letters is.
#[inline]
const fn place(first: u8, second: u8, third: u8) -> usize {
    let [first, second, third] = [(first & LETTER) as usize, (second & LETTER) as usize, (third & LETTER) as usize];
    first << (2 * LETTER_BITS) | second << LETTER_BITS | third
}

impl Telling {
    /// The longest word of a keyword, the first of several.
    fn of(keyword: &str, short: usize) -> Self {
        let letters = |word: &'_ str| word.bytes().take_while(|byte| !byte.is_ascii_digit()).count();
        let last = keyword.split(' ').count() - 1;
        let longest = keyword.split(' ').enumerate().max_by_key(|(number, word)| (letters(word), Reverse(*number)));
        let (number, word) = longest.unwrap_or_default();
        let goes_on = number == last && keyword.len() > short;
        Self { word: word.bytes().take(letters(word)).collect(), goes_on }
    }

    /// Whether a text begins with it.
    fn begins(&self, text: &[u8]) -> bool {
        let Some((word, rest)) = text.split_at_checked(self.word.len()) else { return false };
        let ends = || match (word.last().map(|byte| Kind::of(*byte)), rest.first()) {
            (_, None) => true,
            (before, Some(byte)) => match Kind::of(*byte) {
                Kind::Gap => true,
                Kind::Small => byte.is_ascii_digit(),
                Kind::Capital => before == Some(Kind::Small),
            },
        };
        word.eq_ignore_ascii_case(&self.word) && (self.goes_on || ends())
    }
}

impl std::fmt::Debug for Beginnings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Beginnings").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_of_a_keyword_are_told_and_others_are_not() {
        let beginnings = Beginnings::of(
            [" ssn", " tax id", " passport", " d o b", " ss#", " id number", " cc", " b12", "née le"],
            4,
        );
        let may = |text: &str| beginnings.may_begin(text.as_bytes(), 0);
        for text in [
            "ssn",
            "SSN: ",
            "taxId",
            "Tax_id",
            "passports ",
            "ssn2 ",
            "D.O.B. ",
            "ss#",
            "numbers",
            "cc",
            "cc1",
            "ccNo",
            "b12",
        ] {
            assert!(may(text), "{text}");
        }
        for text in ["", "id", "lessons", "ssns", "taxes", "passpor", "do", "ss", "nu", "ccs", "CCS", "bee", "née"] {
            assert!(!may(text), "{text}");
        }
        let may = |text: &str| beginnings.may_be_other(text.as_bytes(), 1);
        assert!(may("née le ") && !may("nä") && !may("n"));
    }

    #[test]
    fn a_keyword_without_letters_is_in_any_text() {
        assert!(Beginnings::of([" 2fa"], 4).may_be_any() && !Beginnings::of([" 2fa code"], 4).may_be_any());
    }
}
