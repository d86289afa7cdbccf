//! The sums by which numbers prove themselves: each over symbols without separators, digits and capital letters.

/// The value of a digit, or of a letter counted on from ten (ISO 7064).
pub(super) const fn value(symbol: u8) -> u32 {
    match symbol {
        b'0'..=b'9' => (symbol - b'0') as u32,
        b'A'..=b'Z' => (symbol - b'A') as u32 + 10,
        _ => 0,
    }
}

/// The number that a few digits write.
pub(super) fn number(symbols: &[u8]) -> u64 {
    symbols.iter().fold(0, |number: u64, symbol| number.wrapping_mul(10).wrapping_add(u64::from(value(*symbol))))
}

/// The sum of each symbol times its weight; what has no weight does not count.
pub(super) fn weighted(symbols: &[u8], weights: &[u32]) -> u32 {
    symbols.iter().zip(weights).map(|(symbol, weight)| value(*symbol) * weight).sum()
}

/// The check of payment cards and many others (ISO/IEC 7812-1, annex B).
pub(super) fn luhn(symbols: &[u8]) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = symbols
        .iter()
        .rev()
        .enumerate()
        .map(|(place, symbol)| if place % 2 == 1 { doubled(value(*symbol)) } else { value(*symbol) })
        .sum();
    sum.is_multiple_of(10)
}

/// The remainder by 97 of what is written, letters as two digits (ISO 7064, MOD 97-10).
pub(super) fn modulo_97(symbols: impl IntoIterator<Item = u8>) -> u32 {
    symbols.into_iter().fold(0, |rest, symbol| {
        let value = value(symbol);
        (rest * if value > 9 { 100 } else { 10 } + value) % 97
    })
}

/// The check with a hybrid system (ISO 7064, MOD 11,10).
pub(super) fn modulo_11_10(symbols: &[u8]) -> bool {
    let Some((check, digits)) = symbols.split_last() else { return false };
    let product = digits.iter().fold(10, |product, digit| {
        let sum = (product + value(*digit)) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (product + value(*check)) % 10 == 1
}

/// The check of Verhoeff, which works in the symmetries of a pentagon.
pub(super) fn verhoeff(symbols: &[u8]) -> bool {
    let mut check = 0;
    for (place, symbol) in symbols.iter().rev().enumerate() {
        let mut turned = value(*symbol) % 10;
        for _ in 0..place % 8 {
            turned = SHUFFLE[turned as usize];
        }
        check = composed(check, turned);
    }
    check == 0
}

/// The permutation that Verhoeff's check applies once more for each place.
const SHUFFLE: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/// Two symmetries of the pentagon, one after the other: 0 to 4 are turns, 5 to 9 are reflections.
const fn composed(one: u32, other: u32) -> u32 {
    match (one < 5, other < 5) {
        (true, true) => (one + other) % 5,
        (true, false) => 5 + (one + other - 5) % 5,
        (false, true) => 5 + (one - 5 + 5 - other) % 5,
        (false, false) => (one + 5 - other) % 5,
    }
}

/// Whether six digits are a year, a month and a day; months may have had a century added to them.
pub(super) fn is_year_month_day(symbols: &[u8]) -> bool {
    symbols.len() >= 6 && is_month_day(&symbols[2..6])
}

/// Whether four digits are a month and a day.
pub(super) fn is_month_day(symbols: &[u8]) -> bool {
    symbols.len() == 4 && matches!(number(&symbols[..2]), 1..=12) && matches!(number(&symbols[2..]), 1..=31)
}

/// Whether the first four digits are a day and a month.
pub(super) fn is_day_month(symbols: &[u8]) -> bool {
    symbols.len() >= 4 && matches!(number(&symbols[..2]), 1..=31) && matches!(number(&symbols[2..4]), 1..=12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_numbers_prove_themselves_and_a_changed_digit_does_not() {
        type Check = fn(&[u8]) -> bool;
        let cases: [(&str, Check); 4] = [
            ("79927398713", luhn),
            ("2363", verhoeff),
            ("86095742719", modulo_11_10),
            ("3214282912345698765432161182", |symbols| modulo_97(symbols.iter().copied()) == 1),
        ];
        for (written, check) in cases {
            assert!(check(written.as_bytes()), "{written}");
            for place in 0..written.len() {
                let mut changed = written.as_bytes().to_vec();
                changed[place] = if changed[place] == b'9' { b'0' } else { changed[place] + 1 };
                assert!(!check(&changed), "{written} changed at {place}");
            }
        }
    }

    #[test]
    fn verhoeff_notices_two_digits_that_changed_places() {
        assert!(verhoeff(b"2363"));
        for swapped in [b"3263", b"2633", b"2336"] {
            assert!(!verhoeff(swapped));
        }
    }
}
