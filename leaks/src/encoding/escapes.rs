//! Encodings that write some or all characters as escapes: of JSON, URLs, HTML, mail and source code.

use super::{Row, bases::base64};

pub(super) const CLASS_A: &[Row] = &[
    ("percent_all_lower", |secret| each(secret, |byte| format!("%{byte:02x}"))),
    ("percent_all_upper", |secret| each(secret, |byte| format!("%{byte:02X}"))),
    ("percent_partial", |secret| percent(secret)),
    ("percent_twice", |secret| percent(&each(secret, |byte| format!("%{byte:02X}")))),
    ("unicode_lower", |secret| each(secret, |byte| format!("\\u{byte:04x}"))),
    ("unicode_upper", |secret| each(secret, |byte| format!("\\u{byte:04X}"))),
    ("backslash_x", |secret| each(secret, |byte| format!("\\x{byte:02x}"))),
    ("json_slashes", json_slashes),
    ("json_in_json_1", |secret| json(secret, 1)),
    ("json_in_json_2", |secret| json(secret, 2)),
    ("json_in_json_3", |secret| json(secret, 3)),
    ("entities_decimal", |secret| each(secret, |byte| format!("&#{byte};"))),
    ("entities_hexadecimal", |secret| each(secret, |byte| format!("&#x{byte:x};"))),
    ("quoted_printable", |secret| each(secret, |byte| format!("={byte:02X}"))),
    ("quoted_printable_lines", quoted_printable_lines),
    ("encoded_word_b", |secret| [b"=?utf-8?B?".as_slice(), &base64(secret), b"?="].concat()),
    ("encoded_word_q", |secret| [b"=?utf-8?Q?".as_slice(), &encoded_word_q(secret), b"?="].concat()),
];

fn each(secret: &[u8], write: fn(u8) -> String) -> Vec<u8> {
    secret.iter().map(|byte| write(*byte)).collect::<String>().into_bytes()
}

/// Only what a URL must escape (RFC 3986, section 2.3).
pub(super) fn percent(text: &[u8]) -> Vec<u8> {
    let keeps = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.iter().flat_map(|byte| if keeps(*byte) { vec![*byte] } else { format!("%{byte:02X}").into_bytes() }).collect()
}

/// The inside of a JSON string.
pub(crate) fn json_string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

fn json_slashes(secret: &[u8]) -> Vec<u8> {
    json_string(&String::from_utf8_lossy(secret)).replace('/', "\\/").into_bytes()
}

/// JSON in a string of JSON, so many times.
fn json(secret: &[u8], depth: usize) -> Vec<u8> {
    let text = String::from_utf8_lossy(secret).into_owned();
    (0..depth).fold(text, |inner, _| format!("{{\"note\":\"{}\"}}", json_string(&inner))).into_bytes()
}

/// Special characters alone are escaped, and lines are broken softly (RFC 2045, section 6.7).
fn quoted_printable_lines(secret: &[u8]) -> Vec<u8> {
    let keeps = |byte: u8| byte.is_ascii_graphic() && byte != b'=';
    let units =
        secret.iter().map(|byte| if keeps(*byte) { char::from(*byte).to_string() } else { format!("={byte:02X}") });
    units.collect::<Vec<_>>().chunks(11).map(|line| line.concat()).collect::<Vec<_>>().join("=\r\n").into_bytes()
}

/// RFC 2047, section 4.2.
fn encoded_word_q(secret: &[u8]) -> Vec<u8> {
    let word = |byte: &u8| if byte.is_ascii_alphanumeric() { vec![*byte] } else { format!("={byte:02X}").into_bytes() };
    secret.iter().flat_map(word).collect()
}
