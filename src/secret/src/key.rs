//! Keys that seal other keys: where they come from, and what may be derived from them.

use std::{
    fmt,
    io::{self, Read},
};

use base64::{Engine, engine::general_purpose as base64_forms};
use ring::{
    error::Unspecified,
    hkdf, hmac,
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroizing;

use crate::{
    Secret,
    stretch::{CannotStretch, Parameters},
};

/// The length of a salt in bytes (RFC 9106, section 3.1 recommends 16).
pub const SALT_LENGTH: usize = 16;

/// What a key file may be long at most, in bytes: 64 hexadecimal digits and some white space. A longer file is no key.
const KEY_FILE_LENGTH_MAX: usize = 128;

/// The key below which every data key is wrapped. Zeroized on drop; not printable, not serializable, not comparable.
pub struct KeyEncryptionKey(KeyBytes);

impl KeyEncryptionKey {
    /// Stretches a passphrase with Argon2id. The same passphrase, salt and parameters give the same key.
    ///
    /// Blocks the thread for a good part of a second with [`Parameters::RECOMMENDED`].
    ///
    /// # Errors
    /// Where the memory that the parameters ask for is not there.
    pub fn from_passphrase(
        passphrase: &Secret,
        salt: &[u8; SALT_LENGTH],
        parameters: Parameters,
    ) -> Result<Self, CannotStretch> {
        KeyBytes::fill(|key| parameters.stretch(passphrase, salt, key)).map(Self)
    }

    /// Derives the key from a key file (HKDF, RFC 5869), so that two salts give two keys and one file can serve two vaults.
    #[must_use]
    pub fn from_file_key(file_key: &FileKey, salt: &[u8; SALT_LENGTH]) -> Self {
        Self(file_key.0.derive(salt, b"claviger-key-file-v1"))
    }

    /// A tag over `message` that only a holder of this key can make (HMAC-SHA256). Tags of different purposes share nothing,
    /// and a tag commits to the key: no second key gives the same one.
    #[must_use]
    pub fn tag(&self, purpose: &'static str, message: &[u8]) -> [u8; 32] {
        let mut tag = [0; 32];
        tag.copy_from_slice(hmac::sign(&self.tag_key(purpose), message).as_ref());
        tag
    }

    /// Whether `tag` is this key's over `message`; the comparison takes constant time.
    #[must_use]
    pub fn verify_tag(&self, purpose: &'static str, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.tag_key(purpose), message, tag).is_ok()
    }

    /// The key bytes, for the one file that wraps data keys.
    pub(crate) const fn bytes(&self) -> &KeyBytes {
        &self.0
    }

    fn tag_key(&self, purpose: &'static str) -> hmac::Key {
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, b"claviger-tag-v1").extract(self.0.expose());
        let info = [purpose.as_bytes()];
        extracted.expand(&info, hmac::HMAC_SHA256).expect("32 bytes are within the limit of HKDF").into()
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyEncryptionKey(…)")
    }
}

/// The 32 bytes of a key file. Zeroized on drop; not printable, not serializable, not comparable.
pub struct FileKey(KeyBytes);

/// Why a file holds no key.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKeyFile {
    /// The file could not be read.
    #[error("the key could not be read")]
    Unreadable(#[source] io::Error),
    /// Neither 32 bytes nor a text of 32 bytes.
    #[error("a key is 32 random bytes, raw or as hexadecimal or base64; make one with `head -c 32 /dev/urandom`")]
    Length,
    /// 32 printable characters are a text; as a key they would be far too easy to guess.
    #[error("the key is a text of 32 characters and not 32 random bytes; make one with `head -c 32 /dev/urandom`")]
    Text,
    /// The same byte 32 times is a mistake.
    #[error("the key is one byte repeated; make one with `head -c 32 /dev/urandom`")]
    Constant,
}

impl FileKey {
    /// Reads a key from a file or descriptor: 32 raw bytes, or a text of 32 bytes in hexadecimal, base64 or base64url.
    ///
    /// # Errors
    /// Says what a key looks like, and nothing of what was read.
    pub fn read(mut source: impl Read) -> Result<Self, InvalidKeyFile> {
        let mut buffer = Zeroizing::new([0_u8; KEY_FILE_LENGTH_MAX]);
        let mut length = 0;
        // Each turn reads a byte or more of a fixed buffer, so that this ends.
        while let Some(free @ [_, ..]) = buffer.get_mut(length..) {
            match source.read(free) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(InvalidKeyFile::Unreadable(error)),
            }
        }
        if length == KEY_FILE_LENGTH_MAX {
            return Err(InvalidKeyFile::Length);
        }
        let read = buffer.get(..length).ok_or(InvalidKeyFile::Length)?;
        let key = KeyBytes::fill(|key| decode(read, key))?;
        let constant = key.expose().windows(2).all(|pair| matches!(pair, [one, next] if one == next));
        if constant { Err(InvalidKeyFile::Constant) } else { Ok(Self(key)) }
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(…)")
    }
}

/// Thirty-two secret bytes in one place of the heap: made there and wiped there, so that a move leaves no copy on the stack.
pub(crate) struct KeyBytes(Box<Zeroizing<[u8; 32]>>);

impl KeyBytes {
    /// Lets `fill` write the bytes where they will stay.
    pub(crate) fn fill<E>(fill: impl FnOnce(&mut [u8; 32]) -> Result<(), E>) -> Result<Self, E> {
        let mut bytes = Box::new(Zeroizing::new([0; 32]));
        fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Fresh random bytes.
    pub(crate) fn random() -> Result<Self, Unspecified> {
        Self::fill(|bytes| SystemRandom::new().fill(bytes))
    }

    /// Another key, from which this one cannot be found (HKDF-SHA256).
    fn derive(&self, salt: &[u8], info: &[u8]) -> Self {
        let filled = Self::fill(|bytes| {
            let info = [info];
            hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
                .extract(self.expose())
                .expand(&info, hkdf::HKDF_SHA256)?
                .fill(bytes)
        });
        filled.expect("32 bytes are within the limit of HKDF")
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Raw bytes are taken as they are; a text is decoded by its length.
fn decode(read: &[u8], key: &mut [u8; 32]) -> Result<(), InvalidKeyFile> {
    if let Ok(raw) = <&[u8; 32]>::try_from(read) {
        if raw.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) {
            return Err(InvalidKeyFile::Text);
        }
        key.copy_from_slice(raw);
        return Ok(());
    }
    let text = read.trim_ascii();
    match text.len() {
        64 => decode_hexadecimal(text, key),
        43 | 44 => decode_base64(text, key),
        _ => Err(InvalidKeyFile::Length),
    }
}

fn decode_hexadecimal(text: &[u8], key: &mut [u8; 32]) -> Result<(), InvalidKeyFile> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or(InvalidKeyFile::Length);
    for (byte, pair) in key.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = pair else { return Err(InvalidKeyFile::Length) };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Ok(())
}

fn decode_base64(text: &[u8], key: &mut [u8; 32]) -> Result<(), InvalidKeyFile> {
    let padded = text.ends_with(b"=");
    let url_safe = text.iter().any(|b| matches!(b, b'-' | b'_'));
    let form = match (url_safe, padded) {
        (false, true) => &base64_forms::STANDARD,
        (false, false) => &base64_forms::STANDARD_NO_PAD,
        (true, true) => &base64_forms::URL_SAFE,
        (true, false) => &base64_forms::URL_SAFE_NO_PAD,
    };
    let mut decoded = Zeroizing::new([0; 48]);
    let length = form.decode_slice(text, decoded.as_mut_slice()).map_err(|_| InvalidKeyFile::Length)?;
    let bytes = decoded.get(..length).filter(|bytes| bytes.len() == key.len()).ok_or(InvalidKeyFile::Length)?;
    key.copy_from_slice(bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: [u8; SALT_LENGTH] = *b"salt salt salt !";

    fn random() -> [u8; 32] {
        *KeyBytes::random().unwrap().expose()
    }

    #[test]
    fn every_spelling_of_a_key_file_is_the_same_key() {
        let raw = random();
        let hexadecimal: String = raw.iter().map(|b| format!("{b:02x}")).collect();
        let spellings: [Vec<u8>; 8] = [
            raw.to_vec(),
            hexadecimal.clone().into(),
            hexadecimal.to_uppercase().into(),
            format!("  {hexadecimal}\r\n").into(),
            base64_forms::STANDARD.encode(raw).into(),
            format!("{}\n", base64_forms::STANDARD_NO_PAD.encode(raw)).into(),
            base64_forms::URL_SAFE.encode(raw).into(),
            base64_forms::URL_SAFE_NO_PAD.encode(raw).into(),
        ];
        let tag =
            |file: &[u8]| KeyEncryptionKey::from_file_key(&FileKey::read(file).unwrap(), &SALT).tag("test", b"message");
        for spelling in &spellings {
            assert_eq!(tag(spelling), tag(&raw));
        }
        assert_ne!(tag(&random()), tag(&raw));
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_shown() {
        let why = |file: &[u8]| FileKey::read(file).unwrap_err();
        assert!(matches!(why(b""), InvalidKeyFile::Length));
        assert!(matches!(why(&[7; 31]), InvalidKeyFile::Length));
        assert!(matches!(why(&[7; 33]), InvalidKeyFile::Length));
        assert!(matches!(why(&[0; 32]), InvalidKeyFile::Constant));
        assert!(matches!(why("0".repeat(64).as_bytes()), InvalidKeyFile::Constant));
        assert!(matches!(why("g".repeat(64).as_bytes()), InvalidKeyFile::Length));
        assert!(matches!(why("*".repeat(43).as_bytes()), InvalidKeyFile::Length));
        assert!(matches!(why(b"0123456789abcdef0123456789abcdef"), InvalidKeyFile::Text));
        // A source without end is read to the limit and no further.
        assert!(matches!(FileKey::read(io::repeat(9)).unwrap_err(), InvalidKeyFile::Length));
    }

    #[test]
    fn salt_and_purpose_and_message_change_a_tag() {
        let file_key = FileKey::read(random().as_slice()).unwrap();
        let key = KeyEncryptionKey::from_file_key(&file_key, &SALT);
        let tag = key.tag("one", b"message");
        assert!(key.verify_tag("one", b"message", &tag));
        assert!(!key.verify_tag("two", b"message", &tag));
        assert!(!key.verify_tag("one", b"massage", &tag));
        assert!(!key.verify_tag("one", b"message", tag.get(..31).unwrap()));
        assert!(!KeyEncryptionKey::from_file_key(&file_key, &[0; SALT_LENGTH]).verify_tag("one", b"message", &tag));
    }

    #[test]
    fn debug_shows_nothing_of_a_key() {
        let file_key = FileKey::read(random().as_slice()).unwrap();
        let key = KeyEncryptionKey::from_file_key(&file_key, &SALT);
        assert_eq!(format!("{file_key:?} {key:?}"), "FileKey(…) KeyEncryptionKey(…)");
    }
}
