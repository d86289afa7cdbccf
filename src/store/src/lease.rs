//! The trait of whatever knows, past the end of the process, what may exist at sources of credentials.

use std::fmt;

use async_trait::async_trait;
use model::{LeaseId, Minted, Minting, MintingId, Revocation};

use crate::StoreError;

/// Keeps mintings until nothing of them is left at their source. When a call returns without error, what it did survives the end of
/// the process. Each call ends within a bounded time; one that was given up or timed out may still take effect.
///
/// Of what a loss of power takes away, only one thing matters: what was [`made`](Self::made). Its row must survive that loss too, and
/// so must the row's opening, which came before it. A completion that is lost is found again in what was made; an end or an attempt
/// that is lost is tried again, and to end what has ended is no fault.
#[async_trait]
pub trait LeaseStore: Send + Sync + fmt::Debug {
    /// Keeps a minting, before it begins.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where its id is known; otherwise the store cannot be written.
    async fn open(&self, minting: &Minting) -> Result<(), StoreError>;

    /// Adds to what a minting has made. It survives the loss of power.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], or the store cannot be written.
    async fn made(&self, minting: &MintingId, made: &LeaseId) -> Result<(), StoreError>;

    /// Says what a minting came to, and, once more, when its end has moved.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], or the store cannot be written.
    async fn complete(&self, minting: &MintingId, minted: &Minted) -> Result<(), StoreError>;

    /// Says how far revoking came.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], or the store cannot be written.
    async fn not_revoked(&self, minting: &MintingId, revocation: &Revocation) -> Result<(), StoreError>;

    /// Forgets a minting of which nothing is left.
    ///
    /// # Errors
    /// The store cannot be written. A minting that is not known is no error.
    async fn ended(&self, minting: &MintingId) -> Result<(), StoreError>;

    /// Every minting, in the order in which they began. Before the first one of a process, these are the ones of earlier processes.
    ///
    /// # Errors
    /// The store cannot be read, or holds a minting that makes no sense.
    async fn mintings(&self) -> Result<Vec<Minting>, StoreError>;
}
