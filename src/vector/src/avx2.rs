//! The pass with AVX2: 32 bytes at once, each looked up by its two halves.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_castsi256_ps, _mm256_cmpeq_epi8,
    _mm256_i32gather_epi32, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_movemask_ps, _mm256_mullo_epi32,
    _mm256_or_si256, _mm256_set1_epi8, _mm256_set1_epi32, _mm256_setr_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_slli_epi32, _mm256_srli_epi16, _mm256_srli_epi32, _mm256_srlv_epi32,
};

use crate::anchors::{Anchors, REACH, Reaches};
use crate::keys::{CASE, FACTOR, HASH_BITS, Keys, PER_WORD_BITS};
use crate::marks::{BLOCK, BLOCKS};
use crate::tokens::{Masks, SETS, Tokens};

/// The bytes that are compared at once.
const HALF: usize = 32;

#[target_feature(enable = "avx2,bmi1")]
pub(crate) fn anchors<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
    reaches: &mut Reaches<'_>,
    marked: &mut [u64; BLOCKS],
) -> usize {
    let mut tables = [[[_mm256_setzero_si256(); 2]; LENGTH]; PLANES];
    let bytes = anchors.halves.as_flattened().as_flattened();
    for (table, bytes) in tables.as_flattened_mut().as_flattened_mut().iter_mut().zip(bytes) {
        *table = load_twice(bytes);
    }
    let mut count = 0;
    for marked in marked {
        let Some(reach) = reaches.next() else { break };
        // The halves of two bytes make two more: such a mark may be wrong.
        let first = marks::<PLANES, LENGTH, 0>(&tables, reach);
        let second = marks::<PLANES, LENGTH, HALF>(&tables, reach);
        *marked = u64::from(second) << HALF | u64::from(first);
        count += 1;
    }
    count
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

/// Marks the places at which a window may have one of the keys, the last of which lie so many bytes after its start: eight at once.
#[target_feature(enable = "avx2,bmi1")]
#[expect(unsafe_code, reason = "the table is read without a check")]
pub(crate) fn keys(keys: &Keys, last_offset: usize, reaches: &mut Reaches<'_>, marked: &mut [u64; BLOCKS]) -> usize {
    let fours = _mm256_setr_epi8(
        0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6, 4, 5, 6, 7, 5, 6, 7, 8, 6, 7, 8, 9, 7, 8, 9, 10,
    );
    let (case, factor) = (_mm256_set1_epi32(CASE.cast_signed()), _mm256_set1_epi32(FACTOR.cast_signed()));
    let in_word = _mm256_set1_epi32((1 << PER_WORD_BITS) - 1);
    let mut count = 0;
    for marked in marked {
        let Some(reach) = reaches.next() else { break };
        let (mut first_marks, mut last_marks) = (0_u64, 0_u128);
        // One eight more than the block has, for the last bytes of its last windows.
        for (eight, bytes) in (0..).zip(reach.array_windows().step_by(8)) {
            let bytes = _mm256_or_si256(_mm256_shuffle_epi8(load_twice(bytes), fours), case);
            let hash =
                _mm256_srli_epi32::<{ (u32::BITS - HASH_BITS).cast_signed() }>(_mm256_mullo_epi32(bytes, factor));
            let word = _mm256_srli_epi32::<{ PER_WORD_BITS.cast_signed() }>(hash);
            // SAFETY: a hash has `HASH_BITS` bits, so without the lowest `PER_WORD_BITS` it is less than the number of words.
            let words = unsafe { _mm256_i32gather_epi32::<4>(keys.words.as_ptr().cast(), word) };
            let bits = _mm256_srlv_epi32(words, _mm256_and_si256(hash, in_word));
            // The top bit of each number is what a mask is made of.
            let first = _mm256_castsi256_ps(_mm256_slli_epi32::<31>(bits));
            let last = _mm256_castsi256_ps(_mm256_slli_epi32::<15>(bits));
            first_marks |= u64::from(_mm256_movemask_ps(first).cast_unsigned()).unbounded_shl(8 * eight);
            last_marks |= u128::from(_mm256_movemask_ps(last).cast_unsigned()) << (8 * eight);
        }
        *marked = first_marks | (last_marks >> last_offset) as u64;
        count += 1;
    }
    count
}

#[target_feature(enable = "avx2,bmi1")]
pub(crate) fn tokens(tokens: &Tokens, blocks: &[[u8; BLOCK]], masks: &mut Masks, places: &mut [u64; BLOCKS]) {
    let [token, word] = tokens.halves;
    let (token, word) = (load_twice(&token), load_twice(&word));
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
            let escape = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, backslash), _mm256_cmpeq_epi8(bytes, percent));
            let is_escape = _mm256_movemask_epi8(escape).cast_unsigned();
            for (of_block, of_half) in of_block.iter_mut().zip([is_token, is_word, is_escape]) {
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
