//! Secret text and secret bytes: wiped on drop, opened by one method, printed by none.

use std::fmt;

use secrecy::{ExposeSecret, SecretBox};
use zeroize::Zeroizing;

/// A secret text, such as a token or a password. Neither printable nor serializable nor comparable; zeroized on drop.
pub struct Secret(SecretBox<str>);

impl Secret {
    /// Takes the text over; the given buffer becomes the secret and is not copied where its capacity is exact.
    #[must_use]
    pub fn new(text: Zeroizing<String>) -> Self {
        // `into_boxed_str` may move the text; a copy that is exact leaves nothing behind, and the source is wiped on drop.
        Self(SecretBox::new(Box::from(text.as_str())))
    }

    /// Opens the secret. Call it on the last line before the wire, and let nothing outlive that line.
    #[must_use]
    pub fn expose(&self) -> &str {
        #[expect(clippy::disallowed_methods, reason = "this is the one door")]
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Secret bytes, such as a key. Neither printable nor serializable nor comparable; zeroized on drop.
pub struct SecretBytes(SecretBox<[u8]>);

impl SecretBytes {
    /// Copies the bytes; the given buffer is wiped on drop.
    #[must_use]
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(SecretBox::new(Box::from(bytes.as_slice())))
    }

    /// Opens the bytes. Call it on the last line before they are used.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        #[expect(clippy::disallowed_methods, reason = "this is the one door")]
        self.0.expose_secret()
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_value() {
        let secret = Secret::new(Zeroizing::new("hunter2".to_owned()));
        let bytes = SecretBytes::new(Zeroizing::new(b"hunter2".to_vec()));
        assert_eq!(format!("{secret:?} {bytes:?}"), "Secret(…) SecretBytes(…)");
        assert_eq!(secret.expose().as_bytes(), bytes.expose());
    }
}
