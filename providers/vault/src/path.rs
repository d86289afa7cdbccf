//! A path of Vault's API, as a policy writes it.

use std::{fmt, str::FromStr};

/// Leaves room in the id of a lease, which begins with the path it was read from.
const LENGTH_MAX: usize = 128;

/// A mount, a role, or the path of a secret, such as `database/creds/readonly`: what stands behind `/v1/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VaultPath(String);

/// Why a text is not a path.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error(
    "a path of Vault is 1 to 128 characters of A-Z, a-z, 0-9, '_', '-', '.' and '/', without '/v1/', and without empty, '.' and \
     '..' segments"
)]
pub struct InvalidVaultPath;

impl VaultPath {
    /// The path as text, without a slash at either end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VaultPath {
    type Err = InvalidVaultPath;

    fn from_str(text: &str) -> Result<Self, InvalidVaultPath> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/');
        let is_plain = |segment: &str| !matches!(segment, "" | "." | "..");
        let is_path = text.len() <= LENGTH_MAX && text.bytes().all(fits) && text.split('/').all(is_plain);
        if is_path && !text.starts_with("v1/") { Ok(Self(text.to_owned())) } else { Err(InvalidVaultPath) }
    }
}

impl fmt::Display for VaultPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_plain_segments() {
        for path in ["jwt", "database/creds/readonly", "secret/data/app.v2/key_1"] {
            assert_eq!(path.parse::<VaultPath>().unwrap().as_str(), path);
        }
        for refused in ["", "/a", "a/", "a//b", "a/../sys/seal", "./a", "v1/a", "a?b", "a b", "a%2fb", "\u{e9}"] {
            assert_eq!(refused.parse::<VaultPath>(), Err(InvalidVaultPath), "{refused:?}");
        }
        assert!("x".repeat(LENGTH_MAX).parse::<VaultPath>().is_ok());
        assert!("x".repeat(LENGTH_MAX + 1).parse::<VaultPath>().is_err());
    }
}
