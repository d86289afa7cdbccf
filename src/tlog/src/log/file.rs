//! The few things that the log does with a file of its journal, so that tests can make each of them fail.

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;

/// A file that is open for appending.
pub(super) trait JournalFile: fmt::Debug + Send + Sync {
    /// Appends some of the bytes and says how many.
    fn append(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts the file.
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Returns when the content survives a loss of power.
    fn sync(&self) -> io::Result<()>;
}

impl JournalFile for File {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut file = self;
        file.write(bytes)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Makes a journal file of an open file: itself, or in tests one that fails on demand.
pub(super) type Opener = fn(File) -> Arc<dyn JournalFile>;

/// The file itself.
pub(super) fn plain(file: File) -> Arc<dyn JournalFile> {
    Arc::new(file)
}
