//! What a signature says of the body: the value of `x-amz-content-sha256`.

use crate::Refusal;

/// What a signature says of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// The SHA-256 of the body.
    Sha256([u8; 32]),
    /// Nothing.
    Unsigned,
    /// Nothing of the bytes, which come in chunks; after them comes a checksum.
    UnsignedChunks,
    /// Nothing of the bytes, which come in chunks with a signature each.
    SignedChunks,
    /// The same; after them comes a checksum with a signature of its own.
    SignedChunksAndTrailer,
}

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const UNSIGNED_CHUNKS: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
const SIGNED_CHUNKS: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const SIGNED_CHUNKS_AND_TRAILER: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
/// Chunks that are signed with SigV4A.
const ASYMMETRIC: &str = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD";

impl Payload {
    /// Reads the value of the header.
    ///
    /// # Errors
    /// [`Refusal::Algorithm`] and [`Refusal::Stream`] for a body that cannot be signed again, [`Refusal::Malformed`] for what is no
    /// value.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        match text {
            UNSIGNED => Ok(Self::Unsigned),
            UNSIGNED_CHUNKS => Ok(Self::UnsignedChunks),
            SIGNED_CHUNKS => Ok(Self::SignedChunks),
            SIGNED_CHUNKS_AND_TRAILER => Ok(Self::SignedChunksAndTrailer),
            _ if text.starts_with(ASYMMETRIC) => Err(Refusal::Algorithm),
            _ if text.starts_with("STREAMING-") => Err(Refusal::Stream),
            _ => from_hex(text).map(Self::Sha256).ok_or(Refusal::Malformed),
        }
    }

    /// The value of the header.
    #[must_use]
    pub fn to_text(self) -> String {
        match self {
            Self::Sha256(digest) => to_hex(&digest),
            Self::Unsigned => UNSIGNED.to_owned(),
            Self::UnsignedChunks => UNSIGNED_CHUNKS.to_owned(),
            Self::SignedChunks => SIGNED_CHUNKS.to_owned(),
            Self::SignedChunksAndTrailer => SIGNED_CHUNKS_AND_TRAILER.to_owned(),
        }
    }
}

/// 32 bytes in lowercase hexadecimal, which is the only spelling that AWS signs.
pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    let pairs = text.as_bytes().chunks_exact(2);
    if text.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_is_known_or_refused_by_name() {
        for mode in [
            Payload::Sha256([0xa5; 32]),
            Payload::Unsigned,
            Payload::UnsignedChunks,
            Payload::SignedChunks,
            Payload::SignedChunksAndTrailer,
        ] {
            assert_eq!(Payload::parse(&mode.to_text()), Ok(mode));
        }
        for (text, refusal) in [
            ("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", Refusal::Algorithm),
            ("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER", Refusal::Algorithm),
            ("STREAMING-AWS4-HMAC-SHA256-EVENTS", Refusal::Stream),
            ("", Refusal::Malformed),
            ("unsigned-payload", Refusal::Malformed),
            (&"A5".repeat(32), Refusal::Malformed),
            (&"a5".repeat(31), Refusal::Malformed),
        ] {
            assert_eq!(Payload::parse(text), Err(refusal), "{text}");
        }
    }
}
