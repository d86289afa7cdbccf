//! Encodings that keep one unit for each character: other cases, other orders, other alphabets, something in between.

use super::Row;

/// Characters on a numbered line: fewer than a window.
const LINE_LENGTH: usize = 12;

pub(super) const CLASS_A: &[Row] = &[
    ("plain", <[u8]>::to_vec),
    ("reversed", reversed),
    ("lower_case", <[u8]>::to_ascii_lowercase),
    ("upper_case", <[u8]>::to_ascii_uppercase),
    ("swapped_case", |secret| secret.iter().copied().map(swap_case).collect()),
    ("rot13", |secret| secret.iter().map(|byte| rotated(*byte, 13)).collect()),
    ("spaces_between", |secret| between(secret, b" ")),
    ("hyphens_between", |secret| between(secret, b"-")),
    ("newlines_between", |secret| between(secret, b"\n")),
    ("zero_width_between", |secret| between(secret, "\u{200b}".as_bytes())),
    ("full_width", full_width),
    ("character_array", character_array),
    ("decimal_codes_comma", |secret| decimal(secret, ",")),
    ("decimal_codes_space", |secret| decimal(secret, " ")),
    ("utf16_le", |secret| widened(secret, 0, 1)),
    ("utf16_be", |secret| widened(secret, 1, 0)),
    ("utf32_le", |secret| widened(secret, 0, 3)),
    ("utf32_be", |secret| widened(secret, 3, 0)),
    ("line_numbered", line_numbered),
];

fn reversed(secret: &[u8]) -> Vec<u8> {
    secret.iter().rev().copied().collect()
}

const fn swap_case(byte: u8) -> u8 {
    if byte.is_ascii_alphabetic() { byte ^ 0x20 } else { byte }
}

/// A letter so many places on in its alphabet.
pub(super) const fn rotated(byte: u8, places: u8) -> u8 {
    match byte {
        b'a'..=b'z' => (byte - b'a' + places) % 26 + b'a',
        b'A'..=b'Z' => (byte - b'A' + places) % 26 + b'A',
        _ => byte,
    }
}

fn between(secret: &[u8], separator: &[u8]) -> Vec<u8> {
    secret.iter().map(|byte| vec![*byte]).collect::<Vec<_>>().join(separator)
}

fn full_width(secret: &[u8]) -> Vec<u8> {
    let wide = |byte: &u8| char::from_u32(u32::from(*byte) + 0xfee0).filter(|_| (0x21..0x7f).contains(byte));
    secret.iter().map(|byte| wide(byte).unwrap_or(char::from(*byte))).collect::<String>().into_bytes()
}

fn character_array(secret: &[u8]) -> Vec<u8> {
    let characters = String::from_utf8_lossy(secret).chars().map(String::from).collect::<Vec<_>>();
    serde_json::to_vec(&characters).unwrap_or_default()
}

fn decimal(secret: &[u8], separator: &str) -> Vec<u8> {
    secret.iter().map(u8::to_string).collect::<Vec<_>>().join(separator).into_bytes()
}

fn widened(secret: &[u8], before: usize, after: usize) -> Vec<u8> {
    secret.iter().flat_map(|byte| [vec![0; before], vec![*byte], vec![0; after]].concat()).collect()
}

fn line_numbered(secret: &[u8]) -> Vec<u8> {
    let lines = secret.chunks(LINE_LENGTH).enumerate();
    let lines = lines.map(|(number, line)| [format!("{:>4}  ", number + 1).as_bytes(), line].concat());
    lines.collect::<Vec<_>>().join(&b'\n')
}
