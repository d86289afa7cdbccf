//! Blocks with AVX2: 32 bytes at once, each looked up at its lower half in the row of its upper half.

use std::arch::x86_64::{
    __m256i, _mm_cvtsi32_si128, _mm_loadu_si128, _mm256_add_epi8, _mm256_and_si256, _mm256_blendv_epi8,
    _mm256_broadcastsi128_si256, _mm256_castsi256_pd, _mm256_cmpeq_epi8, _mm256_cmpeq_epi64, _mm256_loadu_si256,
    _mm256_movemask_epi8, _mm256_movemask_pd, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_sll_epi16, _mm256_slli_epi16, _mm256_srli_epi16, _mm256_sub_epi8, _mm256_subs_epu8,
};

use super::{
    BATCH, BLANK, BLOCK, Batch, Filled, GROUP, GroupFilter, Reader, Sets, SetsReader, cut, filled, has_bits,
    rectangles::{LAYERS, Rectangles},
};

/// The bytes that are looked up at once.
const HALF: usize = BLOCK / 2;
/// What the rows of ASCII and the rows of the other bytes are.
const ROWS: usize = 8;

type Tables = [[__m256i; ROWS]; 2];

/// # Safety
/// The filter is sound.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
#[expect(unsafe_code, reason = "the filter is read without a check")]
pub(super) unsafe fn each(sets: &Sets, text: &[u8], filter: &GroupFilter<'_>, reader: &mut impl Reader) {
    let tables = tables(sets);
    let mut batch = Batch::default();
    for (number, text) in text.chunks(BATCH * BLOCK).enumerate() {
        if text.len() < BATCH * BLOCK {
            batch = Batch::default();
        }
        let (blocks, rest) = text.as_chunks();
        for (block, bytes) in blocks.iter().enumerate() {
            batch.put(block, masks::<true>(&tables, bytes), groups(filter, bytes), BLOCK);
        }
        if !rest.is_empty() {
            let bytes = filled(rest);
            batch.put(blocks.len(), masks::<true>(&tables, &bytes), groups(filter, &bytes), rest.len());
        }
        for (groups, text) in batch.groups.as_chunks_mut::<GROUP>().0.iter_mut().zip(text.chunks(GROUP * BLOCK)) {
            // SAFETY: by the contract of this function.
            *groups = unsafe { passing(filter, text, u64::from_le_bytes(*groups)) }.to_le_bytes();
        }
        reader.read(number * BATCH * BLOCK, &batch);
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn sets<const COUNT: usize>(
    sets: &Sets,
    rectangles: Option<&Rectangles>,
    text: &[u8],
    reader: &mut impl SetsReader<COUNT>,
) {
    let Some(Rectangles(layers)) = rectangles else { return sets_of_rows(sets, text, reader) };
    let layers = layers.each_ref().map(|halves| halves.each_ref().map(|table| load_twice(table)));
    let mut blocks = Filled::of(text);
    while let Some((at, bytes, length)) = blocks.next() {
        let (halves, _) = bytes.as_chunks::<HALF>();
        let [first, second] = halves else { return };
        let mut masks = [0; COUNT];
        of_members(in_rectangles(&layers, load(first)), in_rectangles(&layers, load(second)), &mut masks);
        cut(&mut masks, length);
        reader.read(at, &masks);
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn sets_of_rows<const COUNT: usize>(sets: &Sets, text: &[u8], reader: &mut impl SetsReader<COUNT>) {
    let tables = tables(sets);
    let mut blocks = Filled::of(text);
    while let Some((at, bytes, length)) = blocks.next() {
        let Some(mut masks) = masks::<false>(&tables, bytes).first_chunk().copied() else { return };
        cut(&mut masks, length);
        reader.read(at, &masks);
    }
}

/// The sets of each byte, by its halves. Of a byte that is not ASCII the top bit is set, so that the lower half gives nothing.
#[target_feature(enable = "avx2")]
#[inline]
fn in_rectangles(layers: &[[__m256i; 2]; LAYERS], bytes: __m256i) -> __m256i {
    let upper_halves = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(0x0f));
    let mut members = _mm256_setzero_si256();
    for [lower, upper] in layers {
        let both = _mm256_and_si256(_mm256_shuffle_epi8(*lower, bytes), _mm256_shuffle_epi8(*upper, upper_halves));
        members = _mm256_or_si256(members, both);
    }
    members
}

/// The first masks of the sets of bytes.
#[target_feature(enable = "avx2")]
#[inline]
fn of_members<const COUNT: usize>(first: __m256i, second: __m256i, masks: &mut [u64; COUNT]) {
    // The last that is wanted comes to the top; what bytes give to their neighbors stays below.
    let unwanted = _mm_cvtsi32_si128(8 - COUNT as i32);
    let (mut first, mut second) = (_mm256_sll_epi16(first, unwanted), _mm256_sll_epi16(second, unwanted));
    for mask in masks.iter_mut().rev() {
        let of = |members| u64::from(_mm256_movemask_epi8(members).cast_unsigned());
        *mask = of(second) << HALF | of(first);
        (first, second) = (_mm256_add_epi8(first, first), _mm256_add_epi8(second, second));
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn tables(sets: &Sets) -> Tables {
    let (rows, _) = sets.as_chunks::<16>();
    let mut tables = [[_mm256_setzero_si256(); ROWS]; 2];
    tables.as_flattened_mut().iter_mut().zip(rows).for_each(|(table, row)| *table = load_twice(row));
    tables
}

/// The groups of a block that the filter may let pass: those without a blank or a control character in them, or all.
#[target_feature(enable = "avx2")]
#[inline]
fn groups(filter: &GroupFilter<'_>, bytes: &[u8; BLOCK]) -> u8 {
    if filter.passes_blanks {
        return u8::MAX;
    }
    let (halves, _) = bytes.as_chunks::<HALF>();
    let zero = _mm256_setzero_si256();
    halves.iter().rev().fold(0, |groups, half| {
        let more_than_blank = _mm256_subs_epu8(load(half), _mm256_set1_epi8(BLANK.cast_signed()));
        let without = _mm256_cmpeq_epi64(_mm256_cmpeq_epi8(more_than_blank, zero), zero);
        groups << (HALF / GROUP) | _mm256_movemask_pd(_mm256_castsi256_pd(without))
    }) as u8
}

/// Which of some groups of eight blocks the filter lets pass. There is no multiplication of 64 bits in AVX2, and its gathering is no
/// faster.
///
/// # Safety
/// The filter is sound.
#[target_feature(enable = "avx2,bmi1,bmi2")]
#[inline]
#[expect(unsafe_code, reason = "the filter is read without a check")]
unsafe fn passing(filter: &GroupFilter<'_>, text: &[u8], mut groups: u64) -> u64 {
    let (all, _) = text.as_chunks::<GROUP>();
    let mut passing = 0;
    while groups != 0 {
        let number = groups.trailing_zeros();
        groups &= groups - 1;
        let Some(group) = all.get(number as usize) else { break };
        let hash = filter.hash(u64::from_le_bytes(*group));
        // SAFETY: the hash has 32 bits, and the filter is sound by the contract of this function, so the shifted one names a word.
        let word = unsafe { filter.words.get_unchecked((hash >> filter.shift) as usize) };
        passing |= u64::from(has_bits(*word, hash)) << number;
    }
    passing
}

/// For each set, a bit for each byte that is in it. The parameter makes one function for each caller, which become parts of them.
#[target_feature(enable = "avx2")]
#[inline]
fn masks<const WITH_GROUPS: bool>(tables: &Tables, block: &[u8; BLOCK]) -> [u64; 8] {
    let (halves, _) = block.as_chunks::<HALF>();
    let [first, second] = halves else { return [0; 8] };
    let ([ascii, _], first, second) = (tables, load(first), load(second));
    // Nearly every text is ASCII.
    if _mm256_movemask_epi8(_mm256_or_si256(first, second)) == 0 {
        set_masks(of_rows(ascii, first), of_rows(ascii, second))
    } else {
        masks_beyond_ascii(tables, block)
    }
}

/// The same for a block that is not ASCII. No part of the other, or both would be turned into one that is slower.
#[target_feature(enable = "avx2")]
#[cold]
#[inline(never)]
fn masks_beyond_ascii([ascii, other]: &Tables, block: &[u8; BLOCK]) -> [u64; 8] {
    let (halves, _) = block.as_chunks::<HALF>();
    let [first, second] = halves else { return [0; 8] };
    let members = |half| {
        let bytes = load(half);
        let beyond = of_rows(other, _mm256_sub_epi8(bytes, _mm256_set1_epi8(i8::MIN)));
        _mm256_or_si256(of_rows(ascii, bytes), beyond)
    };
    set_masks(members(first), members(second))
}

/// The masks of all sets, from the sets of each byte.
#[target_feature(enable = "avx2")]
#[inline]
fn set_masks(mut first: __m256i, mut second: __m256i) -> [u64; 8] {
    let mut masks = [0; 8];
    for mask in masks.iter_mut().rev() {
        // The top bit of each byte is what a mask is made of.
        let of = |members| u64::from(_mm256_movemask_epi8(members).cast_unsigned());
        *mask = of(second) << HALF | of(first);
        (first, second) = (_mm256_add_epi8(first, first), _mm256_add_epi8(second, second));
    }
    masks
}

/// The sets of each byte that is in one of eight rows, the first of which begins at zero.
#[target_feature(enable = "avx2")]
#[inline]
fn of_rows(tables: &[__m256i; ROWS], bytes: __m256i) -> __m256i {
    // A shuffle looks at the lower half of a byte, and gives nothing where the top bit is set. The other three bits say which row it
    // is, each at the top in turn.
    let [a, b, c, d, e, f, g, h] = *tables;
    let of_two = |one, other| {
        let (one, other) = (_mm256_shuffle_epi8(one, bytes), _mm256_shuffle_epi8(other, bytes));
        _mm256_blendv_epi8(one, other, _mm256_slli_epi16::<3>(bytes))
    };
    let of_four = |one, other| _mm256_blendv_epi8(one, other, _mm256_slli_epi16::<2>(bytes));
    let (first, second) = (of_four(of_two(a, b), of_two(c, d)), of_four(of_two(e, f), of_two(g, h)));
    _mm256_blendv_epi8(first, second, _mm256_slli_epi16::<1>(bytes))
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
