//! The pass with AVX-512: 64 bytes at once, each looked up in a table of 128.

use std::arch::x86_64::{
    __m512i, _mm512_and_si512, _mm512_loadu_si512, _mm512_maskz_permutex2var_epi8, _mm512_movepi8_mask,
    _mm512_or_si512, _mm512_permutex2var_epi8, _mm512_set1_epi8, _mm512_setzero_si512, _mm512_test_epi8_mask,
};

use crate::anchors::{Anchors, REACH, Reaches};
use crate::marks::{BLOCK, BLOCKS, Marks};
use crate::tokens::{ESCAPE_BIT, Masks, TOKEN_BIT, Tokens, VALUE_BIT, WORD_BIT};

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1")]
pub(crate) fn anchors<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
    reaches: &mut Reaches<'_>,
    marked: &mut Marks,
) {
    let tables = tables(anchors);
    // A byte of 128 and more is looked up by its lower bits: such a mark may be wrong.
    marked.clear();
    for block in 0..BLOCKS {
        let Some(reach) = reaches.next() else { return };
        marked.set(block, marks(&tables, reach));
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1")]
pub(crate) fn in_block<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
    reach: &[u8; REACH],
) -> u64 {
    marks(&tables(anchors), reach)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1")]
#[inline]
fn tables<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
) -> [[[__m512i; 2]; LENGTH]; PLANES] {
    let mut tables = [[[_mm512_setzero_si512(); 2]; LENGTH]; PLANES];
    for (table, bytes) in tables.as_flattened_mut().iter_mut().zip(anchors.low.as_flattened()) {
        if let ([lower, upper], []) = bytes.as_chunks() {
            *table = [load(lower), load(upper)];
        }
    }
    tables
}

/// A bit for each byte of the block at which some group has a window.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1")]
#[inline]
fn marks<const PLANES: usize, const LENGTH: usize>(
    tables: &[[[__m512i; 2]; LENGTH]; PLANES],
    reach: &[u8; REACH],
) -> u64 {
    let mut places = [_mm512_setzero_si512(); LENGTH];
    for (place, bytes) in places.iter_mut().zip(reach.array_windows::<BLOCK>()) {
        *place = load(bytes);
    }
    let mut any = _mm512_setzero_si512();
    for plane in tables {
        let mut groups = _mm512_set1_epi8(-1);
        for ([lower, upper], bytes) in plane.iter().zip(places) {
            groups = _mm512_and_si512(groups, _mm512_permutex2var_epi8(*lower, bytes, *upper));
        }
        any = _mm512_or_si512(any, groups);
    }
    _mm512_test_epi8_mask(any, any)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1")]
pub(crate) fn tokens(tokens: &Tokens, blocks: &[[u8; BLOCK]], masks: &mut Masks, places: [&mut Marks; 2]) {
    let (quarters, _) = tokens.classes.as_chunks();
    let [lower, upper, ..] = quarters else { return };
    let (lower, upper) = (load(lower), load(upper));
    for (masks, block) in masks.next(blocks.len()).zip(blocks) {
        let bytes = load(block);
        // A byte of 128 and more would be looked up by its lower bits.
        let classes = _mm512_maskz_permutex2var_epi8(!_mm512_movepi8_mask(bytes), lower, bytes, upper);
        for (mask, bit) in masks.into_iter().zip([TOKEN_BIT, WORD_BIT, ESCAPE_BIT, VALUE_BIT]) {
            *mask = _mm512_test_epi8_mask(classes, _mm512_set1_epi8(bit.cast_signed()));
        }
    }
    masks.judge(places);
}

#[target_feature(enable = "avx512f")]
#[inline]
#[expect(unsafe_code, reason = "a load from memory")]
fn load(bytes: &[u8; BLOCK]) -> __m512i {
    // SAFETY: the reference is valid for reads of 64 bytes, which this load takes, at any alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}
