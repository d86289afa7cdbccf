//! The end of the journal: writes whole batches, and takes back what was written of one that failed.

use std::io;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::AppendError;
use super::file::JournalFile;
use super::group::Turn;
use crate::merkle::TreeHash;

/// What has been written to the journal and not yet taken for publishing.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) frames: Vec<u8>,
    pub(super) leaves: Vec<TreeHash>,
}

/// Callers whose entries are written and wait for the sync, and the files that it must cover.
#[derive(Debug)]
pub(super) struct SyncWork {
    pub(super) files: Vec<Arc<dyn JournalFile>>,
    pub(super) waiting: Vec<(oneshot::Sender<Turn>, u64)>,
}

/// The segment that is written, and what the next index is.
#[derive(Debug)]
pub(super) struct Writer {
    active: Arc<dyn JournalFile>,
    /// Bytes up to the end of the last whole batch.
    length: u64,
    /// Whether there may be bytes of a failed batch after them.
    torn: bool,
    next_index: u64,
    pending: Pending,
    /// What the next pending entries go into.
    spare: Pending,
    /// What a sync must cover besides the active segment: segments before it, and the folder.
    unsynced: Vec<Arc<dyn JournalFile>>,
    awaiting_sync: Vec<(oneshot::Sender<Turn>, u64)>,
    syncing: bool,
    /// A sync of the active segment has failed: what it holds may not be on the disk, and a later sync that succeeds proves nothing.
    sealed: bool,
    /// Whether the last write failed, so that a failure is logged once and not per call.
    failing: bool,
}

impl Writer {
    pub(super) fn new(active: Arc<dyn JournalFile>, length: u64, next_index: u64, pending: Pending) -> Self {
        Self {
            active,
            length,
            torn: false,
            next_index,
            pending,
            spare: Pending::default(),
            unsynced: Vec::new(),
            awaiting_sync: Vec::new(),
            syncing: false,
            sealed: false,
            failing: false,
        }
    }

    pub(super) const fn next_index(&self) -> u64 {
        self.next_index
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    pub(super) const fn is_sealed(&self) -> bool {
        self.sealed
    }

    pub(super) const fn pending_bytes(&self) -> usize {
        self.pending.frames.len()
    }

    /// Writes a batch and gives the index of its first entry; after an error nothing of it counts.
    pub(super) fn write(&mut self, frames: &[u8], leaves: impl Iterator<Item = TreeHash>) -> Result<u64, AppendError> {
        if self.sealed {
            return Err(AppendError::SyncFailed);
        }
        if let Err(error) = self.write_whole(frames) {
            self.take_back();
            if !std::mem::replace(&mut self.failing, true) {
                tracing::error!(%error, "the journal cannot be written: appends are refused until it can");
            }
            return Err(AppendError::from_io(&error));
        }
        if std::mem::take(&mut self.failing) {
            tracing::info!("the journal can be written again");
        }
        let first = self.next_index;
        self.length += frames.len() as u64;
        self.pending.frames.extend_from_slice(frames);
        let leaves_before = self.pending.leaves.len();
        self.pending.leaves.extend(leaves);
        self.next_index += (self.pending.leaves.len() - leaves_before) as u64;
        Ok(first)
    }

    /// Adds a caller to the next sync; says whether that sync has to be started.
    pub(super) fn await_sync(&mut self, turn: oneshot::Sender<Turn>, index: u64) -> bool {
        self.awaiting_sync.push((turn, index));
        !std::mem::replace(&mut self.syncing, true)
    }

    /// The next round of syncing; `None`, and the end of syncing, when nobody waits.
    pub(super) fn next_sync(&mut self) -> Option<SyncWork> {
        self.syncing = !self.awaiting_sync.is_empty();
        self.syncing.then(|| {
            let waiting = std::mem::take(&mut self.awaiting_sync);
            SyncWork { files: self.files_to_sync(), waiting }
        })
    }

    /// Everything that is not known to be on the disk, for the caller to sync; empty when a sync could prove nothing.
    pub(super) fn files_to_sync(&self) -> Vec<Arc<dyn JournalFile>> {
        let active = (!self.sealed).then_some(&self.active);
        self.unsynced.iter().chain(active).cloned().collect()
    }

    /// Notes that these files have been synced as far as they were written when they were given out.
    pub(super) fn note_synced(&mut self, files: &[Arc<dyn JournalFile>]) {
        // A segment that is no longer written cannot have grown since.
        self.unsynced.retain(|kept| !files.iter().any(|file| Arc::ptr_eq(file, kept)));
    }

    /// Ends the use of the active segment after a failed sync; gives those who waited for one.
    pub(super) fn seal(&mut self) -> Vec<(oneshot::Sender<Turn>, u64)> {
        self.sealed = true;
        std::mem::take(&mut self.awaiting_sync)
    }

    /// Ends syncing without a sync; gives those who waited for one.
    pub(super) fn abandon_sync(&mut self) -> Vec<(oneshot::Sender<Turn>, u64)> {
        self.syncing = false;
        std::mem::take(&mut self.awaiting_sync)
    }

    pub(super) fn take_pending(&mut self) -> Pending {
        std::mem::replace(&mut self.pending, std::mem::take(&mut self.spare))
    }

    /// Gives the buffers of what was published back: the next second is likely to need as much.
    pub(super) fn give_back(&mut self, mut pending: Pending) {
        let (frames, leaves) = (pending.frames.len(), pending.leaves.len());
        pending.frames.clear();
        pending.leaves.clear();
        pending.frames.shrink_to(frames);
        pending.leaves.shrink_to(leaves);
        self.spare = pending;
    }

    /// Goes on in another segment, which is empty; the one before still has to be synced, unless it was sealed.
    pub(super) fn roll(&mut self, active: Arc<dyn JournalFile>, folder: Arc<dyn JournalFile>, header_length: u64) {
        let before = std::mem::replace(&mut self.active, active);
        if self.sealed {
            // All that came before is published, so nobody needs the journal for it.
            self.unsynced.clear();
        } else {
            self.unsynced.push(before);
        }
        self.unsynced.push(folder);
        self.length = header_length;
        self.torn = false;
        self.sealed = false;
    }

    /// Makes sure that the active segment ends with a whole batch.
    pub(super) fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.active.truncate(self.length)?;
            self.torn = false;
        }
        Ok(())
    }

    fn write_whole(&mut self, frames: &[u8]) -> io::Result<()> {
        self.mend()?;
        let mut rest = frames;
        while !rest.is_empty() {
            match self.active.append(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.torn = true;
                    rest = rest.get(written..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) => return Err(error),
            }
        }
        self.torn = false;
        Ok(())
    }

    fn take_back(&mut self) {
        if let Err(error) = self.mend() {
            tracing::error!(%error, "the journal cannot be cut back yet; it is tried again before the next write");
        }
    }
}
