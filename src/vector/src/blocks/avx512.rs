//! Blocks with AVX-512: 64 bytes looked up in a table of 256 at once, and eight groups in the filter.

use std::arch::x86_64::{
    __m512i, _mm_cvtsi32_si128, _mm512_and_si512, _mm512_andnot_si512, _mm512_gf2p8affine_epi64_epi8,
    _mm512_loadu_si512, _mm512_mask_blend_epi8, _mm512_maskz_compress_epi64, _mm512_movepi8_mask, _mm512_mullo_epi64,
    _mm512_or_si512, _mm512_permutex2var_epi8, _mm512_permutexvar_epi8, _mm512_set1_epi8, _mm512_set1_epi64,
    _mm512_set4_epi64, _mm512_setr_epi64, _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_shuffle_i64x2,
    _mm512_srl_epi64, _mm512_srli_epi64, _mm512_srlv_epi64, _mm512_storeu_si512, _mm512_sub_epi64, _mm512_subs_epu8,
    _mm512_test_epi8_mask, _mm512_test_epi64_mask, _mm512_testn_epi64_mask, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use super::{
    BATCH, BLANK, BLOCK, Batch, Filled, GROUP, GroupFilter, Reader, Sets, SetsReader, cut, filled, whole_groups,
};

/// # Safety
/// The filter is sound.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi,gfni,bmi1,bmi2,lzcnt,popcnt")]
#[expect(unsafe_code, reason = "the filter is read without a check")]
pub(super) unsafe fn each(sets: &Sets, text: &[u8], filter: &GroupFilter<'_>, reader: &mut impl Reader) {
    let Some(table) = table(sets) else { return };
    let mut batch = Batch::default();
    let mut asked = Asked { entries: [0; ASKED_MAX], count: 0 };
    for (number, text) in text.chunks(BATCH * BLOCK).enumerate() {
        if text.len() < BATCH * BLOCK {
            batch = Batch::default();
        }
        let (blocks, rest) = text.as_chunks();
        let mut rows = [[_mm512_setzero_si512(); 8]; BATCH / 8];
        let places = rows.as_flattened_mut();
        for ((block, bytes), masks) in blocks.iter().enumerate().zip(places.iter_mut()) {
            let bytes = load(bytes);
            asked.put(block, filter, bytes, BLOCK);
            *masks = set_masks(members(&table, bytes), BLOCK);
        }
        if let Some(masks) = places.get_mut(blocks.len()).filter(|_| !rest.is_empty()) {
            let bytes = load(&filled(rest));
            asked.put(blocks.len(), filter, bytes, rest.len());
            *masks = set_masks(members(&table, bytes), rest.len());
        }
        let (of_eight, _) = batch.sets.as_flattened_mut().as_chunks_mut::<8>();
        for (number, rows) in rows.into_iter().enumerate() {
            let of_sets = of_eight.iter_mut().skip(number).step_by(BATCH / 8);
            of_sets.zip(transposed(rows)).for_each(|(masks, row)| store(masks, row));
        }
        // SAFETY: by the contract of this function.
        batch.groups = unsafe { asked.answer(filter) };
        reader.read(number * BATCH * BLOCK, &batch);
    }
}

/// The groups of a block without a blank or a control character in them.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn groups_without_blanks(bytes: __m512i) -> u8 {
    let more_than_blank = _mm512_subs_epu8(bytes, _mm512_set1_epi8(BLANK.cast_signed()));
    // Where a byte is zero, the lowest of a group at least, its top bit comes up.
    let less_one = _mm512_sub_epi64(more_than_blank, _mm512_set1_epi64(0x0101_0101_0101_0101));
    let zeros = _mm512_andnot_si512(more_than_blank, less_one);
    _mm512_testn_epi64_mask(zeros, _mm512_set1_epi64(0x8080_8080_8080_8080_u64.cast_signed()))
}

/// The groups of a batch that the filter is asked for: eight at once, whichever they are.
struct Asked {
    /// The hash of each, and its number above that.
    entries: [u64; ASKED_MAX],
    count: usize,
}

/// All groups of a batch, and what is stored behind the last one.
const ASKED_MAX: usize = (BATCH + 1) * GROUP;

impl Asked {
    /// Takes the groups of a block that the filter may let pass and that are there if so many of its bytes are.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,popcnt")]
    #[inline]
    fn put(&mut self, block: usize, filter: &GroupFilter<'_>, bytes: __m512i, length: usize) {
        let groups = if filter.passes_blanks { u8::MAX } else { groups_without_blanks(bytes) } & whole_groups(length);
        let (xor, factor) = (filter.xor.cast_signed(), filter.factor.cast_signed());
        let product = _mm512_mullo_epi64(_mm512_xor_si512(bytes, _mm512_set1_epi64(xor)), _mm512_set1_epi64(factor));
        let first = _mm512_set1_epi64(((block * GROUP) as i64) << 32);
        let numbers = _mm512_setr_epi64(0, 1 << 32, 2 << 32, 3 << 32, 4 << 32, 5 << 32, 6 << 32, 7 << 32);
        let entries = _mm512_or_si512(_mm512_srli_epi64::<32>(product), _mm512_or_si512(first, numbers));
        if let Some(place) = self.entries.get_mut(self.count..).and_then(<[u64]>::first_chunk_mut) {
            store(place, _mm512_maskz_compress_epi64(groups, entries));
        }
        self.count += groups.count_ones() as usize;
    }

    /// Which groups of each block the filter lets pass; then nothing is asked any more.
    ///
    /// # Safety
    /// The filter is sound.
    #[target_feature(enable = "avx512f,avx512dq,bmi1,bmi2")]
    #[inline]
    #[expect(unsafe_code, reason = "the filter is read without a check")]
    unsafe fn answer(&mut self, filter: &GroupFilter<'_>) -> [u8; BATCH] {
        let (six_bits, one) = (_mm512_set1_epi64(63), _mm512_set1_epi64(1));
        let (mut passing, mut left) = ([0; BATCH], std::mem::take(&mut self.count));
        for entries in self.entries.as_chunks::<GROUP>().0 {
            if left == 0 {
                break;
            }
            let hashes = _mm512_and_si512(load_words(entries), _mm512_set1_epi64(0xffff_ffff));
            let places = _mm512_srl_epi64(hashes, _mm_cvtsi32_si128(filter.shift.cast_signed()));
            // SAFETY: a hash has 32 bits, and the filter is sound by the contract of this function, so each place names a word.
            let words = unsafe { words(filter, places) };
            let first = _mm512_srlv_epi64(words, _mm512_and_si512(hashes, six_bits));
            let second = _mm512_srlv_epi64(words, _mm512_and_si512(_mm512_srli_epi64::<6>(hashes), six_bits));
            let are_asked = (0xff_u16 >> GROUP.saturating_sub(left)) as u8;
            let mut groups = are_asked & _mm512_test_epi64_mask(_mm512_and_si512(first, second), one);
            while groups != 0 {
                let number = (entries[groups.trailing_zeros() as usize % GROUP] >> 32) as usize;
                passing[number / GROUP % BATCH] |= 1 << (number % GROUP);
                groups &= groups - 1;
            }
            left = left.saturating_sub(GROUP);
        }
        passing
    }
}

/// The masks of all sets for a block of which so many bytes are there.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
#[inline]
fn set_masks(members: __m512i, length: usize) -> __m512i {
    // In each group the bits of eight bytes are turned, the last byte first, and then what each group says of a set is put together.
    let reversed = _mm512_shuffle_epi8(members, _mm512_set4_epi64(REVERSED[1], REVERSED[0], REVERSED[1], REVERSED[0]));
    let turned = _mm512_gf2p8affine_epi64_epi8::<0>(_mm512_set1_epi64(EACH_BIT), reversed);
    let masks = _mm512_permutexvar_epi8(load(&BYTES_OF_SETS), turned);
    if length == BLOCK {
        masks
    } else {
        _mm512_and_si512(masks, _mm512_set1_epi64(((1_u64 << length) - 1).cast_signed()))
    }
}

/// The bytes of two groups, each the last first.
const REVERSED: [i64; 2] = [0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f];
/// Byte n has bit n.
const EACH_BIT: i64 = 0x8040_2010_0804_0201_u64.cast_signed();
/// For each set, the place of its byte in each group.
const BYTES_OF_SETS: [u8; BLOCK] = {
    let (mut places, mut at) = ([0; BLOCK], 0);
    while at < BLOCK {
        places[at] = (at % 8 * 8 + at / 8) as u8;
        at += 1;
    }
    places
};

/// Turns rows into columns.
#[target_feature(enable = "avx512f")]
#[inline]
fn transposed(rows: [__m512i; 8]) -> [__m512i; 8] {
    let [a, b, c, d, e, f, g, h] = rows;
    // Pairs of two rows: those of even columns, and those of odd ones.
    let pairs = |one, other| [_mm512_unpacklo_epi64(one, other), _mm512_unpackhi_epi64(one, other)];
    let fours = |one, other| [_mm512_shuffle_i64x2::<0x88>(one, other), _mm512_shuffle_i64x2::<0xdd>(one, other)];
    let ([ab, ab_odd], [cd, cd_odd], [ef, ef_odd], [gh, gh_odd]) = (pairs(a, b), pairs(c, d), pairs(e, f), pairs(g, h));
    let columns = |ab, cd, ef, gh| {
        let ([abcd, abcd_2], [efgh, efgh_2]) = (fours(ab, cd), fours(ef, gh));
        let ([first, third], [second, fourth]) = (fours(abcd, efgh), fours(abcd_2, efgh_2));
        [first, second, third, fourth]
    };
    let ([zero, two, four, six], [one, three, five, seven]) =
        (columns(ab, cd, ef, gh), columns(ab_odd, cd_odd, ef_odd, gh_odd));
    [zero, one, two, three, four, five, six, seven]
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
pub(super) fn sets<const COUNT: usize>(sets: &Sets, text: &[u8], reader: &mut impl SetsReader<COUNT>) {
    let Some(table) = table(sets) else { return };
    let mut blocks = Filled::of(text);
    while let Some((at, bytes, length)) = blocks.next() {
        let Some(mut masks) = masks(&table, load(bytes)).first_chunk().copied() else { return };
        cut(&mut masks, length);
        reader.read(at, &masks);
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
    let members = members(table, bytes);
    let set = |bit: u8| _mm512_test_epi8_mask(members, _mm512_set1_epi8((1_u8 << bit).cast_signed()));
    [set(0), set(1), set(2), set(3), set(4), set(5), set(6), set(7)]
}

/// The sets of each byte.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
#[inline]
fn members(table: &[__m512i; 4], bytes: __m512i) -> __m512i {
    let low = _mm512_permutex2var_epi8(table[0], bytes, table[1]);
    let high = _mm512_permutex2var_epi8(table[2], bytes, table[3]);
    _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), low, high)
}

#[target_feature(enable = "avx512f")]
#[inline]
#[expect(unsafe_code, reason = "a load from memory")]
fn load_words(words: &[u64; 8]) -> __m512i {
    // SAFETY: the reference is valid for reads of 64 bytes, which this load takes, at any alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
#[expect(unsafe_code, reason = "a store to memory")]
fn store(masks: &mut [u64; 8], row: __m512i) {
    // SAFETY: the reference is valid for writes of 64 bytes, which this store makes, at any alignment.
    unsafe { _mm512_storeu_si512(masks.as_mut_ptr().cast(), row) };
}

#[target_feature(enable = "avx512f")]
#[inline]
#[expect(unsafe_code, reason = "a load from memory")]
fn load(bytes: &[u8; BLOCK]) -> __m512i {
    // SAFETY: the reference is valid for reads of 64 bytes, which this load takes, at any alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}
