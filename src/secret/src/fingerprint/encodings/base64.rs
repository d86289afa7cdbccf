//! Base64 (RFC 4648 sections 4 and 5) of a text that stands somewhere in the encoded bytes.

use ::base64::Engine;
use ::base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::{Encoded, Source, Starts, WINDOW, expanded, json_escape_with_slash};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Sixteen bytes of a secret fill 21 characters, and so hold a window that starts at a multiple of this.
const STRIDE: usize = 4;
/// How much of a form stands beside a shared character: enough for a window of any secret.
const EDGE_LENGTH: usize = 32;

/// All forms in both alphabets, and where they differ from those, as writers of JSON escape them.
pub(super) fn base64(source: &Source<'_>) -> Vec<Encoded> {
    let mut forms = Vec::new();
    for alignment in 0..3 {
        for standard in aligned(source, alignment) {
            let mut escaped = expanded(&standard.source(), json_escape_with_slash);
            escaped.starts = standard.starts;
            forms.extend([url_safe(&standard), standard, escaped]);
        }
    }
    forms
}

/// The characters that depend on the secret alone when `alignment` bytes of something else stand before it in its group. Then its start
/// and its end again, behind and before each character that the secret may share with its neighbor there.
fn aligned(source: &Source<'_>, alignment: usize) -> Vec<Encoded> {
    let (start, end) = (alignment * 8, (alignment + source.bytes.len()) * 8);
    let mut input = Zeroizing::new(Vec::with_capacity(alignment + source.bytes.len() + 1));
    input.resize(alignment, 0);
    input.extend_from_slice(source.bytes);
    input.push(0);
    let mut encoded = Zeroizing::new(vec![0; input.len() * 4 / 3 + 4]);
    // A buffer of this size holds every encoding, so this does not fail.
    let _length = STANDARD_NO_PAD.encode_slice(&*input, &mut encoded);
    let mut whole = Encoded::new(encoded.len(), WINDOW, Starts::Each(STRIDE));
    for at in start.div_ceil(6)..end / 6 {
        whole.push(encoded[at], bits_of_character(source, at * 6 - start));
    }
    let mut forms = Vec::new();
    // The neighbors are zero here. The one before fills the high bits of the character that it shares, the one behind the low bits.
    let shared = |bit: usize| ALPHABET.iter().position(|known| *known == encoded[bit / 6]).unwrap_or(0);
    // What is unknown of so many bits of a byte.
    let bits_of = |at: usize, count: usize| source.bits.get(at).map_or(0, |bits| bits * count as u16 / 8);
    let length = whole.bytes.len().min(EDGE_LENGTH);
    if start % 6 != 0 {
        forms.extend((0..1 << (start % 6)).map(|neighbor| {
            let mut edge = Encoded::new(length + 1, WINDOW, Starts::First);
            edge.push(ALPHABET[shared(start) | neighbor << (6 - start % 6)], bits_of(0, 6 - start % 6));
            whole.bytes.iter().zip(whole.bits.iter()).take(length).for_each(|(byte, bits)| edge.push(*byte, *bits));
            edge
        }));
    }
    if end % 6 != 0 {
        forms.extend((0..1 << (6 - end % 6)).map(|neighbor| {
            let mut edge = Encoded::new(length + 1, WINDOW, Starts::Last);
            let skipped = whole.bytes.len() - length;
            whole.bytes.iter().zip(whole.bits.iter()).skip(skipped).for_each(|(byte, bits)| edge.push(*byte, *bits));
            edge.push(ALPHABET[shared(end) | neighbor], bits_of(source.bytes.len() - 1, end % 6));
            edge
        }));
    }
    forms.push(whole);
    forms
}

/// What is unknown of the six bits that start at this bit of the secret.
fn bits_of_character(source: &Source<'_>, bit: usize) -> u16 {
    let (first, in_first) = (bit / 8, (8 - bit % 8).min(6) as u16);
    let of = |at: usize| source.bits.get(at).copied().unwrap_or(0);
    (of(first) * in_first + of(first + 1) * (6 - in_first)) / 8
}

/// The same in the alphabet of section 5.
fn url_safe(standard: &Encoded) -> Encoded {
    let mut form = Encoded::new(standard.bytes.len(), standard.window, standard.starts);
    for (byte, bits) in standard.bytes.iter().zip(standard.bits.iter()) {
        let byte = match byte {
            b'+' => b'-',
            b'/' => b'_',
            byte => *byte,
        };
        form.push(byte, *bits);
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::unknown::unknown;

    #[test]
    fn a_shared_character_carries_what_it_holds_of_the_secret() {
        let secret = "f3a9c1d27b604e85b1";
        let bits = unknown(secret);
        let source = Source { bytes: secret.as_bytes(), bits: &bits };
        for alignment in 1..3 {
            let forms = aligned(&source, alignment);
            let first = forms.iter().find(|form| form.starts == Starts::First).unwrap();
            let total: u16 = first.bits.iter().sum();
            assert!(bits.iter().sum::<u16>() - total <= bits.last().unwrap() * 6 / 8, "{alignment}");
        }
    }

    #[test]
    fn base64_at_each_alignment_is_a_part_of_what_any_neighbors_give() {
        let secret = "Vq3>>>???/zz9";
        let bits = unknown(secret);
        for before in ["", "u", "us", "usr:"] {
            for after in ["", "x", "yz"] {
                let encoded = STANDARD_NO_PAD.encode(format!("{before}{secret}{after}"));
                let forms = aligned(&Source { bytes: secret.as_bytes(), bits: &bits }, before.len() % 3);
                let stands = |form: &&Encoded| encoded.contains(str::from_utf8(&form.bytes).unwrap());
                let (whole, edges) = forms.split_last().unwrap();
                assert!(stands(&whole), "{before} {after}");
                assert!(whole.bytes.len() >= secret.len() * 8 / 6 - 2);
                let ends = [before.len(), before.len() + secret.len()];
                let shared = ends.iter().filter(|end| !end.is_multiple_of(3)).count();
                assert_eq!(edges.iter().filter(stands).count(), shared, "{before} {after}");
            }
        }
    }
}
