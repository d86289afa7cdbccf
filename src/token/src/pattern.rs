//! A text with `*` for any run of characters, compared with the whole of a claim.

use std::str::FromStr;

/// A pattern such as `repo:acme/*:environment:prod`. It is anchored: what stands before the first and after the last `*` must be
/// the beginning and the end of the claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    head: String,
    middle: Vec<String>,
    tail: String,
}

/// Why a text is not a pattern.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidPattern {
    /// There is no `*`, so equality says it better.
    #[error("a pattern without `*`; write it as an equal value")]
    NoWildcard,
    /// The pattern would match everything.
    #[error("a pattern of `*` alone matches everything; name what the claim must begin or end with")]
    MatchesEverything,
}

impl Pattern {
    /// Whether the whole text fits.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let Some(rest) = text.strip_prefix(self.head.as_str()) else { return false };
        let Some(mut rest) = rest.strip_suffix(self.tail.as_str()) else { return false };
        // The first place where a part fits leaves the most room for the parts after it, so no other needs trying.
        for part in &self.middle {
            let Some((_, after)) = rest.split_once(part.as_str()) else { return false };
            rest = after;
        }
        true
    }
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let (head, rest) = text.split_once('*').ok_or(InvalidPattern::NoWildcard)?;
        if text.bytes().all(|byte| byte == b'*') {
            return Err(InvalidPattern::MatchesEverything);
        }
        let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
        let middle = middle.split('*').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Ok(Self { head: head.to_owned(), middle, tail: tail.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        pattern.parse::<Pattern>().unwrap().matches(text)
    }

    #[test]
    fn a_pattern_is_anchored_at_both_ends() {
        assert!(matches("repo:acme/*:ref:refs/heads/main", "repo:acme/app:ref:refs/heads/main"));
        assert!(matches("a*", "a") && matches("*a", "a") && matches("a*b*c", "a-b-b-c") && matches("a**b", "ab"));
        for (pattern, text) in [
            ("repo:acme/*", "x-repo:acme/app"),
            ("*:main", "repo:acme:main-2"),
            ("repo:acme/*:main", "repo:acme-evil/app:main"),
            ("aba*aba", "aba"),
            ("a*b*c", "a-c"),
            ("a*bb*b", "a-bb"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert_eq!("plain".parse::<Pattern>(), Err(InvalidPattern::NoWildcard));
        assert_eq!("**".parse::<Pattern>(), Err(InvalidPattern::MatchesEverything));
    }

    /// The definition, tried every way.
    fn model(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|skipped| model(rest, &text[skipped..])),
            Some((byte, rest)) => text.split_first().is_some_and(|(first, after)| first == byte && model(rest, after)),
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_definition(pattern in "[ab*]{1,8}", text in "[ab]{0,10}") {
            let Ok(parsed) = pattern.parse::<Pattern>() else { return Ok(()) };
            prop_assert_eq!(parsed.matches(&text), model(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
