//! Numbers of payment cards: who issues them, how long they are, and their check digit.

use super::{
    checksum::{luhn, number},
    rule::Rule,
};
use crate::entity::Entity;

pub(super) const RULES: &[Rule] = &[
    Rule {
        entity: Entity::CreditCard,
        shapes: &[
            ("9999 9999 9999 9999", 100),
            ("9999 999999 99999", 100),
            ("9999 9999 9999 9999 999", 90),
            ("9999 999999 9999", 90),
            ("9999999999999999", 90),
            ("999999999999999", 80),
            ("99999999999999", 45),
            ("9999999999999", 30),
            ("999999999999", 20),
            ("99999999999999999", 30),
            ("999999999999999999", 30),
            // Databases and networks number their rows so, and many of these numbers have such a beginning and check digit.
            ("9999999999999999999", 45),
        ],
        check: |digits| is_issued(digits) && luhn(digits),
        words: WORDS,
    },
    // Of a network that is not known here, or no longer.
    Rule {
        entity: Entity::CreditCard,
        shapes: &[
            ("9999 9999 9999 9999", 20),
            ("9999999999999999", 20),
            ("999999999999999", 20),
            ("99999999999999", 20),
            ("9999999999999", 20),
            ("999999999999", 20),
            ("9999999999999999999", 20),
        ],
        check: |digits| !is_issued(digits) && number(digits) != 0 && luhn(digits),
        words: WORDS,
    },
];

const WORDS: &[&str] = &[
    "card",
    "credit",
    "debit",
    "visa",
    "mastercard",
    "amex",
    "american express",
    "discover",
    "jcb",
    "diners",
    "maestro",
    "unionpay",
    "pan",
    "cc",
    "cc#",
    "tarjeta",
    "karte",
    "carte",
    "carta",
];

/// Whether a network issues numbers that begin so, of this length.
fn is_issued(digits: &[u8]) -> bool {
    let lengths = match number(digits.get(..6).unwrap_or_default()) {
        // Visa, American Express, Diners Club, JCB.
        400_000..=499_999 => [13, 16, 19].as_slice(),
        340_000..=349_999 | 370_000..=379_999 => &[15],
        300_000..=305_999 | 309_500..=309_599 | 360_000..=369_999 | 380_000..=399_999 => &[14, 16, 17, 18, 19],
        352_800..=358_999 => &[16, 17, 18, 19],
        // Mastercard, Mir, Discover, UnionPay.
        222_100..=272_099 | 510_000..=559_999 => &[16],
        220_000..=220_499 => &[16, 17, 18, 19],
        601_100..=601_199 | 644_000..=659_999 | 622_126..=622_925 => &[16, 17, 18, 19],
        620_000..=629_999 | 810_000..=817_199 => &[16, 17, 18, 19],
        // Maestro, and the national cards of its ranges.
        500_000..=509_999
        | 560_000..=589_999
        | 600_000..=601_099
        | 630_400..=630_499
        | 639_000..=639_099
        | 670_000..=679_999 => &[12, 13, 14, 15, 16, 17, 18, 19],
        _ => &[],
    };
    lengths.contains(&digits.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_each_network_are_known_and_those_of_nobody_are_not() {
        for issued in [
            "4111111111111111",
            "4222222222222",
            "5555555555554444",
            "2223000048400011",
            "378282246310005",
            "6011111111111117",
            "30569309025904",
            "3530111333300000",
            "6200000000000005",
            "2200000000000004",
            "6759649826438453",
            "630490017740",
        ] {
            assert!((RULES[0].check)(issued.as_bytes()), "{issued}");
        }
        for other in ["4111111111111112", "411111111111111", "1700000000000005", "0000000000000000", "9111111111111111"]
        {
            assert!(!(RULES[0].check)(other.as_bytes()), "{other}");
        }
    }
}
