//! The check of files that the checkpoint's size does not need: partial tiles of earlier sizes, tiles of a size not yet signed, others.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use super::journal::Tail;
use super::{Check, Finding, readable};
use crate::files;
use crate::merkle::TreeHash;
use crate::tile::{TileFile, TileKind, TilePath, encode_entry};

/// Folders of a tile's path below `tile`: the level, at most six groups, the width.
const DEPTH_MAX: usize = 9;

impl Check {
    /// Every file below `tile` that the checkpoint's tree does not need.
    pub(super) fn list_strays(&self) -> Result<Vec<String>, String> {
        let mut strays = Vec::new();
        let tiles = self.folder.root().join("tile");
        list(&tiles, "tile", DEPTH_MAX, &mut strays).map_err(|error| format!("cannot list the tiles: {error}"))?;
        let needed = |path: &str| path.parse().is_ok_and(|path: TilePath| self.at_size(&path) == Some(path));
        strays.retain(|path| !needed(path));
        strays.sort();
        Ok(strays)
    }

    /// Compares strays with what they must be.
    pub(super) fn strays(&mut self, strays: &[String], tail: &Tail) -> Result<(), String> {
        let mut ahead = None;
        for path in strays {
            let Ok(tile) = path.parse::<TilePath>() else {
                self.find(Finding::UnexpectedFile { path: path.clone() });
                continue;
            };
            let read = files::read_if_there(&self.folder.root().join(path))
                .map_err(|error| format!("cannot read {path}: {error}"))?;
            // Partial tiles go when the full one comes.
            let Some(bytes) = read else { continue };
            let earlier = self.at_size(&tile).is_some_and(|needed| needed.width() > tile.width());
            let expected = if earlier {
                self.covered(&tile)?
            } else {
                ahead.get_or_insert_with(|| self.after_tail(tail)).get(&(tile.kind(), tile.index())).cloned()
            };
            match expected {
                None if earlier => (),
                Some(content) if content.starts_with(&bytes) && is_width(&tile, &bytes) => (),
                Some(_) => self.find(Finding::OtherSizeAltered { path: path.clone() }),
                None => self.find(Finding::UnexpectedFile { path: path.clone() }),
            }
        }
        Ok(())
    }

    fn at_size(&self, tile: &TilePath) -> Option<TilePath> {
        TilePath::at_size(tile.kind(), tile.index(), self.folder.size())
    }

    /// The content of the wider tile that the checkpoint covers; `None` when it was found to be missing or altered.
    fn covered(&self, tile: &TilePath) -> Result<Option<Vec<u8>>, String> {
        let content = match tile.kind() {
            TileKind::Hashes { level } => readable(self.folder.hashes(level, tile.index()))?
                .map(|hashes| hashes.iter().flat_map(TreeHash::as_bytes).copied().collect()),
            TileKind::Entries => readable(self.folder.bundle(tile.index()))?.map(|entries| {
                let mut bundle = Vec::new();
                entries
                    .iter()
                    .for_each(|entry| encode_entry(&mut bundle, entry).expect("invariant: read from a bundle"));
                bundle
            }),
        };
        Ok(content.ok())
    }

    /// The widest tiles that publishing the journal's tail would give.
    fn after_tail(&self, tail: &Tail) -> HashMap<(TileKind, u64), Vec<u8>> {
        let Ok(mut edge) = self.folder.edge() else { return HashMap::new() };
        let mut tiles = Vec::new();
        for (entry, leaf) in tail.entries.iter().zip(&tail.leaves) {
            edge.push(entry, *leaf, &mut tiles);
        }
        tiles.extend(edge.partials());
        tiles.into_iter().map(|TileFile { path, bytes }| ((path.kind(), path.index()), bytes)).collect()
    }
}

/// Whether the content has as many hashes or entries as the path says.
fn is_width(tile: &TilePath, bytes: &[u8]) -> bool {
    let count = match tile.kind() {
        TileKind::Hashes { .. } => {
            bytes.len().is_multiple_of(TreeHash::LENGTH).then_some(bytes.len() / TreeHash::LENGTH)
        }
        TileKind::Entries => {
            crate::tile::BundleEntries::new(bytes).collect::<Result<Vec<_>, _>>().ok().map(|entries| entries.len())
        }
    };
    count.is_some_and(|count| count as u64 == tile.width())
}

/// Adds the files below a folder, as paths relative to the log.
fn list(folder: &Path, relative: &str, depth: usize, found: &mut Vec<String>) -> io::Result<()> {
    let listed = match fs::read_dir(folder) {
        // Not there yet, or partial tiles that went while they were being listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        listed => listed?,
    };
    for file in listed {
        let file = file?;
        let relative = format!("{relative}/{}", file.file_name().to_string_lossy());
        if depth > 0 && file.file_type()?.is_dir() {
            list(&file.path(), &relative, depth - 1, found)?;
        } else {
            found.push(relative);
        }
    }
    Ok(())
}
