//! What an agent reads in place of a personal value.

use std::sync::LazyLock;

use memchr::memmem;
use ring::hmac;

/// A text that stands for a value, and says of it nothing but its kind: `claviger-us-ssn_` and 20 letters. Its characters stand for
/// themselves in JSON, XML, forms and URLs alike, so a pseudonym is written one way only; without digits in it, nobody takes it for a
/// number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pseudonym(Box<str>);

/// How each pseudonym begins, so that an agent and its author know one when they see it.
const PREFIX: &str = "claviger-";
/// Two values share a pseudonym by a chance of 2⁻⁸⁰.
const LETTERS: usize = 20;
/// Four bits a letter; without vowels, no words come out.
const ALPHABET: &[u8; 16] = b"bcdfghjklmnpqrst";
/// No kind has a longer name.
const KIND_LENGTH_MAX: usize = 32;

impl Pseudonym {
    /// The pseudonym of a value under the key of a session.
    pub(super) fn of(key: &hmac::Key, kind: &str, value: &str) -> Self {
        let kind: String = kind.chars().take(KIND_LENGTH_MAX).filter_map(letter_of_kind).collect();
        let mut context = hmac::Context::with_key(key);
        [kind.as_bytes(), b"\0", value.as_bytes()].iter().for_each(|part| context.update(part));
        let tag = context.sign();
        let halves = tag.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        let letters = halves.filter_map(|half| ALPHABET.get(usize::from(half)).copied().map(char::from));
        let text: String = PREFIX.chars().chain(kind.chars()).chain(['_']).chain(letters.take(LETTERS)).collect();
        Self(text.into())
    }

    /// What has the form of a pseudonym in a text, and where each begins.
    pub fn find_in(text: &[u8]) -> impl Iterator<Item = (usize, Self)> + '_ {
        static START: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(PREFIX));
        START.find_iter(text).filter_map(|at| {
            let rest = text.get(at + PREFIX.len()..)?;
            let is_kind = |byte: &&u8| byte.is_ascii_lowercase() || **byte == b'-';
            let kind = rest.iter().take(KIND_LENGTH_MAX).take_while(is_kind).count();
            let letters = rest.get(kind..)?.strip_prefix(b"_")?.get(..LETTERS)?;
            let end = at + PREFIX.len() + kind + 1 + LETTERS;
            let found = text.get(at..end).filter(|_| letters.iter().all(|letter| ALPHABET.contains(letter)))?;
            Some((at, Self(str::from_utf8(found).ok()?.into())))
        })
    }

    /// The text.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

fn letter_of_kind(letter: char) -> Option<char> {
    match letter.to_ascii_lowercase() {
        '_' | '-' => Some('-'),
        letter if letter.is_ascii_lowercase() => Some(letter),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;

    use super::*;

    fn key() -> hmac::Key {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).unwrap()
    }

    #[test]
    fn a_value_has_one_pseudonym_under_a_key_and_of_a_kind() {
        let (key, other) = (key(), key());
        let of = |key, kind, value| Pseudonym::of(key, kind, value);
        let one = of(&key, "US_SSN", "123-45-6789");
        assert_eq!(one, of(&key, "US_SSN", "123-45-6789"));
        for differs in
            [of(&key, "US_SSN", "123-45-6788"), of(&key, "US_ITIN", "123-45-6789"), of(&other, "US_SSN", "123-45-6789")]
        {
            assert_ne!(one, differs);
        }
        assert!(one.as_str().starts_with("claviger-us-ssn_"), "{one:?}");
        assert_eq!(one.as_str().len(), of(&key, "US_SSN", "a much longer value").as_str().len());
        assert!(!one.as_str().contains(|letter: char| letter.is_ascii_digit()), "{one:?}");
    }

    #[test]
    fn pseudonyms_are_found_in_a_text_wherever_they_stand() {
        let key = key();
        let (one, other) = (Pseudonym::of(&key, "EMAIL_ADDRESS", "a@b.example"), Pseudonym::of(&key, "OWN", "ACCT-1"));
        let text = format!("to={}&x={}{}.", one.as_str(), other.as_str(), one.as_str());
        let second = 6 + one.as_str().len();
        let third = second + other.as_str().len();
        let found: Vec<_> = Pseudonym::find_in(text.as_bytes()).collect();
        assert_eq!(found, [(3, one.clone()), (second, other), (third, one)]);
        let short = format!("claviger-us-ssn_{}", "b".repeat(19));
        let vowel = format!("claviger-us-ssn_{}a", "b".repeat(19));
        let long_kind = format!("claviger-{}_{}", "k".repeat(33), "b".repeat(20));
        for text in ["claviger-", "claviger-us-ssn", "claviger-us-ssn_", &short, &vowel, &long_kind] {
            assert_eq!(Pseudonym::find_in(text.as_bytes()).count(), 0, "{text}");
        }
    }
}
