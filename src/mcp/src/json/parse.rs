//! Bytes to a tree: depth-limited descent, one pass after the check for UTF-8.

use std::str;

use super::{
    Json, Limits, Number, Object, number,
    scan::{is_whitespace, plain_prefix},
};

/// Why a text is not strict JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason}, at byte {offset}")]
pub struct Malformed {
    reason: Reason,
    offset: usize,
}

impl Malformed {
    /// What is wrong.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Where, in bytes from the start.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }
}

/// Each way not to be strict JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// More bytes than [`Limits`] allow.
    #[error("the text is too long")]
    TooLong,
    /// Not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// Begins with a byte order mark.
    #[error("the text begins with a byte order mark")]
    ByteOrderMark,
    /// Ends inside a value.
    #[error("the text ends too early")]
    UnexpectedEnd,
    /// A byte that cannot stand there: comments, `NaN`, single quotes and trailing commas end here.
    #[error("unexpected byte")]
    UnexpectedByte,
    /// Something after the value.
    #[error("bytes follow the value")]
    TrailingBytes,
    /// The same key twice in one object.
    #[error("a key stands twice in one object")]
    DuplicateKey,
    /// Too many levels.
    #[error("the nesting is too deep")]
    TooDeep,
    /// Too many keys in one object.
    #[error("an object has too many keys")]
    TooManyKeys,
    /// A key that is too long.
    #[error("a key is too long")]
    KeyTooLong,
    /// Too many values in all.
    #[error("there are too many values")]
    TooManyValues,
    /// A number with too many characters, or that a double turns into zero or infinity.
    #[error("a number is too long, too large or too small")]
    NumberRange,
    /// An unescaped control character in a string.
    #[error("a string holds a control character")]
    ControlCharacter,
    /// A backslash with something that is no escape.
    #[error("a string holds an invalid escape")]
    InvalidEscape,
    /// Half of a surrogate pair.
    #[error("a string holds half of a surrogate pair")]
    LoneSurrogate,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads exactly one value.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Json, Malformed> {
    if bytes.len() > limits.bytes_max {
        return Err(Malformed { reason: Reason::TooLong, offset: limits.bytes_max });
    }
    if bytes.starts_with(BYTE_ORDER_MARK) {
        return Err(Malformed { reason: Reason::ByteOrderMark, offset: 0 });
    }
    let text =
        str::from_utf8(bytes).map_err(|error| Malformed { reason: Reason::NotUtf8, offset: error.valid_up_to() })?;
    let mut parser = Parser { text, at: 0, depth: 0, values: 0, limits };
    let parsed = parser.value().and_then(|value| {
        parser.skip_whitespace();
        if parser.at == text.len() { Ok(value) } else { Err(Reason::TrailingBytes) }
    });
    parsed.map_err(|reason| Malformed { reason, offset: parser.at })
}

/// The text of a JSON string given with its quotes; `None` where it is not one.
pub(crate) fn unescape(quoted: &[u8]) -> Option<String> {
    let text = str::from_utf8(quoted).ok()?;
    let mut parser = Parser { text, at: 0, depth: 0, values: 0, limits: &Limits::MESSAGE };
    let string = parser.string().ok()?;
    (parser.at == text.len()).then_some(string)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u8,
    values: usize,
    limits: &'a Limits,
}

impl<'a> Parser<'a> {
    fn value(&mut self) -> Result<Json, Reason> {
        self.values += 1;
        if self.values > self.limits.values_max {
            return Err(Reason::TooManyValues);
        }
        self.skip_whitespace();
        match self.peek().ok_or(Reason::UnexpectedEnd)? {
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::array),
            b'"' => self.string().map(Json::String),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            _ => Err(Reason::UnexpectedByte),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json, Reason>) -> Result<Json, Reason> {
        if self.depth >= self.limits.depth_max {
            return Err(Reason::TooDeep);
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Json, Reason> {
        let mut members = Vec::new();
        self.skip_whitespace();
        if self.take(b'}') {
            return Ok(Json::Object(Object::new()));
        }
        loop {
            if members.len() == self.limits.keys_max {
                return Err(Reason::TooManyKeys);
            }
            self.skip_whitespace();
            let start = self.at;
            let key = self.string()?;
            if key.len() > self.limits.key_length_max {
                self.at = start;
                return Err(Reason::KeyTooLong);
            }
            self.skip_whitespace();
            self.expect(b':')?;
            members.push((key, self.value()?));
            self.skip_whitespace();
            if self.take(b'}') {
                return Object::from_members(members).map(Json::Object).ok_or(Reason::DuplicateKey);
            }
            self.expect(b',')?;
        }
    }

    fn array(&mut self) -> Result<Json, Reason> {
        let mut elements = Vec::new();
        self.skip_whitespace();
        if self.take(b']') {
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.value()?);
            self.skip_whitespace();
            if self.take(b']') {
                return Ok(Json::Array(elements));
            }
            self.expect(b',')?;
        }
    }

    fn string(&mut self) -> Result<String, Reason> {
        self.expect(b'"')?;
        let first = self.plain_run()?;
        if self.take(b'"') {
            return Ok(first.to_owned());
        }
        let mut out = first.to_owned();
        loop {
            match self.peek().ok_or(Reason::UnexpectedEnd)? {
                b'"' => {
                    self.at += 1;
                    return Ok(out);
                }
                b'\\' => out.push(self.escape()?),
                _ => return Err(Reason::ControlCharacter),
            }
            out.push_str(self.plain_run()?);
        }
    }

    /// The bytes up to the next quote, backslash or control character; each of those is ASCII, so the cut is between characters.
    fn plain_run(&mut self) -> Result<&'a str, Reason> {
        let start = self.at;
        self.at += plain_prefix(self.rest());
        self.text.get(start..self.at).ok_or(Reason::NotUtf8)
    }

    fn escape(&mut self) -> Result<char, Reason> {
        self.expect(b'\\')?;
        let escaped = match self.peek().ok_or(Reason::UnexpectedEnd)? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(Reason::InvalidEscape),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn unicode_escape(&mut self) -> Result<char, Reason> {
        let first = self.code_unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or(Reason::LoneSurrogate);
        }
        if !self.take(b'\\') || self.peek() != Some(b'u') {
            return Err(Reason::LoneSurrogate);
        }
        let second = self.code_unit()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(Reason::LoneSurrogate);
        }
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or(Reason::LoneSurrogate)
    }

    /// The four hexadecimal digits after a `u`.
    fn code_unit(&mut self) -> Result<u32, Reason> {
        let digits = self.text.as_bytes().get(self.at + 1..self.at + 5).ok_or(Reason::UnexpectedEnd)?;
        let unit = digits.iter().try_fold(0, |unit, &digit| Some(unit << 4 | char::from(digit).to_digit(16)?));
        self.at += 5;
        unit.ok_or(Reason::InvalidEscape)
    }

    fn number(&mut self) -> Result<Json, Reason> {
        let end = number::end(self.rest()).ok_or(Reason::UnexpectedByte)?;
        if end > self.limits.number_length_max {
            return Err(Reason::NumberRange);
        }
        let text = self.text.get(self.at..self.at + end).ok_or(Reason::NotUtf8)?;
        let number = Number::from_grammatical(text).ok_or(Reason::NumberRange)?;
        self.at += end;
        Ok(Json::Number(number))
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Reason> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(Reason::UnexpectedByte);
        }
        self.at += word.len();
        Ok(value)
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8) -> Result<(), Reason> {
        match self.peek() {
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Reason::UnexpectedByte),
            None => Err(Reason::UnexpectedEnd),
        }
    }

    fn skip_whitespace(&mut self) {
        while self.peek().is_some_and(is_whitespace) {
            self.at += 1;
        }
    }
}
