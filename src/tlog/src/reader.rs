//! Reads the entries of a log, also while it is being written, and proves them.

mod tail;

use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::files;
use crate::folder::{Folder, TileTrouble};
use crate::log::CHECKPOINT;
use crate::merkle::inclusion_proof;
use crate::note::VerifierKey;
use crate::proof::LogProof;
use crate::tile::TILE_WIDTH;
use tail::Tail;

/// A log's folder, read under one checkpoint.
#[derive(Debug, Clone)]
pub struct Reader {
    folder: Folder,
    key: VerifierKey,
    checkpoint: Checkpoint,
    note: String,
}

/// An entry and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counted from 0.
    pub index: u64,
    /// What was appended.
    pub bytes: Vec<u8>,
    /// Whether a checkpoint covers it.
    pub published: bool,
}

/// The log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no checkpoint in the folder.
    #[error("there is no log in {}", folder.display())]
    NoLog {
        /// The folder.
        folder: PathBuf,
    },
    /// The checkpoint cannot be believed.
    #[error("the log's checkpoint cannot be used: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A tile cannot be had.
    #[error(transparent)]
    Tile(#[from] TileTrouble),
    /// The operating system refused.
    #[error("cannot read the log: {0}")]
    Io(#[from] io::Error),
}

impl Reader {
    /// Opens a log for reading; entries are not checked against the root here, that is [`crate::verify()`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn open(folder: &Path, key: &VerifierKey) -> Result<Self, ReadError> {
        let note = files::read_if_there(&folder.join(CHECKPOINT))?;
        let note = note.ok_or_else(|| ReadError::NoLog { folder: folder.to_owned() })?;
        let checkpoint = Checkpoint::open(&note, key)?;
        let folder = Folder::new(folder, checkpoint.size());
        Ok(Self { folder, key: key.clone(), checkpoint, note: String::from_utf8_lossy(&note).into_owned() })
    }

    /// The checkpoint under which the log is read.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The entries from an index on: the published ones, then those that are only in the journal yet.
    #[must_use]
    pub fn entries(&self, from: u64) -> Entries {
        Entries { reader: self.clone(), next: from, bundle: Vec::new().into_iter(), tail: None, finished: false }
    }

    /// The proof that an entry is in the log; `None` when the checkpoint does not cover it.
    ///
    /// # Errors
    /// [`ReadError::Tile`].
    pub fn prove(&self, index: u64) -> Result<Option<LogProof>, ReadError> {
        let path = inclusion_proof(&self.folder, index, self.checkpoint.size())?;
        Ok(path.map(|path| LogProof::new(index, path, self.note.clone())))
    }
}

/// Iterates over entries; ends after the first error.
#[derive(Debug)]
pub struct Entries {
    reader: Reader,
    next: u64,
    bundle: std::vec::IntoIter<Vec<u8>>,
    tail: Option<Tail>,
    finished: bool,
}

impl Entries {
    fn advance(&mut self) -> Result<Option<Entry>, ReadError> {
        loop {
            if let Some(bytes) = self.bundle.next() {
                return Ok(Some(self.found(bytes, true)));
            }
            if self.next < self.reader.checkpoint.size() {
                let entries = self.reader.folder.bundle(self.next / TILE_WIDTH)?;
                self.bundle = entries.into_iter();
                let before = usize::try_from(self.next % TILE_WIDTH).unwrap_or_default();
                self.bundle.by_ref().take(before).for_each(drop);
                continue;
            }
            if self.tail.is_none() {
                self.tail = Tail::open(self.reader.folder.root(), self.next)?;
            }
            if let Some(tail) = &mut self.tail {
                return Ok(tail.next()?.map(|bytes| self.found(bytes, false)));
            }
            // What stood here in the journal may have been published meanwhile, and its segment removed.
            let newer = Reader::open(self.reader.folder.root(), &self.reader.key)?;
            if newer.checkpoint.size() <= self.next {
                return Ok(None);
            }
            self.reader = newer;
        }
    }

    fn found(&mut self, bytes: Vec<u8>, published: bool) -> Entry {
        let index = self.next;
        self.next += 1;
        Entry { index, bytes, published }
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let advanced = self.advance().transpose();
        self.finished = !matches!(advanced, Some(Ok(_)));
        advanced
    }
}
