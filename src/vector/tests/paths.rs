//! All paths that a machine has give the same results.

use proptest::prelude::*;
use vector::{Anchors, BLOCK, Blocks, Path, TOKEN, Token, Tokens, Window};

/// What `each` promises, word for word.
fn expected<const N: usize>(windows: &[(usize, Window<N>)], text: &[u8]) -> Vec<usize> {
    let holds = |set: u128, byte: u8| byte < 128 && set >> byte & 1 == 1;
    let is_at = |place: &[u8]| {
        (0..16).any(|group| {
            (0..N).all(|at| windows.iter().any(|(of, window)| *of == group && holds(window[at], place[at])))
        })
    };
    text.windows(N).enumerate().filter(|(_, place)| is_at(place)).map(|(at, _)| at).collect()
}

fn check<const PLANES: usize, const N: usize>(windows: &[(usize, Window<N>)], text: &[u8]) {
    for path in Path::available() {
        let mut found = Vec::new();
        Anchors::<PLANES, N>::new(windows.iter().copied()).on(path).each(text, |_| true, |at| found.push(at));
        let expected = expected(windows, text);
        assert_eq!(found, expected, "{path:?}");
        if let Some(block) = text.first_chunk() {
            let marks = Anchors::<PLANES, N>::new(windows.iter().copied()).on(path).in_block(block);
            assert!(expected.iter().take_while(|at| **at < BLOCK).all(|at| marks >> at & 1 == 1), "{path:?}");
        }
    }
}

/// Few different bytes, so that there are finds: ASCII and, with the top bit set, what must not be taken for it.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![Just(b'a'), Just(b'q'), Just(b'b'), Just(b'_'), Just(0), Just(b'a' | 0x80), any::<u8>()]
}

fn window() -> impl Strategy<Value = Window<8>> {
    let set = proptest::collection::vec(byte(), 1..4)
        .prop_map(|bytes| bytes.into_iter().fold(0, |set, byte| set | 1_u128 << (byte & 127)));
    proptest::array::uniform8(set)
}

proptest! {
    #[test]
    fn every_path_finds_the_same(
        windows in proptest::collection::vec((0_usize..16, window()), 0..12),
        text in proptest::collection::vec(byte(), 0..400),
        skipped in 0_usize..64,
    ) {
        let text = text.get(skipped..).unwrap_or_default();
        check::<2, 8>(&windows, text);
        let short = |(group, window): &(usize, Window<8>)| (group % 8, *window.first_chunk().unwrap());
        check::<1, 3>(&windows.iter().map(short).collect::<Vec<_>>(), text);
    }
}

proptest! {
    #[test]
    fn every_path_finds_the_same_tokens(
        pieces in proptest::collection::vec((0_usize..9, 1_usize..24, any::<u8>()), 0..40),
        before in 0_usize..2200,
    ) {
        let bytes = |kind, any| [b'a', b'a', b'-', b'-', b' ', b'\\', b'%', b'q', any][kind];
        let text = pieces.into_iter().flat_map(|(kind, count, any)| vec![bytes(kind, any); if kind < 4 { count } else { 1 }]);
        let text = vec![b' '; before].into_iter().chain(text).collect::<Vec<_>>();
        let word = (b'a'..=b'z').fold(0, |set, byte| set | 1_u128 << byte);
        let is_of = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'-';
        let may_begin = |at: usize| {
            let before = |distance: usize| at.checked_sub(distance).map(|at| text[at]);
            !before(1).is_some_and(|byte| byte.is_ascii_lowercase())
                || [2, 3, 6].into_iter().any(|distance| matches!(before(distance), Some(b'\\' | b'%')))
        };
        let begins = |at: &usize| may_begin(*at) && text.get(*at..at + TOKEN).is_some_and(|run| run.iter().all(is_of));
        let expected = (0..text.len()).filter(begins).collect::<Vec<_>>();
        let is_value = |at: &usize| {
            !at.checked_sub(1).is_some_and(|before| is_of(&text[before])) && text[*at..at + TOKEN].contains(&b'q')
        };
        let expected_values = expected.iter().copied().filter(is_value).collect::<Vec<_>>();
        for path in Path::available() {
            let (mut found, mut values) = (Vec::new(), Vec::new());
            let tokens = Tokens::new(word | 1 << b'-', word, 1 << b'q').on(path);
            tokens.each(&text, |_| true, |token| match token {
                Token::Wanted(at) => found.push(at),
                Token::Value(at) => values.push(at),
            });
            prop_assert_eq!((&found, &values), (&expected, &expected_values), "{:?}", path);
            let mut alone = Vec::new();
            tokens.each(&text, |_| false, |token| alone.push(token));
            let expected = expected_values.iter().copied().map(Token::Value).collect::<Vec<_>>();
            prop_assert_eq!(alone, expected, "{:?}", path);
        }
    }
}

proptest! {
    #[test]
    fn every_path_knows_the_same_sets(
        sets in proptest::collection::vec(any::<u8>(), 256),
        text in proptest::collection::vec(prop_oneof![any::<u8>(), 0_u8..128], 0..300),
    ) {
        let sets = *sets.first_chunk().unwrap();
        let expected = text.chunks(BLOCK).map(|block| {
            let mask = |set: usize| {
                block.iter().rev().fold(0_u64, |mask, byte| mask << 1 | u64::from(sets[usize::from(*byte)] >> set & 1))
            };
            std::array::from_fn(mask)
        });
        let expected = (0..).step_by(BLOCK).zip(expected).collect::<Vec<(usize, [u64; 8])>>();
        for path in Path::available() {
            let mut masks = Vec::new();
            Blocks::new(sets).on(path).sets(&text, &mut |at, block: &[u64; 8]| masks.push((at, *block)));
            prop_assert_eq!(&masks, &expected, "{:?}", path);
        }
    }

    #[test]
    fn every_path_knows_sets_of_few_rows_and_the_first_of_them(
        forms in proptest::collection::vec((0_u8..=255, any::<u16>(), 0_u8..=255, any::<u16>()), 8),
        text in proptest::collection::vec(prop_oneof![any::<u8>(), 0_u8..128], 0..300),
    ) {
        let is_in = |set: usize, byte: usize| {
            let (rows, columns, more_rows, more_columns) = forms[set];
            let both = |rows: u8, columns: u16| byte < 128 && rows >> (byte >> 4) & 1 == 1 && columns >> (byte & 15) & 1 == 1;
            both(rows, columns) || both(more_rows, more_columns)
        };
        let sets = std::array::from_fn(|byte| (0..8).fold(0, |sets, set| sets | u8::from(is_in(set, byte)) << set));
        for path in Path::available() {
            let blocks = Blocks::new(sets).on(path);
            let (mut all, mut first, mut count) = (Vec::new(), Vec::new(), 0);
            blocks.sets(&text, &mut |_, block: &[u64; 8]| all.push(*block));
            blocks.sets(&text, &mut |_, block: &[u64; 3]| first.push(*block));
            for (number, block) in text.chunks(BLOCK).enumerate() {
                let mask = |set| (0..).zip(block).fold(0_u64, |mask, (at, byte)| mask | u64::from(is_in(set, usize::from(*byte))) << at);
                prop_assert_eq!(all[number], std::array::from_fn(mask), "{:?}", path);
                prop_assert_eq!(first[number], std::array::from_fn(mask), "{:?}", path);
                count += 1;
            }
            prop_assert_eq!((all.len(), first.len()), (count, count));
        }
    }
}

#[test]
fn a_window_is_found_at_every_place() {
    let windows = [(9, b"ghp_".map(|byte| 1_u128 << byte))];
    for length in (4..200).chain([2048, 2049, 2060, 4096, 4200]) {
        for at in 0..=length - 4 {
            let mut text = vec![b'.'; length];
            text[at..at + 4].copy_from_slice(b"ghp_");
            for path in Path::available() {
                let mut found = Vec::new();
                Anchors::<2, 4>::new(windows).on(path).each(&text, |_| true, |at| found.push(at));
                assert_eq!(found, [at], "{path:?}");
            }
        }
    }
}

#[test]
fn the_portable_path_is_everywhere() {
    assert!(Path::available().any(|path| path == Path::Portable));
}
