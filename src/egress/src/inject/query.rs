//! A credential as a query parameter.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use zeroize::Zeroizing;

use super::wiped;
use crate::EgressError;

/// Everything but the unreserved characters (RFC 3986, section 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Appends the parameter to a request target.
///
/// # Errors
/// The caller's query has a parameter that some server reads as the same one.
pub(super) fn append(target: &Bytes, parameter: &str, secret: &str) -> Result<Bytes, EgressError> {
    let query = target.iter().position(|byte| *byte == b'?').and_then(|at| target.get(at + 1..));
    if query.is_some_and(|query| names(query).any(|name| is_same(&name, parameter))) {
        return Err(EgressError::SlotTaken);
    }
    let separator = match query {
        None => &b"?"[..],
        Some(b"") => b"",
        Some(_) => b"&",
    };
    // An escape is three bytes long, so that the buffer never grows and leaves a copy behind.
    let length_max = target.len() + 2 + parameter.len() + 3 * secret.len();
    let mut bytes = Zeroizing::new(Vec::with_capacity(length_max));
    bytes.extend_from_slice(target);
    bytes.extend_from_slice(separator);
    bytes.extend_from_slice(parameter.as_bytes());
    bytes.push(b'=');
    for piece in utf8_percent_encode(secret, ESCAPED) {
        bytes.extend_from_slice(piece.as_bytes());
    }
    Ok(wiped(bytes))
}

/// The names of parameters, decoded; `;` separates them for some servers.
fn names(query: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    query.split(|byte| matches!(byte, b'&' | b';')).map(|pair| {
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        percent_decode(name).map(|byte| if byte == b'+' { b' ' } else { byte }).collect()
    })
}

/// Some servers ignore case or surrounding blanks, take `-` and `.` for `_`, or read `name[]` as another value of `name`.
fn is_same(name: &[u8], parameter: &str) -> bool {
    let fold = |byte: &u8| match byte {
        b'-' | b'.' => b'_',
        byte => byte.to_ascii_lowercase(),
    };
    let bare = name.split(|byte| matches!(byte, b'[' | 0)).next().unwrap_or_default().trim_ascii();
    bare.iter().map(fold).eq(parameter.as_bytes().iter().map(fold))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appended(target: &'static str) -> Result<String, EgressError> {
        append(&Bytes::from_static(target.as_bytes()), "api_key", "s3cr&t =é")
            .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn the_parameter_comes_last() {
        for (target, expected) in [
            ("/a", "/a?api_key=s3cr%26t%20%3D%C3%A9"),
            ("/a?", "/a?api_key=s3cr%26t%20%3D%C3%A9"),
            ("/a?b=c", "/a?b=c&api_key=s3cr%26t%20%3D%C3%A9"),
            ("/a?my_api_key=c&x=api_key", "/a?my_api_key=c&x=api_key&api_key=s3cr%26t%20%3D%C3%A9"),
        ] {
            assert_eq!(appended(target).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_caller_does_not_fill_the_slot_in_any_spelling() {
        for target in [
            "/a?api_key=x",
            "/a?api_key",
            "/a?b=c&api_key=x",
            "/a?b=c;api_key=x",
            "/a?API_KEY=x",
            "/a?api%5Fkey=x",
            "/a?%61pi_key=x",
            "/a?api_key[]=x",
            "/a?api_key%5B0%5D=x",
            "/a?+api_key=x",
            "/a?api_key%20=x",
            "/a?api-key=x",
            "/a?api.key=x",
            "/a?api_key%00=x",
        ] {
            assert_eq!(appended(target), Err(EgressError::SlotTaken), "{target}");
        }
    }
}
