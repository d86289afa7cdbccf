//! A ledger in memory, and the points between two steps at which a process can die.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use model::{LeaseId, Minted, Minting, MintingId, Revocation};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{Ledger, LedgerFailed};

/// Counts the steps of everything that a test made of it, and stands still at one of them.
#[derive(Debug)]
pub(crate) struct Steps {
    passed: AtomicUsize,
    last: usize,
    stands: Notify,
    log: Mutex<Vec<String>>,
}

impl Steps {
    pub(crate) fn until(last: usize) -> Arc<Self> {
        Arc::new(Self { passed: AtomicUsize::new(0), last, stands: Notify::new(), log: Mutex::default() })
    }

    pub(crate) fn all() -> Arc<Self> {
        Self::until(usize::MAX)
    }

    /// A point between two steps.
    pub(crate) async fn point(&self) {
        if self.passed.fetch_add(1, Ordering::SeqCst) >= self.last {
            self.stands.notify_one();
            pending().await
        }
    }

    /// A step: the points before and after it, and what it did.
    pub(crate) async fn step<T>(&self, said: String, does: impl FnOnce() -> T) -> T {
        self.point().await;
        let done = does();
        self.log.lock().push(said);
        self.point().await;
        done
    }

    /// Waits until it stands still.
    pub(crate) async fn stands(&self) {
        self.stands.notified().await;
    }

    /// What was done.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().clone()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing is written.
    Open,
    Made,
    Complete,
    /// Says that it wrote what was made, and did not.
    Forgets,
}

/// Remembers for as long as the test.
#[derive(Debug)]
pub(crate) struct MemoryLedger {
    rows: Mutex<BTreeMap<String, Minting>>,
    pub(crate) steps: Arc<Steps>,
    pub(crate) fault: Mutex<Option<Fault>>,
}

impl MemoryLedger {
    pub(crate) fn new(steps: &Arc<Steps>) -> Arc<Self> {
        Arc::new(Self { rows: Mutex::default(), steps: Arc::clone(steps), fault: Mutex::default() })
    }

    pub(crate) fn rows(&self) -> Vec<Minting> {
        self.rows.lock().values().cloned().collect()
    }

    /// The same rows, for the next process.
    pub(crate) fn reopened(&self, steps: &Arc<Steps>) -> Arc<Self> {
        let rows = Mutex::new(self.rows.lock().clone());
        Arc::new(Self { rows, steps: Arc::clone(steps), fault: Mutex::default() })
    }

    fn fails(&self, fault: Fault) -> Result<(), LedgerFailed> {
        if *self.fault.lock() == Some(fault) { Err(LedgerFailed) } else { Ok(()) }
    }

    fn change(&self, id: &MintingId, change: impl FnOnce(&mut Minting)) -> Result<(), LedgerFailed> {
        self.rows.lock().get_mut(id.as_str()).map(change).ok_or(LedgerFailed)
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn open(&self, minting: &Minting) -> Result<(), LedgerFailed> {
        self.fails(Fault::Open)?;
        let said = "ledger: open".to_owned();
        self.steps.step(said, || self.rows.lock().insert(minting.id.as_str().to_owned(), minting.clone())).await;
        Ok(())
    }

    async fn made(&self, minting: &MintingId, made: &LeaseId) -> Result<(), LedgerFailed> {
        self.fails(Fault::Made)?;
        if self.fails(Fault::Forgets).is_err() {
            return Ok(());
        }
        let add = || self.change(minting, |minting| minting.made.push(made.clone()));
        self.steps.step(format!("ledger: made {made}"), add).await
    }

    async fn complete(&self, minting: &MintingId, minted: &Minted) -> Result<(), LedgerFailed> {
        self.fails(Fault::Complete)?;
        let complete = || self.change(minting, |minting| minting.minted = Some(minted.clone()));
        self.steps.step(format!("ledger: complete {}", minted.lease), complete).await
    }

    async fn not_revoked(&self, minting: &MintingId, revocation: &Revocation) -> Result<(), LedgerFailed> {
        let note = || self.change(minting, |minting| minting.revocation = revocation.clone());
        self.steps.step("ledger: not revoked".to_owned(), note).await
    }

    async fn ended(&self, minting: &MintingId) -> Result<(), LedgerFailed> {
        self.steps.step("ledger: ended".to_owned(), || self.rows.lock().remove(minting.as_str())).await;
        Ok(())
    }
}
