//! Finds the end of a run of string bytes that need no attention, at vector speed.

/// How many bytes the compiler compares at once.
const BLOCK: usize = 32;
/// How many are compared at once in a register, where a run is expected to be short.
const WORD: usize = 8;

/// How many leading bytes are neither a quote, a backslash, nor a control character.
///
/// Most runs end within a few bytes; those that do not are taken in blocks.
#[inline]
pub(crate) fn plain_prefix(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<WORD>()) {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return at + first_marked(special);
        }
        at += WORD;
        if at == BLOCK {
            let (blocks, _) = bytes.as_chunks::<BLOCK>();
            at = BLOCK * blocks.iter().take_while(|block| all(block.iter().map(|&byte| is_plain(byte)))).count();
        }
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|&byte| !is_plain(byte)).unwrap_or(rest.len())
}

/// How many leading bytes belong to the text of a string without further thought: plain ones, and escapes of two bytes.
///
/// JSON within JSON is full of escapes, so a block may hold any number of them; one with two backslashes side by side, or with the
/// end of the string, is taken run by run.
#[inline]
pub(crate) fn text_prefix(bytes: &[u8]) -> usize {
    let mut at = 0;
    let mut block_end = BLOCK;
    loop {
        at += plain_prefix(bytes.get(at..block_end).or(bytes.get(at..)).unwrap_or_default());
        match bytes.get(at..) {
            _ if at >= block_end => {
                at += text_blocks(bytes.get(at..).unwrap_or_default());
                block_end = at + BLOCK;
            }
            Some([b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..]) => at += 2,
            _ => return at,
        }
    }
}

/// How many leading bytes make up blocks of plain bytes and of escapes without two backslashes side by side. Each byte is judged by
/// the one before it.
#[inline(never)]
fn text_blocks(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some((before, block)) =
        bytes.get(at..).and_then(|rest| Some((rest.first_chunk()?, rest.get(1..)?.first_chunk()?)))
    {
        let (before, block): (&[u8; BLOCK], &[u8; BLOCK]) = (before, block);
        let is_text = |(&before, &byte)| {
            let escapes = (byte == b'"')
                | (byte == b'n')
                | (byte == b'/')
                | (byte == b't')
                | (byte == b'r')
                | (byte == b'b')
                | (byte == b'f');
            let is_open = before == b'\\';
            (is_open & escapes) | (!is_open & (byte >= 0x20) & (byte != b'"'))
        };
        let [first, .., last] = before;
        if !(is_plain(*first) || *first == b'\\') || !all(before.iter().zip(block).map(is_text)) {
            break;
        }
        // A backslash at the end took the next byte along.
        at += BLOCK + usize::from(*last == b'\\');
    }
    at
}

/// No short circuit: loops over blocks are turned into vector comparisons.
#[inline]
fn all(tests: impl Iterator<Item = bool>) -> bool {
    tests.fold(true, |all, test| all & test)
}

/// Marks the lowest of eight bytes that is not plain with its top bit; marks above the lowest may be false, since a borrow runs
/// upward.
#[inline]
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; WORD]);
    const TOPS: u64 = ONES << 7;
    // Exchanging 0x20 and 0x22 puts the quote right above the control characters, so that one comparison finds both.
    let quote_and_control = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (quote_and_control | backslash) & !word & TOPS
}

fn first_marked(marks: u64) -> usize {
    marks.trailing_zeros() as usize / WORD
}

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

    const PIECES: [&str; 6] = [r"\n", r#"\""#, r"\\", r"\/", "x", "some plain text that fills a whole block"];
    const ENDS: [&str; 6] = ["", "\"", "\\", r"\u0041", r"\x", "\n"];

    proptest! {
        #[test]
        fn words_and_blocks_find_what_single_bytes_find(bytes in proptest::collection::vec(prop_oneof![4 => 0x20_u8..0xff, 1 => 0_u8..0xff], 0..120)) {
            let one_by_one = bytes.iter().position(|&byte| !is_plain(byte)).unwrap_or(bytes.len());
            prop_assert_eq!(plain_prefix(&bytes), one_by_one);
        }

        #[test]
        fn escapes_of_two_bytes_are_passed_over(
            pieces in proptest::collection::vec(proptest::sample::select(PIECES.as_slice()), 0..40),
            end in proptest::sample::select(ENDS.as_slice()),
        ) {
            let text = pieces.concat();
            prop_assert_eq!(text_prefix([&text, end].concat().as_bytes()), text.len());
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
