//! Escapes of JSON and of source code, whose letters stand right before a word and are no part of it.

/// Where a word really begins: behind the letter of an escape such as `\n`, or the four digits of one such as `\u003c`.
pub(super) fn after_escape(text: &[u8], start: usize, end: usize) -> usize {
    if start.checked_sub(1).and_then(|before| text.get(before)) != Some(&b'\\') {
        return start;
    }
    let length = match text.get(start) {
        Some(b'n' | b'r' | b't' | b'b' | b'f') => 1,
        Some(b'u') => 5,
        _ => 0,
    };
    (start + length).min(end)
}
