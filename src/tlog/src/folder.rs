//! Reads the tiles in a log's folder, as the tree of one size needs them.

use std::io;
use std::path::{Path, PathBuf};

use crate::files;
use crate::merkle::{Frontier, Nodes, TreeHash};
use crate::tile::{
    BundleEntries, RightEdge, TILE_WIDTH, TileKind, TilePath, encode_entry, hashes_of, level_count, partial_width,
};

/// A tile cannot be had; paths are relative to the log.
#[derive(Debug, thiserror::Error)]
pub enum TileTrouble {
    /// There is no such file.
    #[error("{path} is missing")]
    Missing {
        /// The tile.
        path: String,
    },
    /// The file is not whole hashes or entries, or not as many as it must have.
    #[error("{path} is malformed")]
    Malformed {
        /// The tile.
        path: String,
    },
    /// The operating system refused.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The tile.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// The tiles of a tree of `size` entries.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    root: PathBuf,
    size: u64,
}

impl Folder {
    pub(crate) fn new(root: &Path, size: u64) -> Self {
        Self { root: root.to_owned(), size }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of a tile that the tree has.
    pub(crate) fn hashes(&self, level: u8, index: u64) -> Result<Vec<TreeHash>, TileTrouble> {
        let kind = TileKind::Hashes { level };
        let (path, bytes) = self.read(kind, index)?;
        let mut hashes =
            hashes_of(&bytes).filter(|hashes| hashes.len() as u64 == path.width()).ok_or_else(|| malformed(&path))?;
        hashes.truncate(self.width(kind, index));
        Ok(hashes)
    }

    /// The entries of a bundle that the tree has, whatever their number; stops at what is no entry.
    pub(crate) fn bundle_as_found(&self, index: u64) -> Result<(Vec<Vec<u8>>, bool), TileTrouble> {
        let (path, bytes) = self.read(TileKind::Entries, index)?;
        let mut entries = Vec::new();
        let mut whole = true;
        for entry in BundleEntries::new(&bytes) {
            match entry {
                Ok(entry) => entries.push(entry.to_vec()),
                Err(_) => whole = false,
            }
        }
        whole &= entries.len() as u64 == path.width();
        if whole {
            entries.truncate(self.width(TileKind::Entries, index));
        }
        Ok((entries, whole))
    }

    /// The entries of a bundle that the tree has.
    pub(crate) fn bundle(&self, index: u64) -> Result<Vec<Vec<u8>>, TileTrouble> {
        let (entries, whole) = self.bundle_as_found(index)?;
        if whole { Ok(entries) } else { Err(TileTrouble::Malformed { path: self.path(TileKind::Entries, index) }) }
    }

    /// The unfinished tiles, with entries that fit their hashes.
    pub(crate) fn edge(&self) -> Result<RightEdge, TileTrouble> {
        let mut levels = Vec::new();
        for level in (0..=7).take(level_count(self.size)) {
            let unfinished = partial_width(level, self.size) > 0;
            let index = (self.size >> (u32::from(level) * 8)) / TILE_WIDTH;
            levels.push(if unfinished { self.hashes(level, index)? } else { Vec::new() });
        }
        let mut bundle = Vec::new();
        if let Some(leaves) = levels.first().filter(|leaves| !leaves.is_empty()) {
            let index = self.size / TILE_WIDTH;
            let entries = self.bundle(index)?;
            if !entries.iter().map(|entry| TreeHash::leaf(entry)).eq(leaves.iter().copied()) {
                return Err(TileTrouble::Malformed { path: self.path(TileKind::Entries, index) });
            }
            entries.iter().for_each(|entry| encode_entry(&mut bundle, entry).expect("invariant: read from a bundle"));
        }
        Ok(RightEdge::from_tiles(self.size, bundle, levels).expect("invariant: the widths are those of the size"))
    }

    /// The path that this tree needs, for messages.
    pub(crate) fn path(&self, kind: TileKind, index: u64) -> String {
        TilePath::at_size(kind, index, self.size).unwrap_or(TilePath::full(kind, index)).to_string()
    }

    fn width(&self, kind: TileKind, index: u64) -> usize {
        let width = TilePath::at_size(kind, index, self.size).map_or(0, |path| path.width());
        usize::try_from(width).unwrap_or_default()
    }

    /// A partial tile may have been removed when the full one came, which then stands for it.
    fn read(&self, kind: TileKind, index: u64) -> Result<(TilePath, Vec<u8>), TileTrouble> {
        let needed = TilePath::at_size(kind, index, self.size);
        for path in needed.into_iter().chain([TilePath::full(kind, index)]) {
            let read = files::read_if_there(&self.root.join(path.to_string()));
            if let Some(bytes) = read.map_err(|source| TileTrouble::Unreadable { path: path.to_string(), source })? {
                return Ok((path, bytes));
            }
        }
        Err(TileTrouble::Missing { path: self.path(kind, index) })
    }
}

impl Nodes for Folder {
    type Error = TileTrouble;

    fn node(&self, level: u32, index: u64) -> Result<TreeHash, TileTrouble> {
        let (tile_level, within) = (level / 8, level % 8);
        let first = index << within;
        let start = usize::try_from(first % TILE_WIDTH).unwrap_or_default();
        let level = u8::try_from(tile_level).unwrap_or(u8::MAX);
        let hashes = self.hashes(level, first / TILE_WIDTH)?;
        let below = hashes.get(start..start + (1 << within));
        let path = || self.path(TileKind::Hashes { level }, first / TILE_WIDTH);
        let below = below.ok_or_else(|| TileTrouble::Malformed { path: path() })?;
        Ok(below.iter().copied().collect::<Frontier>().root())
    }
}

fn malformed(path: &TilePath) -> TileTrouble {
    TileTrouble::Malformed { path: path.to_string() }
}
