//! Values that cannot be printed: secrets, keys, fingerprints, and sealing bound to a context.
//!
//! In scope: types that hold secret bytes, wipe them on drop and show nothing; the ciphers that seal them; keys that sign; the
//! fingerprints by which a scanner finds secrets without holding them. Out of scope: where sealed bytes are kept (`vault`) and who may open them
//! (`vault`, `provider` and its implementations, `egress`; `tests/architecture.rs` holds that list).
//!
//! A copy that another library makes while it writes a request is outside what wiping can reach; SECURITY.md says so.

mod cipher;
mod fingerprint;
mod key;
mod private_key;
mod seal;
mod stretch;
mod value;

pub use fingerprint::{CannotMask, FingerprintKey, FingerprintSet, GramFilter, KeysDiffer, NoRandomNumbers};
pub use key::{FileKey, InvalidKeyFile, KeyEncryptionKey, SALT_LENGTH};
pub use private_key::{CannotSign, InvalidPrivateKey, PrivateKey};
pub use seal::{CannotOpen, CannotSeal, PLAINTEXT_LENGTH_MAX, Sealed, Unlocked};
pub use stretch::{CannotStretch, InvalidParameters, Parameters};
pub use value::{Secret, SecretBytes};
