//! A secret that a provider itself needs at its source, and that an operator stored.

use std::fmt;

use secret::Secret;

use crate::ProviderError;

/// Opens one stored secret, such as a client's or a private key. It is asked for each use, so that a secret that was replaced is
/// taken up at once, and none stays open.
pub trait StoredSecret: Send + Sync + fmt::Debug {
    /// Opens it, for one use.
    ///
    /// # Errors
    /// [`ProviderError::Missing`] with what to do where none is stored.
    fn open(&self) -> Result<Secret, ProviderError>;
}
