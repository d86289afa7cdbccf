//! Values that are told by a word close before them, such as `datadog`: where such a value may be, and where the word.
//!
//! Names of vendors are words like others, so they are not looked for in all of a text. What is looked for are the long runs of letters
//! and digits that values have, which are rare, and then the few words before each.

use std::ops::Range;

use memchr::memrchr2;
use vector::{KEY, TOKEN};

use super::classes::{Set, TOKEN68, class, holds};

/// How far after the word a value begins at most.
const GAP_MAX: usize = 40;
/// How far before a run a word begins at most: the gap, and the longest word.
const REACH: usize = GAP_MAX + 24;
/// What is read again at the end of a text that goes on: a run that is too short yet, and what is before it.
const UNFINISHED: usize = REACH + TOKEN;

/// The bytes that values are made of.
pub(crate) const fn token() -> Set {
    TOKEN68
}

/// Whether the token that begins here is what values are: not the rest of a longer one, and with a digit soon.
#[inline]
pub(crate) fn is_value(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    let is_rest = before.is_some_and(|before| TOKEN_BYTES[usize::from(*before)]);
    !is_rest && text.get(at..).and_then(<[u8]>::first_chunk).is_some_and(|token| has_digit(u128::from_le_bytes(*token)))
}

/// Whether one of sixteen ASCII bytes is a digit.
const fn has_digit(bytes: u128) -> bool {
    const EACH: u128 = u128::MAX / 0xff;
    // A digit is less than ten then, and the top bit of the sum is not set.
    let from_zero = bytes ^ (EACH * b'0' as u128);
    !(from_zero + EACH * (0x80 - 10)) & EACH << 7 != 0
}

const TOKEN_BYTES: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        bytes[byte] = holds(TOKEN68, byte as u8);
        byte += 1;
    }
    bytes
};

/// What stands before a run, on its line, in which a word may begin that has four bytes and a separator behind it.
pub(crate) fn before(text: &[u8], run: usize) -> Range<usize> {
    // Paths of URLs are no values.
    let is_path = text.get(run..).is_some_and(|run| run.starts_with(b"//"));
    let first = if is_path { run } else { run.saturating_sub(REACH) };
    let line = text.get(first..run).unwrap_or_default();
    let start = first + memrchr2(b'\n', b'\r', line).map_or(0, |at| at + 1);
    start..run.saturating_sub(KEY).max(start)
}

/// The end of a text in which a word may begin whose value is not there yet, or too short.
pub(crate) const fn unfinished(text: &[u8]) -> Range<usize> {
    text.len().saturating_sub(UNFINISHED)..text.len()
}

/// The places after a word that ends at `from`, on the same line, at which a value may begin: after something that separates a name
/// from a value, and not inside of a word.
pub(crate) fn values(text: &[u8], from: usize) -> impl Iterator<Item = usize> {
    let word = class("word").unwrap_or_default();
    let mut is_separated = false;
    let gap =
        text.get(from..).unwrap_or_default().iter().take(GAP_MAX).take_while(|byte| !matches!(byte, b'\n' | b'\r'));
    (from + 1..).zip(gap).filter_map(move |(next, byte)| {
        is_separated |= matches!(byte, b':' | b'=' | b'>' | b',' | b'(');
        let is_start = is_separated
            && !holds(word, *byte)
            && text.get(next).is_some_and(|next| !matches!(next, b' ' | b'"' | b'\''));
        is_start.then_some(next)
    })
}

/// Whether a name, or a part of one, begins here: not after another letter, but for a capital, and for what escapes a letter.
pub(crate) fn is_word_start(text: &[u8], at: usize) -> bool {
    let Some(first) = text.get(at) else { return false };
    match text.get(..at).unwrap_or_default() {
        [.., b'\\', b'n' | b'r' | b't'] | [] => true,
        [.., last] => {
            !last.is_ascii_alphabetic()
                || !first.is_ascii_alphabetic()
                || last.is_ascii_lowercase() && first.is_ascii_uppercase()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_begins_after_a_separator() {
        let begins =
            |text: &str| values(text.as_bytes(), 2).map(|at| text[at..].chars().next().unwrap()).collect::<String>();
        for (text, expected) in [
            ("dd_key = 'ab'", "a"),
            ("dd\": {\"key\": \"ab\"}", "{ka}"),
            ("dd(key, ab)", "ka"),
            ("dd key ab", ""),
            ("dd=\nab", ""),
            ("dd", ""),
        ] {
            let found = begins(text);
            assert!(expected.chars().all(|at| found.contains(at)), "{text}: {found}");
        }
        assert_eq!(begins(&format!("dd={}a", " ".repeat(GAP_MAX))), "");
    }

    #[test]
    fn a_value_is_a_whole_token_with_a_digit() {
        for (text, at, expected) in [
            ("=abcdefghijklmnop", 1, false),
            ("=abcdefghijklmno7", 1, true),
            ("=0bcdefghijklmno/", 1, true),
            ("/abcdefghijklmno7", 1, false),
            ("=abc:/;<@`~ghijkl", 1, false),
            ("=abcdefghijklmn7", 1, false),
        ] {
            assert_eq!(is_value(text.as_bytes(), at), expected, "{text}");
        }
    }

    #[test]
    fn words_before_a_value_begin_as_names_do() {
        let begins = |text: &str| {
            let run = text.find('#').unwrap();
            before(text.as_bytes(), run)
                .filter(|at| is_word_start(text.as_bytes(), *at))
                .map(|at| text[at..].chars().next().unwrap())
                .filter(char::is_ascii_alphanumeric)
                .collect::<String>()
        };
        for (text, expected) in [
            ("MY_DATADOG_KEYS=#", "MDK"),
            ("myDatadogKeys: #", "mDK"),
            ("a\\ndatadog: #", "and"),
            ("line\ndatadog=#", "d"),
        ] {
            assert!(expected.chars().all(|at| begins(text).contains(at)), "{text}: {}", begins(text));
        }
        assert!(before(b"see //host", 4).is_empty(), "a path");
    }
}
