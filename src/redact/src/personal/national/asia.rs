//! Numbers of China, Hong Kong, India, Japan, Singapore, South Africa, South Korea, Thailand and Turkey.

use crate::{
    entity::Entity,
    personal::{
        checksum::{is_month_day, is_year_month_day, luhn, number, value, verhoeff, weighted},
        rule::Rule,
    },
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        entity: Entity::CnResidentId,
        shapes: &[("99999999999999999X", 90)],
        check: is_resident_identity,
        words: &["resident id", "identity card", "身份证", "公民身份"],
    },
    Rule {
        entity: Entity::HkIdCard,
        shapes: &[("A999999(X)", 85), ("AA999999(X)", 85), ("A999999X", 20)],
        check: is_hong_kong_identity,
        words: &["hkid", "hong kong id", "identity card", "身份證"],
    },
    Rule {
        entity: Entity::InAadhaar,
        // One in ten of all such groups has the digit, and tables are full of them.
        shapes: &[("9999 9999 9999", 45), ("999999999999", 25)],
        check: |digits| matches!(digits.first(), Some(b'2'..=b'9')) && verhoeff(digits),
        words: &["aadhaar", "aadhar", "uidai", "uid"],
    },
    Rule {
        entity: Entity::InPan,
        // In small letters it may as well be a hash.
        shapes: &[("UUUUU9999U", 65), ("AAAAA9999A", 35)],
        check: |symbols| {
            matches!(symbols.get(3), Some(b'A' | b'B' | b'C' | b'F' | b'G' | b'H' | b'J' | b'L' | b'P' | b'T'))
        },
        words: &["pan", "permanent account"],
    },
    Rule {
        entity: Entity::JpMyNumber,
        shapes: &[("9999 9999 9999", 35), ("999999999999", 20)],
        check: is_individual_number,
        words: &["my number", "individual number", "マイナンバー", "個人番号"],
    },
    Rule {
        entity: Entity::SgNricFin,
        shapes: &[("A9999999A", 75)],
        check: is_singapore_identity,
        words: &["nric", "fin", "singapore id", "identity card"],
    },
    Rule {
        entity: Entity::ZaIdNumber,
        shapes: &[("999999 9999 999", 75), ("9999999999999", 35)],
        check: |digits| is_year_month_day(digits) && luhn(digits) && matches!(digits.get(10), Some(b'0' | b'1')),
        words: &["identity number", "south african id", "id number", "rsa id"],
    },
    Rule {
        entity: Entity::KrRrn,
        shapes: &[("999999-9999999", 60), ("9999999999999", 20)],
        check: |digits| is_year_month_day(digits) && matches!(digits.get(6), Some(b'1'..=b'8')),
        words: &["rrn", "resident registration", "주민등록", "주민번호"],
    },
    Rule {
        entity: Entity::ThTnin,
        shapes: &[("9 9999 99999 99 9", 80), ("9999999999999", 20)],
        check: |digits| {
            let sum = weighted(&digits[..12], &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
            digits[0] != b'0' && (11 - sum % 11) % 10 == value(digits[12])
        },
        words: &["thai id", "national id", "citizen id", "บัตรประชาชน"],
    },
    Rule {
        entity: Entity::TrNationalId,
        shapes: &[("99999999999", 40)],
        check: is_turkish_identity,
        words: &["tc kimlik", "kimlik", "tckn", "national id"],
    },
];

/// The birth date stands whole in it, and the last symbol proves the others (ISO 7064, MOD 11-2).
fn is_resident_identity(symbols: &[u8]) -> bool {
    let sum = weighted(&symbols[..17], &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    matches!(number(&symbols[6..10]), 1850..=2100)
        && is_month_day(&symbols[10..14])
        && symbols[17] == b"10X98765432"[(sum % 11) as usize]
}

/// A missing first letter counts as 36; the check `A` stands for ten.
fn is_hong_kong_identity(symbols: &[u8]) -> bool {
    let (first, rest) = if symbols.len() == 9 { (value(symbols[0]), &symbols[1..]) } else { (36, symbols) };
    let sum = first * 9 + weighted(rest, &[8, 7, 6, 5, 4, 3, 2, 1]);
    matches!(rest.last(), Some(b'0'..=b'9' | b'A')) && sum.is_multiple_of(11)
}

fn is_individual_number(digits: &[u8]) -> bool {
    let rest = weighted(&digits[..11], &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    value(digits[11]) == if rest <= 1 { 0 } else { 11 - rest }
}

/// The series in the first letter moves the sum and chooses the letters that prove it.
fn is_singapore_identity(symbols: &[u8]) -> bool {
    let sum = weighted(&symbols[1..8], &[2, 7, 6, 5, 4, 3, 2]);
    let (moved, letters) = match symbols[0] {
        b'S' => (sum, b"JZIHGFEDCBA"),
        b'T' => (sum + 4, b"JZIHGFEDCBA"),
        b'F' => (sum, b"XWUTRQPNMLK"),
        b'G' => (sum + 4, b"XWUTRQPNMLK"),
        b'M' => (sum + 3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    symbols[8] == letters[(moved % 11) as usize]
}

fn is_turkish_identity(digits: &[u8]) -> bool {
    let odd: u32 = digits[..9].iter().step_by(2).map(|digit| value(*digit)).sum();
    let even: u32 = digits[1..8].iter().step_by(2).map(|digit| value(*digit)).sum();
    let all: u32 = digits[..10].iter().map(|digit| value(*digit)).sum();
    digits[0] != b'0' && (odd * 7 + 100 - even) % 10 == value(digits[9]) && all % 10 == value(digits[10])
}
