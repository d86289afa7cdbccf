//! Finds the end of a run of string bytes that need no attention, at vector speed.

/// How many bytes the compiler compares at once.
const BLOCK: usize = 32;
/// How many are compared at once in a register, where a run is expected to be short.
const WORD: usize = 8;

/// How many leading bytes are neither a quote, a backslash, nor a control character.
///
/// Most runs end within a few bytes, as in JSON within JSON; those that do not are taken in blocks.
pub(crate) fn plain_prefix(bytes: &[u8]) -> usize {
    let (near, _) = bytes.as_chunks::<WORD>();
    for (word, at) in near.iter().zip((0..BLOCK).step_by(WORD)) {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return at + first_marked(special);
        }
    }
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let whole =
        blocks.iter().take_while(|block| block.iter().fold(true, |plain, &byte| plain & is_plain(byte))).count();
    let tail = bytes.get(whole * BLOCK..).unwrap_or_default();
    let (words, rest) = tail.as_chunks::<WORD>();
    for (n, word) in words.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return whole * BLOCK + n * WORD + first_marked(special);
        }
    }
    bytes.len() - rest.len() + rest.iter().position(|&byte| !is_plain(byte)).unwrap_or(rest.len())
}

/// Marks the lowest of eight bytes that is not plain with its top bit; marks above the lowest may be false, since a borrow runs
/// upward.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; WORD]);
    const TOPS: u64 = ONES << 7;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    (below(quote, 1) | below(backslash, 1) | below(word, 0x20)) & TOPS
}

fn first_marked(marks: u64) -> usize {
    marks.trailing_zeros() as usize / WORD
}

/// No short circuit: the loop over blocks is turned into vector comparisons.
fn is_plain(byte: u8) -> bool {
    (byte >= 0x20) & (byte != b'"') & (byte != b'\\')
}

/// The four bytes that JSON calls whitespace.
pub(crate) fn is_whitespace(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_and_blocks_find_what_single_bytes_find(bytes in proptest::collection::vec(prop_oneof![4 => 0x20_u8..0xff, 1 => 0_u8..0xff], 0..120)) {
            let one_by_one = bytes.iter().position(|&byte| !is_plain(byte)).unwrap_or(bytes.len());
            prop_assert_eq!(plain_prefix(&bytes), one_by_one);
        }
    }

    #[test]
    fn every_special_byte_is_found_at_every_place() {
        for place in 0..100 {
            for special in [b'"', b'\\', 0, 0x1f, b'\n'] {
                let mut bytes = vec![b'a'; 100];
                bytes[place] = special;
                assert_eq!(plain_prefix(&bytes), place);
            }
        }
        assert_eq!(plain_prefix(&[0x7f; 77]), 77);
        assert_eq!(plain_prefix(&[0xa2; 77]), 77, "a special byte with its top bit set is plain");
        assert_eq!(plain_prefix("é".repeat(40).as_bytes()), 80);
    }
}
