//! Where a provider writes down what must be ended should the process die.

use std::fmt;

use async_trait::async_trait;
use model::LeaseId;

/// Outlives the process, unlike the provider's own memory. One journal belongs to one minting.
#[async_trait]
pub trait Journal: Send + Sync + fmt::Debug {
    /// Writes down that `made` exists at the source. When this returns, `made` is ended at the next start at the latest.
    ///
    /// # Errors
    /// It could not be written; the provider ends what it made and gives up.
    async fn made(&self, made: &LeaseId) -> Result<(), JournalFailed>;
}

/// The journal could not be written; what exactly is wrong stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was made could not be written down")]
pub struct JournalFailed;
