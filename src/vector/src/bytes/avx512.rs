//! The pass with AVX-512: 64 bytes compared at once.

use std::arch::x86_64::{__m512i, _mm512_cmpeq_epi8_mask, _mm512_loadu_si512, _mm512_set1_epi8};

use crate::blocks::{BLOCK, Filled};

#[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn each<const COUNT: usize>(bytes: [u8; COUNT], text: &[u8], each: &mut impl FnMut(usize, &[u64; COUNT])) {
    let mut blocks = Filled::of(text);
    while let Some((at, block, _)) = blocks.next() {
        let block = load(block);
        let mut marks = [0; COUNT];
        for (marks, byte) in marks.iter_mut().zip(bytes) {
            *marks = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(byte.cast_signed()));
        }
        each(at, &marks);
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
#[expect(unsafe_code, reason = "a load from memory")]
fn load(bytes: &[u8; BLOCK]) -> __m512i {
    // SAFETY: the reference is valid for reads of 64 bytes, which this load takes, at any alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}
