//! Values that are told by a word close before them, such as `datadog`: where such a value may be, and where the word.
//!
//! Names of vendors are words like others, so they are not looked for in all of a text. What is looked for are the long runs of letters
//! and digits that values have, which are rare, and then the few words before each.

use std::ops::Range;

use memchr::memchr2;
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

/// The bytes of which values have one soon.
pub(crate) fn sign() -> Set {
    class("digit").unwrap_or_default()
}

/// Whether the token that begins here is not the rest of a longer one.
pub(crate) fn is_whole(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    !before.is_some_and(|before| holds(token(), *before))
}

/// What stands before a run in which a word may begin that has four bytes and a separator behind it, if [`is_on_line`] says so.
pub(crate) fn before(text: &[u8], run: usize) -> Range<usize> {
    // Paths of URLs are no values.
    let is_path = text.get(run..).is_some_and(|run| run.starts_with(b"//"));
    let first = if is_path { run } else { run.saturating_sub(REACH) };
    first..run.saturating_sub(KEY).max(first)
}

/// Whether a word that ends at a place is on the line of the run behind it.
pub(crate) fn is_on_line(text: &[u8], end: usize, run: usize) -> bool {
    memchr2(b'\n', b'\r', text.get(end..run).unwrap_or_default()).is_none()
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
