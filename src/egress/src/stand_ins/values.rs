//! The personal values of one session, each behind its pseudonym.

use std::{collections::HashMap, sync::Arc};

use model::UpstreamName;
use ring::{hmac, rand::SystemRandom};
use secret::Secret;
use zeroize::Zeroizing;

use super::pseudonym::Pseudonym;

/// How many values a session keeps; a customer list of several pages fits.
const VALUES_MAX: usize = 4096;
/// The longest value that is kept. Nothing that names a person is longer, and a body cannot grow by much where values return.
const VALUE_BYTES_MAX: usize = 256;

/// The values of a session.
pub(super) struct Values {
    /// Of this session alone, so that nobody can tell values of two sessions apart or together. `None` once it is over.
    key: Option<hmac::Key>,
    kept: HashMap<Pseudonym, Value>,
}

struct Value {
    text: Arc<Secret>,
    /// Who sent it. It goes back to them, and to nobody else.
    upstreams: Vec<UpstreamName>,
}

impl Values {
    pub(super) fn new(random: &SystemRandom) -> Self {
        Self { key: hmac::Key::generate(hmac::HMAC_SHA256, random).ok(), kept: HashMap::new() }
    }

    /// Keeps a value that `upstream` sent, and gives what stands for it. `None` where it cannot be kept.
    pub(super) fn keep(&mut self, kind: &str, value: &[u8], upstream: &UpstreamName) -> Option<Pseudonym> {
        let value = str::from_utf8(value).ok().filter(|value| is_plain(value))?;
        let pseudonym = Pseudonym::of(self.key.as_ref()?, kind, value);
        if let Some(known) = self.kept.get_mut(&pseudonym) {
            if !known.upstreams.contains(upstream) {
                known.upstreams.push(upstream.clone());
            }
            return Some(pseudonym);
        }
        if self.kept.len() >= VALUES_MAX {
            return None;
        }
        let text = Arc::new(Secret::new(Zeroizing::new(value.to_owned())));
        self.kept.insert(pseudonym.clone(), Value { text, upstreams: vec![upstream.clone()] });
        Some(pseudonym)
    }

    /// The value, where `upstream` sent it.
    pub(super) fn find(&self, pseudonym: &Pseudonym, upstream: &UpstreamName) -> Option<Arc<Secret>> {
        let value = self.kept.get(pseudonym).filter(|value| value.upstreams.contains(upstream))?;
        Some(Arc::clone(&value.text))
    }

    /// Forgets everything, and keeps nothing more.
    pub(super) fn end(&mut self) {
        self.key = None;
        self.kept.clear();
    }
}

/// Whether a value is written the same way wherever text stands: in JSON however deep, in XML, and in a form once it is decoded. So
/// it does not matter in what it was found and into what it returns.
fn is_plain(value: &str) -> bool {
    let is_special = |letter: char| letter.is_control() || matches!(letter, '"' | '\\' | '<' | '>' | '&' | '%');
    value.len() <= VALUE_BYTES_MAX && !value.contains(is_special)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> UpstreamName {
        text.parse().unwrap()
    }

    #[test]
    fn a_value_returns_to_whoever_sent_it() {
        let mut values = Values::new(&SystemRandom::new());
        let (crm, shop, mail) = (name("crm"), name("shop"), name("mail"));
        let one = values.keep("EMAIL_ADDRESS", b"ann@mail.example", &crm).unwrap();
        assert_eq!(values.keep("EMAIL_ADDRESS", b"ann@mail.example", &shop), Some(one.clone()));
        for (upstream, is_known) in [(&crm, true), (&shop, true), (&mail, false)] {
            assert_eq!(values.find(&one, upstream).is_some(), is_known, "{upstream}");
        }
        values.end();
        assert!(values.find(&one, &crm).is_none() && values.keep("OWN", b"ACCT-1", &crm).is_none());
    }

    #[test]
    fn what_would_be_written_in_several_ways_is_not_kept_and_neither_is_too_much() {
        let (mut values, crm) = (Values::new(&SystemRandom::new()), name("crm"));
        let long = "x".repeat(VALUE_BYTES_MAX + 1);
        for value in ["\"a b\"@c.example", "jos\\u00e9@a.example", "a%40b.example", "a&amp;b", "a\nb", &long] {
            assert_eq!(values.keep("OWN", value.as_bytes(), &crm), None, "{value}");
        }
        assert_eq!(values.keep("OWN", b"\xff", &crm), None);
        let kept = (0..VALUES_MAX + 10).filter(|n| values.keep("OWN", format!("ACCT-{n}").as_bytes(), &crm).is_some());
        assert_eq!(kept.count(), VALUES_MAX);
        assert!(values.keep("OWN", b"ACCT-0", &crm).is_some(), "one that is known keeps its pseudonym");
    }
}
