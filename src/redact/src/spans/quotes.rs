//! Whether a place in JSON, or in an event stream of JSON, is inside a string.

use memchr::{memchr, memchr_iter, memchr2_iter, memrchr};

/// Follows a stream of JSON. A line break resets it: none can stand in a string (RFC 8259, section 7).
#[derive(Debug, Default)]
pub(crate) struct Quotes {
    is_inside: bool,
    /// Whether the last byte was a backslash that escapes the next one.
    is_escaped: bool,
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
        if !self.is_escaped && memchr(b'\\', text).is_none() {
            self.is_inside ^= memchr_iter(b'"', text).count() % 2 == 1;
            return;
        }
        let mut literal = usize::from(self.is_escaped);
        for at in memchr2_iter(b'"', b'\\', text).filter(|at| *at < text.len()) {
            if at < literal {
                continue;
            }
            if text.get(at) == Some(&b'\\') {
                literal = at + 2;
            } else {
                self.is_inside = !self.is_inside;
            }
        }
        self.is_escaped = literal > text.len();
    }

    /// Whether what follows is inside a string.
    pub(crate) const fn is_inside(&self) -> bool {
        self.is_inside
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inside_after(chunks: &[&[u8]]) -> bool {
        let mut quotes = Quotes::default();
        chunks.iter().for_each(|chunk| quotes.follow(chunk));
        quotes.is_inside()
    }

    #[test]
    fn a_quote_begins_or_ends_a_string_unless_it_is_escaped() {
        for (text, expected) in [
            ("{\"a\":", false),
            ("{\"a\":\"x", true),
            ("{\"a\":\"x\\\"", true),
            ("{\"a\":\"x\\\\\"", false),
            ("data: {\"a", true),
            ("data: {\"a\n", false),
            ("\"\\", true),
        ] {
            assert_eq!(inside_after(&[text.as_bytes()]), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cut_makes_no_difference(text in r#"["\\a\n]{0,40}"#, cut in 0_usize..40) {
            let (one, other) = text.as_bytes().split_at(cut.min(text.len()));
            prop_assert_eq!(inside_after(&[one, other]), inside_after(&[text.as_bytes()]));
        }
    }
}
