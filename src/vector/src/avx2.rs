//! The pass with AVX2: 32 bytes at once, each looked up by its two halves.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256,
    _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_slli_epi16, _mm256_srli_epi16,
};

use crate::anchors::{Anchors, REACH, Reaches};
use crate::runs::{self, Runs};

/// The bytes that are compared at once.
const HALF: usize = 32;

#[target_feature(enable = "avx2,bmi1")]
pub(crate) fn each_block<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
    text: &[u8],
    marked: &mut impl FnMut(usize, u64),
) {
    let mut tables = [[[_mm256_setzero_si256(); 2]; LENGTH]; PLANES];
    let bytes = anchors.halves.as_flattened().as_flattened();
    for (table, bytes) in tables.as_flattened_mut().as_flattened_mut().iter_mut().zip(bytes) {
        *table = load_twice(bytes);
    }
    let mut blocks = Reaches::of(text);
    while let Some((at, reach)) = blocks.next() {
        // The halves of two bytes make two more: such a mark may be wrong.
        let first = marks::<PLANES, LENGTH, 0>(&tables, reach);
        let second = marks::<PLANES, LENGTH, HALF>(&tables, reach);
        marked(at, u64::from(second) << HALF | u64::from(first));
    }
}

/// A bit for each byte of a half of a block at which some group may have a window.
#[target_feature(enable = "avx2,bmi1")]
#[inline]
fn marks<const PLANES: usize, const LENGTH: usize, const FROM: usize>(
    tables: &[[[__m256i; 2]; LENGTH]; PLANES],
    reach: &[u8; REACH],
) -> u32 {
    let lower_half = _mm256_set1_epi8(0x0f);
    let mut places = [[_mm256_setzero_si256(); 2]; LENGTH];
    for ([lower, upper], bytes) in places.iter_mut().zip(reach.array_windows::<HALF>().skip(FROM)) {
        let bytes = load(bytes);
        *lower = bytes;
        *upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), lower_half);
    }
    let mut any = _mm256_setzero_si256();
    for plane in tables {
        let mut groups = _mm256_set1_epi8(-1);
        for ([by_lower, by_upper], [lower, upper]) in plane.iter().zip(places) {
            // The shuffle looks at the lower four bits, and gives zero for a byte of 128 and more: windows are ASCII.
            groups = _mm256_and_si256(groups, _mm256_shuffle_epi8(*by_lower, lower));
            groups = _mm256_and_si256(groups, _mm256_shuffle_epi8(*by_upper, upper));
        }
        any = _mm256_or_si256(any, groups);
    }
    !_mm256_movemask_epi8(_mm256_cmpeq_epi8(any, _mm256_setzero_si256())).cast_unsigned()
}

#[target_feature(enable = "avx2,bmi1")]
pub(crate) fn runs(runs: &Runs, text: &[u8], found: &mut impl FnMut(usize)) {
    // A byte is looked up in the row of its upper half, at its lower half.
    let (rows, _) = runs.classes.as_chunks();
    let mut tables = [_mm256_setzero_si256(); 8];
    for (table, row) in tables.iter_mut().zip(rows) {
        *table = load_twice(row);
    }
    let mut blocks = runs::Blocks::of(text);
    while let Some(block) = blocks.next() {
        let (halves, _) = block.as_chunks();
        let mut masks = (0, 0);
        for half in halves.iter().rev() {
            let bytes = load(half);
            let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(0x0f));
            let mut classes = _mm256_setzero_si256();
            for (row, table) in (0..).zip(tables) {
                let is_row = _mm256_cmpeq_epi8(upper, _mm256_set1_epi8(row));
                classes = _mm256_or_si256(classes, _mm256_and_si256(is_row, _mm256_shuffle_epi8(table, bytes)));
            }
            // The top bit of each byte is what a mask is made of.
            let all = _mm256_movemask_epi8(_mm256_slli_epi16::<7>(classes)).cast_unsigned();
            let with = _mm256_movemask_epi8(_mm256_slli_epi16::<6>(classes)).cast_unsigned();
            masks = (masks.0 << HALF | u64::from(all), masks.1 << HALF | u64::from(with));
        }
        blocks.judge(masks, found);
    }
}

#[target_feature(enable = "avx2,bmi1")]
#[inline]
#[expect(unsafe_code, reason = "a load from memory")]
fn load(bytes: &[u8; HALF]) -> __m256i {
    // SAFETY: the reference is valid for reads of 32 bytes, which this load takes, at any alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// The same sixteen bytes in both halves of a register: the shuffle looks up in each half by itself.
#[target_feature(enable = "avx2,bmi1")]
#[inline]
#[expect(unsafe_code, reason = "a load from memory")]
fn load_twice(bytes: &[u8; 16]) -> __m256i {
    // SAFETY: the reference is valid for reads of 16 bytes, which this load takes, at any alignment.
    let once = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
    _mm256_broadcastsi128_si256(once)
}
