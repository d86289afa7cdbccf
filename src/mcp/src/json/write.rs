//! A tree to bytes: compact, numbers as they were spelled, the fewest escapes.

use super::{Json, Object, scan::plain_prefix};

/// Appends `value`.
pub(super) fn write(value: &Json, out: &mut Vec<u8>) {
    match value {
        Json::Null | Json::Bool(_) => write_word(value, out),
        Json::Number(number) => out.extend_from_slice(number.as_str().as_bytes()),
        Json::String(text) => write_string(text, out),
        Json::Array(elements) => {
            out.push(b'[');
            for (n, element) in elements.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                write(element, out);
            }
            out.push(b']');
        }
        Json::Object(object) => write_object(object, out),
    }
}

/// Appends `object`.
pub(super) fn write_object(object: &Object, out: &mut Vec<u8>) {
    out.push(b'{');
    for (n, (key, member)) in object.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write_string(key, out);
        out.push(b':');
        write(member, out);
    }
    out.push(b'}');
}

/// Appends a quoted string, with the escapes of RFC 8785 section 3.2.2.2: what must be escaped, and nothing else.
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len() + 2);
    out.push(b'"');
    loop {
        let (plain, tail) = rest.split_at(plain_prefix(rest));
        out.extend_from_slice(plain);
        let Some((&special, tail)) = tail.split_first() else { break };
        rest = tail;
        let short = match special {
            b'"' | b'\\' => special,
            0x08 => b'b',
            0x09 => b't',
            0x0a => b'n',
            0x0c => b'f',
            0x0d => b'r',
            control => {
                out.extend_from_slice(b"\\u00");
                out.extend(
                    [control >> 4, control & 0xf]
                        .map(|digit| if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }),
                );
                continue;
            }
        };
        out.extend([b'\\', short]);
    }
    out.push(b'"');
}

/// Appends `true`, `false`, or `null` for everything else.
pub(super) fn write_word(value: &Json, out: &mut Vec<u8>) {
    let word = match value.as_bool() {
        Some(true) => "true",
        Some(false) => "false",
        None => "null",
    };
    out.extend_from_slice(word.as_bytes());
}
