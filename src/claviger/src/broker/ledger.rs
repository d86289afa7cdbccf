//! What is minted, remembered in the store: egress knows no store, and the store no egress.

use std::sync::Arc;

use async_trait::async_trait;
use egress::{Ledger, LedgerFailed};
use model::{LeaseId, Minted, Minting, MintingId, Revocation};
use store::{LeaseStore, SqliteStore, StoreError};

/// The ledger that is kept in `store`.
pub(super) fn of(store: &Arc<SqliteStore>) -> Arc<dyn Ledger> {
    Arc::new(Stored(Arc::clone(store) as Arc<dyn LeaseStore>))
}

#[derive(Debug)]
struct Stored(Arc<dyn LeaseStore>);

#[async_trait]
impl Ledger for Stored {
    async fn open(&self, minting: &Minting) -> Result<(), LedgerFailed> {
        written(self.0.open(minting).await)
    }

    async fn made(&self, minting: &MintingId, made: &LeaseId) -> Result<(), LedgerFailed> {
        written(self.0.made(minting, made).await)
    }

    async fn complete(&self, minting: &MintingId, minted: &Minted) -> Result<(), LedgerFailed> {
        written(self.0.complete(minting, minted).await)
    }

    async fn not_revoked(&self, minting: &MintingId, revocation: &Revocation) -> Result<(), LedgerFailed> {
        written(self.0.not_revoked(minting, revocation).await)
    }

    async fn ended(&self, minting: &MintingId) -> Result<(), LedgerFailed> {
        written(self.0.ended(minting).await)
    }
}

fn written(outcome: Result<(), StoreError>) -> Result<(), LedgerFailed> {
    outcome.map_err(|error| {
        tracing::error!(%error, "what is minted could not be written down");
        LedgerFailed
    })
}
