//! Where the key-encryption key comes from: a passphrase or a key file.

use std::{
    fmt, fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use secret::{CannotStretch, FileKey, InvalidKeyFile, KeyEncryptionKey, Parameters, SALT_LENGTH, Secret};

/// The shortest passphrase for a new vault, in characters. Whoever has the file can guess without being seen.
pub const PASSPHRASE_LENGTH_MIN: usize = 12;

/// What opens a vault.
#[derive(Debug)]
pub enum KeySource {
    /// Something that a person enters.
    Passphrase {
        /// The passphrase, without the line's end.
        passphrase: Secret,
        /// What a guess shall cost in a vault that is created or sealed anew; an existing one says itself.
        parameters: Parameters,
    },
    /// Something that a machine reads.
    KeyFile(FileKey),
}

/// The two kinds of a key source, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Something that a person enters.
    Passphrase,
    /// Something that a machine reads.
    KeyFile,
}

/// Why a key file is not used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be opened.
    #[error("the key file {} cannot be opened", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Everyone on this machine can read the key, or others can change it.
    #[error("others can read or write the key file {}; `chmod 600` it", .path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no key.
    #[error("the key file {}", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why.
        source: InvalidKeyFile,
    },
}

impl KeySource {
    /// A passphrase with the recommended parameters.
    #[must_use]
    pub const fn passphrase(passphrase: Secret) -> Self {
        Self::Passphrase { passphrase, parameters: Parameters::RECOMMENDED }
    }

    /// Reads a key file, or a descriptor by its path below `/dev/fd`.
    ///
    /// # Errors
    /// A file that everyone can read is refused, as is one that its group can write; a pipe has no such bits.
    pub fn read_key_file(path: &Path) -> Result<Self, KeyFileError> {
        /// Group may read, so that a secret can be mounted for one group; all else is the owner's.
        const OTHERS: u32 = 0o037;
        let unreadable = |source| KeyFileError::Unreadable { path: path.to_owned(), source };
        let file = fs::File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_file() && metadata.permissions().mode() & OTHERS != 0 {
            return Err(KeyFileError::OpenToOthers { path: path.to_owned() });
        }
        let key = FileKey::read(file).map_err(|source| KeyFileError::Invalid { path: path.to_owned(), source })?;
        Ok(Self::KeyFile(key))
    }

    /// Which kind this is.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        match self {
            Self::Passphrase { .. } => KeyKind::Passphrase,
            Self::KeyFile(_) => KeyKind::KeyFile,
        }
    }

    /// Whether the source may seal a new vault.
    pub(crate) fn is_strong(&self) -> bool {
        match self {
            Self::Passphrase { passphrase, .. } => passphrase.expose().chars().count() >= PASSPHRASE_LENGTH_MIN,
            Self::KeyFile(_) => true,
        }
    }

    /// How a new vault derives its key from this source.
    pub(crate) const fn derivation(&self, salt: [u8; SALT_LENGTH]) -> Derivation {
        match self {
            Self::Passphrase { parameters, .. } => Derivation::Passphrase { salt, parameters: *parameters },
            Self::KeyFile(_) => Derivation::KeyFile { salt },
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passphrase => "passphrase",
            Self::KeyFile => "key file",
        })
    }
}

/// How a vault's key is derived from its source; stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Derivation {
    Passphrase { salt: [u8; SALT_LENGTH], parameters: Parameters },
    KeyFile { salt: [u8; SALT_LENGTH] },
}

impl Derivation {
    pub(crate) const fn kind(&self) -> KeyKind {
        match self {
            Self::Passphrase { .. } => KeyKind::Passphrase,
            Self::KeyFile { .. } => KeyKind::KeyFile,
        }
    }

    /// The key; `None` where the source is of the other kind.
    pub(crate) fn derive(&self, source: &KeySource) -> Option<Result<KeyEncryptionKey, CannotStretch>> {
        match (self, source) {
            (Self::Passphrase { salt, parameters }, KeySource::Passphrase { passphrase, .. }) => {
                Some(KeyEncryptionKey::from_passphrase(passphrase, salt, *parameters))
            }
            (Self::KeyFile { salt }, KeySource::KeyFile(key)) => Some(Ok(KeyEncryptionKey::from_file_key(key, salt))),
            (Self::Passphrase { .. }, KeySource::KeyFile(_)) | (Self::KeyFile { .. }, KeySource::Passphrase { .. }) => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        fs::write(&path, "00112233445566778899aabbccddeeff".repeat(2)).unwrap();
        for (mode, open) in
            [(0o600, false), (0o400, false), (0o440, false), (0o640, false), (0o644, true), (0o660, true)]
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let refused = matches!(KeySource::read_key_file(&path), Err(KeyFileError::OpenToOthers { .. }));
            assert_eq!(refused, open, "{mode:o}");
        }
    }

    #[test]
    fn a_key_file_that_is_missing_or_holds_no_key_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        assert!(matches!(KeySource::read_key_file(&path), Err(KeyFileError::Unreadable { .. })));
        fs::write(&path, "canary-of-no-key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let refused = KeySource::read_key_file(&path).unwrap_err();
        assert!(matches!(refused, KeyFileError::Invalid { source: InvalidKeyFile::Length, .. }));
        assert!(!format!("{refused} {refused:?}").contains("canary"));
    }
}
