//! Sealing: a secret under a data key of its own, the data key under a key-encryption key, both bound to a context.
//!
//! # The format, version 1
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version |
//! | 32 | random nonce of the wrap |
//! | 32 | commitment to the key-encryption key |
//! | 48 | data key, wrapped |
//! | 12 | random nonce of the payload |
//! | n + 16 | payload, sealed under the data key |
//!
//! The wrap's key is `HKDF-SHA256(salt = nonce, key-encryption key)`, which also yields the commitment and the cipher's own
//! nonce: two random nonces of 32 bytes never meet, where two of the cipher's 12 bytes may after some billion wraps. The
//! caller's associated data is bound twice, by the wrap and by the payload; the wrap also binds the whole sealed payload.
//! Unwrapping therefore proves every byte before the secret is decrypted, and no data key fits before another payload.
//!
//! # Why ChaCha20-Poly1305 and not AES-256-GCM
//!
//! Each message is short and has a key of its own, so setting up the key is most of the work: ChaCha20 has no key schedule to
//! compute, and none that stays behind in memory. It is constant-time on machines without AES instructions too. The version
//! byte leaves room for another cipher.
//!
//! # Why a commitment
//!
//! Neither cipher commits to its key: who can write the file could make one ciphertext that opens under many keys, and learn
//! from each answer whether a passphrase is among a thousand guesses. The commitment (a second output of the HKDF) allows one
//! key only. It is not needed again for the payload, because a wrap that opened under one key has one data key in it.
//!
//! # What stays in memory
//!
//! Keys and plaintext buffers of this file are zeroized on drop. The key objects of `ring` are not; they live on the stack for
//! the length of one operation.

use std::{convert::Infallible, fmt, mem};

use ring::hkdf;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    KeyEncryptionKey, Secret, SecretBytes,
    cipher::{NONCE_LENGTH, TAG_LENGTH, decrypt, encrypt, random},
    key::KeyBytes,
};

/// The longest plaintext in bytes. Tokens and keys are far shorter; the limit keeps a mistaken file out of the vault.
pub const PLAINTEXT_LENGTH_MAX: usize = 64 * 1024;

const VERSION: u8 = 1;
const WRAP_NONCE_LENGTH: usize = 32;
const COMMITMENT_LENGTH: usize = 32;
const WRAPPED_LENGTH: usize = 32 + TAG_LENGTH;
const PAYLOAD_AT: usize = 1 + WRAP_NONCE_LENGTH + COMMITMENT_LENGTH + WRAPPED_LENGTH;
const LENGTH_MIN: usize = PAYLOAD_AT + NONCE_LENGTH + TAG_LENGTH;

/// Why nothing was sealed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CannotSeal {
    /// A secret of this length is a mistake.
    #[error("a secret is at most {PLAINTEXT_LENGTH_MAX} bytes long")]
    TooLong,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

/// Another key, another context, or a changed byte: these cannot be told apart, and no more is said.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("the sealed value does not open: another key, another context, or changed bytes")]
pub struct CannotOpen;

/// A sealed secret, as it is stored. Holds nothing that is readable without the key-encryption key.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Box<[u8]>);

impl Sealed {
    /// Seals secret bytes.
    ///
    /// # Errors
    /// A plaintext above [`PLAINTEXT_LENGTH_MAX`], or no randomness.
    pub fn seal(secret: &SecretBytes, associated_data: &[u8], key: &KeyEncryptionKey) -> Result<Self, CannotSeal> {
        seal(secret.expose(), associated_data, key)
    }

    /// Seals secret text.
    ///
    /// # Errors
    /// As [`Sealed::seal`].
    pub fn seal_text(secret: &Secret, associated_data: &[u8], key: &KeyEncryptionKey) -> Result<Self, CannotSeal> {
        seal(secret.expose().as_bytes(), associated_data, key)
    }

    /// Takes stored bytes. Only their version and length are checked here; [`Sealed::unlock`] proves them.
    ///
    /// # Errors
    /// A version or a length that no sealed value has.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, CannotOpen> {
        let length_fits = (LENGTH_MIN..=LENGTH_MIN + PLAINTEXT_LENGTH_MAX).contains(&bytes.len());
        if length_fits && bytes.first() == Some(&VERSION) { Ok(Self(bytes.into())) } else { Err(CannotOpen) }
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Unwraps the data key, which proves key, context and every byte; the secret itself stays sealed.
    ///
    /// # Errors
    /// One error for whatever does not fit.
    pub fn unlock(self, associated_data: &[u8], key: &KeyEncryptionKey) -> Result<Unlocked, CannotOpen> {
        let data_key = unwrap_data_key(&self, associated_data, key)?;
        Ok(Unlocked { sealed: self, data_key })
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// A sealed secret with its data key at hand: one decryption away from the secret, and not decrypted.
pub struct Unlocked {
    sealed: Sealed,
    data_key: KeyBytes,
}

impl Unlocked {
    /// The sealed value, as it is stored.
    #[must_use]
    pub const fn sealed(&self) -> &Sealed {
        &self.sealed
    }

    /// Opens secret bytes.
    ///
    /// # Errors
    /// Other associated data than it was sealed with.
    pub fn open(&self, associated_data: &[u8]) -> Result<SecretBytes, CannotOpen> {
        self.decrypt(associated_data).map(SecretBytes::new)
    }

    /// Opens secret text.
    ///
    /// # Errors
    /// Other associated data than it was sealed with, or bytes that are no text.
    pub fn open_text(&self, associated_data: &[u8]) -> Result<Secret, CannotOpen> {
        let mut plaintext = self.decrypt(associated_data)?;
        match String::from_utf8(mem::take(&mut *plaintext)) {
            Ok(text) => Ok(Secret::new(Zeroizing::new(text))),
            Err(error) => {
                error.into_bytes().zeroize();
                Err(CannotOpen)
            }
        }
    }

    /// Wraps the same data key under another key-encryption key. The payload and what it is bound to stay as they are.
    ///
    /// # Errors
    /// No randomness.
    pub fn rewrap(&self, associated_data: &[u8], key: &KeyEncryptionKey) -> Result<Sealed, CannotSeal> {
        wrap(&self.data_key, self.sealed.payload(), associated_data, key)
    }

    fn decrypt(&self, associated_data: &[u8]) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let (nonce, sealed) = self.sealed.payload().split_first_chunk::<NONCE_LENGTH>().ok_or(CannotOpen)?;
        decrypt(&self.data_key, *nonce, associated_data, sealed)
    }
}

impl fmt::Debug for Unlocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unlocked({} bytes)", self.sealed.0.len())
    }
}

impl Sealed {
    /// The payload with its nonce before it.
    fn payload(&self) -> &[u8] {
        self.0.get(PAYLOAD_AT..).unwrap_or_default()
    }
}

fn seal(plaintext: &[u8], associated_data: &[u8], key: &KeyEncryptionKey) -> Result<Sealed, CannotSeal> {
    if plaintext.len() > PLAINTEXT_LENGTH_MAX {
        return Err(CannotSeal::TooLong);
    }
    let data_key = KeyBytes::random().map_err(|_| CannotSeal::NoRandomness)?;
    let nonce = random::<NONCE_LENGTH>()?;
    let mut payload = nonce.to_vec();
    payload.extend(encrypt(&data_key, nonce, associated_data, plaintext));
    wrap(&data_key, &payload, associated_data, key)
}

/// Puts the whole value together.
fn wrap(
    data_key: &KeyBytes,
    payload: &[u8],
    associated_data: &[u8],
    key: &KeyEncryptionKey,
) -> Result<Sealed, CannotSeal> {
    let wrap_nonce = random::<WRAP_NONCE_LENGTH>()?;
    let wrap = Wrap::derive(key, &wrap_nonce);
    let mut bytes = Vec::with_capacity(PAYLOAD_AT + payload.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(&wrap_nonce);
    bytes.extend_from_slice(&wrap.commitment);
    bytes.extend(encrypt(&wrap.key, wrap.nonce, &bind(associated_data, payload), data_key.expose()));
    bytes.extend_from_slice(payload);
    Ok(Sealed(bytes.into()))
}

fn unwrap_data_key(sealed: &Sealed, associated_data: &[u8], key: &KeyEncryptionKey) -> Result<KeyBytes, CannotOpen> {
    let (_version, rest) = sealed.0.split_first().ok_or(CannotOpen)?;
    let (wrap_nonce, rest) = rest.split_first_chunk::<WRAP_NONCE_LENGTH>().ok_or(CannotOpen)?;
    let (commitment, rest) = rest.split_first_chunk::<COMMITMENT_LENGTH>().ok_or(CannotOpen)?;
    let (wrapped, payload) = rest.split_first_chunk::<WRAPPED_LENGTH>().ok_or(CannotOpen)?;
    let wrap = Wrap::derive(key, wrap_nonce);
    // The whole difference is gathered before it is judged, so that time does not tell how much of a guess was right.
    let difference = wrap.commitment.iter().zip(commitment).fold(0, |found, (ours, theirs)| found | (ours ^ theirs));
    if difference != 0 {
        return Err(CannotOpen);
    }
    let data_key = decrypt(&wrap.key, wrap.nonce, &bind(associated_data, payload), wrapped)?;
    KeyBytes::fill(|bytes| {
        bytes.copy_from_slice(data_key.get(..32).ok_or(CannotOpen)?);
        Ok(())
    })
}

/// What one wrap derives from the key-encryption key and its own nonce.
struct Wrap {
    key: KeyBytes,
    nonce: [u8; NONCE_LENGTH],
    commitment: [u8; COMMITMENT_LENGTH],
}

impl Wrap {
    fn derive(key: &KeyEncryptionKey, wrap_nonce: &[u8; WRAP_NONCE_LENGTH]) -> Self {
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, wrap_nonce).extract(key.bytes().expose());
        let expand = |info: &'static [u8], out: &mut [u8]| {
            let info = [info];
            let filled = extracted.expand(&info, Length(out.len())).and_then(|bytes| bytes.fill(out));
            filled.expect("each output is far below the limit of HKDF");
        };
        let mut nonce = [0; NONCE_LENGTH];
        let mut commitment = [0; COMMITMENT_LENGTH];
        expand(b"claviger-seal-v1 nonce", &mut nonce);
        expand(b"claviger-seal-v1 commitment", &mut commitment);
        let key = KeyBytes::fill(|bytes| {
            expand(b"claviger-seal-v1 wrap", bytes);
            Ok::<(), Infallible>(())
        });
        let Ok(key) = key;
        Self { key, nonce, commitment }
    }
}

/// How many bytes to take out of HKDF.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// The wrap's associated data: the caller's with its length before it, and the sealed payload.
fn bind(associated_data: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = associated_data.len() as u64;
    [&length.to_be_bytes(), associated_data, payload].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::FileKey;

    fn key() -> KeyEncryptionKey {
        let raw = KeyBytes::random().unwrap();
        KeyEncryptionKey::from_file_key(&FileKey::read(raw.expose().as_slice()).unwrap(), &[0; 16])
    }

    fn secret_bytes(bytes: &[u8]) -> SecretBytes {
        SecretBytes::new(Zeroizing::new(bytes.to_vec()))
    }

    #[test]
    fn what_was_sealed_opens_under_the_same_key_and_context() {
        let (key, text) = (key(), Secret::new(Zeroizing::new("päßword".to_owned())));
        let sealed = Sealed::seal_text(&text, b"context", &key).unwrap();
        let stored = Sealed::from_bytes(sealed.as_bytes().to_vec()).unwrap();
        let unlocked = stored.unlock(b"context", &key).unwrap();
        assert_eq!(unlocked.open_text(b"context").unwrap().expose(), "päßword");
        assert_eq!(unlocked.sealed(), &sealed);
    }

    #[test]
    fn another_key_context_or_byte_gives_one_and_the_same_error() {
        let (key, other) = (key(), key());
        let sealed = Sealed::seal(&secret_bytes(b"canary"), b"context", &key).unwrap();
        assert_eq!(sealed.clone().unlock(b"context", &other).unwrap_err(), CannotOpen);
        assert_eq!(sealed.clone().unlock(b"contexT", &key).unwrap_err(), CannotOpen);
        assert_eq!(sealed.clone().unlock(b"", &key).unwrap_err(), CannotOpen);
        let unlocked = sealed.clone().unlock(b"context", &key).unwrap();
        assert_eq!(unlocked.open(b"contexT").unwrap_err(), CannotOpen);
        assert_eq!(unlocked.open(b"context").unwrap().expose(), b"canary");

        let bits = sealed.as_bytes().len() * 8;
        let refused = (0..bits).filter(|bit| {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            Sealed::from_bytes(bytes).and_then(|sealed| sealed.unlock(b"context", &key)).is_err()
        });
        assert_eq!((refused.count(), bits), (8 * 147, 8 * 147));
    }

    #[test]
    fn a_value_cut_anywhere_does_not_open() {
        let key = key();
        let sealed = Sealed::seal(&secret_bytes(b"canary"), b"context", &key).unwrap();
        for length in 0..sealed.as_bytes().len() {
            let cut = sealed.as_bytes().get(..length).unwrap().to_vec();
            assert!(Sealed::from_bytes(cut).and_then(|cut| cut.unlock(b"context", &key)).is_err(), "{length}");
        }
    }

    #[test]
    fn no_part_of_one_value_fits_another() {
        let key = key();
        let one = Sealed::seal(&secret_bytes(b"canary"), b"context", &key).unwrap();
        let two = Sealed::seal(&secret_bytes(b"canarY"), b"context", &key).unwrap();
        let (length, mut mixed) = (one.as_bytes().len(), 0);
        for at in 1..length {
            let bytes = [one.as_bytes().get(..at).unwrap(), two.as_bytes().get(at..).unwrap()].concat();
            // Where the cut lies between equal bytes, the mixture may be one of the two.
            if bytes != one.as_bytes() && bytes != two.as_bytes() {
                mixed += 1;
                assert_eq!(Sealed::from_bytes(bytes).unwrap().unlock(b"context", &key).unwrap_err(), CannotOpen);
            }
        }
        assert!(mixed > length - 10, "{mixed}");
    }

    #[test]
    fn the_same_secret_is_never_sealed_to_the_same_bytes() {
        let key = key();
        let seal = || Sealed::seal(&secret_bytes(&[0; 64]), b"context", &key).unwrap();
        let (one, two) = (seal(), seal());
        let same = one.as_bytes().iter().zip(two.as_bytes()).skip(1).filter(|(a, b)| a == b).count();
        // 204 random bytes agree in 0.8 places on average.
        assert!(same < 16, "{same}");
    }

    #[test]
    fn a_rewrapped_value_opens_under_the_new_key_only() {
        let (old, new) = (key(), key());
        let sealed = Sealed::seal(&secret_bytes(b"canary"), b"context", &old).unwrap();
        let rewrapped = sealed.clone().unlock(b"context", &old).unwrap().rewrap(b"context", &new).unwrap();
        assert_eq!(rewrapped.payload(), sealed.payload());
        assert_eq!(rewrapped.clone().unlock(b"context", &old).unwrap_err(), CannotOpen);
        assert_eq!(rewrapped.unlock(b"context", &new).unwrap().open(b"context").unwrap().expose(), b"canary");
    }

    #[test]
    fn limits_and_text_are_held() {
        let key = key();
        let largest = secret_bytes(&vec![b'x'; PLAINTEXT_LENGTH_MAX]);
        assert!(Sealed::seal(&largest, b"", &key).unwrap().unlock(b"", &key).unwrap().open(b"").is_ok());
        let larger = secret_bytes(&vec![b'x'; PLAINTEXT_LENGTH_MAX + 1]);
        assert_eq!(Sealed::seal(&larger, b"", &key).unwrap_err(), CannotSeal::TooLong);
        let no_text = Sealed::seal(&secret_bytes(&[0xff]), b"", &key).unwrap().unlock(b"", &key).unwrap();
        assert_eq!(no_text.open_text(b"").unwrap_err(), CannotOpen);
        assert_eq!(no_text.open(b"").unwrap().expose(), [0xff]);
    }

    #[test]
    fn debug_shows_a_length_and_no_byte() {
        let key = key();
        let sealed = Sealed::seal(&secret_bytes(b"canary"), b"", &key).unwrap();
        assert_eq!(format!("{sealed:?}"), "Sealed(147 bytes)");
        assert_eq!(format!("{:?}", sealed.unlock(b"", &key).unwrap()), "Unlocked(147 bytes)");
    }

    proptest! {
        #[test]
        fn any_bytes_under_any_context_come_back(plain in prop::collection::vec(any::<u8>(), 0..300), context in prop::collection::vec(any::<u8>(), 0..100)) {
            let key = key();
            let sealed = Sealed::seal(&secret_bytes(&plain), &context, &key).unwrap();
            let opened = sealed.unlock(&context, &key).unwrap().open(&context).unwrap();
            prop_assert_eq!(opened.expose(), plain.as_slice());
        }

        #[test]
        fn foreign_bytes_never_open_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() { *first = VERSION; }
            prop_assert!(Sealed::from_bytes(bytes).and_then(|sealed| sealed.unlock(b"", &key())).is_err());
        }
    }
}
