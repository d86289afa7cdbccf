//! Names of the broker's own keys.

use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

/// A key of the broker itself, such as one that signs session tokens. Its records and those of credentials share no space.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(Arc<str>);

/// Why a text does not name a key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the name of a key must be 1 to {LENGTH_MAX} characters of a-z, 0-9 and '-'")]
pub struct InvalidKeyName;

/// Long enough for a purpose and a digest of a public key, short enough for a log line.
const LENGTH_MAX: usize = 96;

impl KeyName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = InvalidKeyName;

    fn from_str(text: &str) -> Result<Self, InvalidKeyName> {
        let plain = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if (1..=LENGTH_MAX).contains(&text.len()) && plain { Ok(Self(text.into())) } else { Err(InvalidKeyName) }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Borrow<str> for KeyName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_name_is_a_plain_word() {
        assert_eq!("audit-signing".parse::<KeyName>().unwrap().as_str(), "audit-signing");
        for refused in ["", "Audit", "a b", "a/b", "a.b", &"a".repeat(97)] {
            assert_eq!(refused.parse::<KeyName>(), Err(InvalidKeyName), "{refused}");
        }
    }
}
