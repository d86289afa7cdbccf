//! Where a prover finds the hashes of perfect subtrees.

use super::{TreeHash, fold_peaks};

/// Gives the hash of the perfect subtree over the entries `index << level .. (index + 1) << level`.
pub trait Nodes {
    /// Why a hash could not be had.
    type Error;

    /// The hash at `level` (0 is an entry) and `index` within that level.
    ///
    /// # Errors
    /// When the hash is not stored or cannot be read.
    fn node(&self, level: u32, index: u64) -> Result<TreeHash, Self::Error>;
}

/// The root over `start..end`, where `start` is a multiple of every subtree it is made of, as RFC 6962 splits give.
pub(super) fn range<N: Nodes>(nodes: &N, start: u64, end: u64) -> Result<TreeHash, N::Error> {
    let mut peaks = Vec::with_capacity(64);
    let mut at = start;
    while at < end {
        let level = (end - at).ilog2();
        peaks.push(nodes.node(level, at >> level)?);
        at += 1 << level;
    }
    Ok(fold_peaks(&peaks))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::merkle::tests::defined_root;
    use std::convert::Infallible;

    /// A tree that lies in memory as its leaves.
    pub(crate) struct Leaves<'a>(pub(crate) &'a [TreeHash]);

    impl Nodes for Leaves<'_> {
        type Error = Infallible;

        fn node(&self, level: u32, index: u64) -> Result<TreeHash, Infallible> {
            let start = usize::try_from(index << level).unwrap();
            Ok(defined_root(&self.0[start..start + (1 << level)]))
        }
    }
}
