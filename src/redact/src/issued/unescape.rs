//! Reads a value from how it is written; `None` where that is in doubt.

use zeroize::Zeroizing;

/// A part of a JSON string (RFC 8259, section 7) at a depth of JSON inside JSON strings.
pub(super) fn from_json(raw: &[u8], depth: u8) -> Option<Zeroizing<Vec<u8>>> {
    let mut value = Zeroizing::new(raw.to_vec());
    for _ in 0..=depth {
        value = once_from_json(&value)?;
    }
    Some(value)
}

/// A value of a form or URL. A plus sign is a blank in one and itself in the other, so it is in doubt.
pub(super) fn from_percent(raw: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut value = Zeroizing::new(Vec::with_capacity(raw.len()));
    let mut rest = raw;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => return None,
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                value.push(u8::try_from(number(digits, 16)?).ok()?);
                rest = after;
            }
            byte => value.push(*byte),
        }
    }
    Some(value)
}

/// The text of an element, without the blanks around it. A backslash says that the document stands in a string.
pub(super) fn from_xml(raw: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut value = Zeroizing::new(Vec::with_capacity(raw.len()));
    let mut rest = raw.trim_ascii();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'\\' => return None,
            b'&' => {
                let end = rest.iter().position(|byte| *byte == b';')?;
                let (name, after) = rest.split_at_checked(end)?;
                push(&mut value, entity(name)?);
                rest = after.get(1..)?;
            }
            byte => value.push(*byte),
        }
    }
    Some(value)
}

fn once_from_json(raw: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut value = Zeroizing::new(Vec::with_capacity(raw.len()));
    let mut rest = raw;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            value.push(*byte);
            continue;
        }
        let (escape, after) = rest.split_first()?;
        rest = after;
        match escape {
            b'"' | b'\\' | b'/' => value.push(*escape),
            b'n' => value.push(b'\n'),
            b'r' => value.push(b'\r'),
            b't' => value.push(b'\t'),
            b'u' => {
                let (digits, after) = rest.split_at_checked(4)?;
                // Half of a pair is no character; tokens have none beyond the first plane.
                push(&mut value, char::from_u32(number(digits, 16)?)?);
                rest = after;
            }
            _ => return None,
        }
    }
    Some(value)
}

/// The five entities that every document has, and references by number (XML 1.0, sections 4.1 and 4.6).
fn entity(name: &[u8]) -> Option<char> {
    match name {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        [b'#', b'x', digits @ ..] => char::from_u32(number(digits, 16)?),
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?),
        _ => None,
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let text = str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(text, radix).ok()
}

/// No character is longer than how it is escaped, so the buffer never grows.
fn push(value: &mut Vec<u8>, character: char) {
    value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_its_owner_means_it() {
        let json = |raw: &str, depth| from_json(raw.as_bytes(), depth).map(|value| value.to_vec());
        let percent = |raw: &str| from_percent(raw.as_bytes()).map(|value| value.to_vec());
        let xml = |raw: &str| from_xml(raw.as_bytes()).map(|value| value.to_vec());
        for (read, expected) in [
            (json("plain", 0), Some("plain")),
            (json(r"a\/b\u002b\u00e9\n", 0), Some("a/b+é\n")),
            (json(r"a\\/b", 1), Some("a/b")),
            (json(r#"a\\\"b"#, 1), Some("a\"b")),
            (json(r"a\\\\\\\/b", 2), Some("a/b")),
            (json(r"a\x", 0), None),
            (json(r"a\", 0), None),
            (json(r"\ud83d\ude00", 0), None),
            (json(r"\u+123", 0), None),
            (percent("a%2Fb%3d"), Some("a/b=")),
            (percent("a+b"), None),
            (percent("a%2"), None),
            (percent("a%zz"), None),
            (xml("\n a/b+c== \n"), Some("a/b+c==")),
            (xml("a&amp;b&#x2b;&#43;"), Some("a&b++")),
            (xml("a&nbsp;b"), None),
            (xml("a&amp"), None),
            (xml(r"a\/b"), None),
        ] {
            assert_eq!(read.as_deref(), expected.map(str::as_bytes));
        }
    }
}
