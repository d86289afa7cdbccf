//! Finds the places of a text where four bytes are those of one of many things that are looked for, letters taken in either case.
//!
//! Groups of windows find too much: each place that they find has its bytes looked up in a table of bits.

use crate::anchors::{Anchors, Window};
#[cfg(target_arch = "x86_64")]
use crate::anchors::{Reaches, each_marked};
use crate::keys::{KEY, Keys};
#[cfg(target_arch = "x86_64")]
use crate::marks::BLOCKS;
use crate::path::Path;

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
    #[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls what needs instructions"))]
    #[inline]
    pub fn each(&self, text: &[u8], mut found: impl FnMut(usize)) {
        let marked = |at| {
            if self.anchors.is_at(text, at) {
                found(at);
            }
        };
        match self.anchors.path() {
            // Groups of windows that are looked for by the halves of bytes find nearly every place: here the keys are looked for at once.
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => {
                // SAFETY: the path is taken only if `Path::is_available` found its instructions; `Anchors` sees to it.
                let mark = |reaches: &mut Reaches<'_>, marks: &mut [u64; BLOCKS]| unsafe {
                    crate::avx2::keys(&self.keys, LENGTH - KEY, reaches, marks)
                };
                each_marked(text, mark, |_| true, marked);
            }
            #[cfg(not(target_arch = "x86_64"))]
            Path::Avx2 => self.anchors.each_marked(text, |at| self.has_key(text, at), marked),
            Path::Avx512 | Path::Portable => self.anchors.each_marked(text, |at| self.has_key(text, at), marked),
        }
    }

    /// Whether the bytes at a place are those of a key.
    #[inline]
    fn has_key(&self, text: &[u8], at: usize) -> bool {
        let window = text.get(at..).and_then(<[u8]>::first_chunk::<LENGTH>);
        window.is_some_and(|window| self.keys.has(window) != 0)
    }
}
