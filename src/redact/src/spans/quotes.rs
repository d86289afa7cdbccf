//! Whether a place in JSON, or in an event stream of JSON, is inside a string, also of a document that a string holds.

use memchr::{memchr, memchr_iter, memrchr};

use crate::keys::Quote;

/// How deep documents in strings of documents are followed, as for named fields.
const DEPTHS: usize = 3;

/// Follows a stream of JSON. A line break resets it: none can stand in a string (RFC 8259, section 7).
#[derive(Debug, Default)]
pub(crate) struct Quotes {
    /// The strings that the place is in, the outermost first.
    strings: [Option<Text>; DEPTHS],
    /// How many backslashes came last, modulo eight: more make no difference.
    slashes: usize,
}

/// What a string holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Unknown,
    /// It begins as a document does.
    Document,
    Other,
}

impl Quotes {
    /// Follows the next bytes.
    pub(crate) fn follow(&mut self, text: &[u8]) {
        let text = match memrchr(b'\n', text) {
            Some(line_end) => {
                *self = Self::default();
                text.get(line_end + 1..).unwrap_or_default()
            }
            None => text,
        };
        for string in self.strings.iter_mut().flatten().filter(|string| **string == Text::Unknown) {
            *string = Text::beginning(text);
        }
        if self.slashes == 0 && memchr(b'\\', text).is_none() {
            return self.follow_plain(text);
        }
        for at in memchr_iter(b'"', text) {
            let (before, after) = text.split_at(at);
            let depth = match self.slashes_after(before) {
                slashes if slashes.is_multiple_of(2) => 0,
                slashes if slashes % 4 == 1 => 1,
                slashes if slashes % 8 == 3 => 2,
                _ => continue,
            };
            self.toggle(depth, after.get(1..).unwrap_or_default());
        }
        self.slashes = self.slashes_after(text) % 8;
    }

    /// Follows a text without a backslash.
    fn follow_plain(&mut self, text: &[u8]) {
        let Some(last) = memrchr(b'"', text) else { return };
        let quotes = memchr_iter(b'"', text).count();
        let is_inside = self.strings.first().is_some_and(Option::is_some) ^ !quotes.is_multiple_of(2);
        self.strings = [None; DEPTHS];
        if is_inside {
            self.toggle(0, text.get(last + 1..).unwrap_or_default());
        }
    }

    /// How many backslashes came last, after a text.
    fn slashes_after(&self, text: &[u8]) -> usize {
        let slashes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
        if slashes == text.len() { slashes + self.slashes } else { slashes }
    }

    /// A quote of a string at this depth, before a text.
    fn toggle(&mut self, depth: usize, text: &[u8]) {
        let (outer, inner) = self.strings.split_at_mut(depth);
        if outer.iter().any(Option::is_none) {
            return;
        }
        if let Some((string, deeper)) = inner.split_first_mut() {
            *string = if string.is_none() { Some(Text::beginning(text)) } else { None };
            deeper.fill(None);
        }
    }

    /// What stands around a string here, where a number may stand; `None` inside a string that holds no document.
    pub(crate) fn around_value(&self) -> Option<Quote> {
        match self.strings {
            [None, ..] => Some(Quote::Double { depth: 0 }),
            [Some(Text::Document), None, _] => Some(Quote::Double { depth: 1 }),
            [Some(_), Some(Text::Document), None] => Some(Quote::Double { depth: 2 }),
            _ => None,
        }
    }
}

impl Text {
    /// What holds such a text, which may begin with blanks and with the escapes of line breaks.
    fn beginning(text: &[u8]) -> Self {
        match text.iter().find(|byte| !matches!(byte, b' ' | b'\\' | b'n' | b'r' | b't')) {
            None => Self::Unknown,
            Some(b'{' | b'[') => Self::Document,
            Some(_) => Self::Other,
        }
    }
}

/// Whether a value of JSON may follow a text, by its last sign before blanks and the escapes of line breaks.
pub(crate) fn may_end_before_value(text: &[u8]) -> bool {
    let mut text = text.trim_ascii_end();
    while let Some((b'n' | b'r' | b't', before)) = text.split_last()
        && before.ends_with(b"\\")
    {
        let slashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
        text = before.get(..before.len() - slashes).unwrap_or_default().trim_ascii_end();
    }
    matches!(text.last(), Some(b':' | b',' | b'['))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn depth_after(chunks: &[&[u8]]) -> Option<&'static str> {
        let mut quotes = Quotes::default();
        chunks.iter().for_each(|chunk| quotes.follow(chunk));
        quotes.around_value().map(Quote::as_str)
    }

    #[test]
    fn a_quote_begins_or_ends_a_string_unless_it_is_escaped() {
        for (text, expected) in [
            (r#"{"a":"#, Some(r#"""#)),
            (r#"{"a":"x"#, None),
            (r#"{"a":"x\""#, None),
            (r#"{"a":"x\\""#, Some(r#"""#)),
            ("data: {\"a", None),
            ("data: {\"a\n", Some(r#"""#)),
            (r#""\"#, None),
            (r#"{"a":"{\"b\":"#, Some(r#"\""#)),
            (r#"{"a":"\n [\"b\","#, Some(r#"\""#)),
            (r#"{"a":"b {\"b\":"#, None),
            (r#"{"a":"{\"b"#, None),
            (r#"{"a":"{\"b\\\"c\":"#, Some(r#"\""#)),
            (r#"{"a":"{\"b\":\"{\\\"c\\\":"#, Some(r#"\\\""#)),
            (r#"{"a":"{\"b\":\"{\\\"c"#, None),
            (r#"{"a":"{\"b\":\"{\\\"c\\\":1}\","#, Some(r#"\""#)),
            (r#"{"a":"{\"b\\\\\":"#, Some(r#"\""#)),
            (r#"{"a":"{\"b\":1}","c":"#, Some(r#"""#)),
        ] {
            assert_eq!(depth_after(&[text.as_bytes()]), expected, "{text}");
        }
    }

    #[test]
    fn a_value_follows_a_colon_a_comma_or_a_bracket() {
        for text in ["{\"a\": ", "[", "[1,", r#"{\"a\":\n  "#, r"[\\n\\t"] {
            assert!(may_end_before_value(text.as_bytes()), "{text}");
        }
        for text in ["", "call ", "[note] call", r"{now\n"] {
            assert!(!may_end_before_value(text.as_bytes()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cut_makes_no_difference(text in r#"["\\a{ \n]{0,40}"#, cut in 0_usize..40) {
            let (one, other) = text.as_bytes().split_at(cut.min(text.len()));
            prop_assert_eq!(depth_after(&[one, other]), depth_after(&[text.as_bytes()]));
        }
    }
}
