//! One text of a body, as its reader has it, and where each part of it stands in the body.

/// A text without escapes and in UTF-8.
#[derive(Debug)]
pub(super) struct Text {
    shown: String,
    /// Where it begins in the body.
    start: usize,
    /// Where a byte of the text is not as far from the start as it is in the body: after an escape, or after what is no UTF-8.
    shifts: Vec<Shift>,
}

/// From this byte of the text on, the body runs along from that one.
#[derive(Debug, Clone, Copy)]
struct Shift {
    shown: usize,
    place: usize,
}

/// The texts of `part`, which stands at `start` of a body.
pub(super) fn of(part: &[u8], start: usize) -> Vec<Text> {
    let mut texts = strings(part, start).unwrap_or_else(|| {
        let mut text = Text::at(start);
        text.add(part, start);
        vec![text]
    });
    texts.retain(|text| text.shown.chars().any(char::is_alphanumeric));
    texts
}

impl Text {
    const fn at(start: usize) -> Self {
        Self { shown: String::new(), start, shifts: Vec::new() }
    }

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Where a character of the text, or its end, stands in the body.
    pub(super) fn place(&self, at: usize) -> usize {
        let before = self.shifts.partition_point(|shift| shift.shown <= at);
        let shift = before.checked_sub(1).and_then(|last| self.shifts.get(last));
        shift.map_or(self.start + at, |shift| shift.place + (at - shift.shown))
    }

    /// Adds bytes that stand in the body as they are read. What is no UTF-8 is read as U+FFFD.
    fn add(&mut self, bytes: &[u8], mut place: usize) {
        for chunk in bytes.utf8_chunks() {
            self.shown.push_str(chunk.valid());
            place += chunk.valid().len();
            if !chunk.invalid().is_empty() {
                place += chunk.invalid().len();
                self.replace(char::REPLACEMENT_CHARACTER, place);
            }
        }
    }

    /// Adds a character for which something else stands in the body, up to `end`.
    fn replace(&mut self, character: char, end: usize) {
        self.shown.push(character);
        self.shifts.push(Shift { shown: self.shown.len(), place: end });
    }
}

/// The strings of JSON (RFC 8259) that are values; `None` for what is not made of its tokens.
fn strings(json: &[u8], start: usize) -> Option<Vec<Text>> {
    let (mut texts, mut at) = (Vec::new(), 0);
    while let Some(byte) = json.get(at) {
        let rest = json.get(at..).unwrap_or_default();
        match byte {
            b'"' => {
                let (text, end) = string(json, at + 1, start)?;
                let after = json.get(end..).unwrap_or_default().trim_ascii_start();
                if after.first() != Some(&b':') {
                    texts.push(text);
                }
                at = end;
            }
            b'{' | b'}' | b'[' | b']' | b':' | b',' | b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            b'-' | b'0'..=b'9' => {
                at += rest.iter().take_while(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte)).count();
            }
            _ => {
                let literal = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word.as_bytes()))?;
                at += literal.len();
            }
        }
    }
    Some(texts)
}

/// The string whose first byte is at `at`, and the place after its closing quote.
fn string(json: &[u8], mut at: usize, start: usize) -> Option<(Text, usize)> {
    let mut text = Text::at(start + at);
    loop {
        let rest = json.get(at..)?;
        let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        text.add(rest.get(..plain)?, start + at);
        at += plain;
        if json.get(at) == Some(&b'"') {
            return Some((text, at + 1));
        }
        let (character, length) = escaped(json.get(at..)?)?;
        at += length;
        text.replace(character, start + at);
    }
}

/// The character of the escape that `text` begins with, and the length of the escape (RFC 8259, section 7). A half of a surrogate
/// pair is read as U+FFFD.
fn escaped(text: &[u8]) -> Option<(char, usize)> {
    let character = match text.get(1)? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        quoted @ (b'"' | b'\\' | b'/') => char::from(*quoted),
        b'u' => {
            let first = unit(text)?;
            let second = text.get(6..).and_then(unit);
            let pair = second.map(|second| char::decode_utf16([first, second]).next());
            return match (char::from_u32(u32::from(first)), pair) {
                (Some(character), _) => Some((character, 6)),
                (None, Some(Some(Ok(character)))) => Some((character, 12)),
                (None, _) => Some((char::REPLACEMENT_CHARACTER, 6)),
            };
        }
        _ => return None,
    };
    Some((character, 2))
}

/// The number of `\uXXXX`.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
