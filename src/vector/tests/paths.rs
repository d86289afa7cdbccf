//! All paths that a machine has give the same results.

use proptest::prelude::*;
use vector::{Anchors, Path, Window};

/// What `each` promises, word for word.
fn expected(windows: &[(usize, Window)], text: &[u8]) -> Vec<usize> {
    let holds = |set: u128, byte: u8| byte < 128 && set >> byte & 1 == 1;
    let is_at = |place: &[u8]| {
        (0..16).any(|group| {
            (0..4).all(|at| windows.iter().any(|(of, window)| *of == group && holds(window[at], place[at])))
        })
    };
    text.windows(4).enumerate().filter(|(_, place)| is_at(place)).map(|(at, _)| at).collect()
}

fn check<const PLANES: usize>(windows: &[(usize, Window)], text: &[u8]) {
    for path in Path::available() {
        let mut found = Vec::new();
        Anchors::<PLANES>::new(windows.iter().copied()).on(path).each(text, |at| found.push(at));
        assert_eq!(found, expected(windows, text), "{path:?}");
    }
}

/// Few different bytes, so that there are finds: ASCII and, with the top bit set, what must not be taken for it.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![Just(b'a'), Just(b'q'), Just(b'b'), Just(b'_'), Just(0), Just(b'a' | 0x80), any::<u8>()]
}

fn window() -> impl Strategy<Value = Window> {
    let set = proptest::collection::vec(byte(), 1..4)
        .prop_map(|bytes| bytes.into_iter().fold(0, |set, byte| set | 1_u128 << (byte & 127)));
    proptest::array::uniform4(set)
}

proptest! {
    #[test]
    fn every_path_finds_the_same(
        windows in proptest::collection::vec((0_usize..16, window()), 0..12),
        text in proptest::collection::vec(byte(), 0..400),
        skipped in 0_usize..64,
    ) {
        let text = text.get(skipped..).unwrap_or_default();
        check::<2>(&windows, text);
        let of_one_plane = windows.iter().map(|(group, window)| (group % 8, *window)).collect::<Vec<_>>();
        check::<1>(&of_one_plane, text);
    }
}

#[test]
fn a_window_is_found_at_every_place() {
    let windows = [(9, b"ghp_".map(|byte| 1_u128 << byte))];
    for length in 4..200 {
        for at in 0..=length - 4 {
            let mut text = vec![b'.'; length];
            text[at..at + 4].copy_from_slice(b"ghp_");
            for path in Path::available() {
                let mut found = Vec::new();
                Anchors::<2>::new(windows).on(path).each(&text, |at| found.push(at));
                assert_eq!(found, [at], "{path:?}");
            }
        }
    }
}

#[test]
fn the_portable_path_is_everywhere() {
    assert!(Path::available().any(|path| path == Path::Portable));
}
