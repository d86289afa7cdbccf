//! Opening: the tree comes from the tiles at its right edge, what was appended after the checkpoint from the journal's tail.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use parking_lot::Mutex;

use super::file::{self, JournalFile, Opener};
use super::lock::FolderLock;
use super::publish::{CHECKPOINT, Publisher};
use super::segment::{FOLDER, Frame, HEADER, SegmentPath, SegmentReader, Segments, encode_frame};
use super::writer::{Pending, Writer};
use super::{Core, Log, LogOptions, OpenError};
use crate::checkpoint::Checkpoint;
use crate::files;
use crate::folder::{Folder, TileTrouble};
use crate::note::SigningKey;
use crate::tile::{RightEdge, TILE_WIDTH};

/// What opening found in the journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Entries that were in the journal and under no checkpoint yet.
    pub replayed_entries: u64,
    /// Bytes of a write that a crash had cut off, removed.
    pub cut_bytes: u64,
}

/// The journal's end as it was found.
struct Tail {
    active: Arc<dyn JournalFile>,
    length: u64,
    next_index: u64,
    pending: Pending,
    recovery: Recovery,
}

impl Log {
    /// Opens the log in `folder`, or begins one there, and keeps others from writing it.
    ///
    /// # Errors
    /// [`OpenError`]: in use, not readable, or not what its own checkpoint says.
    pub fn open(folder: &Path, options: &LogOptions<'_>) -> Result<Self, OpenError> {
        Self::open_with(folder, options, file::plain)
    }

    pub(super) fn open_with(folder: &Path, options: &LogOptions<'_>, opener: Opener) -> Result<Self, OpenError> {
        let key = SigningKey::from_seed(options.origin, options.signing_seed)?;
        let journal = folder.join(FOLDER);
        fs::create_dir_all(&journal).map_err(OpenError::io("create", &journal))?;
        let lock = FolderLock::acquire(folder)?;
        files::remove_temporary(folder).map_err(OpenError::io("clean", folder))?;

        let (published, note) = read_checkpoint(folder, &key)?;
        let edge = read_edge(folder, &published)?;
        let tail = read_journal(folder, &edge, opener)?;
        if tail.recovery != Recovery::default() {
            tracing::info!(
                entries = tail.recovery.replayed_entries,
                cut_bytes = tail.recovery.cut_bytes,
                "the journal was replayed"
            );
        }
        let unpublished_bytes = AtomicUsize::new(tail.pending.frames.len());
        let writer = Writer::new(tail.active, tail.length, tail.next_index, tail.pending);
        let core = Core {
            root: folder.to_owned(),
            key,
            wait_max: options.wait_max,
            segment_bytes_max: options.segment_bytes_max,
            unpublished_bytes_max: options.unpublished_bytes_max,
            recovery: tail.recovery,
            files: opener,
            publisher: Mutex::new(Publisher::new(edge, published, note)),
            writer: Mutex::new(writer),
            group: Mutex::default(),
            unpublished_bytes,
        };
        Ok(Self { core: Arc::new(core), _lock: Arc::new(lock) })
    }
}

/// The checkpoint in the folder; a log that has nothing at all gets its first one.
fn read_checkpoint(folder: &Path, key: &SigningKey) -> Result<(Checkpoint, Vec<u8>), OpenError> {
    let path = folder.join(CHECKPOINT);
    if let Some(note) = files::read_if_there(&path).map_err(OpenError::io("read", &path))? {
        return Ok((Checkpoint::open(&note, key.verifier())?, note));
    }
    let journal = Segments::list(folder).map_err(OpenError::io("read", &folder.join(FOLDER)))?;
    if !journal.segments.is_empty() || folder.join("tile").exists() {
        return Err(OpenError::CheckpointMissing);
    }
    Core::sign_empty(folder, key).map_err(OpenError::io("write", &path))
}

/// The unfinished tiles that the checkpoint covers, if they have its root.
fn read_edge(folder: &Path, published: &Checkpoint) -> Result<RightEdge, OpenError> {
    let tiles = Folder::new(folder, published.size());
    let edge = tiles.edge().map_err(|trouble| match trouble {
        TileTrouble::Unreadable { path, source } => OpenError::io("read", Path::new(&path))(source),
        TileTrouble::Missing { path } | TileTrouble::Malformed { path } => OpenError::Tile { path },
    })?;
    if edge.root() == published.root() { Ok(edge) } else { Err(OpenError::Tile { path: "tile".to_owned() }) }
}

/// Reads the journal from the segment that the checkpoint ends in.
fn read_journal(folder: &Path, edge: &RightEdge, opener: Opener) -> Result<Tail, OpenError> {
    let published = edge.size();
    let listed = Segments::list(folder).map_err(OpenError::io("read", &folder.join(FOLDER)))?.segments;
    if listed.is_empty() && published == 0 {
        return begin_journal(folder, opener);
    }
    let start = listed.iter().rposition(|segment| segment.first <= published);
    let segments = start.and_then(|start| listed.get(start..)).unwrap_or_default();
    let (mut pending, mut recovery, mut end) = (Pending::default(), Recovery::default(), 0);
    for (position, segment) in segments.iter().enumerate() {
        let next = segments.get(position + 1);
        let length = read_segment(segment, edge, &mut end, &mut pending)?;
        let Some(next) = next else {
            if end < published {
                return Err(OpenError::JournalBehind { end, size: published });
            }
            let active =
                File::options().append(true).open(&segment.path).map_err(OpenError::io("open", &segment.path))?;
            recovery.cut_bytes = cut(&active, length).map_err(OpenError::io("cut", &segment.path))?;
            recovery.replayed_entries = pending.leaves.len() as u64;
            return Ok(Tail { active: opener(active), length, next_index: end, pending, recovery });
        };
        if next.first != end {
            return Err(OpenError::JournalDamaged { index: end });
        }
    }
    Err(OpenError::JournalBehind { end, size: published })
}

/// Reads one segment; gives the length of its whole frames, sets `end` to the index after them, collects what is not published.
fn read_segment(
    segment: &SegmentPath,
    edge: &RightEdge,
    end: &mut u64,
    pending: &mut Pending,
) -> Result<u64, OpenError> {
    let path = &segment.path;
    let file = File::open(path).map_err(OpenError::io("open", path))?;
    let reader = SegmentReader::new(BufReader::new(file)).map_err(OpenError::io("read", path))?;
    let mut reader = reader.ok_or(OpenError::JournalDamaged { index: segment.first })?;
    // Entries of the last partial tile are at hand to compare with; earlier ones stand in full tiles and are not read here.
    let comparable = edge.size() - edge.size() % TILE_WIDTH;
    *end = segment.first;
    loop {
        match reader.next().map_err(OpenError::io("read", path))? {
            Frame::Entry(entry, leaf) => {
                if *end >= edge.size() {
                    encode_frame(&mut pending.frames, entry, &leaf);
                    pending.leaves.push(leaf);
                } else if let Some(within) = end.checked_sub(comparable)
                    && edge.last_leaves().get(usize::try_from(within).unwrap_or(usize::MAX)) != Some(&leaf)
                {
                    return Err(OpenError::JournalDisagrees { index: *end });
                }
                *end += 1;
            }
            Frame::End | Frame::Torn | Frame::Damaged => return Ok(reader.good_length()),
        }
    }
}

fn begin_journal(folder: &Path, opener: Opener) -> Result<Tail, OpenError> {
    let segment = SegmentPath::new(folder, 0);
    let relative = format!("{FOLDER}/{:020}", segment.first);
    files::put(folder, [(relative, &HEADER[..])]).map_err(OpenError::io("write", &segment.path))?;
    let active = File::options().append(true).open(&segment.path).map_err(OpenError::io("open", &segment.path))?;
    let (pending, recovery) = (Pending::default(), Recovery::default());
    Ok(Tail { active: opener(active), length: HEADER.len() as u64, next_index: 0, pending, recovery })
}

/// Removes what follows the whole frames; says how much that was.
fn cut(active: &File, length: u64) -> std::io::Result<u64> {
    let found = active.metadata()?.len();
    if found > length {
        active.set_len(length)?;
        active.sync_all()?;
    }
    Ok(found.saturating_sub(length))
}
