//! Inclusion proofs (RFC 6962, section 2.1.1): that an entry is in a tree.

use super::nodes::range;
use super::{Nodes, ProofError, TreeHash, split};

/// The hashes from the entry's sibling up to the root's child; `None` when the tree has no such entry.
///
/// # Errors
/// When `nodes` cannot give a hash.
pub fn inclusion_proof<N: Nodes>(nodes: &N, index: u64, size: u64) -> Result<Option<Vec<TreeHash>>, N::Error> {
    if index >= size {
        return Ok(None);
    }
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range(nodes, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(Some(path))
}

/// Checks that the entry with this leaf hash stands at `index` of the tree of `size` entries (RFC 9162, section 2.1.3.2).
///
/// # Errors
/// [`ProofError`] says in which way the proof fails.
pub fn verify_inclusion(
    leaf: &TreeHash,
    index: u64,
    size: u64,
    proof: &[TreeHash],
    root: &TreeHash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if node & 1 == 1 || node == last {
            hash = TreeHash::node(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = TreeHash::node(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    match (last, hash == *root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::WrongRoot),
        (_, _) => Err(ProofError::WrongLength),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::nodes::tests::Leaves;
    use crate::merkle::tests::{defined_root, numbered_leaves};
    use proptest::prelude::*;

    #[test]
    fn every_entry_of_every_tree_to_70_is_proven_and_no_other_index_is() {
        let leaves = numbered_leaves(70);
        for size in 1..=70 {
            let root = defined_root(&leaves[..size]);
            for index in 0..size {
                let proof = inclusion_proof(&Leaves(&leaves[..size]), index as u64, size as u64).unwrap().unwrap();
                verify_inclusion(&leaves[index], index as u64, size as u64, &proof, &root).unwrap();
                for other in (0..size).filter(|other| *other != index) {
                    assert!(verify_inclusion(&leaves[index], other as u64, size as u64, &proof, &root).is_err());
                }
            }
        }
    }

    #[test]
    fn an_entry_beyond_the_tree_has_no_proof() {
        assert_eq!(inclusion_proof(&Leaves(&[]), 0, 0).unwrap(), None);
        assert_eq!(verify_inclusion(&TreeHash::EMPTY, 0, 0, &[], &TreeHash::EMPTY), Err(ProofError::OutOfRange));
    }

    proptest! {
        #[test]
        fn a_proof_holds_and_fails_with_any_hash_changed(size in 1_usize..600, at in any::<proptest::sample::Index>(), bit in 0_usize..256) {
            let leaves = numbered_leaves(size);
            let index = at.index(size);
            let root = defined_root(&leaves);
            let (index64, size64) = (index as u64, size as u64);
            let proof = inclusion_proof(&Leaves(&leaves), index64, size64).unwrap().unwrap();
            prop_assert_eq!(verify_inclusion(&leaves[index], index64, size64, &proof, &root), Ok(()));
            for changed in 0..proof.len() {
                let mut other = proof.clone();
                let mut bytes = *other[changed].as_bytes();
                bytes[bit / 8] ^= 1 << (bit % 8);
                other[changed] = TreeHash::from_bytes(bytes);
                prop_assert_eq!(verify_inclusion(&leaves[index], index64, size64, &other, &root), Err(ProofError::WrongRoot));
            }
            let mut longer = proof.clone();
            longer.push(root);
            prop_assert_eq!(verify_inclusion(&leaves[index], index64, size64, &longer, &root), Err(ProofError::WrongLength));
            if let Some((_, shorter)) = proof.split_last() {
                prop_assert!(verify_inclusion(&leaves[index], index64, size64, shorter, &root).is_err());
            }
        }
    }
}
