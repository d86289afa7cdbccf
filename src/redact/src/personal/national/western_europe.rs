//! Numbers of Austria, Belgium, France, Germany, the Netherlands and Switzerland.

use crate::{
    entity::Entity,
    personal::{
        checksum::{is_day_month, modulo_11_10, number, value, weighted},
        rule::Rule,
    },
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        entity: Entity::AtSocialSecurity,
        shapes: &[("9999 999999", 50), ("9999999999", 20)],
        check: |digits| {
            let sum = weighted(digits, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]);
            is_day_month(&digits[4..8]) && sum % 11 == value(digits[3])
        },
        words: &["svnr", "sozialversicherung", "versicherungsnummer"],
    },
    Rule {
        entity: Entity::BeNationalNumber,
        shapes: &[("99.99.99-999.99", 90), ("999999-999-99", 85), ("999999 999 99", 75), ("99999999999", 50)],
        check: is_belgian_number,
        words: &["rijksregister", "registre national", "national number", "insz", "niss", "nrn"],
    },
    Rule {
        entity: Entity::ChAhv,
        shapes: &[("999.9999.9999.99", 95), ("9999999999999", 60)],
        check: |digits| {
            digits.starts_with(b"756") && weighted(digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
        },
        words: &["ahv", "avs", "oasi", "sozialversicherung"],
    },
    Rule {
        entity: Entity::DeTaxId,
        shapes: &[("99 999 999 999", 80), ("99999999999", 45)],
        check: is_tax_identification_number,
        words: &[
            "steuer-id",
            "steuerid",
            "steueridentifikation",
            "idnr",
            "tax id",
            "tin",
            "steuernummer",
            "identifikationsnummer",
        ],
    },
    Rule {
        entity: Entity::DeSocialSecurity,
        shapes: &[("99 999999 A 999", 85), ("99999999A999", 65)],
        check: is_pension_number,
        words: &["rentenversicherung", "sozialversicherung", "versicherungsnummer", "rvnr"],
    },
    Rule {
        entity: Entity::FrNir,
        shapes: &[("9 99 99 9X 999 999 99", 90), ("999999X99999999", 75), ("9 99 99 9X 999 999", 25)],
        check: is_registration_number,
        words: &["nir", "securite sociale", "sécurité sociale", "numero de secu", "insee", "social security"],
    },
    Rule {
        entity: Entity::FrSpi,
        shapes: &[("99 99 999 999 999", 60), ("9999999999999", 20)],
        check: |digits| matches!(digits[0], b'0'..=b'3') && number(&digits[..10]) % 511 == number(&digits[10..]),
        words: &["spi", "numero fiscal", "numéro fiscal", "tax id"],
    },
    Rule {
        entity: Entity::NlBsn,
        shapes: &[("999999999", 20), ("9999.99.999", 55)],
        check: |digits| {
            number(digits) != 0
                && (weighted(&digits[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) + 11 - value(digits[8])).is_multiple_of(11)
        },
        words: &["bsn", "burgerservicenummer", "sofinummer", "sofi"],
    },
];

/// Those born from 2000 on prove themselves with a 2 before the number.
fn is_belgian_number(digits: &[u8]) -> bool {
    let (born, check) = (number(&digits[..9]), number(&digits[9..]));
    matches!(number(&digits[2..4]) % 20, 0..=12)
        && number(&digits[4..6]) <= 31
        && [born, born + 2_000_000_000].iter().any(|number| 97 - number % 97 == check)
}

/// One of the first ten digits occurs twice or three times, and the last proves the others.
fn is_tax_identification_number(digits: &[u8]) -> bool {
    let times = |digit: &u8| digits[..10].iter().filter(|other| *other == digit).count();
    let repeated = digits[..10].iter().filter(|digit| times(digit) > 1).count();
    digits[0] != b'0' && matches!(repeated, 2 | 3) && modulo_11_10(digits)
}

/// The letter of the name counts as two digits; the digits of each product are summed.
fn is_pension_number(symbols: &[u8]) -> bool {
    let letter = u32::from(symbols[8] - b'A') + 1;
    let digits = symbols[..8]
        .iter()
        .map(|symbol| value(*symbol))
        .chain([letter / 10, letter % 10])
        .chain(symbols[9..11].iter().map(|symbol| value(*symbol)));
    let weights = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
    let sum: u32 =
        digits.zip(weights).map(|(digit, weight)| digit * weight).map(|product| product / 10 + product % 10).sum();
    is_day_month(&symbols[2..6]) && sum % 10 == value(symbols[11])
}

/// Corsica's departments 2A and 2B count as 19 and 18. Without its key the number proves nothing.
fn is_registration_number(symbols: &[u8]) -> bool {
    let department = match symbols[6] {
        b'A' => 1_000_000_u64,
        b'B' => 2_000_000,
        digit if digit.is_ascii_digit() => 0,
        _ => return false,
    };
    let is_corsican = department != 0;
    let born = number(&symbols[..6]) * 10_000_000 + number(&symbols[7..13]);
    let whole = if is_corsican { born - department } else { born + u64::from(value(symbols[6])) * 1_000_000 };
    matches!(symbols[0], b'1'..=b'4' | b'7' | b'8')
        && matches!(number(&symbols[3..5]), 1..=12 | 20..=42 | 50..=99)
        && (!is_corsican || symbols[5] == b'2')
        && symbols.get(13..15).is_none_or(|key| 97 - whole % 97 == number(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corsican_number_proves_itself() {
        let whole = 1_750_519_005_108_u64;
        let key = 97 - whole % 97;
        assert!(is_registration_number(format!("175052A005108{key:02}").as_bytes()));
        assert!(!is_registration_number(format!("175052A005108{:02}", (key + 1) % 97).as_bytes()));
    }
}
