//! The first letters of the keywords, by which most texts before a number are known to have none of them.

use super::context::{Kind, REACH};

/// The first letters of keywords, as a set of hashes. It may say that a word is in it which is not.
pub(super) struct Beginnings(Box<[u64; 1 << (HASH_BITS - 6)]>);

/// What was read of a text on the way to the numbers in it.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    until: usize,
    /// The last place before that at which a keyword may begin.
    last: Option<usize>,
}

/// A few hundred keywords fill one of a hundred places.
const HASH_BITS: u32 = 15;

/// How many letters of a word are looked at.
const LETTER_COUNT: usize = 4;

impl Beginnings {
    pub(super) fn of<'a>(keywords: impl IntoIterator<Item = &'a str>) -> Self {
        let mut places = Box::new([0; 1 << (HASH_BITS - 6)]);
        for keyword in keywords {
            let hash = hash(telling(keyword).as_bytes());
            places[hash / 64] |= 1 << (hash % 64);
        }
        Self(places)
    }

    /// Reads on to `start`, each byte once, and says whether a keyword may be among the words within reach before it.
    pub(super) fn notice(&self, noticed: &mut Noticed, text: &[u8], start: usize) -> bool {
        let furthest = start.saturating_sub(REACH);
        if start < noticed.until {
            return true;
        }
        let from = noticed.until.max(furthest);
        let mut before = kind_before(text, from) as u8;
        for (at, byte) in (from..).zip(text.get(from..start).unwrap_or_default()) {
            let (kind, may_begin) = BEGINS[usize::from(*byte)];
            if may_begin >> before & 1 == 1 && (!byte.is_ascii() || self.may_begin(text, at)) {
                noticed.last = Some(at);
            }
            before = kind;
        }
        noticed.until = start;
        let cut = text.get(furthest..start).unwrap_or_default();
        // The last word may be cut, and the first one may have its beginning out of reach.
        noticed.last.is_some_and(|last| last >= furthest) || kind_before(text, start) != Kind::Gap || self.has(cut)
    }

    /// Whether a keyword may begin with a word, or behind the letter of an escape that the word begins with.
    fn may_begin(&self, text: &[u8], at: usize) -> bool {
        let word = text.get(at..).unwrap_or_default();
        let is_escaped = at.checked_sub(1).and_then(|before| text.get(before)) == Some(&b'\\');
        self.has(word) || is_escaped && word.get(1..).is_some_and(|word| self.has(word))
    }

    /// Whether a keyword may be among up to `count_max` words before `start`: these are the words of [`super::context::Context`].
    pub(super) fn may_stand_before(&self, text: &[u8], start: usize, count_max: usize) -> bool {
        let text = text.get(..start).unwrap_or_default();
        let furthest = start.saturating_sub(REACH);
        let (mut count, mut later) = (0, Kind::Gap);
        for (first, byte) in text.iter().enumerate().skip(furthest).rev() {
            // Writings without spaces have no beginnings of words.
            if !byte.is_ascii() {
                return true;
            }
            let kind = Kind::of(*byte);
            let begins = later != Kind::Gap && (kind == Kind::Gap || kind == Kind::Small && later == Kind::Capital);
            // The letter of an escape may stand before the word.
            let may_begin = |at: usize| text.get(at..).is_some_and(|word| self.has(word));
            if begins && (may_begin(first + 1) || *byte == b'\\' && may_begin(first + 2)) {
                return true;
            }
            if kind == Kind::Gap && later != Kind::Gap {
                count += 1;
                if count == count_max {
                    return false;
                }
            }
            later = kind;
        }
        later != Kind::Gap && text.get(furthest..).is_some_and(|word| self.has(word))
    }

    fn has(&self, word: &[u8]) -> bool {
        let hash = hash(word);
        self.0.get(hash / 64).is_some_and(|places| places >> (hash % 64) & 1 == 1)
    }
}

/// Of what kind the byte before a place is.
fn kind_before(text: &[u8], at: usize) -> Kind {
    at.checked_sub(1).and_then(|before| text.get(before)).map_or(Kind::Gap, |byte| Kind::of(*byte))
}

/// The kind of each byte, and a bit for each kind of the byte before it with which a keyword may begin here: none begins with a digit, and
/// writings without spaces have no beginnings of words.
const BEGINS: [(u8, u8); 256] = {
    let mut begins = [(0, 0); 256];
    let mut byte = 0;
    while byte < 256 {
        let kind = Kind::of(byte as u8);
        let after = match kind {
            _ if byte >= 128 => 0b111,
            Kind::Gap => 0,
            Kind::Small if (byte as u8).is_ascii_digit() => 0,
            Kind::Small => 1 << Kind::Gap as u8,
            Kind::Capital => 1 << Kind::Gap as u8 | 1 << Kind::Small as u8,
        };
        begins[byte] = (kind as u8, after);
        byte += 1;
    }
    begins
};

/// The word of a keyword that is looked for: the last of `id number`, for `id` is everywhere. Only a word with as many letters as are
/// looked at may stand for the last, which may go on in a text.
fn telling(keyword: &str) -> &str {
    let first = keyword.split(' ').next().unwrap_or(keyword);
    let last = keyword.rsplit(' ').next().unwrap_or(keyword);
    if first.len() < LETTER_COUNT && last.len() >= LETTER_COUNT { last } else { first }
}

/// The hash of the first letters of a word, in small letters, up to a gap, a digit, or a capital after a small letter.
fn hash(word: &[u8]) -> usize {
    let (mut letters, mut before) = (0_u32, Kind::Gap);
    for byte in word.iter().take(LETTER_COUNT) {
        let kind = Kind::of(*byte);
        if kind == Kind::Gap || byte.is_ascii_digit() || kind == Kind::Capital && before == Kind::Small {
            break;
        }
        letters = letters << 8 | u32::from(byte.to_ascii_lowercase());
        before = kind;
    }
    (letters.wrapping_mul(0x9e37_79b1) >> (u32::BITS - HASH_BITS)) as usize
}

impl std::fmt::Debug for Beginnings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Beginnings").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_that_begin_as_a_keyword_are_noticed_and_others_are_not() {
        let beginnings = Beginnings::of(["ssn", "tax id", "passport", "d o b", "ss#", "id number"]);
        let may = |text: &str| beginnings.may_stand_before(text.as_bytes(), text.len(), 5);
        for text in [
            "ssn: ",
            "{\"SSN\":\"",
            "taxId=",
            "userTaxId ",
            "\\nSsn ",
            "\\npassports ",
            "ssn2 ",
            "D.O.B. ",
            "ss#",
            "né ",
        ] {
            assert!(may(text), "{text}");
        }
        for text in ["", "{\"id\":", "{\"idNum\":", "lessons ", "assn ", "ssn is one two three four five "] {
            assert!(!may(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_noticed_on_the_way_is_all_that_stands_before(
            words in proptest::collection::vec(
                "ssn|taxId|a|o'b|\\\\n|[0-9]{1,9}|[ ,:#'.]{1,3}|[a-z]{1,20}| {1,80}|\u{e4}|SSN[0-9]|ss", 0..60,
            ),
        ) {
            let beginnings = Beginnings::of(["ssn", "tax id", "o'brien", "b12", "ss"]);
            let text = words.concat().into_bytes();
            let mut noticed = Noticed::default();
            for start in (0..=text.len()).filter(|at| text.get(*at).is_some_and(u8::is_ascii_digit)) {
                let notices = beginnings.notice(&mut noticed, &text, start);
                let plain = beginnings.may_stand_before(&text, start, 5);
                prop_assert!(notices || !plain, "{start} of {:?}", String::from_utf8_lossy(&text));
            }
        }
    }
}
