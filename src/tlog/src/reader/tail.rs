//! Entries that are only in the journal yet, read while it may be written.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use crate::log::{Frame, SegmentReader, Segments};

/// A place in the journal.
#[derive(Debug)]
pub(super) struct Tail {
    root: PathBuf,
    segment: SegmentReader<BufReader<File>>,
    next: u64,
}

impl Tail {
    /// Finds an index in the journal; `None` when the journal is not there or does not reach it any more.
    pub(super) fn open(root: &Path, index: u64) -> io::Result<Option<Self>> {
        let listed = match Segments::list(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            listed => listed?.segments,
        };
        let Some(segment) = listed.iter().rev().find(|segment| segment.first <= index) else {
            return Ok(None);
        };
        let file = match File::open(&segment.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let Some(reader) = SegmentReader::new(BufReader::new(file))? else {
            return Ok(None);
        };
        let mut tail = Self { root: root.to_owned(), segment: reader, next: segment.first };
        while tail.next < index {
            match tail.segment.next()? {
                Frame::Entry(..) => tail.next += 1,
                Frame::End | Frame::Torn | Frame::Damaged => return Ok(None),
            }
        }
        Ok(Some(tail))
    }

    /// The next entry; `None` at the end, which may be within an entry that is just being written.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Frame::Entry(entry, _) = self.segment.next()? {
            self.next += 1;
            return Ok(Some(entry.to_vec()));
        }
        let listed = Segments::list(&self.root)?.segments;
        let Some(segment) = listed.iter().find(|segment| segment.first == self.next) else {
            return Ok(None);
        };
        let Some(mut reader) = SegmentReader::new(BufReader::new(File::open(&segment.path)?))? else {
            return Ok(None);
        };
        let Frame::Entry(entry, _) = reader.next()? else {
            return Ok(None);
        };
        let entry = entry.to_vec();
        self.segment = reader;
        self.next += 1;
        Ok(Some(entry))
    }
}
