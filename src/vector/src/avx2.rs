//! The pass with AVX2: 32 bytes at once, each looked up by its two halves.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256,
    _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_slli_epi16, _mm256_srli_epi16,
};

use crate::anchors::{Anchors, LENGTH_MAX};
use crate::runs::{self, Runs};

/// The bytes that are compared at once.
const BLOCK: usize = 32;
/// What the windows that start in a block reach over.
const REACH: usize = BLOCK + LENGTH_MAX - 1;

#[target_feature(enable = "avx2")]
pub(crate) fn each<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
    text: &[u8],
    found: &mut impl FnMut(usize),
) {
    let tables = anchors.halves.map(|plane| plane.map(|halves| halves.map(|table| load_twice(&table))));
    let mut at = 0;
    let mut last = [0; REACH];
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let reach = rest.first_chunk().unwrap_or_else(|| {
            last = [0; REACH];
            last.iter_mut().zip(rest).for_each(|(last, byte)| *last = *byte);
            &last
        });
        let mut marks = marks(&tables, reach);
        while marks != 0 {
            let place = at + marks.trailing_zeros() as usize;
            // The halves of two bytes make two more; and a window may lie past the end of the text.
            if anchors.is_at(text, place) {
                found(place);
            }
            marks &= marks - 1;
        }
        at += BLOCK;
    }
}

/// A bit for each byte of the block at which some group may have a window.
#[target_feature(enable = "avx2")]
#[inline]
fn marks<const PLANES: usize, const LENGTH: usize>(
    tables: &[[[__m256i; 2]; LENGTH]; PLANES],
    reach: &[u8; REACH],
) -> u32 {
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
pub(crate) fn runs(runs: &Runs, text: &[u8], found: &mut impl FnMut(usize)) {
    // A byte is looked up in the row of its upper half, at its lower half.
    let (rows, _) = runs.classes.as_chunks();
    let mut tables = [_mm256_setzero_si256(); 8];
    tables.iter_mut().zip(rows).for_each(|(table, row)| *table = load_twice(row));
    runs::each(runs, text, found, |block| {
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
            let marked = |bits| u64::from(_mm256_movemask_epi8(bits).cast_unsigned());
            let (all, with) = (_mm256_slli_epi16::<7>(classes), _mm256_slli_epi16::<6>(classes));
            masks = (masks.0 << 32 | marked(all), masks.1 << 32 | marked(with));
        }
        masks
    });
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
