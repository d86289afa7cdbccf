//! Reads a text in blocks of 64 bytes: which bytes are in some sets, and which groups of eight bytes a filter lets pass.

use crate::path::Path;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
#[cfg(target_arch = "x86_64")]
mod rectangles;

/// The bytes of a block.
pub const BLOCK: usize = 64;
/// The bytes of a group.
const GROUP: usize = 8;

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
    /// Whether a group may pass that holds a blank or a control character of ASCII. Where it may not, far fewer words are read.
    pub passes_blanks: bool,
}

/// The last byte that is a blank or a control character.
const BLANK: u8 = b' ';

/// The blocks that are shown at once: what is done with a mask of each is done in one or two registers.
pub const BATCH: usize = 16;

/// What some blocks of 64 bytes in a row hold. Past the end of the text there is nothing in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Batch {
    /// For each set and block, a bit for each byte that is in it.
    pub sets: [[u64; BATCH]; 8],
    /// For each block, a bit for each group of eight bytes, starting at a multiple of eight, that passes the filter.
    pub groups: [u8; BATCH],
}

/// Who is shown blocks.
///
/// A trait and not a closure, so that what is done with them can be made a part of the pass, with its instructions.
pub trait Reader {
    /// Takes some blocks and the place where they start.
    fn read(&mut self, at: usize, batch: &Batch);
}

impl<Read: FnMut(usize, &Batch)> Reader for Read {
    #[inline]
    fn read(&mut self, at: usize, batch: &Batch) {
        self(at, batch);
    }
}

/// Who is shown the first sets of blocks; a trait for the same reason.
pub trait SetsReader<const COUNT: usize> {
    /// Takes the sets of a block and the place where it starts.
    fn read(&mut self, at: usize, sets: &[u64; COUNT]);
}

impl<const COUNT: usize, Read: FnMut(usize, &[u64; COUNT])> SetsReader<COUNT> for Read {
    #[inline]
    fn read(&mut self, at: usize, sets: &[u64; COUNT]) {
        self(at, sets);
    }
}

/// Reads texts in blocks.
#[derive(Debug, Clone)]
pub struct Blocks {
    sets: Sets,
    #[cfg(target_arch = "x86_64")]
    rectangles: Option<rectangles::Rectangles>,
    path: Path,
}

impl Blocks {
    /// A reader for these sets, on the fastest path that the machine has.
    #[must_use]
    pub fn new(sets: Sets) -> Self {
        Self {
            sets,
            #[cfg(target_arch = "x86_64")]
            rectangles: rectangles::Rectangles::of(&sets),
            path: Path::preferred(),
        }
    }

    /// The same, on a path of choice, for tests and measurements. One that the machine does not have is not taken.
    #[must_use]
    pub fn on(self, path: Path) -> Self {
        Self { path: if path.is_available() { path } else { self.path }, ..self }
    }

    /// Shows all blocks, [`BATCH`] at once, in order, with the place where they start. Past the end of the text there are no bytes in any
    /// set, and no groups.
    #[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls what needs instructions"))]
    #[inline]
    pub fn each(&self, text: &[u8], filter: &GroupFilter<'_>, reader: &mut impl Reader) {
        match self.path {
            // SAFETY: a path is taken only if `Path::is_available` found its instructions; `new` and `on` see to it. The filter is
            // sound.
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 if filter.is_sound() => unsafe { avx512::each(&self.sets, text, filter, reader) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 if filter.is_sound() => unsafe { avx2::each(&self.sets, text, filter, reader) },
            Path::Avx512 | Path::Avx2 | Path::Portable => portable::each(&self.sets, text, filter, reader),
        }
    }

    /// Shows every block with its first sets alone: for each set, a bit for each byte that is in it. There are no more than eight. Sets of
    /// ASCII with few forms of rows in their table take the fewest instructions.
    #[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls what needs instructions"))]
    #[inline]
    pub fn sets<const COUNT: usize>(&self, text: &[u8], reader: &mut impl SetsReader<COUNT>) {
        const { assert!(COUNT <= 8, "there are eight sets") };
        match self.path {
            // SAFETY: a path is taken only if `Path::is_available` found its instructions; `new` and `on` see to it.
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => unsafe { avx512::sets(&self.sets, text, reader) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => unsafe { avx2::sets(&self.sets, self.rectangles.as_ref(), text, reader) },
            #[cfg(not(target_arch = "x86_64"))]
            Path::Avx512 | Path::Avx2 => portable::sets(&self.sets, text, reader),
            Path::Portable => portable::sets(&self.sets, text, reader),
        }
    }
}

impl GroupFilter<'_> {
    /// Whether each shifted hash names a word, on which the vector paths rely.
    const fn is_sound(&self) -> bool {
        let bits = self.words.len().trailing_zeros();
        self.words.len().is_power_of_two() && bits <= 32 && self.shift <= 32 && self.shift + bits >= 32
    }

    /// Calls `pass` for each group of a text, starting at a multiple of eight, that passes the filter, with its place.
    #[inline]
    pub fn each(&self, text: &[u8], mut pass: impl FnMut(usize)) {
        let (groups, _) = text.as_chunks::<GROUP>();
        for (number, group) in groups.iter().enumerate() {
            if self.passes(u64::from_le_bytes(*group)) {
                pass(number * GROUP);
            }
        }
    }

    #[inline]
    fn passes(&self, group: u64) -> bool {
        if !self.passes_blanks && has_blank(group) {
            return false;
        }
        let hash = self.hash(group);
        self.words.get((hash >> self.shift) as usize).is_some_and(|word| has_bits(*word, hash))
    }

    #[inline]
    const fn hash(&self, group: u64) -> u64 {
        (group ^ self.xor).wrapping_mul(self.factor) >> 32
    }
}

/// Whether any byte of a group is a blank or a control character.
#[inline]
const fn has_blank(group: u64) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    group.wrapping_sub(EACH * (BLANK as u64 + 1)) & !group & (EACH << 7) != 0
}

/// Whether a word has the two bits that a hash names.
#[inline]
const fn has_bits(word: u64, hash: u64) -> bool {
    word >> (hash & 63) & word >> (hash >> 6 & 63) & 1 == 1
}

/// A block that begins so, filled up with zeros.
#[inline]
fn filled(bytes: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block.iter_mut().zip(bytes).for_each(|(filled, byte)| *filled = *byte);
    block
}

/// The blocks of a text; the last is filled up with zeros.
///
/// No closure is called for each, for one with vector instructions would not become a part of code without them.
pub(crate) struct Filled<'text> {
    text: &'text [u8],
    next: usize,
    last: [u8; BLOCK],
}

impl<'text> Filled<'text> {
    pub(crate) const fn of(text: &'text [u8]) -> Self {
        Self { text, next: 0, last: [0; BLOCK] }
    }

    /// The place of the next block, its bytes, and how many of them are there.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<(usize, &[u8; BLOCK], usize)> {
        let at = self.next;
        let rest = self.text.get(at..).filter(|rest| !rest.is_empty())?;
        self.next += BLOCK;
        if let Some(block) = rest.first_chunk() {
            return Some((at, block, BLOCK));
        }
        self.last = filled(rest);
        Some((at, &self.last, rest.len()))
    }
}

impl Batch {
    /// Puts in what a block holds of which so many bytes are there.
    #[inline]
    fn put(&mut self, number: usize, mut sets: [u64; 8], groups: u8, length: usize) {
        cut(&mut sets, length);
        for (of_blocks, set) in self.sets.iter_mut().zip(sets) {
            of_blocks[number % BATCH] = set;
        }
        self.groups[number % BATCH] = groups & whole_groups(length);
    }
}

/// The groups of a block that are there if so many of its bytes are.
#[inline]
const fn whole_groups(length: usize) -> u8 {
    (0xff_u16 >> (GROUP - length / GROUP)) as u8
}

/// Takes what is past so many bytes out of sets.
#[inline]
fn cut(sets: &mut [u64], length: usize) {
    if length < BLOCK {
        sets.iter_mut().for_each(|set| *set &= (1 << length) - 1);
    }
}
