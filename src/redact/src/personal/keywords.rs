//! The words that say of which kind the number is that follows them, all looked up at once.

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};

use super::{beginnings::Beginnings, context::Context, noticed::Noticed};

/// The keywords of every kind.
#[derive(Debug)]
pub(super) struct Keywords {
    automaton: AhoCorasick,
    /// The kind of each keyword, and whether it must be a word of its own.
    of: Vec<(usize, bool)>,
    beginnings: Beginnings,
    /// The kinds that have a keyword.
    kinds: Said,
}

/// The kinds whose keywords stand before a number, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Said([u64; KIND_COUNT_MAX / 64]);

/// The kinds that we know, and the operator's own.
pub(super) const KIND_COUNT_MAX: usize = 320;

/// A keyword of up to so many bytes is a word of its own; a longer one may be the beginning of one, as in `passports`.
const SHORT: usize = 4;

impl Keywords {
    /// Each keyword is in small letters, with one space between its words, and says that its kind follows.
    pub(super) fn new<'a>(keywords: impl IntoIterator<Item = (usize, &'a str)>) -> Result<Self, BuildError> {
        let (mut patterns, mut of, mut kinds) = (Vec::new(), Vec::new(), Said::default());
        for (kind, keyword) in keywords {
            // Writings without spaces have no beginnings of words.
            let begins = if keyword.is_ascii() { " " } else { "" };
            patterns.push(format!("{begins}{}", keyword.to_lowercase()));
            of.push((kind, keyword.len() <= SHORT));
            kinds.add(kind);
        }
        let beginnings = Beginnings::of(patterns.iter().map(String::as_str), SHORT);
        let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(patterns)?;
        Ok(Self { automaton, of, beginnings, kinds })
    }

    /// Whether a kind has keywords.
    pub(super) fn has(&self, kind: usize) -> bool {
        self.kinds.has(kind)
    }

    /// The kinds of which a keyword is among up to `count_max` words before a position.
    pub(super) fn said_before(&self, noticed: &mut Noticed, text: &[u8], start: usize, count_max: usize) -> Said {
        if noticed.may_stand_before(&self.beginnings, text, start, count_max) {
            self.said(&Context::before(text, start, count_max))
        } else {
            Said::default()
        }
    }

    /// The kinds of which a keyword is among the words.
    fn said(&self, context: &Context) -> Said {
        let words = context.words();
        let mut said = Said::default();
        for found in self.automaton.find_overlapping_iter(words) {
            let ends = matches!(words.get(found.end()), None | Some(b' ' | b'0'..=b'9'));
            if let Some((kind, is_short)) = self.of.get(found.pattern().as_usize())
                && (ends || !is_short)
            {
                said.add(*kind);
            }
        }
        said
    }
}

impl Said {
    fn add(&mut self, kind: usize) {
        if let Some(bits) = self.0.get_mut(kind / 64) {
            *bits |= 1 << (kind % 64);
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }

    #[inline]
    pub(super) fn has(self, kind: usize) -> bool {
        self.0.get(kind / 64).is_some_and(|bits| bits >> (kind % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn says(text: &str, keyword: &str) -> bool {
        let keywords = Keywords::new([(0, "else"), (70, keyword)]).unwrap();
        let said = keywords.said_before(&mut Noticed::default(), text.as_bytes(), text.len(), 5);
        assert!(!said.has(0));
        said.has(70)
    }

    #[test]
    fn keywords_are_found_in_keys_and_sentences() {
        assert!(says("{\"socialSecurityNumber\":\"", "social security"));
        assert!(says("his SSN ", "ssn") && says("ssn2: ", "ssn") && says("ss# ", "ss#"));
        assert!(says("passports: ", "passport") && says("身份证号", "身份证") && says("Née le ", "née le"));
        // An escape may be of anything.
        assert!(says("\\5born: ", "born") && says("\\nBorn: ", "born") && says("D.O.Born", "d o b"));
    }

    #[test]
    fn a_short_keyword_is_a_word_of_its_own() {
        assert!(!says("using ", "sin") && !says("assign ", "sin") && !says("tins ", "tin"));
    }

    proptest! {
        #[test]
        fn what_is_said_is_known_however_much_was_read_before(
            words in proptest::collection::vec(
                "ssn|taxId|tax|a|o'b|\\\\n|[0-9]{1,9}|[ ,:#'.]{1,3}|[a-z]{1,20}| {1,80}|\u{e4}|n\u{e9}|le|SSN[0-9]|ss|ID|B12|dOb|d.o.|bo",
                0..60,
            ),
            count_max in 1_usize..7,
        ) {
            let keywords = ["ssn", "tax id", "o'brien", "b12", "ss", "d o b", "n\u{e9} le", "born"];
            let keywords = Keywords::new(keywords.into_iter().enumerate()).unwrap();
            let text = words.concat().into_bytes();
            let mut noticed = Noticed::default();
            for start in (0..text.len()).filter(|at| text[*at].is_ascii_alphanumeric()) {
                // Letters before digits may be asked for after them.
                for start in [start, start.saturating_sub(4)] {
                    let said = keywords.said_before(&mut noticed, &text, start, count_max);
                    let plain = keywords.said(&Context::before(&text, start, count_max));
                    prop_assert_eq!(said, plain, "{} of {:?}", start, String::from_utf8_lossy(&text));
                }
            }
        }
    }
}
