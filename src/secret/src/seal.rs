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
mod tests;
