//! Sets of ASCII bytes, and those that have a name in rules.

/// A bit for each byte below 128.
pub(crate) type Set = u128;

/// Whether a byte is in a set. None above 127 is in any.
#[inline]
pub(crate) const fn holds(set: Set, byte: u8) -> bool {
    let half = if byte & 64 == 0 { set as u64 } else { (set >> 64) as u64 };
    byte < 128 && half >> (byte & 63) & 1 == 1
}

/// The class of this name.
pub(crate) fn class(name: &str) -> Option<Set> {
    CLASSES.iter().find(|(of, _)| *of == name).map(|(_, set)| *set)
}

const DIGIT: Set = range(b'0', b'9');
const LOWER: Set = range(b'a', b'z');
const UPPER: Set = range(b'A', b'Z');
const ALPHA: Set = LOWER | UPPER;
const ALNUM: Set = ALPHA | DIGIT;
/// What can be seen, without quotes, the backslash, angle brackets and the comma, which end values.
const VISIBLE: Set = range(b'!', b'~') & !set(b"\"'\\<>,`");

/// RFC 9110 section 11.2: how schemes write opaque credentials.
pub(crate) const TOKEN68: Set = ALNUM | set(b"-._~+/");

const CLASSES: [(&str, Set); 23] = [
    ("digit", DIGIT),
    ("lower", LOWER),
    ("upper", UPPER),
    ("alpha", ALPHA),
    ("alnum", ALNUM),
    ("loweralnum", LOWER | DIGIT),
    ("upperalnum", UPPER | DIGIT),
    ("word", ALNUM | set(b"_")),
    ("hex", DIGIT | range(b'a', b'f')),
    ("upperhex", DIGIT | range(b'A', b'F')),
    ("anyhex", DIGIT | range(b'a', b'f') | range(b'A', b'F')),
    ("base32", UPPER | range(b'2', b'7')),
    ("base64", ALNUM | set(b"+/")),
    ("base64url", ALNUM | set(b"-_")),
    ("bech32", set(b"023456789acdefghjklmnpqrstuvwxyz")),
    ("bech32upper", set(b"023456789ACDEFGHJKLMNPQRSTUVWXYZ")),
    ("base58", ALNUM & !set(b"0OIl")),
    ("token68", TOKEN68),
    // The alphabet of the crypt function of Unix.
    ("crypt", ALNUM | set(b"./")),
    ("dotted", ALNUM | set(b"-_.")),
    ("visible", VISIBLE),
    // RFC 6265 section 4.1.1, without the ends of values; and the rest of a line of cookies.
    ("cookie", VISIBLE & !set(b";")),
    // RFC 3986 section 3.2.1, percent-encoded or not.
    ("userinfo", VISIBLE & !set(b":/?#[]@{}|^()*$")),
];

const fn range(first: u8, last: u8) -> Set {
    let (mut set, mut byte) = (0, first);
    while byte <= last {
        set |= 1 << byte;
        byte += 1;
    }
    set
}

const fn set(bytes: &[u8]) -> Set {
    let (mut set, mut at) = (0, 0);
    while at < bytes.len() {
        set |= 1 << bytes[at];
        at += 1;
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_holds_what_its_name_says() {
        for (name, inside, outside) in [
            ("hex", "09af", "gAF-"),
            ("base32", "AZ27", "a018"),
            ("base64url", "azAZ09-_", "+/="),
            ("base58", "123AZaz", "0OIl"),
            ("bech32", "qpzry9x8", "1bio"),
            ("cookie", "a=%!", ";\", \\"),
            ("userinfo", "a%20+.", ":@/ {"),
        ] {
            let set = class(name).unwrap();
            assert!(inside.bytes().all(|byte| holds(set, byte)), "{name}");
            assert!(!outside.bytes().any(|byte| holds(set, byte)), "{name}");
        }
        assert!(CLASSES.iter().all(|(_, set)| !holds(*set, b'a' | 0x80)));
        assert_eq!(class("letters"), None);
    }
}
