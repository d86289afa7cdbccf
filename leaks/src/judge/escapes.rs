//! Undoes what is written character by character: escapes, lines, wide characters, numbers.

use crate::channel::BEFORE;

/// What undoes one kind; `None` where there is nothing to undo.
type Undo = fn(&[u8]) -> Option<Vec<u8>>;

const UNDO: [Undo; 10] =
    [backslashes, percents, entities, equals, wide, joined, numbered, event_texts, every_second, inverted];

/// Everything that comes of undoing one level.
pub(super) fn views(text: &[u8]) -> Vec<Vec<u8>> {
    UNDO.iter().filter_map(|undo| undo(text)).collect()
}

/// `\u0061`, `\x61`, `\141`, `\/`, `\n` and their like.
fn backslashes(text: &[u8]) -> Option<Vec<u8>> {
    let undo = |rest: &[u8], out: &mut Vec<u8>| {
        let (&kind, rest) = rest.split_first()?;
        let taken = match kind {
            b'u' => {
                let unit = number(rest.get(..4)?, 16)?;
                push(unit, out);
                5
            }
            b'x' => {
                out.push(u8::try_from(number(rest.get(..2)?, 16)?).ok()?);
                3
            }
            b'0'..=b'3' if rest.len() > 1 => {
                out.push(u8::try_from(number([&[kind], rest.get(..2)?].concat().as_slice(), 8)?).ok()?);
                3
            }
            b'n' => {
                out.push(b'\n');
                1
            }
            b'r' | b't' | b'b' | b'f' => {
                out.push(b' ');
                1
            }
            kind => {
                out.push(kind);
                1
            }
        };
        Some(taken)
    };
    each(text, b'\\', undo)
}

/// Percent-encoding, and the plus of forms.
fn percents(text: &[u8]) -> Option<Vec<u8>> {
    each(text, b'%', |rest, out| {
        out.push(u8::try_from(number(rest.get(..2)?, 16)?).ok()?);
        Some(2)
    })
}

/// `&#97;`, `&#x61;` and the five names that XML has.
fn entities(text: &[u8]) -> Option<Vec<u8>> {
    each(text, b'&', |rest, out| {
        let end = rest.iter().take(9).position(|byte| *byte == b';')?;
        match rest.get(..end)? {
            [b'#', b'x' | b'X', digits @ ..] => push(number(digits, 16)?, out),
            [b'#', digits @ ..] => push(number(digits, 10)?, out),
            b"lt" => out.push(b'<'),
            b"gt" => out.push(b'>'),
            b"amp" => out.push(b'&'),
            b"quot" => out.push(b'"'),
            b"apos" => out.push(b'\''),
            _ => return None,
        }
        Some(end + 1)
    })
}

/// Quoted-printable, with its soft line breaks.
fn equals(text: &[u8]) -> Option<Vec<u8>> {
    each(text, b'=', |rest, out| match rest {
        [b'\r', b'\n', ..] => Some(2),
        [b'\n', ..] => Some(1),
        rest => {
            out.push(u8::try_from(number(rest.get(..2)?, 16)?).ok()?);
            Some(2)
        }
    })
}

/// Characters of more bytes: zeros between, full-width forms.
fn wide(text: &[u8]) -> Option<Vec<u8>> {
    if text.contains(&0) {
        return Some(text.iter().copied().filter(|byte| *byte != 0).collect());
    }
    let characters = str::from_utf8(text).ok().filter(|text| !text.is_ascii())?.chars();
    let narrow = |character: char| match u32::from(character) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(' '),
        _ => character,
    };
    Some(characters.map(narrow).collect::<String>().into_bytes())
}

/// Lines of a stream of events, put together.
fn joined(text: &[u8]) -> Option<Vec<u8>> {
    let without_name = |line: &[u8]| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let data = line.strip_prefix(b"data:").map(|data| data.strip_prefix(b" ").unwrap_or(data));
        data.unwrap_or(line).to_vec()
    };
    lines(text, without_name)
}

/// Numbered lines, put together.
fn numbered(text: &[u8]) -> Option<Vec<u8>> {
    let without_number = |line: &[u8]| {
        let line = line.strip_prefix(BEFORE.as_bytes()).unwrap_or(line).trim_ascii_start();
        let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
        // What follows a line's number is white space; otherwise the digits belong to the text.
        match line.get(digits) {
            Some(b' ' | b'\t') if digits > 0 => line.get(digits..).unwrap_or_default().trim_ascii_start().to_vec(),
            _ => line.to_vec(),
        }
    };
    lines(text, without_number)
}

fn lines(text: &[u8], inside: impl Fn(&[u8]) -> Vec<u8>) -> Option<Vec<u8>> {
    text.contains(&b'\n').then(|| text.split(|byte| *byte == b'\n').flat_map(inside).collect())
}

/// The texts of the messages in a stream of events, one behind the other.
fn event_texts(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        let Some(data) = line.strip_prefix(b"data: ") else { continue };
        let Ok(message) = serde_json::from_slice::<serde_json::Value>(data) else { continue };
        let params = message.get("params");
        for member in ["message", "data"] {
            let text = params.and_then(|params| params.get(member)).and_then(serde_json::Value::as_str);
            out.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
    }
    (!out.is_empty()).then_some(out)
}

/// Every second character of each word, where those between are all the same.
fn every_second(text: &[u8]) -> Option<Vec<u8>> {
    let words = text.split(|byte| byte.is_ascii_whitespace()).filter(|word| word.len() >= 2 * super::WINDOW);
    let is_padded = |word: &&[u8]| word.chunks_exact(2).all(|pair| pair.last() == word.get(1));
    let word = words.filter(is_padded).max_by_key(|word| word.len())?;
    Some(word.iter().step_by(2).copied().collect())
}

/// All bits the other way round.
fn inverted(text: &[u8]) -> Option<Vec<u8>> {
    let is_text = text.iter().all(u8::is_ascii);
    (!is_text).then(|| text.iter().map(|byte| byte ^ 0xff).collect())
}

/// Undoes what begins with `mark`; `None` where nothing did. `undo` gets what follows the mark, and says how much of it is used up.
fn each(text: &[u8], mark: u8, undo: impl Fn(&[u8], &mut Vec<u8>) -> Option<usize>) -> Option<Vec<u8>> {
    if !text.contains(&mark) {
        return None;
    }
    let (mut out, mut rest, mut is_changed) = (Vec::with_capacity(text.len()), text, false);
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte == mark).then(|| undo(after, &mut out)).flatten() {
            Some(taken) => {
                rest = after.get(taken..).unwrap_or_default();
                is_changed = true;
            }
            None => out.push(byte),
        }
    }
    is_changed.then_some(out)
}

pub(super) fn number(digits: &[u8], radix: u32) -> Option<u32> {
    u32::from_str_radix(str::from_utf8(digits).ok()?, radix).ok()
}

fn push(code: u32, out: &mut Vec<u8>) {
    match char::from_u32(code) {
        Some(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.push(b'?'),
    }
}
