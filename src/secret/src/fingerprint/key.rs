//! The random key under which text is fingerprinted, and the two hashes that it makes.

use std::fmt;

use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// A random key for fingerprints. Make one when the process starts; it is never stored, so fingerprints mean nothing elsewhere.
#[derive(Clone)]
pub struct FingerprintKey(Zeroizing<[u64; 4]>);

/// The operating system gave no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random numbers")]
pub struct NoRandomNumbers;

impl FingerprintKey {
    /// A fresh key.
    ///
    /// # Errors
    /// The system's random number generator failed.
    pub fn random() -> Result<Self, NoRandomNumbers> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        SystemRandom::new().fill(bytes.as_mut_slice()).map_err(|_| NoRandomNumbers)?;
        let mut words = Zeroizing::new([0_u64; 4]);
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = little_endian(bytes);
        }
        Ok(Self(words))
    }

    /// The hash of eight bytes, read as a little-endian number. One multiplication, because it runs for every eight bytes of every
    /// response; half of the product is dropped, so that even with the key it cannot be turned back into the bytes.
    #[inline]
    pub(super) fn gram(&self, gram: u64) -> u32 {
        let (xor, factor) = self.gram_numbers();
        ((gram ^ xor).wrapping_mul(factor) >> 32) as u32
    }

    /// What is added to a gram, and the odd number with which it is then multiplied.
    #[inline]
    pub(super) fn gram_numbers(&self) -> (u64, u64) {
        let [xor, factor, ..] = *self.0;
        (xor, factor | 1)
    }

    /// The hash of a text of at least 8 bytes, in all of which every bit counts. Never zero, so that zero can mark an empty slot.
    pub(super) fn text(&self, text: &[u8]) -> u64 {
        let [first, second, third, fourth] = *self.0;
        let mut hash = fourth ^ text.len() as u64;
        let mut rest = text;
        while let Some((piece, after)) = rest.split_at_checked(16)
            && !after.is_empty()
        {
            hash = fold(little_endian(piece) ^ first ^ hash, little_endian(&piece[8..]) ^ second);
            rest = after;
        }
        // The last piece overlaps the one before instead of being padded: 8 to 16 bytes from its start and from the end of the text.
        let head =
            little_endian(rest.first_chunk::<8>().or(text.last_chunk::<8>()).map_or(&[], |head| head.as_slice()));
        let tail = little_endian(text.last_chunk::<8>().map_or(&[], |tail| tail.as_slice()));
        hash = fold(head ^ first ^ hash, tail ^ second ^ hash.rotate_left(32));
        fold(hash ^ third, fourth | 1).max(1)
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(…)")
    }
}

/// The number that up to eight bytes spell, least significant first.
pub(super) fn little_endian(bytes: &[u8]) -> u64 {
    bytes.first_chunk::<8>().map_or_else(
        || bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
        |bytes| u64::from_le_bytes(*bytes),
    )
}

/// Both halves of the 128-bit product, mixed: each bit of the result depends on each bit of both factors.
#[inline]
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_of_a_text_counts_at_every_length() {
        let key = FingerprintKey::random().unwrap();
        for length in 8..=64 {
            let text = vec![b'x'; length];
            let hash = key.text(&text);
            for bit in 0..length * 8 {
                let mut other = text.clone();
                other[bit / 8] ^= 1 << (bit % 8);
                assert_ne!(key.text(&other), hash, "bit {bit} of {length} bytes");
            }
            assert_ne!(key.text(&vec![b'x'; length + 1]), hash);
        }
    }

    #[test]
    fn two_keys_hash_differently_and_print_nothing() {
        let (one, two) = (FingerprintKey::random().unwrap(), FingerprintKey::random().unwrap());
        assert_ne!(one.text(b"the same text in both"), two.text(b"the same text in both"));
        assert!(one.is(&one.clone()) && !one.is(&two));
        assert_eq!(format!("{one:?}"), "FingerprintKey(…)");
    }
}
