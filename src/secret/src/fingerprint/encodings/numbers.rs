//! Encodings that write bytes as the digits of numbers: hexadecimal, ascii85 and base58.

use zeroize::Zeroizing;

use super::{Encoded, Source, Starts, WINDOW, expanded, json_escape};

/// Sixteen bytes fill 32 digits.
const HEXADECIMAL_STRIDE: usize = 4;
/// A group of four bytes is five characters.
const ASCII85_GROUP: usize = 5;
/// Sixteen bytes hold three whole groups wherever they start.
const ASCII85_WINDOW: usize = 3 * ASCII85_GROUP;
/// Base58 takes time by the square of the length; what is longer is a document, which nobody writes so.
const BASE58_LENGTH_MAX: usize = 256;
/// Any window tells of a text in base58, which depends on all of the secret.
const BASE58_STRIDE: usize = 8;

/// In lower and in upper case.
pub(super) fn hexadecimal(source: &Source<'_>) -> [Encoded; 2] {
    [lower as fn(u8, &mut Vec<u8>), upper].map(|write| {
        let mut form = expanded(source, write);
        form.starts = Starts::Each(HEXADECIMAL_STRIDE);
        form
    })
}

fn lower(byte: u8, out: &mut Vec<u8>) {
    digits(byte, b"0123456789abcdef", out);
}

fn upper(byte: u8, out: &mut Vec<u8>) {
    digits(byte, b"0123456789ABCDEF", out);
}

fn digits(byte: u8, digits: &[u8; 16], out: &mut Vec<u8>) {
    out.extend([digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
}

/// The whole groups of the secret when zero to three bytes of it belong to the group before, as they are and inside JSON.
pub(super) fn ascii85(source: &Source<'_>) -> Vec<Encoded> {
    let mut forms = Vec::new();
    for skipped in 0..4 {
        let mut form =
            Encoded::new(source.bytes.len() / 4 * ASCII85_GROUP, ASCII85_WINDOW, Starts::Each(ASCII85_GROUP));
        let groups = source.bytes.iter().zip(source.bits).skip(skipped);
        let (bytes, bits): (Zeroizing<Vec<u8>>, Zeroizing<Vec<u16>>) = {
            let (bytes, bits): (Vec<u8>, Vec<u16>) = groups.unzip();
            (Zeroizing::new(bytes), Zeroizing::new(bits))
        };
        for (group, bits) in bytes.chunks_exact(4).zip(bits.chunks_exact(4)) {
            let mut number = group.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
            let mut characters = [0; ASCII85_GROUP];
            for character in characters.iter_mut().rev() {
                // Less than 85, so it fits.
                *character = b'!' + (number % 85) as u8;
                number /= 85;
            }
            let share = bits.iter().sum::<u16>() / ASCII85_GROUP as u16;
            characters.into_iter().for_each(|character| form.push(character, share));
        }
        let mut escaped = expanded(&form.source(), json_escape);
        escaped.window = ASCII85_WINDOW;
        forms.extend([form, escaped]);
    }
    forms
}

/// The whole secret as one number to the base 58, in the alphabet of Bitcoin.
pub(super) fn base58(source: &Source<'_>) -> Option<Encoded> {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    if source.bytes.len() > BASE58_LENGTH_MAX {
        return None;
    }
    // Least significant digit first. One byte is less than 1.4 digits.
    let mut digits: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(source.bytes.len() * 7 / 5 + 1));
    for byte in source.bytes {
        let mut carry = u32::from(*byte);
        for digit in digits.iter_mut() {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let total: u32 = source.bits.iter().map(|bits| u32::from(*bits)).sum();
    let share = u16::try_from(total / digits.len().max(1) as u32).unwrap_or(u16::MAX);
    let mut form = Encoded::new(digits.len(), WINDOW, Starts::Each(BASE58_STRIDE));
    digits.iter().rev().for_each(|digit| form.push(ALPHABET[usize::from(*digit)], share));
    Some(form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::unknown::unknown;

    fn text(form: &Encoded) -> &str {
        str::from_utf8(&form.bytes).unwrap()
    }

    #[test]
    fn published_examples_come_out() {
        let bits = unknown("Hello World!");
        let source = Source { bytes: b"Hello World!", bits: &bits };
        assert_eq!(text(&base58(&source).unwrap()), "2NEpo7TZRRrLZSi2U");
        assert_eq!(text(&ascii85(&source)[0]), "87cURD]i,\"Ebo80");
        assert_eq!(text(&hexadecimal(&source)[1]), "48656C6C6F20576F726C6421");
    }

    #[test]
    fn ascii85_is_found_in_a_longer_text_at_each_alignment() {
        let bits = unknown("lo World! And more of it");
        let source = Source { bytes: b"lo World! And more of it", bits: &bits };
        // "Hell" is a group, and then "o Wo".
        let second = &ascii85(&source)[2];
        assert!(text(second).starts_with("D]i,\"Ebo80"), "{}", text(second));
    }
}
