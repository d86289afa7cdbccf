//! Says for every 64 bytes of a text which of them are one of a few.

use crate::blocks::{BLOCK, Filled};
use crate::path::Path;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

/// A few bytes to look for.
#[derive(Debug, Clone)]
pub struct Bytes<const COUNT: usize> {
    bytes: [u8; COUNT],
    path: Path,
}

impl<const COUNT: usize> Bytes<COUNT> {
    /// Looks for these bytes, on the fastest path that the machine has.
    #[must_use]
    pub fn new(bytes: [u8; COUNT]) -> Self {
        Self { bytes, path: Path::preferred() }
    }

    /// The same, on a path of choice, for tests and measurements. One that the machine does not have is not taken.
    #[must_use]
    pub fn on(self, path: Path) -> Self {
        Self { path: if path.is_available() { path } else { self.path }, ..self }
    }

    /// Calls `each` for every block of 64 bytes, in order, with the place where it starts and, for each of the bytes, a bit for each place
    /// where it stands. Past the end of the text it is nowhere, unless it is zero.
    #[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls what needs instructions"))]
    #[inline]
    pub fn each(&self, text: &[u8], mut each: impl FnMut(usize, &[u64; COUNT])) {
        match self.path {
            // SAFETY: a path is taken only if `Path::is_available` found its instructions; `new` and `on` see to it.
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => unsafe { avx512::each(self.bytes, text, &mut each) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => unsafe { avx2::each(self.bytes, text, &mut each) },
            #[cfg(not(target_arch = "x86_64"))]
            Path::Avx512 | Path::Avx2 => portable(self.bytes, text, &mut each),
            Path::Portable => portable(self.bytes, text, &mut each),
        }
    }
}

fn portable<const COUNT: usize>(bytes: [u8; COUNT], text: &[u8], each: &mut impl FnMut(usize, &[u64; COUNT])) {
    let mut blocks = Filled::of(text);
    while let Some((at, block, _)) = blocks.next() {
        let (eights, _) = block.as_chunks::<8>();
        each(at, &bytes.map(|byte| eights.iter().rev().fold(0, |marks, eight| marks << 8 | places(*eight, byte))));
    }
}

/// A bit for each of eight bytes that is this one.
const fn places(eight: [u8; 8], byte: u8) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let difference = u64::from_le_bytes(eight) ^ u64::from_le_bytes([byte; 8]);
    // The top bit of each byte is set where the byte is zero; then all are moved together.
    let equal = !((difference & LOW).wrapping_add(LOW) | difference | LOW);
    (equal >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

const _: () = assert!(BLOCK == u64::BITS as usize);
