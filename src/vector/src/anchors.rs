//! Finds every place in a text where a few bytes in a row may be the start of something that is looked for.
//!
//! Each thing that is looked for has a *window*: up to eight sets of bytes, one for each place. Windows are put into groups by the caller, and
//! a place is found if some group has a window with the first byte in its first set, one with the second byte in its second, and so
//! on: not necessarily the same one. So a group of windows that look alike costs few wrong finds, and the caller looks again.

use crate::marks::{BLOCK, BLOCKS, Marks};
use crate::path::Path;
use crate::portable;

/// How many bytes a window has at most.
pub const LENGTH_MAX: usize = 8;
/// What the windows that start in a block of 64 bytes reach over, and what is loaded to look at the last.
pub const REACH: usize = BLOCK + 2 * LENGTH_MAX;
/// How many groups fit into one plane.
pub const GROUPS: usize = 8;

/// Sets of ASCII bytes, one for each place; a bit for each byte.
pub type Window<const LENGTH: usize> = [u128; LENGTH];

/// Windows in groups, ready to be looked for. A plane holds eight groups; each plane and each byte of a window costs as much again.
#[derive(Clone)]
pub struct Anchors<const PLANES: usize, const LENGTH: usize> {
    /// By place and byte: a bit for each group that has the byte at this place.
    pub(crate) exact: Box<[[[u8; 256]; LENGTH]; PLANES]>,
    /// The same for bytes below 128.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "for the vector paths"))]
    pub(crate) low: Box<[[[u8; 128]; LENGTH]; PLANES]>,
    /// By place and half of a byte (the lower four bits, then the upper): a bit for each group that has such a byte.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "for the vector paths"))]
    pub(crate) halves: Box<[[[[u8; 16]; 2]; LENGTH]; PLANES]>,
    path: Path,
}

impl<const PLANES: usize, const LENGTH: usize> std::fmt::Debug for Anchors<PLANES, LENGTH> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Anchors").field("planes", &PLANES).field("path", &self.path).finish_non_exhaustive()
    }
}

impl<const PLANES: usize, const LENGTH: usize> Anchors<PLANES, LENGTH> {
    /// Takes windows, each with the number of its group. Groups past the last plane are counted from the first again.
    #[must_use]
    pub fn new(windows: impl IntoIterator<Item = (usize, Window<LENGTH>)>) -> Self {
        const { assert!(LENGTH <= LENGTH_MAX, "a block is read with as many bytes after it") };
        let mut exact = Box::new([[[0_u8; 256]; LENGTH]; PLANES]);
        let mut low = Box::new([[[0; 128]; LENGTH]; PLANES]);
        let mut halves = Box::new([[[[0; 16]; 2]; LENGTH]; PLANES]);
        for (group, window) in windows {
            let (plane, group) = (group / GROUPS % PLANES, 1 << (group % GROUPS));
            for (place, set) in window.into_iter().enumerate() {
                for byte in (0..128).filter(|byte| set >> byte & 1 == 1) {
                    exact[plane][place][byte] |= group;
                    low[plane][place][byte] |= group;
                    halves[plane][place][0][byte % 16] |= group;
                    halves[plane][place][1][byte / 16] |= group;
                }
            }
        }
        let path = Path::preferred();
        Self { exact, low, halves, path }
    }

    /// The same, on a path of choice, for tests and measurements. One that the machine does not have is not taken.
    #[must_use]
    pub fn on(self, path: Path) -> Self {
        Self { path: if path.is_available() { path } else { self.path }, ..self }
    }

    /// Calls `found` with the start of each window that lies in the text as a whole and is wanted, in order.
    ///
    /// `is_wanted` is asked first, also for places where no window lies, even past the end of the text. It should not branch.
    #[inline]
    pub fn each(&self, text: &[u8], is_wanted: impl Fn(usize) -> bool, mut found: impl FnMut(usize)) {
        let mut marked = |at| {
            if self.is_at(text, at) {
                found(at);
            }
        };
        let (mut reaches, mut marks, mut start) = (Reaches::of(text), Marks::NONE, 0);
        while start < text.len() {
            self.mark(&mut reaches, &mut marks);
            marks.each_wanted(start, &is_wanted, &mut marked);
            start += BLOCKS * BLOCK;
        }
    }

    /// A bit for each of the first 64 bytes at which a window may lie. Where a bit is set, none needs to.
    #[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls what needs instructions"))]
    #[must_use]
    #[inline]
    pub fn in_block(&self, text: &[u8; REACH]) -> u64 {
        match self.path {
            // SAFETY: a path is taken only if `Path::is_available` found its instructions; `new` and `on` see to it.
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => unsafe { crate::avx512::in_block(self, text) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => unsafe { crate::avx2::in_block(self, text) },
            #[cfg(not(target_arch = "x86_64"))]
            Path::Avx512 | Path::Avx2 => portable::in_block(self, text),
            Path::Portable => portable::in_block(self, text),
        }
    }

    /// Gives a bit for each byte of the next blocks at which a window may lie.
    #[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls what needs instructions"))]
    #[inline]
    fn mark(&self, reaches: &mut Reaches<'_>, marks: &mut Marks) {
        match self.path {
            // SAFETY: a path is taken only if `Path::is_available` found its instructions; `new` and `on` see to it.
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => unsafe { crate::avx512::anchors(self, reaches, marks) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => unsafe { crate::avx2::anchors(self, reaches, marks) },
            #[cfg(not(target_arch = "x86_64"))]
            Path::Avx512 | Path::Avx2 => portable::anchors(self, reaches, marks),
            Path::Portable => portable::anchors(self, reaches, marks),
        }
    }

    /// Whether a window of some group lies at this place.
    #[inline]
    pub(crate) fn is_at(&self, text: &[u8], at: usize) -> bool {
        let Some(bytes) = text.get(at..).and_then(<[u8]>::first_chunk::<LENGTH>) else { return false };
        let mut any = 0;
        for plane in self.exact.iter() {
            let mut groups = u8::MAX;
            for (table, byte) in plane.iter().zip(bytes) {
                groups &= table[usize::from(*byte)];
            }
            any |= groups;
        }
        any != 0
    }
}

/// The blocks of a text, one by one, each with the bytes that its windows reach over: zeros past the end of the text.
///
/// No closure is called for each, for one with vector instructions would not become a part of code without them; and no function is called
/// between them, for registers would be saved before it.
pub(crate) struct Reaches<'text> {
    text: &'text [u8],
    next: usize,
    /// What follows the last block with as many bytes after it.
    last: [u8; BLOCK + REACH],
    last_start: usize,
}

impl<'text> Reaches<'text> {
    pub(crate) fn of(text: &'text [u8]) -> Self {
        let whole = text.len().checked_sub(REACH).map_or(0, |rest| rest / BLOCK + 1);
        let (last_start, mut last) = (whole * BLOCK, [0; BLOCK + REACH]);
        let rest = text.get(last_start..).unwrap_or_default();
        if let Some(start) = last.get_mut(..rest.len()) {
            start.copy_from_slice(rest);
        }
        Self { text, next: 0, last, last_start }
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Option<&[u8; REACH]> {
        let at = self.next;
        if at >= self.text.len() {
            return None;
        }
        self.next += BLOCK;
        let last = self.last.get(at.wrapping_sub(self.last_start)..).and_then(<[u8]>::first_chunk);
        self.text.get(at..).and_then(<[u8]>::first_chunk).or(last)
    }
}
