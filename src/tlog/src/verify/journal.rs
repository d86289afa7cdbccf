//! The check of the journal: whole frames, no gaps, the published entries where it still has them.

use std::fs::File;
use std::io::{self, BufReader};

use super::{Check, Finding};
use crate::log::{Frame, JOURNAL, SegmentReader, Segments};
use crate::merkle::TreeHash;
use crate::tile::TILE_WIDTH;

/// Entries of the tail that are kept for comparison with tiles ahead of the checkpoint: more than a writer leaves unpublished.
const TAIL_ENTRIES_MAX: usize = 1 << 20;

/// What the journal has beyond the checkpoint.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) count: u64,
    pub(super) torn_bytes: u64,
    /// The first entries, and what they hash to.
    pub(super) entries: Vec<Vec<u8>>,
    pub(super) leaves: Vec<TreeHash>,
}

/// What published entries hash to, one tile at a time.
struct Published {
    tile: u64,
    /// As the hash tile says.
    hashes: Vec<TreeHash>,
    /// As the entry bundle gives.
    leaves: Vec<TreeHash>,
}

impl Check {
    /// Reads the whole journal. A copy of the log without a journal's folder has no tail to speak of.
    pub(super) fn journal(&mut self) -> Result<Tail, String> {
        let mut tail = Tail::default();
        let failed = |error: io::Error| format!("cannot read the journal: {error}");
        let listed = match Segments::list(self.folder.root()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(tail),
            listed => listed.map_err(failed)?,
        };
        for name in listed.others {
            self.find(Finding::UnexpectedFile { path: format!("{JOURNAL}/{name}") });
        }
        let size = self.folder.size();
        let Some(first) = listed.segments.first() else {
            self.find(Finding::JournalMissing);
            return Ok(tail);
        };
        let mut published = Published { tile: u64::MAX, hashes: Vec::new(), leaves: Vec::new() };
        let mut end = first.first.min(size);
        let last = listed.segments.len() - 1;
        for (position, segment) in listed.segments.iter().enumerate() {
            let path = format!("{JOURNAL}/{:020}", segment.first);
            if segment.first != end {
                self.find(Finding::JournalGap { path: path.clone(), ends: end, begins: segment.first });
            }
            end = segment.first;
            let file = match File::open(&segment.path) {
                // Published and removed since the folder was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    end = listed.segments.get(position + 1).map_or(end, |next| next.first);
                    continue;
                }
                file => file.map_err(failed)?,
            };
            let length = file.metadata().map_err(failed)?.len();
            let Some(mut reader) = SegmentReader::new(BufReader::new(file)).map_err(failed)? else {
                self.find(Finding::JournalDamaged { path, index: end });
                continue;
            };
            loop {
                match reader.next().map_err(failed)? {
                    Frame::Entry(entry, leaf) => {
                        if end >= size {
                            tail.count += 1;
                            if tail.entries.len() < TAIL_ENTRIES_MAX {
                                tail.leaves.push(leaf);
                                tail.entries.push(entry.to_vec());
                            }
                        } else if self.is_other(end, &leaf, &mut published) {
                            self.find(Finding::JournalDisagrees { path: path.clone(), index: end });
                        }
                        end += 1;
                    }
                    Frame::End => break,
                    Frame::Torn if position == last && end >= size => {
                        tail.torn_bytes = length.saturating_sub(reader.good_length());
                        break;
                    }
                    Frame::Torn | Frame::Damaged => {
                        self.find(Finding::JournalDamaged { path: path.clone(), index: end });
                        break;
                    }
                }
            }
        }
        if end < size {
            self.find(Finding::JournalBehind { end, size });
        }
        Ok(tail)
    }

    /// Whether both the hash tile and the bundle have something else; if one of them agrees, the other has been found already.
    fn is_other(&self, index: u64, leaf: &TreeHash, published: &mut Published) -> bool {
        let tile = index / TILE_WIDTH;
        if published.tile != tile {
            // What cannot be read has been found where tiles are checked.
            let hashes = self.folder.hashes(0, tile).unwrap_or_default();
            let leaves =
                self.folder.bundle(tile).unwrap_or_default().iter().map(|entry| TreeHash::leaf(entry)).collect();
            *published = Published { tile, hashes, leaves };
        }
        let at = usize::try_from(index % TILE_WIDTH).unwrap_or(usize::MAX);
        let known = [published.hashes.get(at), published.leaves.get(at)];
        known.iter().any(Option::is_some) && !known.contains(&Some(leaf))
    }
}
