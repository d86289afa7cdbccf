//! Encodings in another base: hexadecimal, base32, base58, base64, ascii85, at each place in a group where the secret may start.

use super::Row;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE32HEX: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";
const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// RFC 2045, section 6.8.
const MIME_LINE: usize = 76;

pub(super) const CLASS_A: &[Row] = &[
    ("hex_lower", |secret| hexadecimal(secret, "", "", false)),
    ("hex_upper", |secret| hexadecimal(secret, "", "", true)),
    ("hex_spaces", |secret| hexadecimal(secret, "", " ", false)),
    ("hex_colons", |secret| hexadecimal(secret, "", ":", true)),
    ("hex_0x_list", |secret| hexadecimal(secret, "0x", ", ", false)),
    ("base64_at_0", |secret| base64(secret)),
    ("base64_at_1", |secret| base64(&around(secret, 1))),
    ("base64_at_2", |secret| base64(&around(secret, 2))),
    ("base64url_at_0", |secret| base64url(secret)),
    ("base64url_at_1", |secret| base64url(&around(secret, 1))),
    ("base64url_at_2", |secret| base64url(&around(secret, 2))),
    ("base64_mime", mime),
    ("base64_twice", |secret| base64(&base64(secret))),
    ("basic_user_1", |secret| basic("u", secret)),
    ("basic_user_2", |secret| basic("us", secret)),
    ("basic_user_3", |secret| basic("usr", secret)),
    ("basic_user_17", |secret| basic("a.longer.user-name", secret)),
    ("base32_at_0", |secret| groups(secret, 5, BASE32, 8)),
    ("base32_at_1", |secret| groups(&around(secret, 1), 5, BASE32, 8)),
    ("base32_at_2", |secret| groups(&around(secret, 2), 5, BASE32, 8)),
    ("base32_at_3", |secret| groups(&around(secret, 3), 5, BASE32, 8)),
    ("base32_at_4", |secret| groups(&around(secret, 4), 5, BASE32, 8)),
    ("base32hex", |secret| groups(secret, 5, BASE32HEX, 8)),
    ("base58", base58),
    ("ascii85", ascii85),
];

pub(super) fn hexadecimal(secret: &[u8], before: &str, between: &str, is_upper: bool) -> Vec<u8> {
    let pair = |byte: &u8| if is_upper { format!("{before}{byte:02X}") } else { format!("{before}{byte:02x}") };
    secret.iter().map(pair).collect::<Vec<_>>().join(between).into_bytes()
}

pub(crate) fn base64(bytes: &[u8]) -> Vec<u8> {
    groups(bytes, 6, BASE64, 4)
}

pub(crate) fn base64url(bytes: &[u8]) -> Vec<u8> {
    let padded = groups(bytes, 6, BASE64URL, 4);
    padded.into_iter().filter(|byte| *byte != b'=').collect()
}

/// The secret as a server of a password-protected page is told it (RFC 7617).
fn basic(user: &str, secret: &[u8]) -> Vec<u8> {
    [b"Basic ".as_slice(), &base64(&[user.as_bytes(), b":", secret].concat())].concat()
}

/// Something else before and behind it, so that it starts elsewhere in a group.
fn around(secret: &[u8], before: usize) -> Vec<u8> {
    let before = b"wxyz".get(..before).unwrap_or_default();
    [before, secret, b" and more"].concat()
}

fn mime(secret: &[u8]) -> Vec<u8> {
    let text = [b"Some lines of a letter stand before it: ".as_slice(), secret, b" and some behind it."].concat();
    base64(&text).chunks(MIME_LINE).collect::<Vec<_>>().join(b"\r\n".as_slice())
}

/// RFC 4648: digits of so many bits, padded to groups.
fn groups(bytes: &[u8], bits: u32, alphabet: &[u8], group: usize) -> Vec<u8> {
    let mask = (1_u32 << bits) - 1;
    let digit = |value: u32| alphabet.get((value & mask) as usize).copied().unwrap_or(b'=');
    let (mut out, mut held, mut count) = (Vec::new(), 0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        count += 8;
        while count >= bits {
            count -= bits;
            out.push(digit(held >> count));
        }
        held &= (1 << count) - 1;
    }
    if count > 0 {
        out.push(digit(held << (bits - count)));
    }
    out.resize(out.len().next_multiple_of(group), b'=');
    out
}

fn base58(secret: &[u8]) -> Vec<u8> {
    let mut digits: Vec<u32> = Vec::new();
    for byte in secret {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += *digit << 8;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    digits.iter().rev().filter_map(|digit| BASE58.get(*digit as usize)).copied().collect()
}

fn ascii85(secret: &[u8]) -> Vec<u8> {
    let mut out = b"<~".to_vec();
    for group in secret.chunks(4) {
        let mut padded = [0; 4];
        padded.iter_mut().zip(group).for_each(|(to, from)| *to = *from);
        let mut number = u32::from_be_bytes(padded);
        let mut digits = [0; 5];
        for digit in digits.iter_mut().rev() {
            *digit = (number % 85) as u8 + b'!';
            number /= 85;
        }
        out.extend(digits.iter().take(group.len() + 1));
    }
    [out, b"~>".to_vec()].concat()
}
