//! A credential in a header field, behind a fixed prefix.

use http::{HeaderMap, HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::wiped;
use crate::EgressError;

/// Sets the field to `prefix` and the secret, in place of whatever stood there.
pub(crate) fn write(headers: &mut HeaderMap, name: &HeaderName, prefix: &str, secret: &str) -> Result<(), EgressError> {
    let mut value = Zeroizing::new(Vec::with_capacity(prefix.len() + secret.len()));
    value.extend_from_slice(prefix.as_bytes());
    value.extend_from_slice(secret.as_bytes());
    set(headers, name, value)
}

/// Sets the field to a value that formatting never shows.
pub(super) fn set(headers: &mut HeaderMap, name: &HeaderName, value: Zeroizing<Vec<u8>>) -> Result<(), EgressError> {
    let mut value = HeaderValue::from_maybe_shared(wiped(value)).map_err(|_| EgressError::CredentialUnfit)?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;

    #[test]
    fn one_value_stands_in_the_field_and_is_not_shown() {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, HeaderValue::from_static("a"));
        headers.append(AUTHORIZATION, HeaderValue::from_static("b"));
        write(&mut headers, &AUTHORIZATION, "Bearer ", "hunter2").unwrap();
        let values: Vec<_> = headers.get_all(AUTHORIZATION).iter().collect();
        assert_eq!(values, ["Bearer hunter2"]);
        assert!(!format!("{headers:?}").contains("hunter2"));
    }

    #[test]
    fn a_line_break_does_not_fit() {
        for secret in ["a\r\nx: y", "a\n", "a\0", "a\u{7f}"] {
            let refused = write(&mut HeaderMap::new(), &AUTHORIZATION, "", secret);
            assert_eq!(refused, Err(EgressError::CredentialUnfit), "{secret:?}");
        }
    }
}
