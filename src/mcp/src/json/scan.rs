//! Finds the end of a run of string bytes that need no attention, at vector speed.

/// How many bytes the compiler compares at once.
const BLOCK: usize = 32;

/// How many leading bytes are neither a quote, a backslash, nor a control character.
pub(crate) fn plain_prefix(bytes: &[u8]) -> usize {
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let whole =
        blocks.iter().take_while(|block| block.iter().fold(true, |plain, &byte| plain & is_plain(byte))).count();
    let tail = bytes.get(whole * BLOCK..).unwrap_or_default();
    whole * BLOCK + tail.iter().position(|&byte| !is_plain(byte)).unwrap_or(tail.len())
}

/// No short circuit: the loop above is turned into vector comparisons.
fn is_plain(byte: u8) -> bool {
    (byte >= 0x20) & (byte != b'"') & (byte != b'\\')
}

/// The four bytes that JSON calls whitespace.
pub(crate) fn is_whitespace(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(plain_prefix("é".repeat(40).as_bytes()), 80);
    }
}
