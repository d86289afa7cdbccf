//! The check of entries and hash tiles, from the signed root downward.
//!
//! A tile is trusted when the hash over it is the one in the trusted tile above it, or when the unfinished tiles together have the
//! signed root. Whatever disagrees with a trusted hash was altered; where nothing is trusted, a disagreement is all that is known.

use super::{Check, Finding, readable};
use crate::folder::TileTrouble;
use crate::merkle::{Frontier, TreeHash, fold_peaks};
use crate::tile::{TILE_WIDTH, TileKind, TilePath, level_count, partial_width, peaks_of};

/// The root over the first entries, recomputed on the way.
struct KeptRoot {
    frontier: Frontier,
    size: Option<u64>,
    root: Option<TreeHash>,
}

impl Check {
    /// Checks everything before the checkpoint's size; gives the recomputed root at `kept_size`, if the log has as many entries.
    pub(super) fn tree(&mut self, kept_size: Option<u64>) -> Result<Option<TreeHash>, String> {
        let size = self.folder.size();
        let mut kept = KeptRoot { frontier: Frontier::default(), size: kept_size, root: None };
        kept.note();
        let mut found = Vec::new();
        for level in (0_u8..=7).take(level_count(size)) {
            let index = (size >> (u32::from(level) * 8)) / TILE_WIDTH;
            let empty = partial_width(level, size) == 0;
            found.push(if empty { Some(Vec::new()) } else { self.hash_tile(level, index)? });
        }
        let whole: Option<Vec<_>> = found.iter().cloned().collect();
        let trusted = whole.is_some_and(|levels| self.root == Some(fold_peaks(&peaks_of(&levels))));
        let mut recomputed = Vec::new();
        for (level, hashes) in (0_u8..=7).zip(&found).collect::<Vec<_>>().into_iter().rev() {
            let first = (size >> (u32::from(level) * 8)) / TILE_WIDTH * TILE_WIDTH;
            let computed = if level == 0 {
                self.leaves(first / TILE_WIDTH, hashes.as_deref(), trusted, None, &mut kept)?
            } else {
                let mut computed = Some(Vec::new());
                for below in 0..partial_width(level, size) {
                    let expected = hashes.as_ref().and_then(|hashes| hashes.get(usize::try_from(below).ok()?)).copied();
                    let hash = self.full_tile(level - 1, first + below, expected.filter(|_| trusted), &mut kept)?;
                    computed = computed.zip(hash).map(|(mut all, hash)| {
                        all.push(hash);
                        all
                    });
                }
                computed
            };
            recomputed.push(computed);
        }
        recomputed.reverse();
        self.judge_edge(&found, &recomputed, trusted);
        Ok(kept.root)
    }

    /// Compares the unfinished tiles with what the entries give.
    fn judge_edge(&mut self, found: &[Option<Vec<TreeHash>>], recomputed: &[Option<Vec<TreeHash>>], trusted: bool) {
        let size = self.folder.size();
        let whole: Option<Vec<_>> = recomputed.iter().cloned().collect();
        let entries_signed = whole.is_some_and(|levels| self.root == Some(fold_peaks(&peaks_of(&levels))));
        if !trusted {
            for (level, (found, recomputed)) in (0_u8..).zip(found.iter().zip(recomputed)) {
                if let (Some(found), Some(recomputed)) = (found, recomputed)
                    && found != recomputed
                    && (level > 0 || entries_signed)
                {
                    let index = (size >> (u32::from(level) * 8)) / TILE_WIDTH;
                    self.tile_altered(TileKind::Hashes { level }, index);
                }
            }
        }
        if entries_signed {
            // The entries are the signed ones, so what seemed to disagree were the tiles.
            self.findings.retain(|finding| !matches!(finding, Finding::EntryDisagrees { .. }));
        } else if self.root.is_some() && self.findings.is_empty() {
            self.find(Finding::RootDiffers { size });
        }
    }

    /// Checks a full tile and all below it; gives the hash over the entries below.
    fn full_tile(
        &mut self,
        level: u8,
        index: u64,
        expected: Option<TreeHash>,
        kept: &mut KeptRoot,
    ) -> Result<Option<TreeHash>, String> {
        if self.has_enough() {
            return Ok(None);
        }
        let found = self.hash_tile(level, index)?;
        let over = |hashes: &[TreeHash]| hashes.iter().copied().collect::<Frontier>().root();
        let trusted = found.as_deref().is_some_and(|hashes| expected == Some(over(hashes)));
        if found.is_some() && expected.is_some() && !trusted {
            self.tile_altered(TileKind::Hashes { level }, index);
        }
        if level == 0 {
            let leaves = self.leaves(index, found.as_deref(), trusted, expected, kept)?;
            return Ok(leaves.map(|leaves| over(&leaves)));
        }
        let mut computed = Some(Frontier::default());
        for below in 0..TILE_WIDTH {
            let hash = found.as_ref().and_then(|hashes| hashes.get(usize::try_from(below).ok()?)).copied();
            let hash = self.full_tile(level - 1, index * TILE_WIDTH + below, hash.filter(|_| trusted), kept)?;
            computed = computed.zip(hash).map(|(mut all, hash)| {
                all.push(hash);
                all
            });
        }
        Ok(computed.map(|frontier| frontier.root()))
    }

    /// Checks a bundle against the hashes of its entries; gives the hashes recomputed, if the bundle has as many as it must.
    fn leaves(
        &mut self,
        index: u64,
        hashes: Option<&[TreeHash]>,
        trusted: bool,
        expected: Option<TreeHash>,
        kept: &mut KeptRoot,
    ) -> Result<Option<Vec<TreeHash>>, String> {
        let Some(tile) = TilePath::at_size(TileKind::Entries, index, self.folder.size()) else {
            return Ok(Some(Vec::new()));
        };
        let (path, first_entry) = (tile.to_string(), tile.first_entry());
        let Ok((entries, whole)) = readable(self.folder.bundle_as_found(index))? else {
            self.find(Finding::TileMissing { path, first_entry });
            return Ok(None);
        };
        let leaves: Vec<_> = entries.iter().map(|entry| TreeHash::leaf(entry)).collect();
        if !whole {
            let same =
                hashes.unwrap_or_default().iter().zip(&leaves).take_while(|(hash, leaf)| hash == leaf).count() as u64;
            let index = first_entry + same;
            let fewer = (leaves.len() as u64) < tile.width();
            self.find(if fewer { Finding::EntryMissing { path, index } } else { Finding::EntryExtra { path, index } });
            return Ok(None);
        }
        kept.push(&leaves);
        let signed = expected.is_some_and(|expected| leaves.iter().copied().collect::<Frontier>().root() == expected);
        if !signed {
            let differing = (first_entry..)
                .zip(hashes.unwrap_or(&leaves).iter().zip(&leaves))
                .filter(|(_, (hash, leaf))| hash != leaf);
            for (index, _) in differing {
                let path = path.clone();
                self.find(if trusted {
                    Finding::EntryAltered { path, index }
                } else {
                    Finding::EntryDisagrees { path, index }
                });
            }
            if hashes.is_none() && expected.is_some() {
                self.find(Finding::EntryDisagrees { path, index: first_entry });
            }
        }
        Ok(Some(leaves))
    }

    fn hash_tile(&mut self, level: u8, index: u64) -> Result<Option<Vec<TreeHash>>, String> {
        match readable(self.folder.hashes(level, index))? {
            Ok(hashes) => Ok(Some(hashes)),
            Err(TileTrouble::Missing { path }) => {
                let first_entry = TilePath::full(TileKind::Hashes { level }, index).first_entry();
                self.find(Finding::TileMissing { path, first_entry });
                Ok(None)
            }
            Err(TileTrouble::Malformed { .. } | TileTrouble::Unreadable { .. }) => {
                self.tile_altered(TileKind::Hashes { level }, index);
                Ok(None)
            }
        }
    }

    fn tile_altered(&mut self, kind: TileKind, index: u64) {
        let path = self.folder.path(kind, index);
        self.find(Finding::TileAltered { path, first_entry: TilePath::full(kind, index).first_entry() });
    }
}

impl KeptRoot {
    fn push(&mut self, leaves: &[TreeHash]) {
        if self.size.is_none_or(|size| size <= self.frontier.size()) {
            return;
        }
        for leaf in leaves {
            self.frontier.push(*leaf);
            self.note();
        }
    }

    fn note(&mut self) {
        if self.size == Some(self.frontier.size()) {
            self.root = Some(self.frontier.root());
        }
    }
}
