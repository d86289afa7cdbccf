//! Tiles as c2sp.org/tlog-tiles defines them: paths, hash tiles and entry bundles.
//!
//! In scope: names and contents of the files. Out of scope: where the files lie (`log`, `reader`), HTTP, pruning.

mod bundle;
mod edge;
mod path;

pub use bundle::{BundleEntries, ENTRY_LENGTH_MAX, MalformedBundle, encode_entry};
pub(crate) use edge::{RightEdge, TileFile, hashes_of, level_count, partial_width, peaks_of};
pub use path::{InvalidTilePath, TILE_WIDTH, TileKind, TilePath};
