//! `[[introspection_clients]]`: who may ask whether a session token is active (RFC 7662, section 2.1).

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::{
    at::{At, Text, Value},
    problem::Problems,
};

/// A client of the introspection endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IntrospectionClient {
    /// Its user name in HTTP's `Basic` authentication.
    pub id: String,
    /// The SHA-256 of its secret, to be compared in constant time.
    pub secret_sha256: [u8; 32],
}

/// Who may ask whether a session token is active.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IntrospectionClientTable {
    /// The client's user name in HTTP's `Basic` authentication.
    pub(crate) id: At<Text>,
    /// The SHA-256 of the client's secret, in hexadecimal. The secret is random and of at least 32 bytes: then its digest tells
    /// nothing of it, and may stand here.
    secret_sha256: At<Digest>,
}

impl IntrospectionClientTable {
    pub(crate) fn check(self, problems: &mut Problems<'_>) -> IntrospectionClient {
        if self.secret_sha256.value.0.is_none() {
            problems
                .at_hidden(&self.secret_sha256.span, "this is no SHA-256")
                .help_with("write 64 digits of 0-9 and a-f, as `sha256sum` prints them; never the secret itself");
        }
        IntrospectionClient { id: self.id.value.0, secret_sha256: self.secret_sha256.value.0.unwrap_or_default() }
    }
}

/// A SHA-256 digest. Whatever else stands there may be the secret itself: it is dropped at once, and never shown.
#[derive(Debug)]
struct Digest(Option<[u8; 32]>);

impl Value for Digest {
    type Written = String;

    fn read(written: String) -> Result<Self, String> {
        Ok(Self(read_hexadecimal(&written)))
    }

    fn write(&self) -> String {
        self.0.iter().flatten().map(|byte| format!("{byte:02x}")).collect()
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "SHA-256 in hexadecimal", "pattern": "^[0-9a-f]{64}$" })
    }
}

fn read_hexadecimal(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let bytes: Vec<u8> =
        pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect::<Option<_>>()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_64_lowercase_digits() {
        let read = read_hexadecimal(&"00ff".repeat(16)).unwrap();
        assert_eq!(read.as_chunks::<2>().0, [[0x00, 0xff]; 16]);
        for refused in ["", "00", &"00FF".repeat(16), &"00f".repeat(16), &"zz".repeat(32), &"00".repeat(33)] {
            assert_eq!(read_hexadecimal(refused), None, "{refused}");
        }
    }
}
