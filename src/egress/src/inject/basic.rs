//! A credential as the password of HTTP's Basic scheme (RFC 7617).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header::AUTHORIZATION};
use zeroize::Zeroizing;

use super::header;
use crate::EgressError;

const SCHEME: &[u8] = b"Basic ";

/// Sets `Authorization` to `Basic` and the base64 of `username:secret`.
pub(super) fn write(headers: &mut HeaderMap, username: &str, secret: &str) -> Result<(), EgressError> {
    let mut pair = Zeroizing::new(Vec::with_capacity(username.len() + 1 + secret.len()));
    pair.extend_from_slice(username.as_bytes());
    pair.push(b':');
    pair.extend_from_slice(secret.as_bytes());

    let length = SCHEME.len() + pair.len().div_ceil(3) * 4;
    let mut value = Zeroizing::new(vec![0; length]);
    let (scheme, encoded) = value.split_at_mut(SCHEME.len());
    scheme.copy_from_slice(SCHEME);
    STANDARD.encode_slice(&*pair, encoded).map_err(|_| EgressError::CredentialUnfit)?;
    header::set(headers, &AUTHORIZATION, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_is_written() {
        let mut headers = HeaderMap::new();
        write(&mut headers, "Aladdin", "open sesame").unwrap();
        assert_eq!(headers[AUTHORIZATION], "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(headers[AUTHORIZATION].is_sensitive());
    }

    #[test]
    fn every_length_is_padded() {
        for (secret, expected) in
            [("", "Basic dTo="), ("1", "Basic dTox"), ("12", "Basic dToxMg=="), ("123", "Basic dToxMjM=")]
        {
            let mut headers = HeaderMap::new();
            write(&mut headers, "u", secret).unwrap();
            assert_eq!(headers[AUTHORIZATION], expected);
        }
    }
}
