//! What a log is opened with.

use std::time::Duration;

/// Origin, key and limits of a log.
#[derive(Clone, Copy)]
pub struct LogOptions<'a> {
    /// The log's name and its key's name: a schema-less URL without spaces and plus signs.
    pub origin: &'a str,
    /// The Ed25519 seed that signs checkpoints.
    pub signing_seed: &'a [u8; 32],
    /// The longest that an append waits for others or for the disk.
    pub wait_max: Duration,
    /// The size at which the next publishing starts a new segment of the journal.
    pub segment_bytes_max: u64,
    /// Entries that may wait for being published, which is also what they take in memory; beyond it appends are refused.
    pub unpublished_bytes_max: usize,
}

impl<'a> LogOptions<'a> {
    /// The usual limits: 5 seconds, segments of 8 MiB, 128 MiB unpublished (about a second at the highest rate of a large machine).
    #[must_use]
    pub const fn new(origin: &'a str, signing_seed: &'a [u8; 32]) -> Self {
        Self {
            origin,
            signing_seed,
            wait_max: Duration::from_secs(5),
            segment_bytes_max: 8 << 20,
            unpublished_bytes_max: 128 << 20,
        }
    }
}

impl std::fmt::Debug for LogOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogOptions").field("origin", &self.origin).finish_non_exhaustive()
    }
}
