//! Telephone numbers: a cheap look at how digits are grouped, and then Google's rules for each country's numbers.

use std::sync::LazyLock;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, enums::Region};

use super::{birth, rule::stands_alone_after};

/// Words that say that a number is of a telephone.
pub(super) const WORDS: &[&str] = &[
    "phone",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "cellphone",
    "fax",
    "call",
    "calling",
    "contact",
    "whatsapp",
    "sms",
    "dial",
    "telefon",
    "handy",
    "reach",
    "answering",
    "landline",
    "hotline",
    "desk",
    "office",
    "telefono",
    "teléfono",
    "móvil",
    "telefone",
    "celular",
    "téléphone",
    "telefoon",
    "电话",
    "電話",
];

/// The longest number with its country has 15 digits (ITU-T E.164, section 6); two more may lead out of a country.
const DIGIT_COUNT_MAX: usize = 17;
pub(super) const DIGIT_COUNT_MIN: usize = 7;

/// Digits alone with their country are rarely more, while the time in milliseconds since 1970 has thirteen.
pub(super) const BARE_COUNT_MAX: usize = 12;

/// More groups are a row of numbers.
const GROUP_COUNT_MAX: usize = 7;

/// How sure digits alone are where such a number is given to somebody.
pub(super) const BARE_SCORE: u8 = 25;

/// Which numbers are known without their country.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phones {
    region: Option<Region>,
    /// Whether the region has the numbering plan of North America, in which groups have fixed lengths.
    is_north_american: bool,
}

/// Reads a number of a region, so that the library compiles its patterns of all numbers, and of those of the region: no answer shall
/// wait for that. What is left for the first number of another country is a part of a millisecond.
fn prepare(region: Region) {
    if let Ok(example) = PHONE_NUMBER_UTIL.get_example_number(region) {
        let written = example.get_national_significant_number();
        drop(PHONE_NUMBER_UTIL.parse(&written, Some(region)).map(|number| number.is_valid()));
    }
}

/// A number, and how sure it is one by its form alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Phone {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) score: u8,
}

impl Phones {
    /// Takes a region by its two letters; the error is what is none.
    pub(super) fn new(region: Option<&str>) -> Result<Self, String> {
        LazyLock::force(&PHONE_NUMBER_UTIL);
        let Some(name) = region else {
            prepare(Region::US);
            return Ok(Self { region: None, is_north_american: false });
        };
        let region = name.parse::<Region>().map_err(|_| name.to_owned())?;
        let code = PHONE_NUMBER_UTIL.get_country_code_for_region(region).ok_or(name.to_owned())?;
        prepare(region);
        Ok(Self { region: Some(region), is_north_american: code == 1 })
    }

    /// Whether groups of these lengths may be the first two of a number; of most rows of numbers they are not.
    pub(super) fn may_begin(self, text: &[u8], start: usize, first: usize, second: usize) -> bool {
        let is_marked = matches!(start.checked_sub(1).and_then(|before| text.get(before)), Some(b'+' | b'('));
        let is_usual = matches!((first, second), (1, 3) | (2..=5, 3..=8) | (6, 4));
        is_marked || is_usual || text[start..].starts_with(b"0") || !self.is_north_american && second > 1 && first < 4
    }

    /// Whether a number that begins with the digit at `start` may be sure enough without a word that says what it is.
    pub(super) fn proves_itself(self, text: &[u8], start: usize, score: u8) -> bool {
        let has_plus = matches!(text.get(..start), Some([.., b'+'] | [.., b'+', b'(']));
        let surest = match self.region {
            _ if has_plus => Form::International,
            Some(_) => Form::Grouped,
            None => Form::Spelled,
        };
        surest.scores().0 >= score
    }

    /// The number that begins with the digit at `start`. `wanted` says from which score on a form is worth the question whether
    /// such a number is given.
    pub(super) fn look(self, text: &[u8], start: usize, wanted: impl FnMut(u8) -> bool) -> Option<Phone> {
        let grouped = Grouped::read(text, start)?;
        self.given(text, &grouped, wanted)
    }

    /// The longest part of the groups that is a number which somebody may have.
    fn given(self, text: &[u8], grouped: &Grouped, mut wanted: impl FnMut(u8) -> bool) -> Option<Phone> {
        for count in (1..=grouped.count).rev() {
            let Some(form) = grouped.form(count) else { continue };
            let end = grouped.ends[count - 1];
            let (known, unknown) = form.scores();
            if !stands_alone_after(text, end) && text.get(end) != Some(&b'x') {
                continue;
            }
            if grouped.are_years(text, count) || grouped.is_decimal(text, count) {
                continue;
            }
            let fits = match form {
                Form::International | Form::Spelled => true,
                Form::Grouped | Form::Bare => !self.is_north_american || grouped.is_of_north_america(count),
            };
            let written = std::str::from_utf8(text.get(grouped.first..end)?).ok()?;
            let is_given = fits && wanted(known) && self.read(written, form).is_some_and(|number| number.is_valid());
            let score = if is_given { known } else { unknown };
            if score > 0 && wanted(score) {
                return Some(Phone { start: grouped.start, end: extension_end(text, end), score });
            }
        }
        None
    }

    fn read(self, written: &str, form: Form) -> Option<PhoneNumber> {
        match form {
            Form::International => PHONE_NUMBER_UTIL.parse(written, None).ok(),
            Form::Spelled => PHONE_NUMBER_UTIL.parse(format!("+{}", written.trim_start_matches('0')), None).ok(),
            Form::Grouped | Form::Bare => PHONE_NUMBER_UTIL.parse(written, Some(self.region?)).ok(),
        }
    }
}

/// How a number is written.
#[derive(Clone, Copy)]
enum Form {
    /// With a plus.
    International,
    /// With two zeros for it, or with a country and nothing before.
    Spelled,
    /// In groups.
    Grouped,
    /// As digits alone.
    Bare,
}

impl Form {
    /// How sure it is where such numbers are given to somebody, and where nobody knows.
    const fn scores(self) -> (u8, u8) {
        match self {
            Self::International => (80, 45),
            Self::Spelled => (45, 0),
            Self::Grouped => (60, 20),
            Self::Bare => (BARE_SCORE, 0),
        }
    }
}

/// Digits in groups, as they stand in the text.
struct Grouped {
    /// With a parenthesis before it.
    start: usize,
    /// The plus, or the first digit.
    first: usize,
    has_plus: bool,
    begins_00: bool,
    lengths: [usize; GROUP_COUNT_MAX],
    ends: [usize; GROUP_COUNT_MAX],
    count: usize,
}

impl Grouped {
    fn read(text: &[u8], start: usize) -> Option<Self> {
        let before = |back: usize| start.checked_sub(back).and_then(|at| text.get(at));
        let (lead, has_plus) = match (before(2), before(1)) {
            (Some(b'('), Some(b'+')) | (Some(b'+'), Some(b'(')) => (2, true),
            (_, Some(b'+')) => (1, true),
            (_, Some(b'(')) => (1, false),
            (Some(b'0'..=b'9'), Some(b' ' | b'-' | b'.' | b'/' | b',')) => return None,
            _ => (0, false),
        };
        if birth::end(text, start).is_some_and(|end| stands_alone_after(text, end)) {
            return None;
        }
        let mut grouped = Self {
            start: start - lead,
            first: if has_plus { start - lead } else { start },
            has_plus,
            begins_00: text.get(start..)?.starts_with(b"00"),
            lengths: [0; GROUP_COUNT_MAX],
            ends: [0; GROUP_COUNT_MAX],
            count: 0,
        };
        let (mut at, mut total) = (start, 0);
        while grouped.count < GROUP_COUNT_MAX {
            let rest = text.get(at..).unwrap_or_default();
            let length = rest.iter().take(DIGIT_COUNT_MAX + 1).take_while(|byte| byte.is_ascii_digit()).count();
            total += length;
            if length == 0 || total > DIGIT_COUNT_MAX {
                break;
            }
            at += length;
            grouped.lengths[grouped.count] = length;
            grouped.ends[grouped.count] = at;
            grouped.count += 1;
            at += match text.get(at..).unwrap_or_default() {
                [b')', b' ' | b'-' | b'.', ..] | [b' ' | b'-', b'(', ..] | [b' ', b'-' | b'/', ..] => 2,
                [b' ' | b'-' | b'.' | b'/' | b')' | b'(', ..] => 1,
                _ => break,
            };
        }
        (grouped.count > 0).then_some(grouped)
    }

    /// How the first groups are written, if they have digits enough.
    fn form(&self, count: usize) -> Option<Form> {
        let total: usize = self.lengths[..count].iter().sum();
        let is_grouped = count > 1 && self.lengths[1..count].iter().all(|length| matches!(length, 2..=8));
        match total {
            8..=15 if self.has_plus => Some(Form::International),
            10.. if self.begins_00 => Some(Form::Spelled),
            DIGIT_COUNT_MIN..=15 if is_grouped => Some(Form::Grouped),
            DIGIT_COUNT_MIN..=11 if count == 1 => Some(Form::Bare),
            12..=BARE_COUNT_MAX if count == 1 => Some(Form::Spelled),
            _ => None,
        }
    }

    /// From one year to another, as copyrights have them.
    fn are_years(&self, text: &[u8], count: usize) -> bool {
        let is_year = |end: &usize| {
            text.get(end.saturating_sub(4)..*end)
                .is_some_and(|year| matches!(year, [b'1', b'9', ..] | [b'2', b'0', ..]))
        };
        matches!(self.lengths[..count], [4, 4]) && self.ends[..count].iter().all(is_year)
    }

    /// A number with a fraction, as coordinates are.
    fn is_decimal(&self, text: &[u8], count: usize) -> bool {
        count == 2 && self.lengths[1] > 4 && text.get(self.ends[0]) == Some(&b'.')
    }

    /// In North America groups are of three, three and four digits, perhaps behind a 1.
    fn is_of_north_america(&self, count: usize) -> bool {
        matches!(self.lengths[..count], [3, 3, 4] | [1, 3, 3, 4] | [10 | 11] | [3, 7] | [6, 4])
    }
}

/// Behind an extension, as in `x123`.
fn extension_end(text: &[u8], end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    let lead = [b" ext. ".as_slice(), b" ext ", b" x", b"x"]
        .into_iter()
        .find(|lead| rest.starts_with(lead))
        .map_or(0, <[u8]>::len);
    let length = rest.get(lead..).unwrap_or_default().iter().take(7).take_while(|byte| byte.is_ascii_digit()).count();
    if lead > 0 && matches!(length, 1..=6) { end + lead + length } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, region: &str) -> Option<(String, u8)> {
        let digit = text.bytes().position(|byte| byte.is_ascii_digit()).unwrap();
        let phone = Phones::new(Some(region)).unwrap().look(text.as_bytes(), digit, |score| score >= 25)?;
        Some((text[phone.start..phone.end].to_owned(), phone.score))
    }

    #[test]
    fn numbers_are_found_as_they_are_written_in_their_region_and_abroad() {
        for (text, region, number, score) in [
            ("call +1 415-555-2671.", "DE", "+1 415-555-2671", 80),
            ("(212) 736-5000, please", "US", "(212) 736-5000", 60),
            ("212.736.5000x123", "US", "212.736.5000x123", 60),
            ("2127365000", "US", "2127365000", 25),
            ("+44 (20) 7946 0018", "US", "+44 (20) 7946 0018", 80),
            ("030 901820", "DE", "030 901820", 60),
            ("01 42 68 53 00", "FR", "01 42 68 53 00", 60),
            ("0049 30 901820", "US", "0049 30 901820", 45),
        ] {
            assert_eq!(found(text, region), Some((number.to_owned(), score)), "{text}");
        }
    }

    #[test]
    fn dates_rows_of_numbers_and_amounts_are_none() {
        for text in
            ["2024-01-15 10", "1 2 3 4 5 6 7 8 9", "100 200 300", "1.234.567,00", "+1 23", "1234567890123456789"]
        {
            assert_eq!(found(text, "US"), None, "{text}");
        }
        assert_eq!(Phones::new(Some("XX")).unwrap_err(), "XX");
    }
}
