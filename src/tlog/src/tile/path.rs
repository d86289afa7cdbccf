//! The path of a tile: which hashes or entries a file holds.

use std::fmt;
use std::str::FromStr;

use crate::checkpoint::decimal;

/// Hashes or entries of a full tile.
pub const TILE_WIDTH: u64 = 256;

/// Bits of an index within a tile.
const TILE_HEIGHT: u32 = 8;

/// The highest level of a tree of fewer than 2^64 entries.
const LEVEL_MAX: u8 = 7;

/// The longest path that is read: level, seven groups of an index, width.
const PATH_LENGTH_MAX: usize = 64;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TileKind {
    /// The hashes of one level; level 0 is those of the entries.
    Hashes {
        /// 0 to 7: a step is eight levels of the tree.
        level: u8,
    },
    /// The entries themselves: an entry bundle.
    Entries,
}

/// Names one tile, full or partial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TilePath {
    kind: TileKind,
    index: u64,
    width: u64,
}

/// The text is not the one spelling of a tile path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a tile path")]
pub struct InvalidTilePath;

impl TileKind {
    /// Bits from an entry's index to an index on this tile's level.
    const fn shift(self) -> u32 {
        match self {
            Self::Hashes { level } => level as u32 * TILE_HEIGHT,
            Self::Entries => 0,
        }
    }
}

impl TilePath {
    /// The tile at `index` of a tree of `size` entries, as wide as that tree needs it; `None` when it needs none.
    #[must_use]
    pub fn at_size(kind: TileKind, index: u64, size: u64) -> Option<Self> {
        let items = size >> kind.shift();
        let width = items.saturating_sub(index.checked_mul(TILE_WIDTH)?).min(TILE_WIDTH);
        (width > 0).then_some(Self { kind, index, width })
    }

    /// The full tile at `index`.
    pub(crate) const fn full(kind: TileKind, index: u64) -> Self {
        Self { kind, index, width: TILE_WIDTH }
    }

    /// What the tile holds.
    #[must_use]
    pub const fn kind(&self) -> TileKind {
        self.kind
    }

    /// The tile's number on its level.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds: 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u64 {
        self.width
    }

    /// Whether it can never grow any more.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The index of the first entry below this tile.
    #[must_use]
    pub fn first_entry(&self) -> u64 {
        (self.index << TILE_HEIGHT).checked_shl(self.kind.shift()).unwrap_or(u64::MAX)
    }

    /// The folder of this tile's partial versions, relative to the log.
    pub(crate) fn partials_folder(&self) -> String {
        format!("{}.p", Self::full(self.kind, self.index))
    }
}

/// Relative to the log, with `/` between the parts: `tile/0/x001/x234/067.p/8`.
impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes { level } => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        let mut divisor = 1_u64;
        while self.index / divisor >= 1000 {
            divisor *= 1000;
        }
        while divisor > 1 {
            write!(f, "x{:03}/", self.index / divisor % 1000)?;
            divisor /= 1000;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for TilePath {
    type Err = InvalidTilePath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = parse(text).ok_or(InvalidTilePath)?;
        if path.to_string() == text { Ok(path) } else { Err(InvalidTilePath) }
    }
}

/// Reads a path and leaves it to the caller to compare the spelling.
fn parse(text: &str) -> Option<TilePath> {
    if text.len() > PATH_LENGTH_MAX {
        return None;
    }
    let (kind, rest) = text.strip_prefix("tile/")?.split_once('/')?;
    let kind = match kind {
        "entries" => TileKind::Entries,
        level => TileKind::Hashes { level: u8::try_from(decimal(level)?).ok().filter(|level| *level <= LEVEL_MAX)? },
    };
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, decimal(width).filter(|width| (1..TILE_WIDTH).contains(width))?),
        None => (rest, TILE_WIDTH),
    };
    let mut index = 0_u64;
    for group in number.split('/') {
        let digits = group.strip_prefix('x').unwrap_or(group);
        if digits.len() != 3 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    // Above this no entry of the tile could have an index.
    let indexes = u64::MAX >> kind.shift().saturating_add(TILE_HEIGHT).min(63);
    (index <= indexes).then_some(TilePath { kind, index, width })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hashes(level: u8, index: u64, width: u64) -> TilePath {
        TilePath { kind: TileKind::Hashes { level }, index, width }
    }

    #[test]
    fn paths_are_spelled_as_the_specification_spells_them() {
        assert_eq!(hashes(0, 1_234_067, 256).to_string(), "tile/0/x001/x234/067");
        assert_eq!(hashes(3, 1_234_067, 8).to_string(), "tile/3/x001/x234/067.p/8");
        assert_eq!(hashes(0, 0, 1).to_string(), "tile/0/000.p/1");
        assert_eq!(TilePath::full(TileKind::Entries, 1000).to_string(), "tile/entries/x001/000");
    }

    #[test]
    fn another_spelling_is_no_path() {
        for text in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/0/1",
            "tile/0/0001",
            "tile/00/001",
            "tile/8/001",
            "tile/-1/001",
            "tile/data/001",
            "tile/0/001/002",
            "tile/0/x000/001",
            "tile/0/x001",
            "tile/0/001.p",
            "tile/0/001.p/",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/0/001.p/01",
            "tile/0/001.p/+1",
            "/tile/0/001",
            "tile/0/../001",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
            "tile/0/001.tmp",
        ] {
            assert_eq!(text.parse::<TilePath>(), Err(InvalidTilePath), "{text:?}");
        }
    }

    #[test]
    fn a_tree_of_70000_has_the_tiles_of_the_specifications_example() {
        let width =
            |level, index| TilePath::at_size(TileKind::Hashes { level }, index, 70_000).map(|tile| tile.width());
        assert_eq!((width(0, 272), width(0, 273), width(0, 274)), (Some(256), Some(112), None));
        assert_eq!((width(1, 0), width(1, 1), width(1, 2)), (Some(256), Some(17), None));
        assert_eq!((width(2, 0), width(3, 0)), (Some(1), None));
    }

    proptest! {
        #[test]
        fn every_path_reads_back(level in 0_u8..=3, index in 0_u64..(1 << 31), width in 1_u64..=256, entries in any::<bool>()) {
            let kind = if entries { TileKind::Entries } else { TileKind::Hashes { level } };
            let path = TilePath { kind, index, width };
            prop_assert_eq!(path.to_string().parse(), Ok(path));
        }

        #[test]
        fn the_second_implementation_spells_the_number_the_same(level in 0_u8..=7, index in 0_u64..(1 << 40), width in 1_u32..=256) {
            let theirs = tlog_tiles::Tile::new(8, level, index, width, false).path();
            prop_assert_eq!(hashes(level, index, width.into()).to_string(), theirs.replacen("tile/8/", "tile/", 1));
        }
    }
}
