//! Stored upstream secrets: sealed at rest, bound to their destination, opened by nobody else.
//!
//! In scope: one file of sealed records, the key that opens it, and one method per kind of record that does open one. Out of
//! scope: who may ask (`provider` and its implementations), where a secret goes (`egress`), how the ciphers work (`secret`).
//!
//! **Invariants.** A credential opens only under the binding that it was stored with. Nothing here returns a secret but
//! [`Vault::open_secret`] and [`Vault::open_key`]. A write leaves the old file or the new one, at whatever point it is cut off.
//!
//! Not held: a thief who puts back an older copy of the whole file. [`Vault::revision`] is what to keep elsewhere, and to
//! compare after opening, where that matters.

mod contents;
mod error;
mod file;
mod format;
mod name;
mod replace;
mod source;
mod vault;

pub use contents::{Generation, Opened, StoredCredential, StoredKey};
pub use error::{CreateVaultError, OpenSecretError, OpenVaultError, Problem, StoreError};
pub use name::{InvalidKeyName, KeyName};
pub use source::{KeyFileError, KeyKind, KeySource, PASSPHRASE_LENGTH_MIN};
pub use vault::Vault;
