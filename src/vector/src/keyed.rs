//! Finds the places of a text where four bytes are those of one of many things that are looked for, letters taken in either case.
//!
//! Groups of windows find too much: each place that they find has its bytes looked up in a table of bits, places by the hundred and without
//! a branch, for where there is one cannot be guessed.

use crate::anchors::{Anchors, BLOCK, Window};
use crate::keys::{KEY, Keys};
use crate::path::Path;

/// How many places are gathered before they are looked up; a power of two.
const GATHERED: usize = 256;
/// How many of a block are gathered at once; most blocks have no more.
const STEP: usize = 4;

/// Windows in groups, with the bytes that their first or last four may be.
#[derive(Debug, Clone)]
pub struct Keyed<const PLANES: usize, const LENGTH: usize> {
    anchors: Anchors<PLANES, LENGTH>,
    keys: Keys,
}

impl<const PLANES: usize, const LENGTH: usize> Keyed<PLANES, LENGTH> {
    /// Takes windows, each with the number of its group, and for each window all keys that its first four bytes or all that its last
    /// four bytes have.
    #[must_use]
    pub fn new(
        windows: impl IntoIterator<Item = (usize, Window<LENGTH>)>,
        first: impl IntoIterator<Item = u32>,
        last: impl IntoIterator<Item = u32>,
    ) -> Self {
        const { assert!(LENGTH >= KEY, "a window has a key") };
        Self { anchors: Anchors::new(windows), keys: Keys::new(first, last) }
    }

    /// The same, on a path of choice, for tests and measurements. One that the machine does not have is not taken.
    #[must_use]
    pub fn on(self, path: Path) -> Self {
        Self { anchors: self.anchors.on(path), ..self }
    }

    /// Calls `found` with each place where some group has a window and the bytes are, as far as the table knows, those of a key, in order.
    #[inline]
    pub fn each(&self, text: &[u8], mut found: impl FnMut(usize)) {
        match self.anchors.path() {
            // Groups of windows that are looked for by the halves of bytes find nearly every place: here the keys are looked for at once.
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => self.each_by_keys(text, found),
            #[cfg(not(target_arch = "x86_64"))]
            Path::Avx2 => self.each_by_groups(text, &mut found),
            Path::Avx512 | Path::Portable => self.each_by_groups(text, &mut found),
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "calls what needs instructions")]
    #[inline]
    fn each_by_keys(&self, text: &[u8], mut found: impl FnMut(usize)) {
        let mut marked = |start, mut marks: u64| {
            while marks != 0 {
                let at = start + marks.trailing_zeros() as usize;
                if self.anchors.is_at(text, at) {
                    found(at);
                }
                marks &= marks - 1;
            }
        };
        // SAFETY: the path is taken only if `Path::is_available` found its instructions; `Anchors` sees to it.
        unsafe { crate::avx2::each_key(&self.keys, LENGTH - KEY, text, &mut marked) }
    }

    #[inline]
    fn each_by_groups(&self, text: &[u8], found: &mut impl FnMut(usize)) {
        let mut gathered = [0; GATHERED];
        let mut count = 0;
        self.anchors.each_block(text, |start, marks| {
            let (mut rest, mut at) = (marks, count);
            while rest != 0 {
                let Some(places) = gathered.get_mut(at..).and_then(<[usize]>::first_chunk_mut::<STEP>) else { break };
                for place in places {
                    *place = start + rest.trailing_zeros() as usize;
                    rest &= rest.wrapping_sub(1);
                }
                at += STEP;
            }
            count += marks.count_ones() as usize;
            if count > GATHERED - BLOCK {
                self.look_up(text, &mut gathered, count, found);
                count = 0;
            }
        });
        self.look_up(text, &mut gathered, count, found);
    }

    /// Calls `found` with those of the places that are ones.
    #[inline]
    fn look_up(&self, text: &[u8], gathered: &mut [usize; GATHERED], count: usize, found: &mut impl FnMut(usize)) {
        let mut kept = 0;
        for number in 0..count.min(GATHERED) {
            let at = gathered[number];
            gathered[kept % GATHERED] = at;
            kept += self.count_keys(text, at);
        }
        for at in gathered.iter().take(kept) {
            if self.anchors.is_at(text, *at) {
                found(*at);
            }
        }
    }

    /// Whether the bytes at a place are those of a key, as a number.
    #[inline]
    fn count_keys(&self, text: &[u8], at: usize) -> usize {
        let window = text.get(at..).and_then(<[u8]>::first_chunk::<LENGTH>);
        window.map_or(0, |window| self.keys.has(window) as usize)
    }
}
