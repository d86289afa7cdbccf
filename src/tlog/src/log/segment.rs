//! The segments of the journal: a header, then entries in frames whose torn end is recognized.
//!
//! A frame is the first eight bytes of the entry's leaf hash, the length in two big-endian bytes, and the entry. A segment is named
//! by the index of its first entry, in 20 digits.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::merkle::TreeHash;

/// The first bytes of every segment.
pub(crate) const HEADER: &[u8; 16] = b"tlog journal v1\n";

/// Bytes of a frame before its entry.
const FRAME_HEAD: usize = CHECK_LENGTH + 2;
const CHECK_LENGTH: usize = 8;

/// The folder of the segments, in the log's folder.
pub(crate) const FOLDER: &str = "journal";

/// Adds the frame of an entry, whose length the caller has checked.
pub(crate) fn encode_frame(frames: &mut Vec<u8>, entry: &[u8], leaf: &TreeHash) {
    let length = u16::try_from(entry.len()).expect("invariant: entries are checked when they come in");
    frames.reserve(FRAME_HEAD + entry.len());
    frames.extend_from_slice(&leaf.as_bytes()[..CHECK_LENGTH]);
    frames.extend_from_slice(&length.to_be_bytes());
    frames.extend_from_slice(entry);
}

/// The entries of frames that this process has encoded.
pub(crate) fn framed_entries(mut frames: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (_, rest) = frames.split_first_chunk::<CHECK_LENGTH>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        frames = rest;
        Some(entry)
    })
}

/// Where a segment lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentPath {
    pub(crate) first: u64,
    pub(crate) path: PathBuf,
}

impl SegmentPath {
    pub(crate) fn new(root: &Path, first: u64) -> Self {
        Self { first, path: root.join(FOLDER).join(format!("{first:020}")) }
    }
}

/// The journal's folder: its segments by index, and what else lies there.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    pub(crate) segments: Vec<SegmentPath>,
    pub(crate) others: Vec<String>,
}

impl Segments {
    /// Lists the folder.
    pub(crate) fn list(root: &Path) -> io::Result<Self> {
        let mut listed = Self::default();
        for file in fs::read_dir(root.join(FOLDER))? {
            let name = file?.file_name();
            let name = name.to_string_lossy();
            let first = name.parse().ok().filter(|first: &u64| format!("{first:020}") == name);
            match first {
                Some(first) => listed.segments.push(SegmentPath::new(root, first)),
                None => listed.others.push(name.into_owned()),
            }
        }
        listed.segments.sort_by_key(|segment| segment.first);
        listed.others.sort();
        Ok(listed)
    }
}

/// What stands next in a segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A whole entry.
    Entry(&'a [u8], TreeHash),
    /// The end, after a whole entry.
    End,
    /// The end, within an entry: a write was cut off.
    Torn,
    /// A whole frame whose check fails.
    Damaged,
}

/// Reads a segment frame by frame.
#[derive(Debug)]
pub(crate) struct SegmentReader<R> {
    source: R,
    entry: Vec<u8>,
    good_length: u64,
}

impl<R: Read> SegmentReader<R> {
    /// Reads the header; `None` when it is not that of a segment.
    pub(crate) fn new(mut source: R) -> io::Result<Option<Self>> {
        let mut header = [0; HEADER.len()];
        let whole = read_up_to(&mut source, &mut header)? == HEADER.len() && &header == HEADER;
        Ok(whole.then_some(Self { source, entry: Vec::new(), good_length: HEADER.len() as u64 }))
    }

    /// Bytes up to the end of the last whole entry.
    pub(crate) const fn good_length(&self) -> u64 {
        self.good_length
    }

    /// Reads on; after anything but an entry there is no more to read.
    pub(crate) fn next(&mut self) -> io::Result<Frame<'_>> {
        let mut head = [0; FRAME_HEAD];
        match read_up_to(&mut self.source, &mut head)? {
            0 => return Ok(Frame::End),
            FRAME_HEAD => (),
            _ => return Ok(Frame::Torn),
        }
        let (check, length) = head.split_at(CHECK_LENGTH);
        let length = u16::from_be_bytes([length[0], length[1]]);
        self.entry.resize(usize::from(length), 0);
        if read_up_to(&mut self.source, &mut self.entry)? < self.entry.len() {
            return Ok(Frame::Torn);
        }
        let leaf = TreeHash::leaf(&self.entry);
        if leaf.as_bytes()[..CHECK_LENGTH] == *check {
            self.good_length += (FRAME_HEAD + self.entry.len()) as u64;
            return Ok(Frame::Entry(&self.entry, leaf));
        }
        // After a loss of power a file can be longer than what reached the disk, and zero from there on.
        let torn = head == [0; FRAME_HEAD] && only_zeros(&mut self.source)?;
        Ok(if torn { Frame::Torn } else { Frame::Damaged })
    }
}

fn only_zeros(source: &mut impl Read) -> io::Result<bool> {
    let mut block = [0; 4096];
    loop {
        match read_up_to(source, &mut block)? {
            0 => return Ok(true),
            length if block[..length].iter().any(|byte| *byte != 0) => return Ok(false),
            _ => (),
        }
    }
}

/// Fills the buffer as far as the source has bytes.
fn read_up_to(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(entries: &[&[u8]]) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        entries.iter().for_each(|entry| encode_frame(&mut bytes, entry, &TreeHash::leaf(entry)));
        bytes
    }

    fn scan(bytes: &[u8]) -> (usize, u64, &'static str) {
        let mut reader = SegmentReader::new(bytes).unwrap().unwrap();
        let mut count = 0;
        loop {
            let end = match reader.next().unwrap() {
                Frame::Entry(..) => "",
                Frame::End => "end",
                Frame::Torn => "torn",
                Frame::Damaged => "damaged",
            };
            match end {
                "" => count += 1,
                end => return (count, reader.good_length(), end),
            }
        }
    }

    #[test]
    fn a_segment_cut_at_any_byte_gives_the_whole_entries_before_it() {
        let entries: [&[u8]; 3] = [b"one", b"", b"three"];
        let bytes = segment(&entries);
        let ends = [16, 29, 39, 54];
        assert_eq!(bytes.len(), ends[3]);
        for cut in 16..=bytes.len() {
            let whole = ends.iter().rposition(|end| *end <= cut).unwrap();
            let expected = if ends.contains(&cut) { "end" } else { "torn" };
            assert_eq!(scan(&bytes[..cut]), (whole, ends[whole] as u64, expected), "cut at {cut}");
        }
        for cut in 0..16 {
            assert!(SegmentReader::new(&bytes[..cut]).unwrap().is_none());
        }
        assert_eq!(framed_entries(&bytes[16..]).collect::<Vec<_>>(), entries);
    }

    #[test]
    fn any_bit_changed_is_seen() {
        let bytes = segment(&[b"one", b"two"]);
        for bit in 16 * 8..bytes.len() * 8 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(scan(&other).2, "end", "bit {bit}");
        }
    }

    #[test]
    fn a_tail_of_zeros_is_torn_and_zeros_within_are_damage() {
        let mut bytes = segment(&[b"one"]);
        bytes.extend_from_slice(&[0; 5000]);
        assert_eq!(scan(&bytes), (1, 29, "torn"));
        bytes.push(1);
        assert_eq!(scan(&bytes), (1, 29, "damaged"));
    }
}
