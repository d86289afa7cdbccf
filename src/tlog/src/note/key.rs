//! The keys of a signed note: Ed25519 with a name, and the text form of the public one ("vkey").

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::{Note, NoteSignature};

/// The signature type of Ed25519 in a key id and in a vkey.
const ED25519_TYPE: u8 = 0x01;

/// The longest key name that is read; names are schema-less URLs, so far shorter.
pub(crate) const NAME_LENGTH_MAX: usize = 255;

/// The first four bytes of a hash over name and public key.
pub type KeyId = [u8; 4];

/// A key name is empty, too long, or has a space, a plus sign or a control character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key name is 1 to {NAME_LENGTH_MAX} bytes without spaces, plus signs or control characters")]
pub struct InvalidKeyName;

/// A vkey text cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVerifierKey {
    /// Not `name+hexadecimal id+base64 key`.
    #[error("a verifier key reads NAME+ID+KEY, with eight hexadecimal digits and base64")]
    Malformed,
    /// A key of another algorithm than Ed25519.
    #[error("the verifier key is not an Ed25519 key")]
    UnknownType,
    /// The id does not belong to this name and key.
    #[error("the id of the verifier key does not belong to its name and key")]
    WrongId,
}

/// The private key of a log; cannot be printed.
pub struct SigningKey {
    name: String,
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

/// The public key that verifies a note.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: KeyId,
    public: [u8; 32],
}

impl SigningKey {
    /// The key with this name and Ed25519 seed (RFC 8032, section 5.1.5).
    ///
    /// # Errors
    /// [`InvalidKeyName`] when the name cannot stand in a signature line.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, InvalidKeyName> {
        check_name(name)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("invariant: every 32 bytes are an Ed25519 seed");
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        let verifier = VerifierKey::new(name, public);
        Ok(Self { name: name.to_owned(), pair, verifier })
    }

    /// The public half.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs a text, which must end with a newline and have no other control character; `None` otherwise.
    #[must_use]
    pub fn sign(&self, text: &str) -> Option<Note> {
        let signature = self.pair.sign(text.as_bytes()).as_ref().to_vec();
        Note::new(text, vec![NoteSignature::new(self.name.clone(), self.verifier.id, signature)])
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.name)
    }
}

impl VerifierKey {
    fn new(name: &str, public: [u8; 32]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(name.as_bytes());
        context.update(&[b'\n', ED25519_TYPE]);
        context.update(&public);
        let mut id = [0; 4];
        id.copy_from_slice(&context.finish().as_ref()[..4]);
        Self { name: name.to_owned(), id, public }
    }

    /// The key's name; of a log, its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's id.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    pub(super) fn accepts(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public).verify(text.as_bytes(), signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519_TYPE];
        key.extend_from_slice(&self.public);
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id), STANDARD.encode(key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = InvalidVerifierKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(InvalidVerifierKey::Malformed);
        };
        check_name(name).map_err(|_| InvalidVerifierKey::Malformed)?;
        if id.len() != 8 || !id.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(InvalidVerifierKey::Malformed);
        }
        let id = u32::from_str_radix(id, 16).map_err(|_| InvalidVerifierKey::Malformed)?;
        let key = STANDARD.decode(key).map_err(|_| InvalidVerifierKey::Malformed)?;
        let (&kind, public) = key.split_first().ok_or(InvalidVerifierKey::Malformed)?;
        if kind != ED25519_TYPE {
            return Err(InvalidVerifierKey::UnknownType);
        }
        let public = public.try_into().map_err(|_| InvalidVerifierKey::Malformed)?;
        let verifier = Self::new(name, public);
        if verifier.id == id.to_be_bytes() { Ok(verifier) } else { Err(InvalidVerifierKey::WrongId) }
    }
}

/// Whether a name can stand in a signature line.
pub(super) fn check_name(name: &str) -> Result<(), InvalidKeyName> {
    let fits = (1..=NAME_LENGTH_MAX).contains(&name.len());
    let clean = !name.chars().any(|c| c == '+' || c.is_whitespace() || c.is_control());
    if fits && clean { Ok(()) } else { Err(InvalidKeyName) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_published_verifier_key_reads_and_prints_the_same() {
        assert_eq!(PUBLISHED.parse::<VerifierKey>().unwrap().to_string(), PUBLISHED);
    }

    #[test]
    fn a_verifier_key_that_is_not_whole_is_refused_with_the_reason() {
        let refused = |text: &str| text.parse::<VerifierKey>().unwrap_err();
        for text in ["", "a", "a+b", "a+c74f20a3+", "a b+c74f20a3+AAAA", "a++c74f20+AA==", "PeterNeumann++74f20a3+AAAA"]
        {
            assert_eq!(refused(text), InvalidVerifierKey::Malformed, "{text:?}");
        }
        assert_eq!(refused(&PUBLISHED.replace("+AR", "+BB")), InvalidVerifierKey::UnknownType);
        assert_eq!(refused(&PUBLISHED.replace("c74f", "c74e")), InvalidVerifierKey::WrongId);
        assert_eq!(refused(&PUBLISHED.replace("Peter", "peter")), InvalidVerifierKey::WrongId);
    }

    #[test]
    fn a_name_that_cannot_stand_in_a_line_makes_no_key() {
        for name in ["", "a b", "a+b", "a\nb", "a\u{2003}b", "a\u{1}b", &"n".repeat(256)] {
            assert_eq!(SigningKey::from_seed(name, &[7; 32]).unwrap_err(), InvalidKeyName, "{name:?}");
        }
    }

    #[test]
    fn a_signing_key_does_not_print_its_seed() {
        assert_eq!(
            format!("{:?}", SigningKey::from_seed("example.com/log", &[7; 32]).unwrap()),
            "SigningKey(example.com/log)"
        );
    }
}
