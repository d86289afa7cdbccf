//! Finds the separators, `:` and `=`, that may follow the name of a secret field.
//!
//! JSON is full of separators and nearly none follows such a name, so most are sorted out here by the letters before them.

use crate::names::may_end_secret_name;

/// How many bytes the compiler compares at once.
const BLOCK: usize = 32;
/// How many are compared at once in a register.
const WORD: usize = 8;

/// The next separator at `from` or after it that may follow the name of a secret. It may be a wrong hit, or have its name in the
/// chunk before; none is missed.
pub(crate) fn next_candidate(chunk: &[u8], from: usize) -> Option<usize> {
    let mut start = from;
    while let Some(block) = chunk.get(start..)?.first_chunk::<BLOCK>() {
        // No short circuit: this is turned into vector comparisons.
        if block.iter().fold(false, |any, &byte| any | is_separator(byte)) {
            let (words, _) = block.as_chunks::<WORD>();
            for (word, at) in words.iter().zip((start..).step_by(WORD)) {
                let mut marks = separators(u64::from_le_bytes(*word));
                while marks != 0 {
                    let place = at + marks.trailing_zeros() as usize / WORD;
                    if may_follow_name(chunk.get(..place)?) {
                        return Some(place);
                    }
                    marks &= marks - 1;
                }
            }
        }
        start += BLOCK;
    }
    let rest = chunk.get(start..)?.iter().zip(start..);
    let mut separators = rest.filter(|(byte, _)| is_separator(**byte));
    separators.find_map(|(_, place)| may_follow_name(chunk.get(..place)?).then_some(place))
}

/// Marks each of eight bytes that is a separator with its top bit.
#[inline]
fn separators(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; WORD]);
    const TOPS: u64 = ONES << 7;
    // The top bit of each byte of a sum is clear only where the byte was zero.
    let is_not = |byte: u8| {
        let differs = word ^ (ONES * u64::from(byte));
        ((differs & !TOPS) + !TOPS) | differs
    };
    !(is_not(b':') & is_not(b'=')) & TOPS
}

const fn is_separator(byte: u8) -> bool {
    (byte == b':') | (byte == b'=')
}

/// Whether the name that ends a text, before quotes and blanks, may be that of a secret. A text that says too little may be.
#[inline]
fn may_follow_name(text: &[u8]) -> bool {
    let Some(end) = text.last_chunk::<WORD>() else { return may_follow_name_at_length(text) };
    // The usual quotes: `"` after up to four backslashes. What ends the text is at the top of the number.
    let mut end = u64::from_le_bytes(*end);
    if end >> 56 == u64::from(b'"') {
        end <<= 8;
        for _ in 0..4 {
            if end >> 56 != u64::from(b'\\') {
                break;
            }
            end <<= 8;
        }
    }
    let [.., first, second, last] = end.to_le_bytes();
    if BETWEEN[usize::from(last)] {
        may_follow_name_at_length(text)
    } else {
        may_end_secret_name(&[first, second, last])
    }
}

#[cold]
fn may_follow_name_at_length(text: &[u8]) -> bool {
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
    use crate::keys::{LOOK_BACK, secret_field};

    const PIECES: [&str; 12] =
        ["token", "\"", "\\\"", ":", "=", "id", " ", "x", "password]", "'", "é", "some text that fills a whole block"];

    proptest! {
        #[test]
        fn no_separator_after_a_secret_name_is_missed(
            pieces in proptest::collection::vec(proptest::sample::select(PIECES.as_slice()), 0..60),
        ) {
            let text = pieces.concat().into_bytes();
            let fields = (0..text.len()).filter(|&at| {
                is_separator(text[at]) && secret_field(&text[at.saturating_sub(LOOK_BACK)..at], text[at]).is_some()
            });
            let mut from = 0;
            let candidates: Vec<_> = std::iter::from_fn(|| {
                let place = next_candidate(&text, from)?;
                from = place + 1;
                Some(place)
            })
            .collect();
            for at in fields {
                prop_assert!(candidates.contains(&at), "{at} in {candidates:?}");
            }
            prop_assert!(candidates.iter().all(|&at| is_separator(text[at])));
        }
    }

    #[test]
    fn most_separators_are_sorted_out() {
        let text =
            br#"{"id": 1, "name": "n", "token": "t", "url": "https://host", "amount": 5, "open": true, "state=": 1}"#;
        assert_eq!(next_candidate(text, 0), Some(30));
        assert_eq!(next_candidate(text, 31), None);
        assert_eq!(next_candidate(b"n: 1", 0), Some(1), "the name may have begun in the chunk before");
        assert_eq!(next_candidate(b"", 0), None);
    }
}
