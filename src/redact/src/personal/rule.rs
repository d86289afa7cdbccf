//! What a number of a fixed form is: its written shapes, its check, and the words that stand before it.

use crate::entity::Entity;

/// One kind of number.
pub(super) struct Rule {
    pub(super) entity: Entity,
    pub(super) shapes: &'static [Shape],
    /// Whether the symbols, without separators and with capital letters, can be such a number.
    pub(super) check: fn(&[u8]) -> bool,
    /// Words before it that make it more likely, in small letters. One of up to four letters stands alone; a longer one may go on.
    pub(super) words: &'static [&'static str],
}

/// How a number is written, and how sure it is that such a text with a right check is one, from 0 to 100.
///
/// `9` is a digit, `A` a letter, `U` a capital letter, `X` a letter or digit, a space one separator: a space, hyphen or dot, the same throughout the number.
/// Everything else stands for itself.
pub(super) type Shape = (&'static str, u8);

/// A text that was held against a shape: its symbols, and where it ends.
pub(super) struct Fitted {
    symbols: [u8; SYMBOL_COUNT_MAX],
    count: usize,
    pub(super) end: usize,
}

/// No shape has more symbols.
const SYMBOL_COUNT_MAX: usize = 24;

impl Fitted {
    pub(super) fn symbols(&self) -> &[u8] {
        &self.symbols[..self.count]
    }
}

/// Holds the text from `start` on against a shape. `None` where it does not fit or goes on as part of something longer.
pub(super) fn fit(text: &[u8], start: usize, shape: &str) -> Option<Fitted> {
    let written = text.get(start..start + shape.len())?;
    // Most words are too long or too short, and this says so soonest.
    if !stands_alone_after(text, start + shape.len()) {
        return None;
    }
    let mut fitted = Fitted { symbols: [0; SYMBOL_COUNT_MAX], count: 0, end: start + shape.len() };
    let mut separator = None;
    for (byte, wanted) in written.iter().zip(shape.bytes()) {
        let fits = match wanted {
            b'9' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_alphabetic(),
            b'U' => byte.is_ascii_uppercase(),
            b'X' => byte.is_ascii_alphanumeric(),
            b' ' => is_any_separator(*byte) && *separator.get_or_insert(*byte) == *byte,
            _ => *byte == wanted,
        };
        if !fits {
            return None;
        }
        if matches!(wanted, b'9' | b'A' | b'U' | b'X') {
            *fitted.symbols.get_mut(fitted.count)? = byte.to_ascii_uppercase();
            fitted.count += 1;
        }
    }
    if separator == Some(b' ') && is_in_row(text, start, fitted.end, shape) {
        return None;
    }
    Some(fitted)
}

/// Whether groups of digits stand in a row of more of them, each a space from the next: a table of numbers.
fn is_in_row(text: &[u8], start: usize, end: usize, shape: &str) -> bool {
    let (first, last) = (shape.find(' ').unwrap_or(0), shape.rfind(' ').map_or(0, |at| shape.len() - at - 1));
    let is_group = |around: &mut dyn Iterator<Item = &u8>, length: usize| {
        around.next() == Some(&b' ')
            && around.take_while(|byte| byte.is_ascii_digit()).take(length + 1).count() == length
    };
    is_group(&mut text.get(..start).unwrap_or_default().iter().rev(), first)
        && is_group(&mut text.get(end..).unwrap_or_default().iter(), last)
}

/// What a space of a shape stands for.
pub(super) const fn is_any_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.')
}

/// Whether what ends here does not go on: neither as a word, nor as a number behind a separator.
pub(super) fn stands_alone_after(text: &[u8], end: usize) -> bool {
    match text.get(end) {
        None => true,
        Some(b'-' | b'.' | b'/') => !text.get(end + 1).is_some_and(u8::is_ascii_digit),
        Some(byte) => !is_word(*byte),
    }
}

/// Whether what starts here does not go on from a number before it.
pub(super) fn stands_alone_before(text: &[u8], start: usize) -> bool {
    let before = |back: usize| start.checked_sub(back).and_then(|at| text.get(at));
    !(matches!(before(1), Some(b'-' | b'.' | b'/')) && before(2).is_some_and(u8::is_ascii_digit))
}

/// Letters, digits and the underscore, of which names and numbers consist.
pub(super) const fn is_word(byte: u8) -> bool {
    WORD[byte as usize]
}

/// A table costs no branch.
const WORD: [bool; 256] = {
    let mut word = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        word[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    word
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_fits_whole_numbers_with_one_kind_of_separator() {
        for written in ["123-45-6789", "123 45 6789", "123.45.6789.", "123-45-6789\"", "123-45-6789- "] {
            let fitted = fit(written.as_bytes(), 0, "999 99 9999").expect(written);
            assert_eq!(fitted.symbols(), b"123456789", "{written}");
        }
        for written in ["123-45 6789", "123-45-678", "123-45-67890", "123-45-6789-0", "123-45-6789a", "123-4x-6789"] {
            assert!(fit(written.as_bytes(), 0, "999 99 9999").is_none(), "{written}");
        }
        assert_eq!(
            fit(b"ab123456c", 0, "AA999999A").map(|fitted| fitted.symbols().to_vec()),
            Some(b"AB123456C".to_vec())
        );
    }

    #[test]
    fn groups_in_a_row_of_equal_ones_do_not_fit() {
        let fits = |text: &str| fit(text.as_bytes(), 4, "999 999 999").is_some();
        assert!(!fits("102 103 104 105 106 107"));
        for text in [
            "102 103 104 105",
            "id: 103 104 105 106",
            "10: 103 104 105, 106",
            "10, 103 104 105 1067",
            "102 103-104-105 106",
        ] {
            assert!(fits(text), "{text}");
        }
    }

    #[test]
    fn the_tail_of_a_longer_number_does_not_stand_alone() {
        assert!(!stands_alone_before(b"000-123", 4));
        assert!(stands_alone_before(b"id-123", 3));
        assert!(stands_alone_before(b"123", 0));
    }
}
