//! The pass with AVX2: 32 bytes compared at once.

use std::arch::x86_64::{__m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8};

use crate::blocks::{BLOCK, Filled};

/// The bytes that are compared at once.
const HALF: usize = BLOCK / 2;

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn each<const COUNT: usize>(bytes: [u8; COUNT], text: &[u8], each: &mut impl FnMut(usize, &[u64; COUNT])) {
    let mut blocks = Filled::of(text);
    while let Some((at, block, _)) = blocks.next() {
        let (halves, _) = block.as_chunks::<HALF>();
        let [first, second] = halves else { return };
        let (first, second) = (load(first), load(second));
        let mut marks = [0; COUNT];
        for (marks, byte) in marks.iter_mut().zip(bytes) {
            let byte = _mm256_set1_epi8(byte.cast_signed());
            let of = |half| u64::from(_mm256_movemask_epi8(_mm256_cmpeq_epi8(half, byte)).cast_unsigned());
            *marks = of(second) << HALF | of(first);
        }
        each(at, &marks);
    }
}

#[target_feature(enable = "avx2")]
#[inline]
#[expect(unsafe_code, reason = "a load from memory")]
fn load(bytes: &[u8; HALF]) -> __m256i {
    // SAFETY: the reference is valid for reads of 32 bytes, which this load takes, at any alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}
