//! Numbers of Brazil, Canada, Chile and the United States.

use crate::{
    entity::Entity,
    personal::{
        checksum::{luhn, number, value, weighted},
        rule::Rule,
    },
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        entity: Entity::UsSsn,
        shapes: &[("999-99-9999", 70), ("999 99 9999", 55), ("999999999", 20)],
        check: is_social_security_number,
        words: &["ssn", "ssns", "social security", "social sec", "soc sec", "ss#", "ss no"],
    },
    Rule {
        entity: Entity::UsItin,
        shapes: &[("999-99-9999", 65), ("999 99 9999", 50), ("999999999", 20)],
        check: is_individual_taxpayer_number,
        words: &["itin", "individual taxpayer", "taxpayer id", "tax id", "tin", "ssn"],
    },
    Rule {
        entity: Entity::UsDriverLicense,
        shapes: &[
            ("A9999999", 20),
            ("A99999999", 20),
            ("A99999999999", 20),
            ("A999999999999", 20),
            ("A9999999999999", 20),
            ("A99999999999999", 20),
            ("A999-9999-9999", 20),
            ("A999-999-99-999-9", 20),
            ("A9999-99999-99999", 20),
            ("AA999999", 20),
            ("AA9999999", 20),
            ("9999999", 20),
            ("99999999", 20),
            ("999999999", 20),
            ("9999999999", 20),
            ("999999999999", 20),
        ],
        check: |_| true,
        words: &[
            "driver license",
            "drivers license",
            "driver's license",
            "driving license",
            "driver lic",
            "drivers lic",
        ],
    },
    Rule {
        entity: Entity::CaSin,
        shapes: &[("999 999 999", 55), ("999999999", 20)],
        check: |digits| luhn(digits) && !matches!(digits.first(), Some(b'0' | b'8')),
        words: &["sin", "social insurance", "numero d'assurance sociale", "nas"],
    },
    Rule {
        entity: Entity::BrCpf,
        shapes: &[("999.999.999-99", 95), ("999999999-99", 70), ("99999999999", 25)],
        check: |digits| is_not_repeated(digits) && ends_with_checks(digits, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]),
        words: &["cpf", "cadastro de pessoa"],
    },
    Rule {
        entity: Entity::BrCnpj,
        shapes: &[("99.999.999/9999-99", 95), ("99999999999999", 25)],
        check: |digits| is_not_repeated(digits) && ends_with_checks(digits, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]),
        words: &["cnpj", "cadastro nacional"],
    },
    Rule {
        entity: Entity::ClRut,
        shapes: &[("99.999.999-X", 85), ("9.999.999-X", 85), ("99999999-X", 45), ("9999999-X", 40)],
        check: is_rut,
        words: &["rut", "run", "rol unico"],
    },
];

/// Areas 000, 666 and from 900 on, group 00 and serial 0000 are never given; a few numbers stood in advertisements.
fn is_social_security_number(digits: &[u8]) -> bool {
    !matches!(number(&digits[..3]), 0 | 666 | 900..)
        && number(&digits[3..5]) != 0
        && number(&digits[5..]) != 0
        && !matches!(digits, b"078051120" | b"219099999" | b"123456789" | b"987654321")
        && is_not_repeated(digits)
}

fn is_individual_taxpayer_number(digits: &[u8]) -> bool {
    digits.first() == Some(&b'9') && matches!(number(&digits[3..5]), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

fn is_not_repeated(digits: &[u8]) -> bool {
    digits.windows(2).any(|pair| pair[0] != pair[1])
}

/// Brazil's two check digits; the weights of the second are those of the first, one place later.
fn ends_with_checks(digits: &[u8], weights: &[u32]) -> bool {
    let check = |digits: &[u8], weights: &[u32]| match weighted(digits, weights) % 11 {
        rest @ 2.. => 11 - rest,
        _ => 0,
    };
    let (first, second) = (weights.len() - 1, weights.len());
    check(&digits[..first], &weights[1..]) == value(digits[first])
        && check(&digits[..second], weights) == value(digits[second])
}

fn is_rut(symbols: &[u8]) -> bool {
    let Some((check, digits)) = symbols.split_last() else { return false };
    let sum: u32 = digits.iter().rev().zip([2, 3, 4, 5, 6, 7].iter().cycle()).map(|(d, w)| value(*d) * w).sum();
    match 11 - sum % 11 {
        11 => *check == b'0',
        10 => *check == b'K',
        digit => check.is_ascii_digit() && value(*check) == digit,
    }
}
