//! Addresses of mailboxes (RFC 5321, section 4.1.2), as they are written outside of quotes.

use super::escape::after_escape;

/// The longest local part and the longest domain (RFC 5321, section 4.5.3.1).
pub(super) const LOCAL_LENGTH_MAX: usize = 64;
const DOMAIN_LENGTH_MAX: usize = 255;

/// What was seen around an `@`.
pub(super) enum Mailbox {
    None,
    Found {
        start: usize,
        end: usize,
    },
    /// What follows decides.
    Open {
        start: usize,
    },
}

/// Looks at the `@` at a position.
pub(super) fn around(text: &[u8], at: usize, is_end: bool) -> Mailbox {
    let start = local_start(text, at);
    if start == at {
        return Mailbox::None;
    }
    let rest = text.get(at + 1..).unwrap_or_default();
    let length = rest.iter().take(DOMAIN_LENGTH_MAX + 1).take_while(|byte| is_domain(**byte)).count();
    if length == rest.len() && !is_end {
        return Mailbox::Open { start };
    }
    match domain_length(&rest[..length]) {
        Some(length) => Mailbox::Found { start, end: at + 1 + length },
        None => Mailbox::None,
    }
}

/// Where the local part before an `@` begins.
pub(super) fn local_start(text: &[u8], at: usize) -> usize {
    let furthest = at.saturating_sub(LOCAL_LENGTH_MAX);
    let mut start = at;
    while start > furthest && is_local(text[start - 1]) {
        start -= 1;
    }
    start = after_escape(text, start, at);
    while start < at && matches!(text[start], b'.' | b'\'' | b'-') {
        start += 1;
    }
    start
}

/// What may stand in a local part and does not usually stand around one.
pub(super) const fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'' | b'~' | 0x80..)
}

const fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | 0x80..)
}

/// How much of the text is a domain of two labels or more, the last of which is no number. Whether it exists is nobody's business:
/// `.test` and `.internal` hold mailboxes too.
fn domain_length(text: &[u8]) -> Option<usize> {
    let mut end = text.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |last| last + 1);
    // Letters of other writings may end a domain as well.
    if let Some(last) = text.iter().rposition(|byte| *byte >= 0x80) {
        end = end.max(last + 1);
    }
    let domain = &text[..end];
    let mut labels = domain.split(|byte| *byte == b'.');
    let is_whole = labels.all(|label| !label.is_empty() && label.first() != Some(&b'-'));
    let top = domain.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let is_top = top.len() >= 2 && !top.first().is_some_and(u8::is_ascii_digit);
    // `icon@2x.png` is a file.
    let is_density = matches!(domain, [b'1'..=b'4', b'x', b'.', ..]);
    (is_whole && is_top && top.len() < domain.len() && !is_density).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let at = text.find('@').unwrap();
        match around(text.as_bytes(), at, true) {
            Mailbox::Found { start, end } => Some(&text[start..end]),
            Mailbox::None | Mailbox::Open { .. } => None,
        }
    }

    #[test]
    fn addresses_are_found_in_what_stands_around_them() {
        for (text, address) in [
            ("<alice@corp.test>", "alice@corp.test"),
            ("to: Bob.O'Neil+tag@mail.example.co.uk.", "Bob.O'Neil+tag@mail.example.co.uk"),
            ("'carol@x-y.io'", "carol@x-y.io"),
            ("{\"email\":\"d_e%f@xn--bcher-kva.example\"}", "d_e%f@xn--bcher-kva.example"),
            ("?email=eve@example.org&x=1", "eve@example.org"),
            ("line\\nfrank@example.org", "frank@example.org"),
            ("\\u003cgrace@example.org\\u003e", "grace@example.org"),
            ("user@163.com", "user@163.com"),
            ("jörg@bücher.example", "jörg@bücher.example"),
        ] {
            assert_eq!(found(text), Some(address), "{text}");
        }
    }

    #[test]
    fn handles_versions_and_files_are_no_addresses() {
        for text in
            ["@alice", "alice@", "alice@localhost", "left-pad@1.3.0", "icon@2x.png", "a@b..c", "x@-a.org", "a@b.1"]
        {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
