//! Secrets at every place of the blocks that are read at once, and over the end of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::compressed::{brotli, deflate};
use super::{ALPHANUMERIC, base32, each, in_lines, joined, set};
use crate::view::holds_secret;

/// Around the first blocks, and around the end of those that are read at once.
const PLACES: [std::ops::Range<usize>; 2] = [0..140, 900..1100];

/// Words up to a place, and more of them behind what stands there.
fn at(place: usize, text: &str) -> String {
    let words = |length| "it is said of words, ".chars().rev().cycle().take(length).collect::<String>();
    let before = words(place).chars().rev().collect::<String>();
    format!("{before}{text} {}", words(200))
}

fn check(name: &str, text: &str) {
    let set = set(&[ALPHANUMERIC]);
    for place in PLACES.into_iter().flatten() {
        let text = at(place, text);
        assert!(holds_secret(&set, text.as_bytes()), "{name} at {place}: {text}");
        let cut = text.get(..text.len() - 201).unwrap();
        assert!(holds_secret(&set, cut.as_bytes()), "{name} at {place}, and nothing behind: {cut}");
    }
}

#[test]
fn a_secret_that_a_view_finds_is_found_at_every_place() {
    check("as it is", ALPHANUMERIC);
    check("with blanks", &joined(ALPHANUMERIC, " "));
    check("numbers", &ALPHANUMERIC.bytes().map(|byte| format!("0x{byte:02x}, ")).collect::<String>());
    check("lines", &in_lines(ALPHANUMERIC, 10, |_| "> ".to_owned()));
    check("numbered lines", &in_lines(ALPHANUMERIC, 10, |number| format!("{number}: ")));
    check("percent", &each(ALPHANUMERIC, |byte| format!("%{byte:02x}")));
    check("unicode", &each(ALPHANUMERIC, |byte| format!("\\u{byte:04x}")));
}

#[test]
fn a_secret_in_a_run_is_found_at_every_place() {
    check("base32", &base32(ALPHANUMERIC, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"));
    check("base64 twice", &STANDARD.encode(STANDARD.encode(ALPHANUMERIC)));
    let answer = format!("{{\"items\":[1,2,3],\"echo\":\"{ALPHANUMERIC}\"}}");
    check("Brotli", &STANDARD.encode(brotli(answer.as_bytes(), 5)));
    // Fewer characters than are looked at to tell what it is.
    check("short Brotli", &STANDARD.encode(brotli(ALPHANUMERIC.as_bytes(), 5)));
    check("short deflate", &STANDARD.encode(deflate(ALPHANUMERIC.as_bytes(), 9)));
    check("deflate", &STANDARD.encode(deflate(answer.as_bytes(), 9)));
}
