//! Finds the separators, `:` and `=`, that may follow the name of a secret field.
//!
//! JSON is full of separators and nearly none follows such a name. So a vector pass looks for the few ends that such names have.

use std::{cell::Cell, sync::LazyLock};

use vector::{Anchors, Window};

use crate::keys::LOOK_BACK;
use crate::names::{may_be_end_of_secret_name, may_end_secret_name};

/// The last four letters of a name and what follows it.
pub(crate) const LENGTH: usize = 5;
/// The last bytes of a name by which it is sorted out.
const NAME_LENGTH: usize = 16;
/// The ends of names that `may_end_secret_name` lets through, in lower case, and what may stand before them.
const ENDS: [(&[u8; 3], &[u8]); 7] = [
    (b"ken", b"o_-"),
    (b"key", b"itesngr_-"),
    (b"ord", b"w_-"),
    (b"swd", b"s_-"),
    (b"ase", b"r_-"),
    (b"ret", b"c_-"),
    (b"ion", b"t_-"),
];
static NAME_ENDS: LazyLock<Anchors<1, LENGTH>> = LazyLock::new(|| {
    let after = (0..128).filter(|byte| BETWEEN[usize::from(*byte)] || is_separator(*byte));
    Anchors::new(name_ends(after.fold(0, |set, byte| set | 1 << byte)).enumerate())
});

/// Gathers the separators of a chunk that may follow the name of a secret, in order. Some are wrong, some have their name in the chunk
/// before; none is missed.
pub(crate) fn gather(chunk: &[u8], separators: &mut Vec<usize>) {
    separators.clear();
    let near_start = chunk.get(..LOOK_BACK).unwrap_or(chunk).iter().enumerate();
    let near_start =
        near_start.filter(|(at, byte)| is_separator(**byte) && chunk.get(..*at).is_some_and(may_follow_name));
    separators.extend(near_start.map(|(at, _)| at));
    // The same name comes in message after message, so the last that was sorted out is known by its bytes.
    let sorted_out = Cell::new([0; NAME_LENGTH]);
    let name = |at: usize| chunk.get((at + LENGTH - 1).wrapping_sub(NAME_LENGTH)..).and_then(<[u8]>::first_chunk);
    NAME_ENDS.each(
        chunk,
        |at| may_be_separated(chunk, at + LENGTH - 1) & name(at).is_none_or(|name| *name != sorted_out.get()),
        |at| {
            let after = chunk.get(at + LENGTH - 1..).unwrap_or_default().iter().take(LOOK_BACK);
            let between = after.clone().take_while(|byte| BETWEEN[usize::from(**byte)]).count();
            let separator = at + LENGTH - 1 + between;
            if separator < LOOK_BACK || !chunk.get(separator).is_some_and(|byte| is_separator(*byte)) {
                return;
            }
            match name(at).filter(|name| !may_be_end_of_secret_name(name)) {
                Some(name) => sorted_out.set(*name),
                None => separators.push(separator),
            }
        },
    );
}

/// Whether a separator may follow a name that ends before a place, by the first two bytes behind it.
#[inline]
fn may_be_separated(chunk: &[u8], at: usize) -> bool {
    let Some([first, second]) = chunk.get(at..).and_then(<[u8]>::first_chunk) else { return true };
    is_separator(*first) | is_separator(*second) | BETWEEN[usize::from(*second)]
}

/// The ends of names, before one of the bytes of a set.
pub(crate) fn name_ends(after: u128) -> impl Iterator<Item = Window<LENGTH>> {
    let set = |bytes: &[u8]| {
        bytes.iter().fold(0, |set, byte| set | 1 << byte.to_ascii_lowercase() | 1_u128 << byte.to_ascii_uppercase())
    };
    ENDS.into_iter().map(move |(end, before)| {
        let [first, second, third] = end.map(|byte| set(&[byte]));
        [set(before), first, second, third, after]
    })
}

const fn is_separator(byte: u8) -> bool {
    (byte == b':') | (byte == b'=')
}

/// Whether the name that ends a text, before quotes and blanks, may be that of a secret. A text that says too little may be.
#[inline]
fn may_follow_name(text: &[u8]) -> bool {
    let between = text.iter().rev().take_while(|byte| BETWEEN[usize::from(**byte)]).count();
    let name = text.get(..text.len() - between).unwrap_or_default();
    name.len() < 3 || may_end_secret_name(name)
}

/// What can stand between a name and its separator.
const BETWEEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut bytes: &[u8] = b"\"'\\] \t\r\n\x0c";
    while let Some((byte, rest)) = bytes.split_first() {
        table[*byte as usize] = true;
        bytes = rest;
    }
    table
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::secret_field;

    const PIECES: [&str; 21] = [
        "access",
        "Token",
        "\\n",
        ".",
        "token",
        "API-KEY",
        "pass_word",
        "authorization",
        "se-cret",
        ".....{\"progressToken",
        "\"",
        "\\\"",
        ":",
        "=",
        "id",
        " ",
        "x",
        "password]",
        "'",
        "é",
        "some text that fills a whole block",
    ];

    proptest! {
        #[test]
        fn no_separator_after_a_secret_name_is_missed(
            pieces in proptest::collection::vec(proptest::sample::select(PIECES.as_slice()), 0..60),
        ) {
            let text = pieces.concat().into_bytes();
            let fields = (0..text.len()).filter(|&at| {
                is_separator(text[at]) && secret_field(&text[at.saturating_sub(LOOK_BACK)..at], text[at]).is_some()
            });
            let mut separators = Vec::new();
            gather(&text, &mut separators);
            for at in fields {
                prop_assert!(separators.contains(&at), "{at} in {separators:?}");
            }
            prop_assert!(separators.iter().all(|&at| is_separator(text[at])));
            prop_assert!(separators.is_sorted());
        }
    }

    #[test]
    fn most_separators_are_sorted_out() {
        let text =
            br#"{"id": 1, "name": "n", "token": "t", "url": "https://host", "amount": 5, "open": true, "state=": 1}"#;
        let gathered = |text: &[u8]| {
            let mut separators = Vec::new();
            gather(text, &mut separators);
            separators
        };
        assert_eq!(gathered(text), [30]);
        assert_eq!(gathered(&[[b' '; 99].as_slice(), text].concat()), [129]);
        assert_eq!(gathered(b"n: 1"), [1], "the name may have begun in the chunk before");
        assert!(gathered(b"").is_empty());
    }
}
