//! The log in its folder: appended to by many callers, published as tiles and a signed checkpoint.
//!
//! A call of [`Log::append`] joins the group that is just filling; one member leads, and one write takes the whole group into the
//! journal. [`Log::publish`] turns what the journal has into tiles and signs the new size. Between two checkpoints the journal is
//! the truth, up to a checkpoint the tiles are.

mod append;
mod error;
mod file;
mod group;
mod lock;
mod open;
mod options;
mod others;
mod power;
mod publish;
mod receipt;
mod roll;
mod segment;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::checkpoint::Checkpoint;
use crate::note::{SigningKey, VerifierKey};

pub(crate) use publish::CHECKPOINT;
pub(crate) use segment::{FOLDER as JOURNAL, Frame, SegmentReader, Segments};

pub use error::{AppendError, OpenError, PublishError};
pub use open::Recovery;
pub use options::LogOptions;
pub use receipt::{Durability, Receipt};

/// A log that is open for writing; clones write to the same log, and the folder stays locked until the last one is dropped.
#[derive(Clone)]
pub struct Log {
    core: Arc<Core>,
    /// Beside the core, since a sync that is just ending keeps that one, and must not keep the folder locked.
    _lock: Arc<lock::FolderLock>,
}

/// What the clones of a log share. Locks are taken in the order `publisher`, `writer`, `group`.
struct Core {
    root: PathBuf,
    key: SigningKey,
    wait_max: Duration,
    segment_bytes_max: u64,
    unpublished_bytes_max: usize,
    recovery: Recovery,
    files: file::Opener,
    publisher: Mutex<publish::Publisher>,
    writer: Mutex<writer::Writer>,
    group: Mutex<group::Group>,
    /// Bytes of frames that wait for being published; written under the writer's lock.
    unpublished_bytes: AtomicUsize,
}

impl Log {
    /// The public key that verifies this log.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        self.core.key.verifier()
    }

    /// The last checkpoint that was signed; waits for a publishing that runs.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.core.publisher.lock().published().clone()
    }

    /// How many entries have been appended, published or not.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.core.writer.lock().next_index()
    }

    /// How many bytes of entries wait for being published.
    #[must_use]
    pub fn unpublished_bytes(&self) -> usize {
        self.core.unpublished_bytes.load(Ordering::Relaxed)
    }

    /// What opening found in the journal.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        self.core.recovery
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log({} in {})", self.core.key.verifier().name(), self.core.root.display())
    }
}
