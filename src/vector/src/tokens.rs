//! Finds where a token may begin in a text: a key, a hash, a path, which are long, and which nothing of a word stands before.

use crate::path::Path;

/// How many bytes of tokens stand in a row at least.
pub const TOKEN: usize = 16;
/// What begins escapes, the last byte of which may look like one of a word.
const ESCAPES: [u8; 2] = *b"\\%";
/// How far after its beginning an escape may end: `\n`, `%3D`, `\u003d`.
const ESCAPE_ENDS: [u32; 3] = [2, 3, 6];

/// The bytes that tokens are made of, and those that words are made of.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// By byte: bit 0 if tokens have it, bit 1 if words do, bit 2 if an escape may begin with it.
    pub(crate) classes: [u8; 256],
    /// For the bytes of tokens and for those of words, by the lower half of a byte: a bit for each upper half with which it is one.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "for the vector paths"))]
    pub(crate) halves: [[u8; 16]; 2],
    path: Path,
}

/// A bit for each byte of a block that is of a token, of a word, or may begin an escape.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Masks {
    pub(crate) token: u64,
    pub(crate) word: u64,
    pub(crate) escape: u64,
}

/// How many bytes are classified at once.
pub(crate) const BLOCK: usize = 64;

impl Tokens {
    /// Takes two sets of ASCII bytes, a bit for each.
    #[must_use]
    pub fn new(token: u128, word: u128) -> Self {
        let mut classes = [0; 256];
        let mut halves = [[0; 16]; 2];
        for (number, set) in [token, word].into_iter().enumerate() {
            for byte in (0..128).filter(|byte| set >> byte & 1 == 1) {
                classes[byte] |= 1 << number;
                halves[number][byte % 16] |= 1 << (byte / 16);
            }
        }
        ESCAPES.into_iter().for_each(|byte| classes[usize::from(byte)] |= 4);
        Self { classes, halves, path: Path::preferred() }
    }

    /// The same, on a path of choice, for tests and measurements. One that the machine does not have is not taken.
    #[must_use]
    pub fn on(self, path: Path) -> Self {
        Self { path: if path.is_available() { path } else { self.path }, ..self }
    }

    /// Calls `found` with each place where sixteen bytes of a token begin and before which no byte of a word stands, in order. The end
    /// of an escape is none, and what may be one, by a `\` or `%` before it, is taken for it.
    #[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls what needs instructions"))]
    #[inline]
    pub fn each(&self, text: &[u8], mut found: impl FnMut(usize)) {
        match self.path {
            // SAFETY: a path is taken only if `Path::is_available` found its instructions; `new` and `on` see to it.
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => unsafe { crate::avx512::tokens(self, text, &mut found) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => unsafe { crate::avx2::tokens(self, text, &mut found) },
            #[cfg(not(target_arch = "x86_64"))]
            Path::Avx512 | Path::Avx2 => self.each_portably(text, &mut found),
            Path::Portable => self.each_portably(text, &mut found),
        }
    }

    fn each_portably(&self, text: &[u8], found: &mut impl FnMut(usize)) {
        let (blocks, rest) = blocks(text);
        let mut pass = Pass::default();
        for block in blocks.iter().chain([&rest]) {
            let masks = block.iter().rev().fold(Masks::default(), |masks, byte| {
                let class = u64::from(self.classes[usize::from(*byte)]);
                Masks {
                    token: masks.token << 1 | class & 1,
                    word: masks.word << 1 | class >> 1 & 1,
                    escape: masks.escape << 1 | class >> 2,
                }
            });
            pass.judge(masks, found);
        }
    }
}

/// The blocks of a text, and what is left of it with zeros after it.
#[inline]
pub(crate) fn blocks(text: &[u8]) -> (&[[u8; BLOCK]], [u8; BLOCK]) {
    let (blocks, rest) = text.as_chunks();
    let mut last = [0; BLOCK];
    last.iter_mut().zip(rest).for_each(|(last, byte)| *last = *byte);
    (blocks, last)
}

/// What is known of the blocks before one.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    start: usize,
    masks: Masks,
    /// The ends of 2, 4 and 8 bytes of a token.
    ends: [u64; 3],
    begins: u64,
}

impl Pass {
    /// Calls `found` with each place whose sixteenth byte is in the next block.
    #[inline]
    pub(crate) fn judge(&mut self, now: Masks, found: &mut impl FnMut(usize)) {
        let start = self.start;
        let mut places = self.places(now);
        while places != 0 {
            found((start + places.trailing_zeros() as usize).wrapping_sub(TOKEN - 1));
            places &= places - 1;
        }
    }

    /// A bit for each sixteenth byte in the next block. Inlined always: else it would not be compiled for the instructions of its caller.
    #[expect(clippy::inline_always, reason = "it is a part of each vector pass")]
    #[inline(always)]
    fn places(&mut self, now: Masks) -> u64 {
        let before = self.masks;
        let mut begins = !behind(1, before.word, now.word);
        for distance in ESCAPE_ENDS {
            begins |= behind(distance, before.escape, now.escape);
        }
        let two = now.token & behind(1, before.token, now.token);
        let four = two & behind(2, self.ends[0], two);
        let eight = four & behind(4, self.ends[1], four);
        let places = eight & behind(8, self.ends[2], eight) & behind(TOKEN as u32 - 1, self.begins, begins);
        *self = Self { start: self.start + BLOCK, masks: now, ends: [two, four, eight], begins };
        places
    }
}

/// The bits that stand so far before each.
#[inline]
const fn behind(distance: u32, before: u64, now: u64) -> u64 {
    now << distance | before >> (u64::BITS - distance)
}
