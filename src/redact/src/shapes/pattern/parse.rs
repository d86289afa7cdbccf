//! Reads the language of patterns.

use super::item::Item;
use super::{BYTES_BEFORE_MAX, BYTES_MAX};
use crate::shapes::classes::class;

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// Something that is no item.
    #[error("at byte {0} stands neither a literal in single quotes, nor a class, nor a parenthesis")]
    Unknown(usize),
    /// A quote, bracket or brace is not closed.
    #[error("what is opened at byte {0} is not closed")]
    Unclosed(usize),
    /// No such class.
    #[error("the class at byte {0} is none of those in docs/detection.md")]
    UnknownClass(usize),
    /// The count is no count.
    #[error("the count at byte {0} is none of {{5}}, {{5..9}}, {{5..}}")]
    Count(usize),
    /// There would be two ways to read a text.
    #[error(
        "what follows item {0} may also be a part of it: give that item one length, or let it be followed by another byte"
    )]
    Ambiguous(usize),
    /// Where the secret part begins may be out of sight when it comes.
    #[error("at most {BYTES_BEFORE_MAX} bytes may stand before the parentheses")]
    TooFar,
    /// It cannot be decided in bounds.
    #[error(
        "a text must be read to more than {BYTES_MAX} bytes to be decided; only the last item may go on without an end"
    )]
    TooLong,
    /// Parentheses that are nested, empty or several.
    #[error("one pair of parentheses at most, around one item at least")]
    Parentheses,
}

pub(super) struct Parser<'text> {
    text: &'text [u8],
    at: usize,
}

pub(super) type Items = (Vec<Item>, Option<(usize, usize)>);

impl<'text> Parser<'text> {
    pub(super) const fn of(text: &'text str) -> Self {
        Self { text: text.as_bytes(), at: 0 }
    }

    pub(super) fn items(mut self) -> Result<Items, PatternError> {
        let (mut items, mut opened, mut secret) = (Vec::new(), None, None);
        while let Some(byte) = self.text.get(self.at).copied() {
            match byte {
                b' ' => self.at += 1,
                b'(' if opened.is_none() && secret.is_none() => {
                    opened = Some(items.len());
                    self.at += 1;
                }
                b')' => {
                    let opened = opened.take().filter(|opened| *opened < items.len());
                    secret = Some((opened.ok_or(PatternError::Parentheses)?, items.len()));
                    self.at += 1;
                }
                b'(' => return Err(PatternError::Parentheses),
                _ if self.takes(b"uuid") => items.extend(uuid()),
                _ => items.push(self.item(byte)?),
            }
        }
        if opened.is_some() { Err(PatternError::Parentheses) } else { Ok((items, secret)) }
    }

    fn item(&mut self, byte: u8) -> Result<Item, PatternError> {
        let start = self.at;
        match byte {
            b'\'' => Ok(Item::Text { bytes: self.until(b'\'')?, in_any_case: false }),
            b'~' => {
                self.at += 1;
                Ok(Item::Text { bytes: self.until(b'\'')?, in_any_case: true })
            }
            b'[' => {
                let set = self.until(b']')?.iter().fold(0, |set, byte| set | 1 << (byte & 127));
                let (min, max) = self.count()?;
                Ok(Item::Run { set, min, max })
            }
            b'a'..=b'z' | b'A'..=b'Z' => {
                let rest = self.text.get(start..).unwrap_or_default();
                let name = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                self.at += name;
                let name = rest.get(..name).and_then(|name| str::from_utf8(name).ok()).unwrap_or_default();
                let (min, max) = self.count()?;
                if name == "pem" {
                    return Ok(Item::Pem { min });
                }
                Ok(Item::Run { set: class(name).ok_or(PatternError::UnknownClass(start))?, min, max })
            }
            _ => Err(PatternError::Unknown(start)),
        }
    }

    fn takes(&mut self, word: &[u8]) -> bool {
        let takes = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        self.at += if takes { word.len() } else { 0 };
        takes
    }

    /// What stands between the byte at this place and the next `close`.
    fn until(&mut self, close: u8) -> Result<Vec<u8>, PatternError> {
        let inside = self.text.get(self.at + 1..).unwrap_or_default();
        let length = inside.iter().position(|byte| *byte == close);
        let inside = length.and_then(|length| inside.get(..length)).filter(|inside| inside.is_ascii());
        let inside = inside.ok_or(PatternError::Unclosed(self.at))?.to_vec();
        if inside.is_empty() {
            return Err(PatternError::Unknown(self.at));
        }
        self.at += inside.len() + 2;
        Ok(inside)
    }

    /// `{5}`, `{5..9}`, `{5..}`, or nothing for one.
    fn count(&mut self) -> Result<(usize, Option<usize>), PatternError> {
        if self.text.get(self.at) != Some(&b'{') {
            return Ok((1, Some(1)));
        }
        let start = self.at;
        let count = self.until(b'}')?;
        let wrong = || PatternError::Count(start);
        let count = str::from_utf8(&count).map_err(|_| wrong())?;
        let number = |text: &str| text.parse::<usize>().map_err(|_| wrong());
        let (min, max) = match count.split_once("..") {
            None => (number(count)?, Some(number(count)?)),
            Some((min, "")) => (number(min)?, None),
            Some((min, max)) => (number(min)?, Some(number(max)?)),
        };
        if max == Some(0) || max.is_some_and(|max| max < min) { Err(wrong()) } else { Ok((min, max)) }
    }
}

/// RFC 9562 section 4.
fn uuid() -> impl Iterator<Item = Item> {
    let part = |count| Item::Run { set: class("hex").unwrap_or_default(), min: count, max: Some(count) };
    let dash = || Item::Text { bytes: b"-".to_vec(), in_any_case: false };
    [part(8), dash(), part(4), dash(), part(4), dash(), part(4), dash(), part(12)].into_iter()
}
