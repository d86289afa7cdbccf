//! The pass with AVX2: 32 bytes at once, each looked up by its two halves.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256,
    _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_srli_epi16,
};

use crate::anchors::{Anchors, LENGTH};
use crate::portable;

/// The bytes that are compared at once.
const BLOCK: usize = 32;
/// What the windows that start in a block reach over.
const REACH: usize = BLOCK + LENGTH - 1;

#[target_feature(enable = "avx2")]
pub(crate) fn each<const PLANES: usize>(anchors: &Anchors<PLANES>, text: &[u8], found: &mut impl FnMut(usize)) {
    let tables = anchors.halves.map(|plane| plane.map(|halves| halves.map(|table| load_twice(&table))));
    let mut at = 0;
    while let Some(reach) = text.get(at..).and_then(<[u8]>::first_chunk::<REACH>) {
        let mut marks = marks(&tables, reach);
        while marks != 0 {
            let place = at + marks.trailing_zeros() as usize;
            // The halves of two bytes make two more.
            if anchors.is_at(text, place) {
                found(place);
            }
            marks &= marks - 1;
        }
        at += BLOCK;
    }
    portable::each(anchors, text, at, found);
}

/// A bit for each byte of the block at which some group may have a window.
#[target_feature(enable = "avx2")]
#[inline]
fn marks<const PLANES: usize>(tables: &[[[__m256i; 2]; LENGTH]; PLANES], reach: &[u8; REACH]) -> u32 {
    let lower_half = _mm256_set1_epi8(0x0f);
    let mut places = [[_mm256_setzero_si256(); 2]; LENGTH];
    for ([lower, upper], bytes) in places.iter_mut().zip(reach.array_windows::<BLOCK>()) {
        let bytes = load(bytes);
        *lower = bytes;
        *upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), lower_half);
    }
    let mut any = _mm256_setzero_si256();
    for plane in tables {
        let mut groups = plane.iter().zip(places).map(|([by_lower, by_upper], [lower, upper])| {
            // The shuffle looks at the lower four bits, and gives zero for a byte of 128 and more: windows are ASCII.
            _mm256_and_si256(_mm256_shuffle_epi8(*by_lower, lower), _mm256_shuffle_epi8(*by_upper, upper))
        });
        let Some(first) = groups.next() else { return 0 };
        any = _mm256_or_si256(any, groups.fold(first, |all, place| _mm256_and_si256(all, place)));
    }
    !_mm256_movemask_epi8(_mm256_cmpeq_epi8(any, _mm256_setzero_si256())).cast_unsigned()
}

#[target_feature(enable = "avx2")]
#[inline]
#[expect(unsafe_code, reason = "a load from memory")]
fn load(bytes: &[u8; BLOCK]) -> __m256i {
    // SAFETY: the reference is valid for reads of 32 bytes, which this load takes, at any alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// The same sixteen bytes in both halves of a register: the shuffle looks up in each half by itself.
#[target_feature(enable = "avx2")]
#[inline]
#[expect(unsafe_code, reason = "a load from memory")]
fn load_twice(bytes: &[u8; 16]) -> __m256i {
    // SAFETY: the reference is valid for reads of 16 bytes, which this load takes, at any alignment.
    let once = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
    _mm256_broadcastsi128_si256(once)
}
