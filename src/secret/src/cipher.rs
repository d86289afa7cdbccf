//! One message under one key: the cipher below every seal.

use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroizing;

use crate::{
    key::KeyBytes,
    seal::{CannotOpen, CannotSeal},
};

pub(crate) use ring::aead::NONCE_LEN as NONCE_LENGTH;

/// The length in bytes by which a ciphertext is longer than its plaintext.
pub(crate) const TAG_LENGTH: usize = 16;

/// Encrypts a message. Key and nonce must not have met before.
pub(crate) fn encrypt(key: &KeyBytes, nonce: [u8; NONCE_LENGTH], associated_data: &[u8], plaintext: &[u8]) -> Vec<u8> {
    // Reserved at once, so that no half-written copy of the plaintext is left behind by a growing buffer.
    let mut buffer = Vec::with_capacity(plaintext.len() + TAG_LENGTH);
    buffer.extend_from_slice(plaintext);
    let nonce = Nonce::assume_unique_for_key(nonce);
    cipher(key)
        .seal_in_place_append_tag(nonce, Aad::from(associated_data), &mut buffer)
        .expect("ChaCha20-Poly1305 seals whatever is shorter than 256 GiB");
    buffer
}

/// Decrypts in one buffer of exactly the plaintext's length.
pub(crate) fn decrypt(
    key: &KeyBytes,
    nonce: [u8; NONCE_LENGTH],
    associated_data: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
    let (ciphertext, tag) = sealed.split_last_chunk::<TAG_LENGTH>().ok_or(CannotOpen)?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    cipher(key)
        .open_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(associated_data),
            Tag::from(*tag),
            &mut buffer,
            0..,
        )
        .map_err(|_| CannotOpen)?;
    Ok(buffer)
}

/// Random bytes for a nonce.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], CannotSeal> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| CannotSeal::NoRandomness)?;
    Ok(bytes)
}

fn cipher(key: &KeyBytes) -> LessSafeKey {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key.expose()).expect("the cipher takes keys of 32 bytes");
    LessSafeKey::new(key)
}
