//! The frontier: the few hashes that are enough to go on growing a tree.

use super::TreeHash;

/// A tree reduced to its perfect subtrees, largest first; appending needs nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<TreeHash>,
}

impl Frontier {
    /// Appends the hash of an entry.
    pub fn push(&mut self, leaf: TreeHash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("invariant: a peak for every one bit of the size");
            hash = TreeHash::node(&left, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// How many entries the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The perfect subtrees, largest first.
    #[must_use]
    pub fn peaks(&self) -> &[TreeHash] {
        &self.peaks
    }

    /// The root over everything pushed so far.
    #[must_use]
    pub fn root(&self) -> TreeHash {
        fold_peaks(&self.peaks)
    }
}

impl FromIterator<TreeHash> for Frontier {
    fn from_iter<T: IntoIterator<Item = TreeHash>>(hashes: T) -> Self {
        let mut frontier = Self::default();
        hashes.into_iter().for_each(|hash| frontier.push(hash));
        frontier
    }
}

/// The root above perfect subtrees of falling size.
pub(crate) fn fold_peaks(peaks: &[TreeHash]) -> TreeHash {
    peaks.iter().rev().copied().reduce(|right, left| TreeHash::node(&left, &right)).unwrap_or(TreeHash::EMPTY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::tests::{defined_root, numbered_leaves};

    #[test]
    fn the_frontier_agrees_with_the_definition_for_every_size_to_600() {
        let leaves = numbered_leaves(600);
        let mut frontier = Frontier::default();
        for size in 0..=600 {
            assert_eq!(frontier.size(), size as u64);
            assert_eq!(frontier.root(), defined_root(&leaves[..size]), "size {size}");
            assert_eq!(frontier.peaks().len(), size.count_ones() as usize);
            if let Some(leaf) = leaves.get(size) {
                frontier.push(*leaf);
            }
        }
    }
}
