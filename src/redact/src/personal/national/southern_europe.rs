//! Numbers of Italy, Portugal and Spain.

use crate::{
    entity::Entity,
    personal::{
        checksum::{luhn, number, value, weighted},
        rule::Rule,
    },
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        entity: Entity::EsNif,
        shapes: &[("99999999A", 70), ("99999999-A", 75)],
        check: |symbols| CONTROL_LETTERS[(number(&symbols[..8]) % 23) as usize] == symbols[8],
        words: &["nif", "dni", "documento nacional", "identificacion fiscal"],
    },
    Rule {
        entity: Entity::EsNie,
        shapes: &[("A9999999A", 75), ("A-9999999-A", 80)],
        check: is_foreigners_number,
        words: &["nie", "numero de identificacion de extranjero"],
    },
    Rule {
        entity: Entity::ItFiscalCode,
        shapes: &[("AAAAAAXXAXXAXXXA", 85)],
        check: is_fiscal_code,
        words: &["codice fiscale", "cod fiscale", "fiscal code"],
    },
    Rule {
        entity: Entity::ItVatCode,
        shapes: &[("99999999999", 20)],
        check: |digits| luhn(digits) && number(digits) != 0,
        words: &["partita iva", "p iva", "piva", "vat"],
    },
    Rule {
        entity: Entity::PtNif,
        shapes: &[("999999999", 20), ("999 999 999", 25)],
        check: |digits| {
            let rest = weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            matches!(digits[0], b'1'..=b'3' | b'5' | b'6' | b'8' | b'9')
                && value(digits[8]) == if rest < 2 { 0 } else { 11 - rest }
        },
        words: &["nif", "contribuinte", "numero fiscal", "número fiscal"],
    },
];

const CONTROL_LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// The first letter stands for a first digit.
fn is_foreigners_number(symbols: &[u8]) -> bool {
    let first = match symbols[0] {
        b'X' => 0,
        b'Y' => 1,
        b'Z' => 2,
        _ => return false,
    };
    CONTROL_LETTERS[((first * 10_000_000 + number(&symbols[1..8])) % 23) as usize] == symbols[8]
}

/// What the symbols in odd places count, from `0` or `A` on.
const ODD_VALUES: [u32; 26] =
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/// Where two persons have the same code, digits are replaced by the letters `LMNPQRSTUV`.
fn is_fiscal_code(symbols: &[u8]) -> bool {
    const DIGITS: [usize; 7] = [6, 7, 9, 10, 12, 13, 14];
    let place = |symbol: u8| match symbol {
        b'0'..=b'9' => value(symbol),
        _ => value(symbol) - 10,
    };
    let sum: u32 = symbols[..15]
        .iter()
        .enumerate()
        .map(|(i, symbol)| if i % 2 == 0 { ODD_VALUES[place(*symbol) as usize] } else { place(*symbol) })
        .sum();
    DIGITS.iter().all(|digit| symbols[*digit].is_ascii_digit() || b"LMNPQRSTUV".contains(&symbols[*digit]))
        && b"ABCDEHLMPRST".contains(&symbols[8])
        && u32::from(symbols[15] - b'A') == sum % 26
}
