//! The pass with AVX2: 32 bytes at once, each looked up by its two halves.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256,
    _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_srli_epi16,
};

use crate::anchors::{Anchors, REACH, Reaches};
use crate::marks::{BLOCK, BLOCKS, Marks};
use crate::tokens::{Masks, SETS, Tokens};

/// The bytes that are compared at once.
const HALF: usize = 32;

#[target_feature(enable = "avx2,bmi1")]
pub(crate) fn anchors<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
    reaches: &mut Reaches<'_>,
    marked: &mut Marks,
) {
    let tables = tables(anchors);
    marked.clear();
    for block in 0..BLOCKS {
        let Some(reach) = reaches.next() else { return };
        marked.set(block, of_block(&tables, reach));
    }
}

#[target_feature(enable = "avx2,bmi1")]
pub(crate) fn in_block<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
    reach: &[u8; REACH],
) -> u64 {
    of_block(&tables(anchors), reach)
}

#[target_feature(enable = "avx2,bmi1")]
#[inline]
fn tables<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
) -> [[[__m256i; 2]; LENGTH]; PLANES] {
    let mut tables = [[[_mm256_setzero_si256(); 2]; LENGTH]; PLANES];
    let bytes = anchors.halves.as_flattened().as_flattened();
    for (table, bytes) in tables.as_flattened_mut().as_flattened_mut().iter_mut().zip(bytes) {
        *table = load_twice(bytes);
    }
    tables
}

#[target_feature(enable = "avx2,bmi1")]
#[inline]
fn of_block<const PLANES: usize, const LENGTH: usize>(
    tables: &[[[__m256i; 2]; LENGTH]; PLANES],
    reach: &[u8; REACH],
) -> u64 {
    // The halves of two bytes make two more: such a mark may be wrong.
    let first = marks::<PLANES, LENGTH, 0>(tables, reach);
    let second = marks::<PLANES, LENGTH, HALF>(tables, reach);
    u64::from(second) << HALF | u64::from(first)
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
    is_any(any)
}

/// A bit for each byte that is not zero.
#[target_feature(enable = "avx2,bmi1")]
#[inline]
fn is_any(bytes: __m256i) -> u32 {
    !_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_setzero_si256())).cast_unsigned()
}

#[target_feature(enable = "avx2,bmi1")]
pub(crate) fn tokens(tokens: &Tokens, blocks: &[[u8; BLOCK]], masks: &mut Masks, places: [&mut Marks; 2]) {
    let [token, word, value] = &tokens.halves;
    let (token, word, value) = (load_twice(token), load_twice(word), load_twice(value));
    let upper_bits = load_twice(&[1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0]);
    let (backslash, percent) = (_mm256_set1_epi8(b'\\'.cast_signed()), _mm256_set1_epi8(b'%'.cast_signed()));
    for (masks, block) in masks.next(blocks.len()).zip(blocks) {
        let (halves, _) = block.as_chunks();
        let mut of_block = [0; SETS];
        for half in halves.iter().rev() {
            let bytes = load(half);
            let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(0x0f));
            let upper = _mm256_shuffle_epi8(upper_bits, upper);
            // The shuffle gives zero for a byte of 128 and more.
            let is_token = is_any(_mm256_and_si256(_mm256_shuffle_epi8(token, bytes), upper));
            let is_word = is_any(_mm256_and_si256(_mm256_shuffle_epi8(word, bytes), upper));
            let is_value = is_any(_mm256_and_si256(_mm256_shuffle_epi8(value, bytes), upper));
            let escape = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, backslash), _mm256_cmpeq_epi8(bytes, percent));
            let is_escape = _mm256_movemask_epi8(escape).cast_unsigned();
            for (of_block, of_half) in of_block.iter_mut().zip([is_token, is_word, is_escape, is_value]) {
                *of_block = *of_block << HALF | u64::from(of_half);
            }
        }
        for (mask, of_block) in masks.into_iter().zip(of_block) {
            *mask = of_block;
        }
    }
    masks.judge(places);
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
