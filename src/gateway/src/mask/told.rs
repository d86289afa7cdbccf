//! What a caller is told of finds in an answer: of which class, and how often. Never what, and never where.

use std::{collections::BTreeMap, fmt::Write as _};

use http::{HeaderMap, HeaderName, HeaderValue};
use mcp::Object;
use redact::{Class, Profile, Report};

/// What was masked, in the `_meta` of a result.
const MASKED: &str = "io.claviger/masked";
/// What was found there and left as it was.
const DETECTED: &str = "io.claviger/detected";

/// What the head of a plain answer says of the same, as a dictionary (RFC 8941, section 3.2).
const MASKED_FIELD: HeaderName = HeaderName::from_static("claviger-masked");
const DETECTED_FIELD: HeaderName = HeaderName::from_static("claviger-detected");

/// What is put into the `_meta` of a result; nothing where nothing was found.
pub(super) fn members(found: &Report, names: &Profile) -> Object {
    let counted = |counts: Object| (!counts.is_empty()).then_some(counts);
    let counts = |classes: &mut dyn Iterator<Item = (Class, u64)>| {
        counted(classes.fold(Object::new(), |counts, (class, count)| counts.with(names.name(class), count)))
    };
    Object::new().with_some(MASKED, counts(&mut found.classes())).with_some(DETECTED, counts(&mut found.detected()))
}

/// Says the same in header fields.
pub(super) fn write_fields(found: &Report, names: &Profile, headers: &mut HeaderMap) {
    for (field, value) in
        [(MASKED_FIELD, dictionary(found.classes(), names)), (DETECTED_FIELD, dictionary(found.detected(), names))]
    {
        if let Some(value) = value {
            headers.insert(field, value);
        }
    }
}

fn dictionary(classes: impl Iterator<Item = (Class, u64)>, names: &Profile) -> Option<HeaderValue> {
    let mut counts = BTreeMap::<String, u64>::new();
    for (class, count) in classes {
        *counts.entry(key(names.name(class))).or_default() += count;
    }
    let mut text = String::new();
    for (key, count) in counts {
        let separator = if text.is_empty() { "" } else { ", " };
        let _infallible = write!(text, "{separator}{key}={count}");
    }
    HeaderValue::try_from(text).ok().filter(|value| !value.is_empty())
}

/// A name as a key of a dictionary: in lower case, and an underscore for what cannot stand in one. An operator's own name may begin
/// with what a key does not begin with.
fn key(name: &str) -> String {
    let letters = name.chars().map(|letter| match letter.to_ascii_lowercase() {
        letter @ ('a'..='z' | '0'..='9' | '-' | '.') => letter,
        _ => '_',
    });
    let start = if name.starts_with(|letter: char| letter.is_ascii_alphabetic()) { "" } else { "*" };
    start.chars().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_keys_of_a_dictionary() {
        for (name, expected) in
            [("live_secret", "live_secret"), ("US_SSN", "us_ssn"), ("Konto-Nr. Ä", "konto-nr.__"), ("2nd", "*2nd")]
        {
            assert_eq!(key(name), expected);
        }
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        let (found, names, mut headers) = (Report::default(), Profile::new(), HeaderMap::new());
        write_fields(&found, &names, &mut headers);
        assert!(members(&found, &names).is_empty() && headers.is_empty());
    }
}
