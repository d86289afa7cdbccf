//! The pass with AVX-512: 64 bytes at once, each looked up in a table of 128.

use std::arch::x86_64::{
    __m512i, _mm512_and_si512, _mm512_loadu_si512, _mm512_movepi8_mask, _mm512_or_si512, _mm512_permutex2var_epi8,
    _mm512_set1_epi8, _mm512_setzero_si512, _mm512_test_epi8_mask,
};

use crate::anchors::{Anchors, LENGTH_MAX};
use crate::runs::{self, Runs};

/// The bytes that are compared at once.
const BLOCK: usize = 64;
/// What the windows that start in a block reach over.
const REACH: usize = BLOCK + LENGTH_MAX - 1;

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(crate) fn each<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
    text: &[u8],
    found: &mut impl FnMut(usize),
) {
    let tables = anchors.low.map(|plane| {
        plane.map(|table| {
            let (halves, _) = table.as_chunks();
            let [lower, upper] = halves else { return [_mm512_setzero_si512(); 2] };
            [load(lower), load(upper)]
        })
    });
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
            // A byte of 128 and more was looked up by its lower bits; and a window may lie past the end of the text.
            if anchors.is_at(text, place) {
                found(place);
            }
            marks &= marks - 1;
        }
        at += BLOCK;
    }
}

/// A bit for each byte of the block at which some group has a window.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
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
        let mut groups =
            plane.iter().zip(places).map(|([lower, upper], bytes)| _mm512_permutex2var_epi8(*lower, bytes, *upper));
        let Some(first) = groups.next() else { return 0 };
        any = _mm512_or_si512(any, groups.fold(first, |all, place| _mm512_and_si512(all, place)));
    }
    _mm512_test_epi8_mask(any, any)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(crate) fn runs(runs: &Runs, text: &[u8], found: &mut impl FnMut(usize)) {
    let (quarters, _) = runs.classes.as_chunks();
    let [lower, upper, ..] = quarters else { return };
    let (lower, upper) = (load(lower), load(upper));
    runs::each(runs, text, found, |block| {
        let bytes = load(block);
        let classes = _mm512_permutex2var_epi8(lower, bytes, upper);
        // A byte of 128 and more was looked up by its lower bits.
        let is_ascii = !_mm512_movepi8_mask(bytes);
        let marked = |class| _mm512_test_epi8_mask(classes, _mm512_set1_epi8(class)) & is_ascii;
        (marked(1), marked(2))
    });
}

#[target_feature(enable = "avx512f")]
#[inline]
#[expect(unsafe_code, reason = "a load from memory")]
fn load(bytes: &[u8; BLOCK]) -> __m512i {
    // SAFETY: the reference is valid for reads of 64 bytes, which this load takes, at any alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}
