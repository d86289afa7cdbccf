//! Where, after a word such as `datadog`, the value that it speaks of may begin.

use super::classes::{class, holds};

/// How far after the word.
const GAP_MAX: usize = 40;

/// The places after `from`, on the same line, at which a value may begin: after something that separates a name from a value, and not
/// inside of a word.
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
}
