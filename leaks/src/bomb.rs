//! Bodies that are small on the wire and large in what they mean: compressed a thousand to one, nested ten deep, full of what a decoder
//! is entered for.

use std::io::Write as _;

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use serde_json::json;

use crate::encoding::{Coding, Encoding};

/// How deep things stand in one another.
const DEPTH: usize = 10;
/// How long a bomb is about, on the wire.
const LENGTH: usize = 48 << 10;
/// What compressed data expands to: it compresses a thousand to one.
const EXPANDED: usize = 1 << 20;
/// What a whole body of zeros expands to: far more than it may.
const ZEROS: usize = 16 << 20;
/// What a whole body may expand to without regard to its length, and what compressed data inside of one may; both are looked at.
pub const FREE: usize = 2 << 20;
/// So many bytes may a content coding expand to for each of its own.
const EXPANSION_MAX: usize = 200;

/// One bomb.
#[derive(Debug, Clone)]
pub struct Bomb {
    /// What it is.
    pub name: String,
    /// The coding of the whole body, if it is compressed.
    pub coding: Option<Coding>,
    /// The body.
    pub body: Vec<u8>,
}

impl Bomb {
    /// How many bytes of it may be passed on, at most, before it is refused.
    #[must_use]
    pub const fn passed_on_max(&self) -> usize {
        if self.coding.is_some() { FREE + self.body.len() * EXPANSION_MAX } else { self.body.len() }
    }
}

/// All of them.
#[must_use]
pub fn all() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    let mut add = |name: &str, coding, body: Vec<u8>| bombs.push(Bomb { name: name.to_owned(), coding, body });
    for (name, coding) in Coding::ALL {
        let packed = smallest(coding, &vec![0; ZEROS]);
        add(&format!("{name} of zeros, 1:{}", ZEROS / packed.len()), Some(coding), packed);
        add(&format!("{name} in {name}, {DEPTH} deep"), Some(coding), nested(b"", &|text| coding.encode(&text)));
        let full = repeated(&base64(&smallest(Coding::Gzip, &vec![b'a'; EXPANDED])), 64 * LENGTH);
        add(&format!("{name} of many gzip in base64"), Some(coding), smallest(coding, &full));
    }
    for (name, coding) in Coding::ALL {
        let packed = base64(&smallest(coding, &vec![b'a'; EXPANDED]));
        add(&format!("base64 of {name}, many"), None, repeated(&packed, LENGTH));
        let deep = nested(b"", &|text| base64(&smallest(coding, &repeated(&text, EXPANDED))));
        add(&format!("base64 of {name} of many of them, {DEPTH} deep"), None, repeated(&deep, LENGTH));
        let start = packed.get(..5).unwrap_or_default();
        add(&format!("starts of base64 of {name}"), None, repeated(start, LENGTH));
    }
    for name in [
        "json_in_json_1",
        "percent_all_upper",
        "percent_partial",
        "entities_decimal",
        "base64_at_0",
        "hex_lower",
        "quoted_printable",
        "unicode_lower",
        "base32_at_0",
    ] {
        let Some(encoding) = Encoding::named(name) else { continue };
        let deep = nested(b"it", &|text| if text.len() > LENGTH { text } else { encoding.write(&text) });
        add(&format!("{name}, {DEPTH} deep"), None, repeated(&deep, LENGTH));
    }
    let mixed = nested(b"it is", &|text| {
        let text = String::from_utf8_lossy(&text).into_owned();
        let text = if text.len() > LENGTH { text } else { json!({ "text": text }).to_string() };
        base64(text.as_bytes())
    });
    add(&format!("base64 of JSON, {DEPTH} deep"), None, repeated(&mixed, LENGTH));
    for text in [
        "\\",
        "\\\\u005c",
        "\\u0041",
        "%25",
        "%",
        "&#x26;",
        "&amp;",
        "=\r\n",
        "=3D",
        "\0a",
        "a,",
        "65,",
        "0x41, ",
        "\"a\",",
        "a\n",
        "1: a\n",
        "\n",
        "Zg",
        "Wm1a",
        "ORSXG5A",
        "?= =?utf-8?Q?",
        "\u{200b}a",
        "data: a\n\n",
        "{\"a\":",
        "[",
        "\"password\":\"",
        "eyJ",
        "<input ",
        "4111 1111 ",
        "a@b.c ",
        "+49 30 1 ",
        "-----BEGIN PRIVATE KEY-----",
        "https://a:b@c ",
        "12345678901234567890 ",
        "::1 ",
        "1.1.1.1 ",
    ] {
        add(&format!("{text:?}, again and again"), None, repeated(text.as_bytes(), LENGTH));
    }
    bombs
}

/// Compressed as well as its coding can. Writing into memory does not fail.
fn smallest(coding: Coding, text: &[u8]) -> Vec<u8> {
    let written = match coding {
        Coding::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(text).and_then(|()| encoder.finish())
        }
        Coding::Deflate => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(text).and_then(|()| encoder.finish())
        }
        Coding::Brotli | Coding::Zstd => Ok(coding.encode(text)),
    };
    written.unwrap_or_default()
}

/// As much of a text, again and again, as fills a length.
fn repeated(text: &[u8], length: usize) -> Vec<u8> {
    let text = if text.ends_with(b"=") || text.len() > 64 { [text, b" "].concat() } else { text.to_vec() };
    text.repeat(length.div_ceil(text.len().max(1)))
}

fn nested(text: &[u8], write: &dyn Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    (0..DEPTH).fold(text.to_vec(), |text, _| write(text))
}

fn base64(text: &[u8]) -> Vec<u8> {
    crate::encoding::base64(text)
}
