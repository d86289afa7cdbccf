//! Numbers of Denmark, Finland, Ireland, Norway, Poland, Sweden and the United Kingdom.

use crate::{
    entity::Entity,
    personal::{
        checksum::{is_day_month, is_month_day, is_year_month_day, luhn, number, value, weighted},
        rule::Rule,
    },
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        entity: Entity::DkCpr,
        shapes: &[("999999-9999", 45), ("999999 9999", 30), ("9999999999", 20)],
        check: is_day_month,
        words: &["cpr", "personnummer", "cpr-nummer"],
    },
    Rule {
        entity: Entity::FiPersonalIdentityCode,
        shapes: &[("999999-999X", 85), ("999999+999X", 85), ("999999A999X", 80), ("999999B999X", 80)],
        check: is_finnish_code,
        words: &["hetu", "henkilotunnus", "henkilötunnus", "personbeteckning"],
    },
    Rule {
        entity: Entity::IePps,
        shapes: &[("9999999A", 45), ("9999999AA", 45)],
        check: is_personal_public_service_number,
        words: &["pps", "ppsn", "personal public service"],
    },
    Rule {
        entity: Entity::NoFnr,
        shapes: &[("999999 99999", 80), ("99999999999", 55)],
        check: is_birth_number,
        words: &["fodselsnummer", "fødselsnummer", "personnummer", "fnr"],
    },
    Rule {
        entity: Entity::PlPesel,
        shapes: &[("99999999999", 45)],
        check: |digits| {
            is_day_of_any_century(&digits[2..6])
                && weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
        },
        words: &["pesel"],
    },
    Rule {
        entity: Entity::PlNip,
        shapes: &[("999-999-99-99", 70), ("9999999999", 20)],
        check: |digits| weighted(digits, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == value(digits[9]),
        words: &["nip", "numer identyfikacji podatkowej"],
    },
    Rule {
        entity: Entity::SePersonnummer,
        shapes: &[
            ("99999999-9999", 85),
            ("999999-9999", 75),
            ("999999+9999", 75),
            ("999999999999", 35),
            ("9999999999", 20),
        ],
        check: |digits| {
            let short = digits.get(digits.len().saturating_sub(10)..).unwrap_or_default();
            let century_fits = digits.len() == 10 || matches!(number(&digits[..2]), 18..=20);
            century_fits && (is_year_month_day(short) || is_coordination(short)) && luhn(short)
        },
        words: &["personnummer", "samordningsnummer", "personal identity number"],
    },
    Rule {
        entity: Entity::UkNhs,
        shapes: &[("999 999 9999", 60), ("9999999999", 20)],
        check: |digits| {
            let check = 11 - weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            check != 10 && check % 11 == value(digits[9])
        },
        words: &["nhs", "national health service", "health services authority"],
    },
    Rule {
        entity: Entity::UkNino,
        shapes: &[("AA999999A", 70), ("AA 99 99 99 A", 85), ("AA 999999 A", 80)],
        check: is_national_insurance_number,
        words: &["nino", "national insurance", "ni number"],
    },
    Rule {
        entity: Entity::UkUtr,
        shapes: &[("99999 99999", 30), ("9999999999", 20)],
        check: |digits| {
            b"21987654321"[(weighted(&digits[1..], &[6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11) as usize] == digits[0]
        },
        words: &["utr", "unique taxpayer", "self assessment"],
    },
];

/// The remainder of the nine digits chooses the last symbol.
fn is_finnish_code(symbols: &[u8]) -> bool {
    // The letter of a century, where it is one, is no part of the number.
    let (date, rest) = symbols.split_at(6);
    let rest = if rest.len() == 5 { &rest[1..] } else { rest };
    let individual = &rest[..3];
    individual.iter().all(u8::is_ascii_digit)
        && is_day_month(date)
        && rest[3] == b"0123456789ABCDEFHJKLMNPRSTUVWXY"[((number(date) * 1000 + number(individual)) % 31) as usize]
}

/// A second letter, where there is one, counts nine times; `W` for nothing.
fn is_personal_public_service_number(symbols: &[u8]) -> bool {
    let second = match symbols.get(8) {
        Some(b'W') | None => 0,
        Some(letter) => u32::from(letter - b'A') + 1,
    };
    let sum = weighted(symbols, &[8, 7, 6, 5, 4, 3, 2]) + second * 9;
    symbols[7] == b"WABCDEFGHIJKLMNOPQRSTUV"[(sum % 23) as usize]
}

/// Numbers for those who are not residents have 4 added to the first digit of the day.
fn is_birth_number(digits: &[u8]) -> bool {
    matches!(number(&digits[..2]), 1..=31 | 41..=71)
        && matches!(number(&digits[2..4]), 1..=12)
        && weighted(digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && weighted(digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// Poland adds 20, 40, 60 or 80 to the month for other centuries than the twentieth.
fn is_day_of_any_century(month_day: &[u8]) -> bool {
    matches!(number(&month_day[..2]) % 20, 1..=12) && matches!(number(&month_day[2..]), 1..=31)
}

/// Sweden adds 60 to the day for those who are not residents.
fn is_coordination(digits: &[u8]) -> bool {
    is_month_day(&[digits[2], digits[3], digits[4].wrapping_sub(6), digits[5]]) && digits[4] >= b'6'
}

/// Some prefixes are not given, so that they cannot be mistaken.
fn is_national_insurance_number(symbols: &[u8]) -> bool {
    let (first, second) = (symbols[0], symbols[1]);
    !b"DFIQUV".contains(&first)
        && !b"DFIOQUV".contains(&second)
        && ![b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"].contains(&&[first, second])
        && matches!(symbols[8], b'A'..=b'D')
}
