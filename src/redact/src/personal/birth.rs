//! Dates as people write them, for those that stand near a word of birth.

/// Words that say that a date is of birth.
pub(super) const WORDS: &[&str] = &[
    "dob",
    "d o b",
    "date of birth",
    "birth",
    "birthday",
    "birthdate",
    "born",
    "geburtsdatum",
    "geboren",
    "geburtstag",
    "naissance",
    "ne le",
    "née le",
    "né le",
    "nacimiento",
    "nacido",
    "nacida",
    "nascita",
    "nato il",
    "nascimento",
    "nascido",
    "geboortedatum",
    "fodselsdato",
    "fodelsedatum",
    "syntymaaika",
    "生年月日",
    "出生",
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Whether a number may be a date whose first two words have these lengths, with these separators behind them.
pub(super) fn may_begin(first: usize, second: usize, separator: u8, next: Option<u8>) -> bool {
    match separator {
        b'-' | b'/' | b'.' => next == Some(separator) && matches!((first, second), (1 | 2, 1..=9) | (4, 1 | 2)),
        // `12 March` and `12th of`
        b' ' => first <= 4 && second >= 2 && next != Some(b':'),
        _ => false,
    }
}

/// Where the date ends that begins at `start` with a digit: `1985-03-12`, `12/03/1985`, `3.12.85` or `12 March 1985`.
pub(super) fn end(text: &[u8], start: usize) -> Option<usize> {
    let (first, at) = digits(text, start)?;
    let separator = *text.get(at)?;
    if matches!(separator, b'-' | b'/' | b'.') && text.get(at + 1).is_some_and(u8::is_ascii_digit) {
        let (second, at) = digits(text, at + 1)?;
        if text.get(at) != Some(&separator) {
            return None;
        }
        let (third, end) = digits(text, at + 1)?;
        let is_date = match (first.length, second.length, third.length) {
            (4, 1..=2, 1..=2) => first.is_year() && is_day_and_month(second, third),
            (1..=2, 1..=2, 2) => is_day_and_month(first, second),
            (1..=2, 1..=2, 4) => is_day_and_month(first, second) && third.is_year(),
            _ => false,
        };
        return is_date.then_some(end);
    }
    // `12 March 1985`, `12th of March, 1985`
    if first.length > 2 {
        return None;
    }
    let at = skip(text, at, &[b"st", b"nd", b"rd", b"th", b"."]);
    let at = skip(text, gap(text, at)?, &[b"of ", b"de "]);
    let (year, end) = digits(text, gap(text, month(text, at)?)?)?;
    (matches!(first.value, 1..=31) && year.is_year()).then_some(end)
}

/// Where the date ends whose month stands at `start`: `March 12, 1985`.
pub(super) fn end_from_month(text: &[u8], start: usize) -> Option<usize> {
    let (day, at) = digits(text, gap(text, month(text, start)?)?)?;
    let at = skip(text, at, &[b"st", b"nd", b"rd", b"th"]);
    let (year, end) = digits(text, gap(text, at)?)?;
    (matches!(day.value, 1..=31) && day.length <= 2 && year.is_year()).then_some(end)
}

#[derive(Clone, Copy)]
struct Digits {
    value: u32,
    length: usize,
}

impl Digits {
    /// Somebody who was born then may live.
    const fn is_year(self) -> bool {
        self.length == 4 && matches!(self.value, 1880..=2100)
    }
}

fn is_day_and_month(one: Digits, other: Digits) -> bool {
    let fit = |day: Digits, month: Digits| matches!(day.value, 1..=31) && matches!(month.value, 1..=12);
    fit(one, other) || fit(other, one)
}

/// Up to four digits that are not followed by another.
fn digits(text: &[u8], start: usize) -> Option<(Digits, usize)> {
    let (mut value, mut length) = (0, 0);
    while let Some(digit @ b'0'..=b'9') = text.get(start + length) {
        value = value * 10 + u32::from(digit - b'0');
        length += 1;
        if length > 4 {
            return None;
        }
    }
    (length > 0).then_some((Digits { value, length }, start + length))
}

/// Behind a month that is written in letters, of which it may have the first three or more.
fn month(text: &[u8], start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    // Nearly every word is told from all months by its first letters.
    let letters = rest.first_chunk::<3>()?.map(|letter| letter.to_ascii_lowercase());
    let month = MONTHS.iter().find(|month| month.as_bytes().starts_with(&letters))?;
    let length = rest.iter().take(10).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let begins = month.get(..length).is_some_and(|part| part.as_bytes().eq_ignore_ascii_case(&rest[..length]));
    begins.then_some(start + length)
}

/// Behind one or two separators.
fn gap(text: &[u8], at: usize) -> Option<usize> {
    let count =
        text.get(at..)?.iter().take(3).take_while(|byte| matches!(byte, b' ' | b',' | b'-' | b'.' | b'/')).count();
    matches!(count, 1..=2).then_some(at + count)
}

fn skip(text: &[u8], at: usize, endings: &[&[u8]]) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + endings.iter().find(|ending| rest.starts_with(ending)).map_or(0, |ending| ending.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_known_in_the_usual_writings() {
        for date in
            ["1985-03-12", "12/03/1985", "3.12.85", "12 March 1985", "12th of March, 1985", "1 jan 2001", "12-Mar-1985"]
        {
            assert_eq!(end(format!("{date}, x").as_bytes(), 0), Some(date.len()), "{date}");
        }
        for date in ["March 12, 1985", "Dec 1st 1999", "september 30 1960"] {
            assert_eq!(end_from_month(format!("{date}.").as_bytes(), 0), Some(date.len()), "{date}");
        }
    }

    #[test]
    fn other_numbers_are_no_dates() {
        for text in ["1985-13-32", "12/03", "12 apples 1985", "1.2.3", "3000-01-01", "12/03/19855", "99/99/1985"] {
            assert_eq!(end(text.as_bytes(), 0), None, "{text}");
        }
        assert_eq!(end_from_month(b"Marble 12, 1985", 0), None);
    }
}
