//! What patterns say, which are refused, and texts made of them.

use proptest::prelude::*;

use super::*;

impl Pattern {
    /// A text with this shape, and where its secret part is. `random` is any number, again and again.
    pub(crate) fn sample(&self, random: &mut impl FnMut() -> usize) -> (Vec<u8>, (usize, usize)) {
        let (mut text, mut secret) = (Vec::new(), (0, 0));
        for (number, item) in self.items.iter().enumerate() {
            if number == self.secret.0 {
                secret.0 = text.len();
            }
            match item {
                Item::Text { bytes, .. } => text.extend_from_slice(bytes),
                Item::Run { set, min, max } => {
                    let bytes = (0..128).filter(|byte| holds(*set, *byte)).collect::<Vec<u8>>();
                    let count = min + random() % (max.unwrap_or(min + 40).min(min + 40) - min + 1);
                    text.extend((0..count).map(|_| bytes[random() % bytes.len()]));
                }
                Item::Pem { min } => {
                    let bytes = (0..128).filter(|byte| holds(class("base64").unwrap(), *byte)).collect::<Vec<u8>>();
                    text.push(b'\n');
                    text.extend((0..min + random() % 40).map(|_| bytes[random() % bytes.len()]));
                    text.extend_from_slice(b"\n-----END PRIVATE KEY-----");
                }
            }
            if number + 1 == self.secret.1 {
                secret.1 = text.len();
            }
        }
        (text, secret)
    }
}

fn read(pattern: &str, text: &str, is_end: bool) -> Reading {
    Pattern::parse(pattern).unwrap().read(text.as_bytes(), 0, is_end)
}

#[test]
fn a_text_is_read_by_its_pattern() {
    let yes = |start, end| Reading::Yes { secret: (start, end), certain: end };
    for (pattern, text, reading) in [
        ("'gh' [op] '_' alnum{3}", "ghp_a1B", yes(0, 7)),
        ("'gh' [op] '_' alnum{3}", "gho_a1B.", yes(0, 7)),
        ("'gh' [op] '_' alnum{3}", "ghx_a1B", Reading::No),
        ("'gh' [op] '_' alnum{3}", "ghp_a1", Reading::No),
        ("'gh' [op] '_' alnum{3}", "ghp_a1B4", Reading::No),
        ("'gh' [op] '_' alnum{3}", "ghp_a1B_", Reading::No),
        ("~'basic ' (base64{2..4})", "BASIC ab=", yes(6, 8)),
        ("~'basic ' (base64{2..4})", "Basic abcde", Reading::No),
        ("'://' alnum{0..3} ':' (alnum{1..9}) '@'", "://u:pw@h", yes(5, 7)),
        ("'://' alnum{0..3} ':' (alnum{1..9}) '@'", "://:pw@h", yes(4, 6)),
        ("'://' alnum{0..3} ':' (alnum{1..9}) '@'", "://u:@h", Reading::No),
        ("'k' hex{2..}", "kabcd-", Reading::Yes { secret: (0, 5), certain: 3 }),
        ("'k' uuid", "k01234567-89ab-cdef-0123-456789abcdef", yes(0, 37)),
    ] {
        assert_eq!(read(pattern, text, true), reading, "{pattern} in {text}");
    }
}

#[test]
fn a_text_that_ends_too_early_says_where_a_secret_may_begin() {
    let more = |secret| Reading::More { secret };
    for (pattern, text, reading) in [
        ("'ghp_' alnum{3}", "gh", more(0)),
        ("'ghp_' alnum{3}", "ghp_a", more(0)),
        ("'ghp_' alnum{3}", "ghp_abc", more(0)),
        ("'ghp_' alnum{3}", "gx", Reading::No),
        ("'://' alnum{0..3} ':' (alnum{1..9}) '@'", "://u:", more(5)),
        ("'://' alnum{0..3} ':' (alnum{1..9}) '@'", "://u", more(4)),
        ("'://' alnum{0..3} ':' (alnum{1..9}) '@'", "://u:abc", more(5)),
        ("'k' hex{2..}", "kab", Reading::Yes { secret: (0, 3), certain: 3 }),
        ("'k' hex{2..}", "ka", more(0)),
    ] {
        assert_eq!(read(pattern, text, false), reading, "{pattern} in {text}");
    }
}

#[test]
fn what_could_be_read_in_two_ways_or_without_bound_is_refused() {
    for (pattern, error) in [
        ("", PatternError::Empty),
        ("abc", PatternError::UnknownClass(0)),
        ("'abc", PatternError::Unclosed(0)),
        ("''", PatternError::Unknown(0)),
        ("?", PatternError::Unknown(0)),
        ("hex{4", PatternError::Unclosed(3)),
        ("hex{4..2}", PatternError::Count(3)),
        ("hex{x}", PatternError::Count(3)),
        ("hex{0}", PatternError::Count(3)),
        ("hex{2..4} 'a'", PatternError::Ambiguous(1)),
        ("hex{2..4} [x]{0..1} 'a'", PatternError::Ambiguous(1)),
        ("hex{2..} 'x'", PatternError::TooLong),
        ("pem{9} 'x'", PatternError::TooLong),
        ("hex{2..4000}", PatternError::TooLong),
        ("(hex) (hex)", PatternError::Parentheses),
        ("()", PatternError::Parentheses),
        ("(hex", PatternError::Parentheses),
        ("hex{90} (hex)", PatternError::TooFar),
    ] {
        assert_eq!(Pattern::parse(pattern).unwrap_err(), error, "{pattern}");
    }
}

proptest! {
    #[test]
    fn no_pattern_and_no_text_make_it_panic(pattern in "[a-z'~(){}0-9. \\[\\]]{0,40}", text in "\\PC{0,40}") {
        if let Ok(pattern) = Pattern::parse(&pattern) {
            pattern.read(text.as_bytes(), 0, false);
            pattern.read(text.as_bytes(), 0, true);
        }
    }
}
