//! What an auditor can find, and where.

use crate::checkpoint::CheckpointError;

/// One thing that is not as the log's writer left it; paths are relative to the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// There are entries but no checkpoint.
    #[error("checkpoint: missing")]
    CheckpointMissing,
    /// The checkpoint is not signed by the key, is malformed, or belongs to another log.
    #[error("checkpoint: {0}")]
    CheckpointInvalid(CheckpointError),
    /// A tile that the checkpoint covers is missing.
    #[error("{path}: missing; it holds what stands at entry {first_entry} and after")]
    TileMissing {
        /// The tile.
        path: String,
        /// The first entry that it is about.
        first_entry: u64,
    },
    /// A hash tile is not what the root, or the tile above it, commits to.
    #[error("{path}: altered; it is about entry {first_entry} and after")]
    TileAltered {
        /// The tile.
        path: String,
        /// The first entry that it is about.
        first_entry: u64,
    },
    /// An entry is not the one that the signed root commits to.
    #[error("{path}: entry {index} was altered")]
    EntryAltered {
        /// The entry bundle.
        path: String,
        /// The entry.
        index: u64,
    },
    /// A bundle has fewer entries than it must; the first that is not in its place is this one.
    #[error("{path}: entry {index} is missing")]
    EntryMissing {
        /// The entry bundle.
        path: String,
        /// The first entry that is not there.
        index: u64,
    },
    /// A bundle has more than it must; it begins to differ at this index.
    #[error("{path}: there is an extra entry at {index}")]
    EntryExtra {
        /// The entry bundle.
        path: String,
        /// Where it begins to differ.
        index: u64,
    },
    /// An entry and its hash disagree, and nothing that is signed says which of them is right.
    #[error("{path}: entry {index} does not fit its hash, and no signature tells which of them was altered")]
    EntryDisagrees {
        /// The entry bundle.
        path: String,
        /// The entry.
        index: u64,
    },
    /// Entries and tiles may fit each other, but they do not have the signed root.
    #[error("the entries before {size} do not have the root of the checkpoint")]
    RootDiffers {
        /// The checkpoint's size.
        size: u64,
    },
    /// A file that a log does not have, or one for entries that it does not have.
    #[error("{path}: does not belong to the log")]
    UnexpectedFile {
        /// The file.
        path: String,
    },
    /// A tile of an earlier or a coming size is not what the entries give.
    #[error("{path}: altered; a tile of another size, not covered by the checkpoint's root")]
    OtherSizeAltered {
        /// The tile.
        path: String,
    },
    /// The journal's folder is there but its segments are not.
    #[error("journal: the segments are missing")]
    JournalMissing,
    /// A segment of the journal cannot be read on from this entry.
    #[error("{path}: damaged at entry {index}")]
    JournalDamaged {
        /// The segment.
        path: String,
        /// The first entry that cannot be read.
        index: u64,
    },
    /// The journal jumps from one index to another.
    #[error("{path}: begins at entry {begins}, the segment before it ends at {ends}")]
    JournalGap {
        /// The later segment.
        path: String,
        /// Where the segment before it ends.
        ends: u64,
        /// Where it begins.
        begins: u64,
    },
    /// The journal ends before the checkpoint does.
    #[error("journal: ends at entry {end}, the checkpoint has {size}")]
    JournalBehind {
        /// Entries that the journal reaches.
        end: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// The journal has another entry than the tiles.
    #[error("{path}: entry {index} is not the published one")]
    JournalDisagrees {
        /// The segment.
        path: String,
        /// The entry.
        index: u64,
    },
    /// The whole log is gone.
    #[error("the log is gone; the checkpoint kept elsewhere has {kept_size} entries")]
    LogGone {
        /// The size of the kept checkpoint.
        kept_size: u64,
    },
    /// The folder's checkpoint is older than the kept one, and so are its entries.
    #[error("the log was rolled back to {size} entries; the checkpoint kept elsewhere has {kept_size}")]
    RolledBack {
        /// The size of the folder's checkpoint.
        size: u64,
        /// The size of the kept checkpoint.
        kept_size: u64,
    },
    /// The folder's checkpoint is older than the kept one, but the journal still has the entries.
    #[error(
        "an older checkpoint of {size} entries was put back; all {kept_size} entries of the one kept elsewhere are there"
    )]
    CheckpointRolledBack {
        /// The size of the folder's checkpoint.
        size: u64,
        /// The size of the kept checkpoint.
        kept_size: u64,
    },
    /// The log is long enough, but its first entries are others than those the kept checkpoint covers.
    #[error("the log was replaced: its first {kept_size} entries are not those of the checkpoint kept elsewhere")]
    Replaced {
        /// The size of the kept checkpoint.
        kept_size: u64,
    },
}
