//! Consistency proofs (RFC 6962, section 2.1.2): that a tree only grew.

use super::nodes::range;
use super::{Nodes, ProofError, TreeHash, split};

/// The hashes that connect the tree of `old` entries with the tree of `new` entries; `None` when `old` is the larger one.
///
/// # Errors
/// When `nodes` cannot give a hash.
pub fn consistency_proof<N: Nodes>(nodes: &N, old: u64, new: u64) -> Result<Option<Vec<TreeHash>>, N::Error> {
    if old > new {
        return Ok(None);
    }
    let mut proof = Vec::new();
    if old == 0 || old == new {
        return Ok(Some(proof));
    }
    let (mut start, mut end) = (0, new);
    // The old tree itself is known to the verifier as long as no split has cut it.
    let mut whole = true;
    while old != end {
        let middle = start + split(end - start);
        if old <= middle {
            proof.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            proof.push(range(nodes, start, middle)?);
            start = middle;
            whole = false;
        }
    }
    if !whole {
        proof.push(range(nodes, start, end)?);
    }
    proof.reverse();
    Ok(Some(proof))
}

/// Checks that the tree of `new` entries begins with the tree of `old` entries (RFC 9162, section 2.1.4.2).
///
/// # Errors
/// [`ProofError`] says in which way the proof fails.
pub fn verify_consistency(
    old: u64,
    old_root: &TreeHash,
    new: u64,
    new_root: &TreeHash,
    proof: &[TreeHash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::OutOfRange);
    }
    if old == 0 || old == new {
        let same = if old == 0 { *old_root == TreeHash::EMPTY } else { old_root == new_root };
        return match (proof, same) {
            ([], true) => Ok(()),
            ([], false) => Err(ProofError::WrongRoot),
            (_, _) => Err(ProofError::WrongLength),
        };
    }
    let (first, rest) =
        if old.is_power_of_two() { (old_root, proof) } else { proof.split_first().ok_or(ProofError::WrongLength)? };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*first, *first);
    for hash in rest {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if node & 1 == 1 || node == last {
            old_hash = TreeHash::node(hash, &old_hash);
            new_hash = TreeHash::node(hash, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = TreeHash::node(&new_hash, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    match (last, old_hash == *old_root && new_hash == *new_root) {
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
    fn every_pair_of_sizes_to_70_is_consistent_and_with_no_other_root() {
        let leaves = numbered_leaves(70);
        let roots: Vec<_> = (0..=70).map(|size| defined_root(&leaves[..size])).collect();
        for new in 0..=70_usize {
            for old in 0..=new {
                let (old64, new64) = (old as u64, new as u64);
                let proof = consistency_proof(&Leaves(&leaves[..new]), old64, new64).unwrap().unwrap();
                verify_consistency(old64, &roots[old], new64, &roots[new], &proof).unwrap();
                for wrong in (0..=70).filter(|wrong| *wrong != old) {
                    assert!(verify_consistency(old64, &roots[wrong], new64, &roots[new], &proof).is_err());
                }
                for wrong in (0..=70).filter(|wrong| *wrong != new && old != 0) {
                    assert!(verify_consistency(old64, &roots[old], new64, &roots[wrong], &proof).is_err());
                }
            }
        }
    }

    #[test]
    fn a_larger_tree_is_no_beginning_of_a_smaller_one() {
        assert_eq!(consistency_proof(&Leaves(&[]), 1, 0).unwrap(), None);
        assert_eq!(verify_consistency(1, &TreeHash::EMPTY, 0, &TreeHash::EMPTY, &[]), Err(ProofError::OutOfRange));
    }

    proptest! {
        #[test]
        fn a_proof_holds_for_sizes_to_600_and_fails_with_any_hash_changed(new in 1_usize..600, at in any::<proptest::sample::Index>(), bit in 0_usize..256) {
            let leaves = numbered_leaves(new);
            let old = 1 + at.index(new);
            let (old_root, new_root) = (defined_root(&leaves[..old]), defined_root(&leaves));
            let (old, new) = (old as u64, new as u64);
            let proof = consistency_proof(&Leaves(&leaves), old, new).unwrap().unwrap();
            prop_assert_eq!(verify_consistency(old, &old_root, new, &new_root, &proof), Ok(()));
            for changed in 0..proof.len() {
                let mut other = proof.clone();
                let mut bytes = *other[changed].as_bytes();
                bytes[bit / 8] ^= 1 << (bit % 8);
                other[changed] = TreeHash::from_bytes(bytes);
                prop_assert_eq!(verify_consistency(old, &old_root, new, &new_root, &other), Err(ProofError::WrongRoot));
            }
        }
    }
}
