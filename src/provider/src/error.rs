//! Why there is no credential.

use crate::{JournalFailed, WebIdentityFailed};

/// Why there is no credential. `reason` never holds secret text and never reaches a caller.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Nothing is stored or configured for what was asked.
    #[error("no credential: {reason}")]
    Missing {
        /// What is missing, and how to add it.
        reason: String,
    },
    /// The source refused.
    #[error("the credential source refused: {reason}")]
    Refused {
        /// What the source said, without secret text.
        reason: String,
    },
    /// The credential is a person's own, and the subject of the session has connected none, or has taken it back.
    #[error("the subject of this session has no connected account")]
    NotConnected,
    /// The source could not be reached in time, or is not in service.
    #[error("the credential source could not be reached")]
    Unreachable,
    /// Credentials of this kind have no early end.
    #[error("this credential cannot be revoked")]
    CannotRevoke,
    /// What was made could not be written down, so it is not used.
    #[error(transparent)]
    Journal(#[from] JournalFailed),
    /// The source could not be told who asks.
    #[error(transparent)]
    WebIdentity(#[from] WebIdentityFailed),
}
