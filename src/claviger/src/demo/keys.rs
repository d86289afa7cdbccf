//! Random keys in the part of upstream credentials, and the search for them where none may stand.

use std::fmt::Write as _;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};
use secret::Secret;
use zeroize::Zeroizing;

use crate::output::Failure;

/// As long as the tokens that real services hand out.
const KEY_LENGTH: usize = 40;
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A key that is stored in the vault. Here it is in the open, since this also plays its upstream; it cannot be printed all the same.
pub(super) struct StoredKey(Zeroizing<String>);

impl StoredKey {
    pub(super) fn random() -> Result<Self, Failure> {
        random_text(KEY_LENGTH).map(Zeroizing::new).map(Self)
    }

    /// The value, for the vault.
    pub(super) fn to_secret(&self) -> Secret {
        Secret::new(self.0.clone())
    }

    /// What may be said of it.
    pub(super) fn description(&self) -> String {
        let digest = digest(&SHA256, self.0.as_bytes());
        let start = digest.as_ref().iter().take(4).fold(String::new(), |mut hex, byte| {
            let _infallible = write!(hex, "{byte:02x}");
            hex
        });
        format!("{KEY_LENGTH} characters, SHA-256 {start}…")
    }

    /// Whether a header's value is this key after `prefix`.
    pub(super) fn is_in_slot(&self, prefix: &str, value: &str) -> bool {
        value.strip_prefix(prefix) == Some(self.0.as_str())
    }

    /// The text with the key's description in its place.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        text.replace(self.0.as_str(), &format!("‹the stored key: {}›", self.description()))
    }

    /// Whether the key or a half of it stands in `bytes`: as it is, in hexadecimal, or in base64 at any of the three alignments.
    pub(super) fn stands_in(&self, bytes: &[u8]) -> bool {
        let (first, second) = self.0.split_at(KEY_LENGTH / 2);
        [first, second].iter().flat_map(|half| forms(half)).any(|form| contains(bytes, form.as_bytes()))
    }
}

/// Random letters and digits.
pub(super) fn random_text(length: usize) -> Result<String, Failure> {
    let random = SystemRandom::new();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut byte = [0];
        random.fill(&mut byte).map_err(|_| Failure::new("the operating system gives no random bytes"))?;
        // A byte beyond the alphabet is thrown away, so that each character is as likely as any other.
        text.extend(ALPHABET.get(usize::from(byte[0] & 63)).copied().map(char::from));
    }
    Ok(text)
}

fn forms(text: &str) -> Vec<Zeroizing<String>> {
    let hex = text.bytes().fold(String::new(), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    });
    let mut forms = vec![text.to_owned(), hex.to_uppercase(), hex];
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(text.as_bytes());
        for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            // The outermost characters also depend on what stands before and after.
            let own = encoded.get(before + usize::from(before > 0)..encoded.len() - 1);
            forms.extend(own.map(str::to_owned));
        }
    }
    forms.into_iter().map(Zeroizing::new).collect()
}

fn contains(bytes: &[u8], form: &[u8]) -> bool {
    bytes.windows(form.len()).any(|window| window == form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_every_form_and_not_where_it_is_hidden() {
        let (key, other) = (StoredKey::random().unwrap(), StoredKey::random().unwrap());
        let value = key.0.to_string();
        let hex: String = value.bytes().map(|byte| format!("{byte:02X}")).collect();
        let mut texts = vec![format!("a {value} b"), format!("half {}", &value[20..]), hex];
        for before in ["", "x", "xy", "Bearer "] {
            texts.push(STANDARD_NO_PAD.encode(format!("{before}{value}, and more")));
            texts.push(URL_SAFE_NO_PAD.encode(format!("{before}{value}")));
        }
        for text in texts {
            assert!(key.stands_in(text.as_bytes()), "in a text of {} bytes", text.len());
            assert!(!other.stands_in(text.as_bytes()));
        }
        let hidden = key.hidden_in(&format!("Bearer {value}"));
        assert!(!key.stands_in(hidden.as_bytes()));
        assert_eq!(hidden, format!("Bearer ‹the stored key: {}›", key.description()));
    }
}
