//! Passports: their numbers near a word for them, and the lines of their machine-readable zone (ICAO 9303, parts 3 to 6).

use super::{checksum::value, rule::Rule};
use crate::entity::Entity;

/// The forms of the numbers of some forty countries. None proves itself, so that a word must stand before it.
pub(super) const RULES: &[Rule] = &[Rule {
    entity: Entity::Passport,
    shapes: &[
        ("999999999", 20),
        ("99999999", 20),
        ("9999999", 20),
        ("99 9999999", 20),
        ("A99999999", 20),
        ("A9999999", 20),
        ("A999999", 20),
        ("A999999AA", 20),
        ("AA9999999", 20),
        ("AA999999", 20),
        ("AAA999999", 20),
        ("99AA99999", 20),
        ("AXXXXXXXX", 20),
    ],
    check: |symbols| symbols.iter().filter(|symbol| symbol.is_ascii_digit()).count() > 3,
    words: &[
        "passport",
        "reisepass",
        "passeport",
        "pasaporte",
        "passaporto",
        "passaporte",
        "paspoort",
        "paszport",
        "passnummer",
        "护照",
        "旅券",
        "여권",
    ],
}];

/// The lengths of a line: of a passport's, of a smaller document's, and of a card's.
const LENGTHS: [usize; 3] = [44, 36, 30];

/// No line is longer.
pub(super) const LINE_LENGTH_MAX: usize = 44;

pub(super) const fn is_of_line(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'<'
}

/// How sure it is that a run of capital letters, digits and `<` is such a line.
pub(super) fn line_score(line: &[u8]) -> Option<u8> {
    if !LENGTHS.contains(&line.len()) {
        return None;
    }
    let proves = |from: usize, to: usize| proves_itself(&line[from..=to]);
    let is_card = line.len() == 30;
    let begins_document = matches!(line[0], b'P' | b'I' | b'A' | b'C' | b'V')
        && line[2..5].iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'<');
    let has_names = line[5..].first().is_some_and(u8::is_ascii_uppercase)
        && line[5..].windows(2).any(|pair| pair == b"<<")
        && !line[5..].iter().any(u8::is_ascii_digit);
    if is_card {
        return if begins_document && proves(5, 14) || proves(0, 6) && proves(8, 14) { Some(95) } else { None };
    }
    if proves(0, 9) && proves(13, 19) && proves(21, 27) {
        return Some(100);
    }
    (begins_document && has_names).then_some(85)
}

/// Whether the last digit proves what is before it: weights 7, 3, 1, and `<` counts nothing (ICAO 9303-3, section 4.9).
fn proves_itself(part: &[u8]) -> bool {
    let Some((check, rest)) = part.split_last() else { return false };
    let sum: u32 = rest.iter().zip([7, 3, 1].iter().cycle()).map(|(symbol, weight)| value(*symbol) * weight).sum();
    check.is_ascii_digit() && rest.iter().any(u8::is_ascii_digit) && sum % 10 == value(*check)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_the_documents_in_the_standard_are_known() {
        for line in [
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
            "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
            "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<",
            "D231458907UTO7408122F1204159<<<<<<<6",
            "I<UTOD231458907<<<<<<<<<<<<<<<",
            "7408122F1204159UTO<<<<<<<<<<<6",
        ] {
            assert!(line_score(line.as_bytes()).is_some(), "{line}");
        }
        for line in [
            "L898902C37UTO7408122F1204159ZE184226B<<<<<10",
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<",
            "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<",
            "MERGE<<<<<<<<<<<<<<<<<<<<<<<<<HEAD<<<<<<<<<<",
        ] {
            assert!(line_score(line.as_bytes()).is_none(), "{line}");
        }
    }
}
