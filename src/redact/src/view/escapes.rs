//! The view in which escapes are undone: JSON and source code, percent-encoding, HTML, quoted-printable, full-width forms, and
//! characters that are not seen.
//!
//! All kinds are undone at once, one layer at a time; the next layer is a view of this view. The escapes of JSON that stand for one
//! character of punctuation are not entered for their own sake, for they are everywhere: secrets are known in that form.

use secret::FingerprintSet;

use super::names::named;
use super::{Text, View};
use crate::live::{GRAM, holds_gram};

/// What a window may need of the text on each side of an escape.
const CONTEXT: usize = FingerprintSet::WINDOW_MAX;
/// The longest number inside an escape, with zeros before it.
const DIGITS_MAX: usize = 8;
/// The longest beginning of an encoded word: a charset and its language.
const CHARSET_LENGTH_MAX: usize = 40;

/// What an escape stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Escape {
    length: usize,
    /// `None` for nothing at all.
    character: Option<Character>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Character {
    Byte(u8),
    Unicode(u32),
}

/// Takes the signs of a text in order, and calls `look` with a view of each stretch in which escapes stand where a secret may be.
#[derive(Debug, Default)]
pub(super) struct Escapes {
    view: View,
    /// The stretch from the first to after the last escape that is worth undoing, not yet looked at.
    stretch: Option<(usize, usize)>,
    /// The last escape, and whether it is in a stretch.
    before: Option<(usize, usize)>,
    before_counts: bool,
    /// Up to where escapes are known.
    at: usize,
}

impl Escapes {
    pub(super) fn take(&mut self, set: &FingerprintSet, text: Text<'_>, next: usize, look: &mut dyn FnMut(&View)) {
        if next < self.at {
            return;
        }
        let Some(escape) = entered(text.bytes, next) else { return };
        // Of an escape that was escaped again the last layer is the sign.
        let outer = text.bytes.get(self.at..next).unwrap_or_default();
        let outer = outer.iter().rev().take_while(|byte| **byte == b'\\').count();
        let (start, end) = (next - outer, next + escape.length);
        self.at = end;
        // A window of a long secret around an escape that stands alone holds eight bytes before or after it as they are.
        let gap = start - self.before.map_or(0, |(_, end)| end);
        let is_near = gap < GRAM || set.stride() < GRAM;
        let is_live_before = is_near || holds_gram(set, text.bytes, start.checked_sub(GRAM));
        if let Some(before) = self.before
            && !self.before_counts
            && (is_near || holds_gram(set, text.bytes, Some(before.1)))
        {
            self.add(before, text, look);
        }
        self.before_counts = is_live_before;
        if is_live_before {
            self.add((start, end), text, look);
        }
        self.before = Some((start, end));
    }

    pub(super) fn end(&mut self, set: &FingerprintSet, text: Text<'_>, look: &mut dyn FnMut(&View)) {
        if let Some(before) = self.before
            && !self.before_counts
            && (text.bytes.len() - before.1 < GRAM || holds_gram(set, text.bytes, Some(before.1)))
        {
            self.add(before, text, look);
        }
        if let Some(stretch) = self.stretch.take() {
            undo(stretch, text, &mut self.view);
            look(&self.view);
        }
    }

    /// Joins an escape to the stretch, or looks at the stretch and starts another.
    fn add(&mut self, escape: (usize, usize), text: Text<'_>, look: &mut dyn FnMut(&View)) {
        match &mut self.stretch {
            Some((_, end)) if escape.0 <= *end + CONTEXT => *end = escape.1,
            _ => {
                if let Some(done) = self.stretch.replace(escape) {
                    undo(done, text, &mut self.view);
                    look(&self.view);
                }
            }
        }
    }
}

/// The text around a stretch with its escapes undone.
fn undo((start, end): (usize, usize), text: Text<'_>, view: &mut View) {
    view.clear();
    undo_between(start.saturating_sub(CONTEXT), text.bytes.len().min(end + CONTEXT), text, view);
}

fn undo_between(start: usize, end: usize, text: Text<'_>, view: &mut View) {
    let mut at = start;
    while at < end {
        let Some(escape) = escape(text.bytes, at) else {
            view.copy(text, at);
            at += 1;
            continue;
        };
        let from = text.origin(at, at + escape.length);
        match escape.character {
            None => {}
            Some(Character::Byte(byte)) => view.push(byte, from),
            Some(Character::Unicode(number)) => {
                let character = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
                character.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| view.push(byte, from));
            }
        }
        at += escape.length;
    }
}

/// Whether an escape may begin with this byte.
pub(super) const fn is_sign(byte: u8) -> bool {
    matches!(byte, b'\\' | b'%' | b'&' | b'=' | b'?' | b']' | 0 | 0xc2 | 0xe2 | 0xef)
}

/// The escape at a place, if it is one for whose sake the view is entered.
fn entered(text: &[u8], at: usize) -> Option<Escape> {
    let is_common = text.get(at) == Some(&b'\\')
        && text.get(at + 1).is_some_and(|kind| !matches!(kind, b'u' | b'U' | b'x' | b'0'..=b'7'));
    if is_common { None } else { escape(text, at) }
}

fn escape(text: &[u8], at: usize) -> Option<Escape> {
    let rest = text.get(at..)?;
    let byte = |byte, length| Some(Escape { length, character: Some(Character::Byte(byte)) });
    let nothing = |length| Some(Escape { length, character: None });
    match rest {
        [b'\\', kind, ..] => match kind {
            b'u' | b'U' => unicode(rest),
            b'x' => hexadecimal(rest.get(2..4)?).and_then(|number| byte(number as u8, 4)),
            b'n' => byte(b'\n', 2),
            b'r' => byte(b'\r', 2),
            b't' => byte(b'\t', 2),
            b'"' | b'\'' | b'\\' | b'/' | b'`' | b'$' => byte(*kind, 2),
            b'0'..=b'7' => {
                let digits = rest.iter().skip(1).take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                let number = rest.get(1..=digits)?.iter().fold(0, |number, digit| number * 8 + u32::from(digit - b'0'));
                if digits == 3 { byte(number as u8, 4) } else { None }
            }
            _ => None,
        },
        [b'%', b'u' | b'U', ..] => {
            let number = hexadecimal(rest.get(2..6)?)?;
            Some(Escape { length: 6, character: Some(Character::Unicode(number)) })
        }
        [b'%' | b'=', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            byte(hexadecimal(&[*high, *low])? as u8, 3)
        }
        // A soft line break (RFC 2045 section 6.7).
        [b'=', b'\r', b'\n', ..] => nothing(3),
        [b'=', b'\n', ..] => nothing(2),
        [b'&', b'#', ..] => numbered(rest),
        [b'&', first, ..] if first.is_ascii_alphabetic() => {
            let (character, length) = named(rest.get(1..)?)?;
            byte(character, 1 + length)
        }
        [b'?', b'=', ..] => encoded_words_seam(rest).and_then(nothing),
        [b']', b']', b'>', ..] if rest.starts_with(b"]]><![CDATA[") => nothing(12),
        [0, ..] => is_between_text(text, at).then_some(Escape { length: 1, character: None }),
        // U+FF01 to U+FF5E stand for `!` to `~`.
        [0xef, 0xbc, third @ 0x81..=0xbf, ..] => byte(third - 0x81 + b'!', 3),
        [0xef, 0xbd, third @ 0x80..=0x9e, ..] => byte(third - 0x80 + b'`', 3),
        // Zero-width and soft: U+200B to U+200F, U+2060 to U+2064, U+FEFF, U+00AD.
        [0xe2, 0x80, 0x8b..=0x8f, ..] | [0xe2, 0x81, 0xa0..=0xa4, ..] | [0xef, 0xbb, 0xbf, ..] => nothing(3),
        [0xc2, 0xad, ..] => nothing(2),
        _ => None,
    }
}

/// `\u0061`, `\u{61}` and `\U00000061`.
fn unicode(text: &[u8]) -> Option<Escape> {
    let escape = |number, length| Some(Escape { length, character: Some(Character::Unicode(number)) });
    match text {
        [_, b'u', b'{', digits @ ..] => {
            let count = digits.iter().take(DIGITS_MAX + 1).position(|byte| *byte == b'}')?;
            escape(hexadecimal(digits.get(..count)?)?, count + 4)
        }
        [_, b'u', ..] => escape(hexadecimal(text.get(2..6)?)?, 6),
        _ => escape(hexadecimal(text.get(2..10)?)?, 10),
    }
}

/// `&#97;` and `&#x61;`, also without the semicolon.
fn numbered(text: &[u8]) -> Option<Escape> {
    let (base, digits) = match text {
        [_, _, b'x' | b'X', digits @ ..] => (16, digits),
        [_, _, digits @ ..] => (10, digits),
        _ => return None,
    };
    let is_digit = |byte: &u8| if base == 16 { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
    let count = digits.iter().take(DIGITS_MAX).take_while(|byte| is_digit(byte)).count();
    let number = str::from_utf8(digits.get(..count)?).ok().and_then(|digits| u32::from_str_radix(digits, base).ok())?;
    // What comes next says whether the number is complete.
    let semicolon = usize::from(*digits.get(count)? == b';');
    let length = text.len() - digits.len() + count + semicolon;
    Some(Escape { length, character: Some(Character::Unicode(number)) })
}

/// The end of one encoded word and the start of the next (RFC 2047 section 2), between which only white space may stand.
fn encoded_words_seam(text: &[u8]) -> Option<usize> {
    let blank = text.iter().skip(2).take(CHARSET_LENGTH_MAX).take_while(|byte| byte.is_ascii_whitespace()).count();
    let next = text.get(2 + blank..)?.strip_prefix(b"=?")?;
    let charset = next.iter().take(CHARSET_LENGTH_MAX).position(|byte| *byte == b'?')?;
    match next.get(charset + 1..)? {
        [b'Q' | b'q' | b'B' | b'b', b'?', ..] => Some(2 + blank + 2 + charset + 3),
        _ => None,
    }
}

/// Whether a zero byte stands between characters as in UTF-16 and UTF-32: with text on one side, and at most three in a row.
fn is_between_text(text: &[u8], at: usize) -> bool {
    let is_text = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let after = text.get(at..).unwrap_or_default().iter().take(4).take_while(|byte| **byte == 0).count();
    let before = text.get(..at).unwrap_or_default().iter().rev().take(4).take_while(|byte| **byte == 0).count();
    before + after <= 3
        && (is_text(text.get(at + after)) || is_text(at.checked_sub(before + 1).and_then(|at| text.get(at))))
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok())
}
