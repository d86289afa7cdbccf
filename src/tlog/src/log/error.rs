//! Why a log could not be opened, appended to or published.

use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::CheckpointError;
use crate::note::InvalidKeyName;

/// The log was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The origin cannot name a key.
    #[error("the log's origin cannot be used: {0}")]
    Origin(#[from] InvalidKeyName),
    /// Another process writes this log.
    #[error("another process has the log in {} open; stop it, or give this instance a directory of its own", folder.display())]
    InUse {
        /// The folder of the log.
        folder: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// There are entries but no checkpoint.
    #[error(
        "the log has entries but no checkpoint: it was tampered with; run the verification and restore the log from a copy"
    )]
    CheckpointMissing,
    /// The checkpoint is not by this key, not for this origin, or altered.
    #[error(
        "the log's checkpoint cannot be used: {0}; the log was tampered with, or the origin or the key has changed"
    )]
    Checkpoint(#[from] CheckpointError),
    /// A tile that the checkpoint covers is missing, altered, or an older one.
    #[error(
        "{path} does not belong to the log's checkpoint: the log was tampered with or rolled back; run the verification"
    )]
    Tile {
        /// The tile, relative to the log.
        path: String,
    },
    /// The journal ends before the checkpoint does.
    #[error(
        "the journal ends at entry {end}, the checkpoint has {size}: the log was tampered with or rolled back; run the verification"
    )]
    JournalBehind {
        /// Entries that the journal reaches.
        end: u64,
        /// Entries that the checkpoint covers.
        size: u64,
    },
    /// A journal entry is not the one that was published at its index.
    #[error("entry {index} of the journal is not the published one: the log was tampered with; run the verification")]
    JournalDisagrees {
        /// The entry.
        index: u64,
    },
    /// Entries between two segments of the journal are missing.
    #[error(
        "the journal is damaged after entry {index}: the log was tampered with, or the disk lost data; run the verification"
    )]
    JournalDamaged {
        /// The first entry that is missing.
        index: u64,
    },
}

impl OpenError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// The entry was not recorded, or it is not known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The entry does not fit into 16 bits of length.
    #[error("the entry is longer than 65535 bytes")]
    TooLong,
    /// No space, quota or file size left; nothing was recorded.
    #[error("the log's disk is full; free space, the log goes on by itself")]
    DiskFull,
    /// The file or file system cannot be written; nothing was recorded.
    #[error("the log's directory cannot be written; make it writable, the log goes on by itself")]
    ReadOnly,
    /// The disk refused the write for another reason; nothing was recorded.
    #[error("the log's disk refused a write; look for its errors in the system's log")]
    DiskFailed,
    /// The sync failed, so the entry may be lost with the power; appends are refused until a publishing has succeeded.
    #[error("the log's disk failed to make entries durable; appends go on after the next checkpoint")]
    SyncFailed,
    /// Too many entries wait for being published.
    #[error("too many entries wait for a checkpoint; see why publishing fails or is slow")]
    Unpublished,
    /// Too many callers wait for the disk.
    #[error("too many entries wait for being written")]
    Overloaded,
    /// The bound on waiting was reached; whether the entry is recorded is not known.
    #[error("the log's disk did not answer in time")]
    TimedOut,
}

impl AppendError {
    pub(super) fn from_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::DiskFull,
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Self::ReadOnly,
            _ => Self::DiskFailed,
        }
    }
}

/// No new checkpoint was signed; what was appended stays in the journal and in memory for the next attempt.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The operating system refused.
    #[error("cannot publish the log: {0}")]
    Io(#[from] io::Error),
    /// The checkpoint in the folder is not the one that this log signed last.
    #[error("the log's checkpoint was changed by someone else: nothing more is signed; run the verification")]
    CheckpointChanged,
    /// The runtime is shutting down.
    #[error("publishing the log was interrupted by shutdown")]
    Interrupted,
}
