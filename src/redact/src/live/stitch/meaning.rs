//! What a value means, and where in it each byte of that stands.

/// A value with the escapes of JSON undone.
#[derive(Debug)]
pub(super) struct Meaning {
    pub(super) text: Vec<u8>,
    /// For each byte, from where to where it is written; empty where each is its own.
    from: Vec<(usize, usize)>,
}

impl Meaning {
    /// Of a text that escapes nothing.
    pub(super) fn of_text(text: &[u8]) -> Self {
        Self { text: text.to_vec(), from: Vec::new() }
    }

    /// Of the inside of a string, which may be cut at its end (RFC 8259 section 7).
    pub(super) fn of_string(string: &[u8]) -> Self {
        if !string.contains(&b'\\') {
            return Self::of_text(string);
        }
        let mut meaning = Self { text: Vec::new(), from: Vec::new() };
        let mut at = 0;
        while let Some(rest) = string.get(at..).filter(|rest| !rest.is_empty()) {
            let (length, character) = character(rest);
            for byte in character.encode_utf8(&mut [0; 4]).bytes().filter(|_| length > 1) {
                meaning.push(byte, (at, at + length));
            }
            if length == 1 {
                rest.first().into_iter().for_each(|byte| meaning.push(*byte, (at, at + 1)));
            }
            at += length;
        }
        meaning
    }

    fn push(&mut self, byte: u8, from: (usize, usize)) {
        self.text.push(byte);
        self.from.push(from);
    }

    /// From where to where a byte is written.
    pub(super) fn origin(&self, at: usize) -> (usize, usize) {
        self.from.get(at).copied().unwrap_or((at, at + 1))
    }
}

/// The length of an escape that a string starts with and what it stands for, or a length of 1 for a byte that stands for itself.
fn character(string: &[u8]) -> (usize, char) {
    let short = |character| (2, character);
    match string {
        [b'\\', b'n', ..] => short('\n'),
        [b'\\', b'r', ..] => short('\r'),
        [b'\\', b't', ..] => short('\t'),
        [b'\\', b'b', ..] => short('\x08'),
        [b'\\', b'f', ..] => short('\x0c'),
        [b'\\', mark @ (b'"' | b'\\' | b'/'), ..] => short(char::from(*mark)),
        [b'\\', b'u', digits @ ..] => {
            let number = digits.get(..4).and_then(|digits| str::from_utf8(digits).ok());
            let number = number.and_then(|digits| u32::from_str_radix(digits, 16).ok());
            // Half of a pair stands for a character that no secret has.
            number.map_or((1, '\\'), |number| (6, char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)))
        }
        _ => (1, '\\'),
    }
}

#[cfg(test)]
mod tests {
    use super::Meaning;

    #[test]
    fn a_string_is_read_as_json_reads_it_and_each_byte_is_known_where_it_stands() {
        for text in ["", "plain", "a\"b\\c/d\n", "\u{0}\u{1}Z\u{e9}\u{20ac}"] {
            let written = serde_json::to_string(text).unwrap();
            let inside = &written[1..written.len() - 1];
            let meaning = Meaning::of_string(inside.as_bytes());
            assert_eq!(meaning.text, text.as_bytes(), "{inside}");
            let ends = (0..text.len()).map(|at| meaning.origin(at).1).collect::<Vec<_>>();
            assert!(ends.is_sorted() && ends.last().is_none_or(|end| *end == inside.len()), "{ends:?}");
        }
        assert_eq!(Meaning::of_string(b"\\u004").text, b"\\u004");
        assert_eq!(Meaning::of_string(b"\\/\\u0041").origin(1), (2, 8));
    }
}
