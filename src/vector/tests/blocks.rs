//! All paths that a machine has read the same blocks.

use proptest::prelude::*;
use vector::{BATCH, BLOCK, Batch, Blocks, GroupFilter, Path};

fn blocks(path: Path, sets: [u8; 256], text: &[u8], filter: &GroupFilter<'_>) -> Vec<(usize, Batch)> {
    let mut all = Vec::new();
    Blocks::new(sets).on(path).each(text, filter, &mut |at, batch: &Batch| all.push((at, *batch)));
    all
}

/// What `each` promises, word for word.
fn expected(sets: &[u8; 256], text: &[u8], filter: &GroupFilter<'_>) -> Vec<(usize, Batch)> {
    let passes = |group: &[u8]| {
        let group = u64::from_le_bytes(group.try_into().expect("eight bytes"));
        let hash = (group ^ filter.xor).wrapping_mul(filter.factor) >> 32;
        let word = filter.words[(hash >> filter.shift) as usize];
        let is_asked = filter.passes_blanks || group.to_le_bytes().iter().all(|byte| *byte > b' ');
        is_asked && word >> (hash % 64) & word >> (hash / 64 % 64) & 1 == 1
    };
    let batch = |bytes: &[u8]| {
        let mut batch = Batch::default();
        for (at, byte) in bytes.iter().enumerate() {
            let is_in = |set: usize| u64::from(sets[usize::from(*byte)] >> set & 1);
            (0..8).for_each(|set| batch.sets[set][at / BLOCK] |= is_in(set) << (at % BLOCK));
        }
        for (number, group) in bytes.chunks_exact(8).enumerate() {
            batch.groups[number / 8] |= u8::from(passes(group)) << (number % 8);
        }
        batch
    };
    text.chunks(BATCH * BLOCK).enumerate().map(|(number, bytes)| (number * BATCH * BLOCK, batch(bytes))).collect()
}

proptest! {
    #[test]
    fn every_path_reads_the_same(
        sets in proptest::array::uniform32(any::<[u8; 8]>()),
        words in proptest::collection::vec(any::<u64>(), 64),
        (xor, factor) in any::<(u64, u64)>(),
        text in proptest::collection::vec(prop_oneof![8 => b'!'..=b'~', 1 => b'\t'..=b'#', 1 => any::<u8>()], 0..3000),
        passes_blanks in any::<bool>(),
    ) {
        let sets: [u8; 256] = sets.concat().try_into().unwrap();
        let filter = GroupFilter { xor, factor: factor | 1, words: &words, shift: 26, passes_blanks };
        for path in Path::available() {
            prop_assert_eq!(blocks(path, sets, &text, &filter), expected(&sets, &text, &filter), "{:?}", path);
        }
    }
}

#[test]
fn a_filter_whose_hashes_name_no_word_lets_nothing_pass_and_reads_nothing_else() {
    let filter = GroupFilter { xor: 0, factor: 1, words: &[u64::MAX], shift: 0, passes_blanks: true };
    for path in Path::available() {
        let text: Vec<u8> = (0..=255).collect();
        assert!(blocks(path, [0; 256], &text, &filter).iter().all(|(_, batch)| batch.groups == [0; BATCH]), "{path:?}");
    }
}
