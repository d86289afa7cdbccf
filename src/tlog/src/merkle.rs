//! The hashes of the Merkle tree of RFC 6962, section 2.1.
//!
//! In scope: leaf and node hashes, the frontier, proofs and their verification. Out of scope: where hashes are kept (`tile`, `log`).

mod consistency;
mod frontier;
mod inclusion;
mod nodes;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;

pub use consistency::{consistency_proof, verify_consistency};
pub use frontier::Frontier;
pub(crate) use frontier::fold_peaks;
pub use inclusion::{inclusion_proof, verify_inclusion};
pub use nodes::Nodes;

/// A SHA-256 hash of the tree: of an entry, of a node, or the root.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TreeHash([u8; Self::LENGTH]);

/// The text is not the standard base64 of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the base64 form of a SHA-256 hash")]
pub struct InvalidTreeHash;

/// A proof does not connect what it claims to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index or the sizes cannot belong to one tree.
    #[error("the proof is about an entry or a size that the tree does not have")]
    OutOfRange,
    /// The proof has too many or too few hashes for its sizes.
    #[error("the proof has the wrong number of hashes")]
    WrongLength,
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    WrongRoot,
}

impl TreeHash {
    /// Bytes of a hash.
    pub const LENGTH: usize = 32;

    /// The root of the tree without entries: the hash of nothing.
    pub const EMPTY: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae,
        0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]);

    /// The hash of one entry.
    #[must_use]
    pub fn leaf(entry: &[u8]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&[0x00]);
        context.update(entry);
        Self::finish(context)
    }

    /// The hash of the node above two others.
    #[must_use]
    pub fn node(left: &Self, right: &Self) -> Self {
        let mut input = [0x01; 1 + 2 * Self::LENGTH];
        input[1..=Self::LENGTH].copy_from_slice(&left.0);
        input[1 + Self::LENGTH..].copy_from_slice(&right.0);
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&input);
        Self::finish(context)
    }

    /// A hash read from where it was kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    fn finish(context: digest::Context) -> Self {
        let mut hash = [0; Self::LENGTH];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }
}

impl fmt::Display for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreeHash({self})")
    }
}

impl FromStr for TreeHash {
    type Err = InvalidTreeHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = STANDARD.decode(text).map_err(|_| InvalidTreeHash)?;
        bytes.try_into().map(Self).map_err(|_| InvalidTreeHash)
    }
}

/// The largest power of two below `size`, which must be at least 2: where RFC 6962 splits a tree.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The eight entries of the Certificate Transparency reference test data.
    pub(crate) const ENTRIES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    /// The tree of RFC 6962, section 2.1, by its recursive definition: slow, and plainly right.
    pub(crate) fn defined_root(leaves: &[TreeHash]) -> TreeHash {
        match leaves {
            [] => TreeHash::EMPTY,
            [leaf] => *leaf,
            many => {
                let (left, right) = many.split_at(usize::try_from(split(many.len() as u64)).unwrap());
                TreeHash::node(&defined_root(left), &defined_root(right))
            }
        }
    }

    pub(crate) fn numbered_leaves(count: usize) -> Vec<TreeHash> {
        (0..count).map(|i| TreeHash::leaf(&i.to_be_bytes())).collect()
    }

    fn hex(hash: &TreeHash) -> String {
        hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_reference_entries_give_the_reference_roots() {
        let leaves: Vec<_> = ENTRIES.iter().map(|entry| TreeHash::leaf(entry)).collect();
        for (count, expected) in (1..=8).zip(ROOTS) {
            let mut frontier = Frontier::default();
            leaves[..count].iter().for_each(|leaf| frontier.push(*leaf));
            assert_eq!(hex(&frontier.root()), expected, "root of {count} entries");
            assert_eq!(defined_root(&leaves[..count]), frontier.root());
        }
    }

    #[test]
    fn the_root_of_no_entries_is_the_hash_of_nothing() {
        assert_eq!(Frontier::default().root(), TreeHash::EMPTY);
        assert_eq!(digest::digest(&digest::SHA256, b"").as_ref(), TreeHash::EMPTY.as_bytes());
    }

    #[test]
    fn a_hash_survives_its_text_form_and_nothing_else_is_read() {
        let hash = TreeHash::leaf(b"x");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for text in ["", "AAAA", "not base64", &hash.to_string()[..43], &format!("{hash}\n")] {
            assert_eq!(text.parse::<TreeHash>(), Err(InvalidTreeHash), "{text:?}");
        }
    }
}
