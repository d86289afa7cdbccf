//! Blocks with AVX-512: 64 bytes looked up in a table of 256 at once, and eight groups in the filter.

use std::arch::x86_64::{
    __m512i, _mm_cvtsi32_si128, _mm512_and_si512, _mm512_loadu_si512, _mm512_mask_blend_epi8, _mm512_movepi8_mask,
    _mm512_mullo_epi64, _mm512_permutex2var_epi8, _mm512_set1_epi8, _mm512_set1_epi64, _mm512_setr_epi64,
    _mm512_srl_epi64, _mm512_srli_epi64, _mm512_srlv_epi64, _mm512_storeu_si512, _mm512_test_epi8_mask,
    _mm512_test_epi64_mask, _mm512_xor_si512,
};

use super::{BATCH, BLOCK, Batch, Filled, GroupFilter, Reader, Sets, cut};

/// # Safety
/// The filter is sound.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi,bmi1,bmi2,lzcnt,popcnt")]
#[expect(unsafe_code, reason = "the filter is read without a check")]
pub(super) unsafe fn each(sets: &Sets, text: &[u8], filter: &GroupFilter<'_>, reader: &mut impl Reader) {
    let Some(table) = table(sets) else { return };
    let (xor, factor) = (_mm512_set1_epi64(filter.xor.cast_signed()), _mm512_set1_epi64(filter.factor.cast_signed()));
    let shift = _mm_cvtsi32_si128(filter.shift.cast_signed());
    let (six_bits, one) = (_mm512_set1_epi64(63), _mm512_set1_epi64(1));
    let mut batch = Batch::default();
    for (number, text) in text.chunks(BATCH * BLOCK).enumerate() {
        if text.len() < BATCH * BLOCK {
            batch = Batch::default();
        }
        let mut blocks = Filled::of(text);
        while let Some((at, bytes, length)) = blocks.next() {
            let bytes = load(bytes);
            let hash = _mm512_srli_epi64::<32>(_mm512_mullo_epi64(_mm512_xor_si512(bytes, xor), factor));
            let places = _mm512_srl_epi64(hash, shift);
            // SAFETY: a hash has 32 bits, and the filter is sound by the contract of this function, so each place names a word.
            let words = unsafe { words(filter, places) };
            let first = _mm512_srlv_epi64(words, _mm512_and_si512(hash, six_bits));
            let second = _mm512_srlv_epi64(words, _mm512_and_si512(_mm512_srli_epi64::<6>(hash), six_bits));
            let groups = _mm512_test_epi64_mask(_mm512_and_si512(first, second), one);
            batch.put(at / BLOCK, masks(&table, bytes), groups, length);
        }
        reader.read(number * BATCH * BLOCK, &batch);
    }
}

/// The words of a filter at eight places. One by one they are there sooner than by an instruction that gathers them.
///
/// # Safety
/// Each place names a word.
#[target_feature(enable = "avx512f")]
#[inline]
#[expect(unsafe_code, reason = "the filter is read without a check")]
unsafe fn words(filter: &GroupFilter<'_>, places: __m512i) -> __m512i {
    let mut at = [0_u64; 8];
    // SAFETY: the array is valid for writes of 64 bytes, which this store makes, at any alignment.
    unsafe { _mm512_storeu_si512(at.as_mut_ptr().cast(), places) };
    // SAFETY: by the contract of this function.
    let word = |place: u64| unsafe { filter.words.get_unchecked(place as usize) }.cast_signed();
    let [a, b, c, d, e, f, g, h] = at;
    _mm512_setr_epi64(word(a), word(b), word(c), word(d), word(e), word(f), word(g), word(h))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn sets(sets: &Sets, text: &[u8], each: &mut impl FnMut(usize, &[u64; 8])) {
    let Some(table) = table(sets) else { return };
    let mut blocks = Filled::of(text);
    while let Some((at, bytes, length)) = blocks.next() {
        let mut masks = masks(&table, load(bytes));
        cut(&mut masks, length);
        each(at, &masks);
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn table(sets: &Sets) -> Option<[__m512i; 4]> {
    let (quarters, _) = sets.as_chunks::<BLOCK>();
    let [first, second, third, fourth] = quarters else { return None };
    Some([load(first), load(second), load(third), load(fourth)])
}

/// For each set, a bit for each byte that is in it.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
#[inline]
fn masks(table: &[__m512i; 4], bytes: __m512i) -> [u64; 8] {
    let low = _mm512_permutex2var_epi8(table[0], bytes, table[1]);
    let high = _mm512_permutex2var_epi8(table[2], bytes, table[3]);
    let members = _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), low, high);
    let set = |bit: u8| _mm512_test_epi8_mask(members, _mm512_set1_epi8((1_u8 << bit).cast_signed()));
    [set(0), set(1), set(2), set(3), set(4), set(5), set(6), set(7)]
}

#[target_feature(enable = "avx512f")]
#[inline]
#[expect(unsafe_code, reason = "a load from memory")]
fn load(bytes: &[u8; BLOCK]) -> __m512i {
    // SAFETY: the reference is valid for reads of 64 bytes, which this load takes, at any alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}
