//! The sets of blocks with AVX2: 32 bytes at once, each looked up in the row of its upper half, at its lower half.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256,
    _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_slli_epi16, _mm256_srli_epi16,
};

use super::{BLOCK, Sets, portable};

/// The bytes that are looked up at once.
const HALF: usize = BLOCK / 2;
/// What the rows of ASCII and the rows of the other bytes are.
const ROWS: usize = 8;

#[target_feature(enable = "avx2")]
pub(super) fn sets(sets: &Sets, text: &[u8], each: &mut impl FnMut(usize, &[u64; 8])) {
    let (rows, _) = sets.as_chunks::<16>();
    let mut tables = [[_mm256_setzero_si256(); ROWS]; 2];
    tables.as_flattened_mut().iter_mut().zip(rows).for_each(|(table, row)| *table = load_twice(row));
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    for (number, block) in blocks.iter().enumerate() {
        let (halves, _) = block.as_chunks::<HALF>();
        let mut masks = [0; 8];
        for (place, half) in halves.iter().enumerate() {
            let mut members = members(&tables, load(half));
            for mask in masks.iter_mut().rev() {
                // The top bit of each byte is what a mask is made of.
                *mask |= u64::from(_mm256_movemask_epi8(members).cast_unsigned()) << (place * HALF);
                members = _mm256_slli_epi16::<1>(members);
            }
        }
        each(number * BLOCK, &masks);
    }
    portable::sets(sets, text, text.len() - rest.len(), each);
}

/// The sets of each byte.
#[target_feature(enable = "avx2")]
#[inline]
fn members(tables: &[[__m256i; ROWS]; 2], bytes: __m256i) -> __m256i {
    let lower_half = _mm256_set1_epi8(0x0f);
    let (lower, upper) =
        (_mm256_and_si256(bytes, lower_half), _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), lower_half));
    let [ascii, other] = tables;
    let mut members = _mm256_setzero_si256();
    let mut add = |first_row: i8, tables: &[__m256i; ROWS]| {
        for (row, table) in (first_row..).zip(tables) {
            let is_row = _mm256_cmpeq_epi8(upper, _mm256_set1_epi8(row));
            members = _mm256_or_si256(members, _mm256_and_si256(is_row, _mm256_shuffle_epi8(*table, lower)));
        }
    };
    add(0, ascii);
    // Nearly every text is ASCII.
    if _mm256_movemask_epi8(bytes) != 0 {
        add(8, other);
    }
    members
}

#[target_feature(enable = "avx2")]
#[inline]
#[expect(unsafe_code, reason = "a load from memory")]
fn load(bytes: &[u8; HALF]) -> __m256i {
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
