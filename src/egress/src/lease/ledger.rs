//! The seam to whatever remembers, past the end of this process, what may exist at a source.

use std::{fmt, mem};

use async_trait::async_trait;
use model::{LeaseId, Minted, Minting, MintingId, Revocation};
use parking_lot::Mutex;
use provider::{Journal, JournalFailed};

/// Remembers mintings. What a call wrote survives the end of the process when it returns; each call ends within a bounded time, and
/// one that failed may have taken effect.
#[async_trait]
pub trait Ledger: Send + Sync + fmt::Debug {
    /// Remembers a minting, before it begins.
    ///
    /// # Errors
    /// It could not be written; nothing is minted.
    async fn open(&self, minting: &Minting) -> Result<(), LedgerFailed>;

    /// Remembers something that a minting made. It survives the loss of power, too.
    ///
    /// # Errors
    /// It could not be written; what was made is not used.
    async fn made(&self, minting: &MintingId, made: &LeaseId) -> Result<(), LedgerFailed>;

    /// Remembers what a minting came to, and when its end has moved.
    ///
    /// # Errors
    /// It could not be written; what was minted is not used.
    async fn complete(&self, minting: &MintingId, minted: &Minted) -> Result<(), LedgerFailed>;

    /// Remembers how far revoking came, for whoever looks.
    ///
    /// # Errors
    /// It could not be written; revoking goes on.
    async fn not_revoked(&self, minting: &MintingId, revocation: &Revocation) -> Result<(), LedgerFailed>;

    /// Forgets a minting of which nothing is left.
    ///
    /// # Errors
    /// It could not be written; the next process revokes once more what is gone.
    async fn ended(&self, minting: &MintingId) -> Result<(), LedgerFailed>;
}

/// The ledger could not be written; what exactly is wrong stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is minted could not be written down")]
pub struct LedgerFailed;

/// For an egress whose sources mint nothing: it writes nothing, so that nothing is minted.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLedger;

#[async_trait]
impl Ledger for NoLedger {
    async fn open(&self, _: &Minting) -> Result<(), LedgerFailed> {
        Err(LedgerFailed)
    }

    async fn made(&self, _: &MintingId, _: &LeaseId) -> Result<(), LedgerFailed> {
        Err(LedgerFailed)
    }

    async fn complete(&self, _: &MintingId, _: &Minted) -> Result<(), LedgerFailed> {
        Err(LedgerFailed)
    }

    async fn not_revoked(&self, _: &MintingId, _: &Revocation) -> Result<(), LedgerFailed> {
        Err(LedgerFailed)
    }

    async fn ended(&self, _: &MintingId) -> Result<(), LedgerFailed> {
        Err(LedgerFailed)
    }
}

/// What one minting may make; a provider that makes more of it is at fault, and each takes a revocation.
const MADE_COUNT_MAX: usize = 16;

/// The journal of one minting: the ledger, and a copy here for the process that goes on.
#[derive(Debug)]
pub(super) struct MintJournal<'a> {
    ledger: &'a dyn Ledger,
    minting: &'a MintingId,
    made: Mutex<Vec<LeaseId>>,
}

impl<'a> MintJournal<'a> {
    pub(super) fn new(ledger: &'a dyn Ledger, minting: &'a MintingId) -> Self {
        Self { ledger, minting, made: Mutex::default() }
    }

    /// What was made, in order.
    pub(super) fn take(&self) -> Vec<LeaseId> {
        mem::take(&mut *self.made.lock())
    }
}

#[async_trait]
impl Journal for MintJournal<'_> {
    async fn made(&self, made: &LeaseId) -> Result<(), JournalFailed> {
        {
            let mut all = self.made.lock();
            // Also what cannot be written down: it exists, and this process can end it.
            all.push(made.clone());
            if all.len() > MADE_COUNT_MAX {
                return Err(JournalFailed);
            }
        }
        self.ledger.made(self.minting, made).await.map_err(|LedgerFailed| JournalFailed)
    }
}
