//! Addresses of the Internet Protocol: dotted quads (RFC 6943, section 3.1.1, the strict form) and version 6 (RFC 4291, section 2.2).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{escape::after_escape, settings::Addresses};

/// No address of version 6 is written longer.
const LENGTH_MAX: usize = 45;

/// Where the dotted quad that begins at `start` ends.
pub(super) fn quad_end(text: &[u8], start: usize, wanted: Addresses) -> Option<usize> {
    let rest = text.get(start..)?;
    let length = rest.iter().take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let written = rest[..length].strip_suffix(b".").unwrap_or(&rest[..length]);
    let end = start + written.len();
    let address: Ipv4Addr = std::str::from_utf8(written).ok()?.parse().ok()?;
    let goes_on = matches!(text.get(end), Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'_'));
    (!goes_on && is_wanted(address, wanted)).then_some(end)
}

fn is_wanted(address: Ipv4Addr, wanted: Addresses) -> bool {
    let says_nothing = address.is_unspecified() || address.is_loopback() || address.is_broadcast();
    match wanted {
        Addresses::All => !says_nothing,
        Addresses::Public => {
            !(says_nothing || address.is_private() || address.is_link_local() || address.is_documentation())
        }
    }
}

/// The address of version 6 around the run of digits that begins at `digit`, if that is the first run in it.
pub(super) fn version_6(text: &[u8], digit: usize, wanted: Addresses) -> Option<(usize, usize)> {
    // `\f` is a digit, too.
    let start = after_escape(text, start(text, digit), digit);
    if text[start..digit].iter().any(u8::is_ascii_digit) {
        return None;
    }
    let rest = text.get(start..)?;
    let length = rest.iter().take(LENGTH_MAX + 1).take_while(|byte| is_written(**byte)).count();
    let written = rest[..length].strip_suffix(b":").filter(|rest| !rest.ends_with(b":")).unwrap_or(&rest[..length]);
    let written = written.strip_suffix(b".").unwrap_or(written);
    let end = start + written.len();
    let stands_alone = |byte: Option<&u8>| !byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let begins_line = |before: usize| after_escape(text, before, start) == start;
    let before = start.checked_sub(1).filter(|before| !begins_line(*before)).and_then(|before| text.get(before));
    if !stands_alone(before) || !stands_alone(text.get(end)) {
        return None;
    }
    let is_short = written.windows(2).any(|pair| pair == b"::");
    if !is_short && written.iter().filter(|byte| **byte == b':').count() < 6 {
        return None;
    }
    let address: Ipv6Addr = std::str::from_utf8(written).ok()?.parse().ok()?;
    // `a1::b` is a path of C++ or Rust more often than an address.
    let is_long = written.iter().filter(|byte| **byte == b':').count() > 2 || written.len() > 7;
    (is_long && is_wanted_6(address, wanted)).then_some((start, end))
}

/// Whether the word may stand in an address of version 6: a colon with more of one beyond it is next to it. No group of one is longer
/// than four digits.
pub(super) fn may_be_version_6(text: &[u8], start: usize, end: usize) -> bool {
    if end - start > 4 {
        return false;
    }
    // A digit before it was looked at already.
    let before = matches!(&text[..start], [.., b'a'..=b'f' | b'A'..=b'F' | b':', b':']);
    let after =
        text.get(end) == Some(&b':') && text.get(end + 1).is_none_or(|byte| byte.is_ascii_hexdigit() || *byte == b':');
    // A time of day has groups of two digits.
    let is_time = end - start == 2 && text.get(end + 1).is_some_and(u8::is_ascii_digit);
    before || after && !is_time
}

/// Where the run of hexadecimal digits and colons begins in which a digit stands.
pub(super) fn start(text: &[u8], digit: usize) -> usize {
    digit - text[..digit].iter().rev().take(LENGTH_MAX).take_while(|byte| is_written(**byte)).count()
}

const fn is_written(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')
}

fn is_wanted_6(address: Ipv6Addr, wanted: Addresses) -> bool {
    let says_nothing = address.is_unspecified() || address.is_loopback();
    let is_documentation = matches!(address.segments(), [0x2001, 0xdb8, ..]);
    match wanted {
        Addresses::All => !says_nothing,
        Addresses::Public => {
            !(says_nothing || is_documentation || address.is_unique_local() || address.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_quads_are_found_and_their_like_are_not() {
        for (text, end) in [("192.0.2.7", 9), ("8.8.8.8:53", 7), ("10.0.0.1/8", 8), ("1.2.3.4.", 7)] {
            assert_eq!(quad_end(text.as_bytes(), 0, Addresses::All), Some(end), "{text}");
        }
        for text in ["1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "127.0.0.1", "0.0.0.0", "1.2.3.4a", "1.2.3.4567"] {
            assert_eq!(quad_end(text.as_bytes(), 0, Addresses::All), None, "{text}");
        }
        for (text, is_public) in [("192.168.1.1", false), ("192.0.2.7", false), ("8.8.8.8", true)] {
            assert_eq!(quad_end(text.as_bytes(), 0, Addresses::Public).is_some(), is_public, "{text}");
        }
    }

    #[test]
    fn addresses_of_version_6_are_found_and_their_like_are_not() {
        let found = |text: &str, wanted| {
            let digit = text.bytes().position(|byte| byte.is_ascii_digit()).unwrap();
            version_6(text.as_bytes(), digit, wanted).map(|(start, end)| text[start..end].to_owned())
        };
        for (text, address) in [
            ("from 2001:db8::7, port", "2001:db8::7"),
            ("[fe80::1ff:fe23:4567:890a]:443", "fe80::1ff:fe23:4567:890a"),
            ("\"::ffff:192.0.2.128\"", "::ffff:192.0.2.128"),
            ("2606:4700:4700::1111/48", "2606:4700:4700::1111"),
        ] {
            assert_eq!(found(text, Addresses::All).as_deref(), Some(address), "{text}");
        }
        for text in ["12:34:56", "a1::b", "00:1a:2b:3c:4d:5e", "::1", "std::f64::x", "1:2:3:4:5:6:7:8:9"] {
            assert_eq!(found(text, Addresses::All), None, "{text}");
        }
        assert_eq!(found("2001:db8::7:9", Addresses::Public), None);
        assert!(found("2606:4700:4700::1111", Addresses::Public).is_some());
    }
}
