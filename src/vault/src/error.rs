//! Why a vault does not open, does not store, or does not give a secret: each reason says what to do.

use std::{error::Error, fmt, io, path::PathBuf};

use model::{CredentialName, Destination, InvalidInjection, UpstreamName};
use secret::{CannotSeal, CannotStretch};

use crate::{KeyKind, KeyName, PASSPHRASE_LENGTH_MIN};

/// A vault file that does not open.
#[derive(Debug)]
pub struct OpenVaultError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

impl fmt::Display for OpenVaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the vault {}: {}", self.path.display(), self.problem)
    }
}

impl Error for OpenVaultError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.problem.source()
    }
}

/// What is wrong with a vault file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There is none.
    #[error("there is none; create it first")]
    Missing,
    /// The operating system does not give it.
    #[error("it cannot be read; check its owner and mode")]
    Unreadable(#[source] io::Error),
    /// No vault grows to this size.
    #[error("it is larger than a vault can be; check the path")]
    TooLarge,
    /// The file begins otherwise than a vault.
    #[error("it is not a vault file; check the path")]
    NotAVault,
    /// A version that this program does not know.
    #[error(
        "it is of format version {0}, and this program reads version 1; use the program that wrote it, or a newer one"
    )]
    UnknownVersion(u64),
    /// The end is missing.
    #[error("its end is missing or not its own; restore it from a backup")]
    Truncated,
    /// The digest does not fit the content, or the content does not read.
    #[error("bytes in it have changed since it was written; restore it from a backup")]
    Damaged,
    /// A key of the other kind was given.
    #[error("it is sealed with a {needed}; give that")]
    OtherKind {
        /// What opens it.
        needed: KeyKind,
    },
    /// The key is of the right kind and not the right one.
    #[error("the {given} is wrong; give the one that it was last sealed with")]
    WrongKey {
        /// What was given.
        given: KeyKind,
    },
    /// The passphrase could not be stretched.
    #[error(transparent)]
    CannotStretch(CannotStretch),
    /// A record was changed, or stands under a name or in a vault that it was not written for.
    #[error(
        "the record of {record} was changed, or moved here from another name or vault, by someone without the key; \
         restore the file from a backup, and find out who can write it"
    )]
    Altered {
        /// Which record.
        record: String,
    },
    /// Each record is genuine, and together they are not what was written.
    #[error(
        "its records are genuine, but not of one writing: some were taken out, or put back from an older copy, by someone \
         without the key; restore the file from a backup, and find out who can write it"
    )]
    Mixed,
    /// The file is older than what this process read before.
    #[error(
        "it is revision {found}, and revision {known} was read before: an older copy was put back; \
         restart if that was you, and restore the newer one if not"
    )]
    RolledBack {
        /// The revision that was read or written before.
        known: u64,
        /// The revision of the file now.
        found: u64,
    },
}

/// Why no vault was created.
#[derive(Debug, thiserror::Error)]
pub enum CreateVaultError {
    /// There is one already, and it is kept.
    #[error("there is a vault at {} already; open it, or move it away first", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others could replace the file.
    #[error("others can write to {}; `chmod 700` it first", .path.display())]
    DirectoryOpenToOthers {
        /// The directory.
        path: PathBuf,
    },
    /// A short passphrase is found by trying.
    #[error("a passphrase has {PASSPHRASE_LENGTH_MIN} characters or more; several random words are a good one")]
    ShortPassphrase,
    /// The passphrase could not be stretched.
    #[error(transparent)]
    CannotStretch(#[from] CannotStretch),
    /// The file could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a change was not stored. The vault is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file on disk, which the change would be based on, does not open.
    #[error(transparent)]
    Open(#[from] OpenVaultError),
    /// Another process holds the lock.
    #[error("another process is writing to the vault; try again when it is done")]
    Busy,
    /// The operating system refused. Where the last step failed, the change may stand on disk after all.
    #[error("the vault could not be written; check the space and the mode of {}", .directory.display())]
    Unwritable {
        /// Where the vault is.
        directory: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file would become larger than [`Problem::TooLarge`] allows to read.
    #[error("the vault is full; remove what is no longer used")]
    Full,
    /// Nothing was entered.
    #[error("the secret is empty; enter its value")]
    Empty,
    /// The slot cannot carry a credential.
    #[error(transparent)]
    Slot(#[from] InvalidInjection),
    /// The secret could not be sealed.
    #[error(transparent)]
    Seal(#[from] CannotSeal),
    /// What was to be removed or changed is not there.
    #[error("nothing is stored under the name {name}")]
    Missing {
        /// The name of a credential or key.
        name: String,
    },
    /// The new passphrase is short.
    #[error("a passphrase has {PASSPHRASE_LENGTH_MIN} characters or more; several random words are a good one")]
    ShortPassphrase,
    /// The new passphrase could not be stretched.
    #[error(transparent)]
    CannotStretch(#[from] CannotStretch),
}

/// Why a stored secret was not opened.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenSecretError {
    /// No credential of this name.
    #[error(
        "nothing is stored for the credential {credential}; enter it with `claviger secret set {credential} --upstream {upstream}`"
    )]
    Missing {
        /// The credential.
        credential: CredentialName,
        /// The upstream that it was asked for.
        upstream: UpstreamName,
    },
    /// The credential was stored under another binding, and under this one it cannot be decrypted.
    #[error(
        "the credential {credential} was stored for another destination or slot (for {stored_destination}, upstream \
         {stored_upstream}) and cannot be used for this one; enter its value again with `claviger secret set {credential} --upstream {upstream}`"
    )]
    BoundElsewhere {
        /// The credential.
        credential: CredentialName,
        /// The upstream that it was asked for.
        upstream: UpstreamName,
        /// The upstream that it was stored for.
        stored_upstream: UpstreamName,
        /// The destination that it was stored for.
        stored_destination: Destination,
    },
    /// No key of this name.
    #[error("no key is stored under the name {key}")]
    MissingKey {
        /// The key.
        key: KeyName,
    },
    /// The record was genuine when the vault was opened, and is not any more: memory has failed.
    #[error("the sealed value in memory has changed; restart, and test this machine's memory")]
    Damaged,
}
