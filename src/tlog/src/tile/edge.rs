//! The right edge of a tiled tree: the unfinished tile of every level, from which the tree grows.

use super::{TILE_WIDTH, TileKind, TilePath, encode_entry};
use crate::merkle::{Frontier, TreeHash, fold_peaks};

/// A tile's name and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TileFile {
    pub(crate) path: TilePath,
    pub(crate) bytes: Vec<u8>,
}

/// The unfinished tiles of a tree, level 0 first, and the unfinished entry bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RightEdge {
    size: u64,
    bundle: Vec<u8>,
    levels: Vec<Vec<TreeHash>>,
}

impl RightEdge {
    /// The edge of the tree of `size` entries, from tiles that the caller has read; the widths must be those of that size.
    pub(crate) fn from_tiles(size: u64, bundle: Vec<u8>, levels: Vec<Vec<TreeHash>>) -> Option<Self> {
        let fits = (0_u8..).zip(&levels).all(|(level, hashes)| hashes.len() as u64 == partial_width(level, size));
        (fits && levels.len() == level_count(size)).then_some(Self { size, bundle, levels })
    }

    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// The leaf hashes of the unfinished tile of level 0.
    pub(crate) fn last_leaves(&self) -> &[TreeHash] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    /// The root of the whole tree.
    pub(crate) fn root(&self) -> TreeHash {
        fold_peaks(&peaks_of(&self.levels))
    }

    /// Appends an entry of a length that fits; tiles that become full are added to `finished`.
    pub(crate) fn push(&mut self, entry: &[u8], leaf: TreeHash, finished: &mut Vec<TileFile>) {
        encode_entry(&mut self.bundle, entry).expect("invariant: the journal holds no entry that is too long");
        let number = self.size / TILE_WIDTH;
        self.size += 1;
        if self.size.is_multiple_of(TILE_WIDTH) {
            let bytes = std::mem::take(&mut self.bundle);
            finished.push(TileFile { path: TilePath::full(TileKind::Entries, number), bytes });
        }
        let (mut hash, mut number) = (leaf, number);
        for level in 0_u8.. {
            let at = usize::from(level);
            if self.levels.len() == at {
                self.levels.push(Vec::new());
            }
            let tile = &mut self.levels[at];
            tile.push(hash);
            if (tile.len() as u64) < TILE_WIDTH {
                return;
            }
            finished.push(TileFile { path: TilePath::full(TileKind::Hashes { level }, number), bytes: bytes_of(tile) });
            hash = tile.drain(..).collect::<Frontier>().root();
            number /= TILE_WIDTH;
        }
    }

    /// The partial tiles that a checkpoint of the present size needs.
    pub(crate) fn partials(&self) -> Vec<TileFile> {
        let mut files = Vec::with_capacity(self.levels.len() + 1);
        let mut add = |kind: TileKind, bytes: &dyn Fn() -> Vec<u8>| {
            let index = self.size.checked_shr(shift(kind)).unwrap_or(0) / TILE_WIDTH;
            if let Some(path) = TilePath::at_size(kind, index, self.size) {
                files.push(TileFile { path, bytes: bytes() });
            }
        };
        add(TileKind::Entries, &|| self.bundle.clone());
        for (level, hashes) in (0_u8..).zip(&self.levels) {
            add(TileKind::Hashes { level }, &|| bytes_of(hashes));
        }
        files
    }
}

/// How many levels a tree of `size` entries has tiles on.
pub(crate) fn level_count(size: u64) -> usize {
    (0_u8..).take_while(|level| size.checked_shr(shift(TileKind::Hashes { level: *level })).unwrap_or(0) > 0).count()
}

/// How many hashes the unfinished tile of a level has.
pub(crate) fn partial_width(level: u8, size: u64) -> u64 {
    size.checked_shr(shift(TileKind::Hashes { level })).unwrap_or(0) % TILE_WIDTH
}

/// The perfect subtrees of a tree, largest first, from the unfinished tiles of its levels.
pub(crate) fn peaks_of(levels: &[Vec<TreeHash>]) -> Vec<TreeHash> {
    let peaks = |hashes: &Vec<TreeHash>| hashes.iter().copied().collect::<Frontier>().peaks().to_vec();
    levels.iter().rev().flat_map(peaks).collect()
}

/// The hashes of a tile's content; `None` unless it is whole hashes.
pub(crate) fn hashes_of(bytes: &[u8]) -> Option<Vec<TreeHash>> {
    let (hashes, rest) = bytes.as_chunks::<{ TreeHash::LENGTH }>();
    rest.is_empty().then(|| hashes.iter().map(|hash| TreeHash::from_bytes(*hash)).collect())
}

fn bytes_of(hashes: &[TreeHash]) -> Vec<u8> {
    hashes.iter().flat_map(TreeHash::as_bytes).copied().collect()
}

const fn shift(kind: TileKind) -> u32 {
    match kind {
        TileKind::Hashes { level } => level as u32 * 8,
        TileKind::Entries => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edge_has_the_root_of_the_frontier_and_the_tiles_of_the_specification() {
        let (mut edge, mut frontier, mut finished) = (RightEdge::default(), Frontier::default(), Vec::new());
        for i in 0..70_000_u32 {
            let entry = i.to_be_bytes();
            edge.push(&entry, TreeHash::leaf(&entry), &mut finished);
            frontier.push(TreeHash::leaf(&entry));
            if i % 997 == 0 || i == 65_535 {
                assert_eq!(edge.root(), frontier.root(), "after {i}");
            }
        }
        assert_eq!(edge.root(), frontier.root());
        let full = |kind| finished.iter().filter(|tile| tile.path.kind() == kind).count();
        assert_eq!(
            (full(TileKind::Entries), full(TileKind::Hashes { level: 0 }), full(TileKind::Hashes { level: 1 })),
            (273, 273, 1)
        );
        let partials: Vec<_> = edge.partials().iter().map(|tile| (tile.path.to_string(), tile.bytes.len())).collect();
        let expected = [
            ("tile/entries/273.p/112", 112 * 6),
            ("tile/0/273.p/112", 112 * 32),
            ("tile/1/001.p/17", 17 * 32),
            ("tile/2/000.p/1", 32),
        ];
        assert_eq!(partials, expected.map(|(path, length)| (path.to_owned(), length)));
        let again = RightEdge::from_tiles(70_000, edge.bundle.clone(), edge.levels.clone()).unwrap();
        assert_eq!(again, edge);
        assert_eq!(RightEdge::from_tiles(70_001, edge.bundle.clone(), edge.levels), None);
    }

    #[test]
    fn a_tree_of_one_full_tile_has_one_partial_above_it() {
        let (mut edge, mut finished) = (RightEdge::default(), Vec::new());
        (0..256).for_each(|_| edge.push(b"", TreeHash::leaf(b""), &mut finished));
        assert_eq!(edge.partials().iter().map(|tile| tile.path.to_string()).collect::<Vec<_>>(), ["tile/1/000.p/1"]);
        assert_eq!(level_count(256), 2);
    }
}
