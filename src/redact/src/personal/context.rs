//! The words before a find, which say what a number is.

/// The words that stand before a position, in small letters, each with a space before it.
pub(super) struct Context {
    words: [u8; LENGTH_MAX],
    length: usize,
}

/// How far back the words are read, in bytes; a little more than Presidio's five words of a usual length.
pub(super) const REACH: usize = 96;

/// Each byte may bring a space with it.
const LENGTH_MAX: usize = REACH * 2 + 1;

impl Context {
    /// Reads up to `count_max` words before `start`. Keys such as `taxId` and `tax_id` are read as their words.
    pub(super) fn before(text: &[u8], start: usize, count_max: usize) -> Self {
        let first = first_word(text, start, count_max);
        let mut context = Self { words: [0; LENGTH_MAX], length: 0 };
        let mut before = Kind::Gap;
        let mut bytes = text.get(first..start).unwrap_or_default().iter().copied();
        while let Some(byte) = bytes.next() {
            let kind = Kind::of(byte);
            if byte == b'\\' {
                // The letter of an escape such as `\n` is no part of the word that follows it.
                bytes.next();
            }
            if kind == Kind::Gap {
                before = Kind::Gap;
                continue;
            }
            if before == Kind::Gap || (kind == Kind::Capital && before == Kind::Small) {
                context.push(b' ');
            }
            context.push(byte.to_ascii_lowercase());
            before = kind;
        }
        context
    }

    /// The words.
    pub(super) fn words(&self) -> &[u8] {
        &self.words[..self.length]
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.words.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }
}

/// Where the words begin that are read.
fn first_word(text: &[u8], start: usize, count_max: usize) -> usize {
    let mut first = start;
    let mut count = 0;
    let mut is_inside = false;
    let furthest = start.saturating_sub(REACH);
    while first > furthest {
        let is_word = Kind::of(text[first - 1]) != Kind::Gap;
        if is_inside && !is_word {
            count += 1;
            if count == count_max {
                break;
            }
        }
        is_inside = is_word;
        first -= 1;
    }
    first
}

/// What a byte is in a text of words.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Gap,
    Small,
    Capital,
}

impl Kind {
    pub(super) const fn of(byte: u8) -> Self {
        KINDS[byte as usize]
    }
}

/// The kind of each byte, so that none costs a branch.
const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Gap; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'A'..=b'Z' => Kind::Capital,
            b'a'..=b'z' | b'0'..=b'9' | b'#' | b'\'' | 0x80.. => Kind::Small,
            _ => Kind::Gap,
        };
        byte += 1;
    }
    kinds
};

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        String::from_utf8(Context::before(text.as_bytes(), text.len(), 5).words().to_vec()).unwrap()
    }

    #[test]
    fn keys_are_read_as_their_words() {
        for text in ["{\"socialSecurityNumber\":\"", "social_security_number = ", "\\nSocial-Security (number): "] {
            assert_eq!(words(text), " social security number", "{text}");
        }
        assert_eq!(words("his SSN#1: "), " his ssn#1");
    }

    #[test]
    fn only_so_many_words_within_reach_are_read() {
        assert_eq!(words("ssn is one two three four "), " is one two three four");
        assert_eq!(words(&format!("ssn{}", " ".repeat(200))), "");
    }
}
