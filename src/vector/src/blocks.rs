//! Reads a text in blocks of 64 bytes: which bytes are in some sets, and which groups of eight bytes a filter lets pass.

use crate::path::Path;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

/// The bytes of a block.
pub const BLOCK: usize = 64;

/// Eight sets of bytes: a bit for each, by byte.
pub type Sets = [u8; 256];

/// A filter for groups of eight bytes, read as little-endian numbers.
///
/// The hash of a group is the upper half of `(group ^ xor) * factor`. The word for it is found by shifting the hash right by `shift`,
/// and the group passes if in this word the bits are set that the lowest six and the next six bits of the hash name.
#[derive(Debug, Clone, Copy)]
pub struct GroupFilter<'words> {
    /// What is added first.
    pub xor: u64,
    /// What is multiplied by then.
    pub factor: u64,
    /// A power of two of words.
    pub words: &'words [u64],
    /// So that a shifted hash is less than the number of words.
    pub shift: u32,
}

/// What a block of 64 bytes holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Block {
    /// For each set, a bit for each byte that is in it.
    pub sets: [u64; 8],
    /// A bit for each group of eight bytes, starting at a multiple of eight, that passes the filter.
    pub groups: u8,
}

/// Reads texts in blocks.
#[derive(Debug, Clone)]
pub struct Blocks {
    sets: Sets,
    path: Path,
}

impl Blocks {
    /// A reader for these sets, on the fastest path that the machine has.
    #[must_use]
    pub fn new(sets: Sets) -> Self {
        Self { sets, path: Path::preferred() }
    }

    /// The same, on a path of choice, for tests and measurements. One that the machine does not have is not taken.
    #[must_use]
    pub fn on(self, path: Path) -> Self {
        Self { path: if path.is_available() { path } else { self.path }, ..self }
    }

    /// Calls `each` for every block, in order, with the place where it starts. Past the end of the text there are no bytes in any set, and
    /// no groups.
    #[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls what needs instructions"))]
    #[inline]
    pub fn each(&self, text: &[u8], filter: &GroupFilter<'_>, mut each: impl FnMut(usize, &Block)) {
        // Whether each shifted hash names a word, on which the vector path relies.
        let is_sound =
            filter.words.len().is_power_of_two() && filter.shift >= 32 - filter.words.len().trailing_zeros().min(32);
        match self.path {
            // SAFETY: a path is taken only if `Path::is_available` found its instructions; `new` and `on` see to it. The filter was
            // checked just now.
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 if is_sound => unsafe { avx512::each(&self.sets, text, filter, &mut each) },
            Path::Avx512 | Path::Avx2 | Path::Portable => portable::each(&self.sets, text, 0, filter, &mut each),
        }
    }

    /// Calls `each` for every block with its sets alone: for each set, a bit for each byte that is in it.
    #[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls what needs instructions"))]
    #[inline]
    pub fn sets(&self, text: &[u8], mut each: impl FnMut(usize, &[u64; 8])) {
        match self.path {
            // SAFETY: a path is taken only if `Path::is_available` found its instructions; `new` and `on` see to it.
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => unsafe { avx512::sets(&self.sets, text, &mut each) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => unsafe { avx2::sets(&self.sets, text, &mut each) },
            #[cfg(not(target_arch = "x86_64"))]
            Path::Avx512 | Path::Avx2 => portable::sets(&self.sets, text, 0, &mut each),
            Path::Portable => portable::sets(&self.sets, text, 0, &mut each),
        }
    }
}
