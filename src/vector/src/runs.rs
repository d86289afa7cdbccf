//! Finds the long runs of some bytes in a text that have one of some others near their start: what may be a key or a hash.

use crate::path::Path;

/// How long a run is at least.
pub const RUN: usize = 16;

/// The bytes that runs are made of, and those of which one must be among the first of a run.
#[derive(Debug, Clone)]
pub struct Runs {
    /// By byte: bit 0 if runs are made of it, bit 1 if it is one of the others, too.
    pub(crate) classes: [u8; 256],
    /// For the bytes of runs and for the others, by the lower half of a byte: a bit for each upper half with which it is one of them.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "for the vector paths"))]
    pub(crate) halves: [[u8; 16]; 2],
    path: Path,
}

/// Which bytes of a block are those of runs, and which of them those of the second kind.
pub(crate) type Masks = (u64, u64);

/// How many bytes are classified at once.
pub(crate) const BLOCK: usize = 64;

impl Runs {
    /// Takes two sets of ASCII bytes, a bit for each; what is in the second is in the first, too.
    #[must_use]
    pub fn new(made_of: u128, with: u128) -> Self {
        let mut classes = [0; 256];
        for (byte, class) in (0..128).zip(&mut classes) {
            let is_with = with >> byte & 1 == 1;
            *class = u8::from(made_of >> byte & 1 == 1 || is_with) | u8::from(is_with) << 1;
        }
        let mut halves = [[0; 16]; 2];
        for (set, by_lower) in [made_of | with, with].into_iter().zip(&mut halves) {
            for byte in (0..128).filter(|byte| set >> byte & 1 == 1) {
                by_lower[byte % 16] |= 1 << (byte / 16);
            }
        }
        Self { classes, halves, path: Path::preferred() }
    }

    /// The same, on a path of choice, for tests and measurements. One that the machine does not have is not taken.
    #[must_use]
    pub fn on(self, path: Path) -> Self {
        Self { path: if path.is_available() { path } else { self.path }, ..self }
    }

    /// Calls `found` with the start of each run of sixteen bytes or more that has one of the second kind among its first sixteen.
    #[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls what needs instructions"))]
    #[inline]
    pub fn each(&self, text: &[u8], mut found: impl FnMut(usize)) {
        match self.path {
            // SAFETY: a path is taken only if `Path::is_available` found its instructions; `new` and `on` see to it.
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => unsafe { crate::avx512::runs(self, text, &mut found) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => unsafe { crate::avx2::runs(self, text, &mut found) },
            #[cfg(not(target_arch = "x86_64"))]
            Path::Avx512 | Path::Avx2 => self.each_portably(text, &mut found),
            Path::Portable => self.each_portably(text, &mut found),
        }
    }

    fn each_portably(&self, text: &[u8], found: &mut impl FnMut(usize)) {
        let mut blocks = Blocks::of(text);
        while let Some(block) = blocks.next() {
            let masks = self.masks(block);
            blocks.judge(masks, found);
        }
    }

    fn masks(&self, block: &[u8; BLOCK]) -> Masks {
        let bits = block.iter().rev().map(|byte| self.classes[usize::from(*byte)]);
        bits.fold((0, 0), |(all, with), class| (all << 1 | u64::from(class & 1), with << 1 | u64::from(class >> 1)))
    }
}

/// The blocks of a text and two that follow the whole ones: what is left of the text, and nothing, so that the last is judged. Each is
/// judged when the next is known, into which its runs may reach.
pub(crate) struct Blocks<'text> {
    text: &'text [u8],
    next: usize,
    last: [u8; BLOCK],
    /// Whether the byte before the block is of a run.
    before: u64,
    block: Masks,
}

impl<'text> Blocks<'text> {
    pub(crate) const fn of(text: &'text [u8]) -> Self {
        Self { text, next: 0, last: [0; BLOCK], before: 0, block: (0, 0) }
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Option<&[u8; BLOCK]> {
        let at = self.next;
        if at >= self.text.len() + 2 * BLOCK {
            return None;
        }
        self.next += BLOCK;
        let rest = self.text.get(at..).unwrap_or_default();
        Some(rest.first_chunk().unwrap_or_else(|| {
            self.last = [0; BLOCK];
            self.last.iter_mut().zip(rest).for_each(|(last, byte)| *last = *byte);
            &self.last
        }))
    }

    /// Calls `found` with the start of each run that begins in the block before the one that [`Blocks::next`] gave, of which the masks are
    /// those.
    #[inline]
    pub(crate) fn judge(&mut self, next: Masks, found: &mut impl FnMut(usize)) {
        let mut starts = starts(self.before, self.block, next);
        while starts != 0 {
            found((self.next + starts.trailing_zeros() as usize).wrapping_sub(2 * BLOCK));
            starts &= starts - 1;
        }
        (self.before, self.block) = (self.block.0 >> (BLOCK - 1), next);
    }
}

/// A bit for each byte of the block at which a run begins. `before` is whether the byte before the block is of one.
#[inline]
fn starts(before: u64, (all, with): Masks, (next_all, next_with): Masks) -> u64 {
    // Nearly all blocks of prose end here.
    let starts = all & !(all << 1 | before);
    if starts == 0 || with | next_with == 0 {
        return 0;
    }
    let (mut run, mut near) =
        (u128::from(next_all) << BLOCK | u128::from(all), u128::from(next_with) << BLOCK | u128::from(with));
    for step in [1, 2, 4, 8] {
        run &= run >> step;
        near |= near >> step;
    }
    starts & run as u64 & near as u64
}
