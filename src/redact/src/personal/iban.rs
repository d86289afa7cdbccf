//! International Bank Account Numbers (ISO 13616): the length of each country, and the remainder by 97.

use super::{
    checksum::modulo_97,
    rule::{is_word, stands_alone_after},
};

/// The countries of the registry, and how long their numbers are.
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// No number is longer.
const LENGTH_MAX: usize = 34;

/// Whether a text begins as a number does: a country and two digits. The rest of the work is done for these alone.
pub(super) fn may_begin(text: &[u8]) -> bool {
    matches!(text, [a, b, c, d, ..] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit())
}

/// Where the number that begins at `start` ends. Its groups may be separated by one space or hyphen each.
pub(super) fn end(text: &[u8], start: usize) -> Option<usize> {
    let country = [text.get(start)?.to_ascii_uppercase(), text.get(start + 1)?.to_ascii_uppercase()];
    let (_, length) = LENGTHS.iter().find(|(known, _)| **known == country)?;
    let mut symbols = [0; LENGTH_MAX];
    let (mut count, mut end) = (0, start);
    while count < *length {
        let byte = *text.get(end)?;
        if byte.is_ascii_alphanumeric() {
            *symbols.get_mut(count)? = byte.to_ascii_uppercase();
            count += 1;
        } else if !matches!(byte, b' ' | b'-') || end == start || !is_word(text[end - 1]) {
            return None;
        }
        end += 1;
    }
    let (head, account) = symbols[..count].split_at(4);
    (stands_alone_after(text, end) && modulo_97(account.iter().chain(head).copied()) == 1).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_as_people_and_machines_write_them() {
        for written in [
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "gb29nwbk60161331926819",
            "GB29 NWBK 6016 1331 9268 19",
            "FR14-2004-1010-0505-0001-3M02-606",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
        ] {
            assert!(may_begin(written.as_bytes()));
            assert_eq!(end(format!("{written}, x").as_bytes(), 0), Some(written.len()), "{written}");
        }
    }

    #[test]
    fn a_wrong_digit_length_or_country_is_no_number() {
        for written in
            ["DE89370400440532013001", "DE8937040044053201300", "XX89370400440532013000", "DE89370400440532013000A"]
        {
            assert_eq!(end(written.as_bytes(), 0), None, "{written}");
        }
        assert_eq!(end(b"DE89  370400440532013000", 0), None);
    }
}
