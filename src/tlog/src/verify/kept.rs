//! The comparison with a checkpoint that was kept elsewhere.

use super::journal::Tail;
use super::{Check, Finding};
use crate::checkpoint::Checkpoint;
use crate::merkle::TreeHash;

impl Check {
    /// Tells a log that only grew from one that was rolled back or replaced; `kept_root` is the recomputed root at the kept size.
    pub(super) fn kept(&mut self, kept: &Checkpoint, kept_root: Option<TreeHash>, tail: &Tail) -> Result<(), String> {
        let (size, kept_size) = (self.folder.size(), kept.size());
        if kept_size <= size {
            // Without a recomputed root, entries before the kept size are missing, and that has been found already.
            if kept_root.is_some_and(|root| root != kept.root()) {
                self.find(Finding::Replaced { kept_size });
            }
            return Ok(());
        }
        let still_there = self.root_after_tail(kept_size, tail) == Some(kept.root());
        self.find(if still_there {
            Finding::CheckpointRolledBack { size, kept_size }
        } else {
            Finding::RolledBack { size, kept_size }
        });
        Ok(())
    }

    /// The root at a size that only the journal reaches.
    fn root_after_tail(&self, size: u64, tail: &Tail) -> Option<TreeHash> {
        let mut edge = self.folder.edge().ok()?;
        let missing = usize::try_from(size - edge.size()).ok()?;
        let mut finished = Vec::new();
        for (entry, leaf) in tail.entries.get(..missing)?.iter().zip(&tail.leaves) {
            edge.push(entry, *leaf, &mut finished);
        }
        Some(edge.root())
    }
}
