//! What an agent holds in place of a token that an upstream issued to it.

use std::{fmt, sync::LazyLock};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use memchr::memmem;
use ring::{
    digest::{SHA256, digest},
    error::Unspecified,
    rand::SecureRandom,
};

/// How many random bytes nobody guesses.
const RANDOM_BYTES: usize = 32;

/// A text that stands for a token, and says nothing of it. Its characters stand for themselves in JSON, XML, header fields, forms and
/// URLs alike, so a handle is written one way only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Handle([u8; Self::LENGTH]);

impl Handle {
    /// How each handle begins, so that an agent and its author know one when they see it.
    pub const PREFIX: &str = "claviger-handle_";

    /// The length of each handle, whatever it stands for: the prefix, and 32 bytes in base64.
    pub const LENGTH: usize = Self::PREFIX.len() + (RANDOM_BYTES * 4).div_ceil(3);

    pub(super) fn random(random: &dyn SecureRandom) -> Result<Self, Unspecified> {
        let mut bytes = [0; RANDOM_BYTES];
        random.fill(&mut bytes)?;
        let text = format!("{}{}", Self::PREFIX, URL_SAFE_NO_PAD.encode(bytes));
        text.as_bytes().try_into().map(Self).map_err(|_| Unspecified)
    }

    /// The handles in a text, and where each begins.
    pub fn find_in(text: &[u8]) -> impl Iterator<Item = (usize, Self)> + '_ {
        static PREFIX: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(Handle::PREFIX));
        PREFIX.find_iter(text).filter_map(|at| {
            let handle: [u8; Self::LENGTH] = text.get(at..)?.first_chunk().copied()?;
            handle.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)).then_some((at, Self(handle)))
        })
    }

    /// The text.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What the record and the log call it. Who reads them cannot use it.
    #[must_use]
    pub fn id(&self) -> HandleId {
        let mut id = [0; 8];
        id.iter_mut().zip(digest(&SHA256, &self.0).as_ref()).for_each(|(byte, digest)| *byte = *digest);
        HandleId(u64::from_be_bytes(id))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.id())
    }
}

/// The name of a handle: the first 16 hexadecimal digits of its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandleId(u64);

impl fmt::Display for HandleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;

    use super::*;

    #[test]
    fn handles_are_found_and_told_apart() {
        let [one, other] = [(); 2].map(|()| Handle::random(&SystemRandom::new()).unwrap());
        assert_ne!(one, other);
        let text = format!("a{}\"{}", str::from_utf8(&one.0).unwrap(), str::from_utf8(&other.0).unwrap());
        let found: Vec<_> = Handle::find_in(text.as_bytes()).collect();
        assert_eq!(found, [(1, one.clone()), (2 + Handle::LENGTH, other)]);
        assert_eq!(format!("{one:?}"), format!("Handle({})", one.id()));
        for text in ["claviger-handle_", "claviger-handle_short", &format!("claviger-handle_{}", "+".repeat(43))] {
            assert_eq!(Handle::find_in(text.as_bytes()).count(), 0, "{text}");
        }
    }
}
