//! Secrets in every encoding, cut everywhere: nothing of them is left for whoever decodes what comes out.

mod compressed;
mod places;
mod wide;

use std::io::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use secret::{FingerprintKey, FingerprintSet, Secret};
use zeroize::Zeroizing;

use crate::{Content, MARKER, Masker, Profile};

const ALPHANUMERIC: &str = "Zr9kQ2vB7xLm4Tn8pWc1";
const BASE64ISH: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXq2=Tz8L0";
const UUID: &str = "7c9e6679-f425-40de-944b-e37fc1a90ae7";
const PUNCTUATED: &str = "q7$Rk2&mX9<Wz4\"Lp3'Tb8>Yc5";
const SECRETS: [&str; 4] = [ALPHANUMERIC, BASE64ISH, UUID, PUNCTUATED];

fn set(secrets: &[&str]) -> Arc<FingerprintSet> {
    let mut set = FingerprintSet::new(&FingerprintKey::random().unwrap());
    for (tag, text) in secrets.iter().enumerate() {
        set.add(&Secret::new(Zeroizing::new((*text).to_owned())), tag as u32).unwrap();
    }
    Arc::new(set)
}

fn masked<'chunk>(set: &Arc<FingerprintSet>, chunks: impl IntoIterator<Item = &'chunk [u8]>) -> Vec<u8> {
    let mut masker = Masker::new(Arc::clone(set), &Arc::new(Profile::new()), Content::Binary);
    let mut masked = Vec::new();
    for chunk in chunks {
        masker.push(Bytes::copy_from_slice(chunk), &mut |clean: Bytes| masked.extend_from_slice(&clean));
    }
    masker.finish(&mut |clean: Bytes| masked.extend_from_slice(&clean));
    masked
}

fn each(secret: &str, write: impl Fn(u8) -> String) -> String {
    secret.bytes().map(write).collect()
}

fn joined(secret: &str, separator: &str) -> String {
    secret.chars().map(String::from).collect::<Vec<_>>().join(separator)
}

fn in_lines(text: &str, length: usize, prefix: impl Fn(usize) -> String) -> String {
    let lines = text.as_bytes().chunks(length).enumerate();
    lines
        .map(|(number, line)| format!("{}{}", prefix(number + 1), str::from_utf8(line).unwrap()))
        .collect::<Vec<_>>()
        .join("\n")
}

fn json(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn base32(text: &str, alphabet: &[u8; 32]) -> String {
    let bits: String = text.bytes().map(|byte| format!("{byte:08b}")).collect();
    let digits = bits.as_bytes().chunks(5).map(|digit| format!("{:0<5}", str::from_utf8(digit).unwrap()));
    digits.map(|digit| char::from(alphabet[usize::from_str_radix(&digit, 2).unwrap()])).collect()
}

fn ascii85(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let padding = (4 - bytes.len() % 4) % 4;
    bytes.resize(bytes.len() + padding, 0);
    let mut encoded = String::new();
    for group in bytes.chunks(4) {
        let number = u32::from_be_bytes(group.try_into().unwrap());
        encoded.extend((0..5).rev().map(|place| char::from(b'!' + (number / 85_u32.pow(place) % 85) as u8)));
    }
    encoded.truncate(encoded.len() - padding);
    encoded
}

fn swapped(byte: u8) -> u8 {
    if byte.is_ascii_alphabetic() { byte ^ 0x20 } else { byte }
}

fn rot13(byte: u8) -> char {
    char::from(match byte {
        b'a'..=b'z' => (byte - b'a' + 13) % 26 + b'a',
        b'A'..=b'Z' => (byte - b'A' + 13) % 26 + b'A',
        other => other,
    })
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE32_HEX: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";

/// The secret in each encoding, as bytes, in a text that a writer of it would produce.
fn forms(secret: &str) -> Vec<(String, Vec<u8>)> {
    let mut forms: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, form: String| forms.push((name.to_owned(), form.into_bytes()));
    add("plain", secret.to_owned());
    add("reversed", secret.chars().rev().collect());
    add("lower", secret.to_ascii_lowercase());
    add("upper", secret.to_ascii_uppercase());
    add("swapped", each(secret, |byte| char::from(swapped(byte)).to_string()));
    add("rot13", each(secret, |byte| rot13(byte).to_string()));
    add("hex", each(secret, |byte| format!("{byte:02x}")));
    add("hex upper", each(secret, |byte| format!("{byte:02X}")));
    add("hex spaced", each(secret, |byte| format!("{byte:02x} ")));
    add("hex colon", each(secret, |byte| format!("{byte:02x}:")));
    add("hex list", each(secret, |byte| format!("0x{byte:02x}, ")));
    for before in ["", "u", "us", "user:", "user@example.org:"] {
        let text = format!("{before}{secret} and more");
        add(&format!("base64 after {before}"), STANDARD.encode(&text));
        add(&format!("base64url after {before}"), URL_SAFE.encode(&text));
        add(&format!("base64 in lines after {before}"), in_lines(&STANDARD.encode(&text), 76, |_| String::new()));
        add(&format!("base64 in short lines after {before}"), in_lines(&STANDARD.encode(&text), 20, |_| String::new()));
        add(
            &format!("base64 in escaped lines after {before}"),
            in_lines(&STANDARD.encode(&text), 20, |_| String::new()).replace('\n', "\\r\\n"),
        );
        // What stands before the run looks like groups of base64, with something else between.
        add(
            &format!("base64 twice behind words after {before}"),
            format!("look-here {}", STANDARD.encode(STANDARD.encode(&text))),
        );
        for second in ["", "x", "xy"] {
            add(
                &format!("base64 twice after {before}, {second}"),
                STANDARD.encode(format!("{second}{}", STANDARD.encode(&text))),
            );
            add(
                &format!("base64url twice after {before}, {second}"),
                URL_SAFE_NO_PAD.encode(format!("{second}{}", URL_SAFE_NO_PAD.encode(&text))),
            );
        }
    }
    for before in ["", "a", "ab", "abc", "abcd"] {
        add(&format!("base32 after {before}"), base32(&format!("{before}{secret}"), BASE32));
        add(&format!("base32 lower after {before}"), base32(&format!("{before}{secret}"), BASE32).to_lowercase());
        add(&format!("base32hex after {before}"), base32(&format!("{before}{secret}"), BASE32_HEX));
        add(&format!("ascii85 after {before}"), ascii85(&format!("{before}{secret}")));
        add(&format!("ascii85 in JSON after {before}"), json(&ascii85(&format!("{before}{secret}"))));
    }
    add("percent", each(secret, |byte| format!("%{byte:02X}")));
    add("percent lower", each(secret, |byte| format!("%{byte:02x}")));
    add(
        "percent partial",
        each(secret, |byte| if byte % 3 == 0 { format!("%{byte:02x}") } else { char::from(byte).to_string() }),
    );
    add(
        "percent punctuation",
        each(
            secret,
            |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
        ),
    );
    add("percent twice", each(secret, |byte| format!("%25{byte:02X}")));
    add("unicode escapes", each(secret, |byte| format!("\\u{byte:04x}")));
    add("unicode escapes upper", each(secret, |byte| format!("\\u{byte:04X}")));
    add("one unicode escape", secret.replacen(char::is_alphanumeric, "\\u0039", 0).replace('2', "\\u0032"));
    add("hex escapes", each(secret, |byte| format!("\\x{byte:02x}")));
    add("octal escapes", each(secret, |byte| format!("\\{byte:03o}")));
    add("escaped slashes", secret.replace('/', "\\/"));
    add("JSON", json(secret));
    add("JSON in JSON", json(&json(secret)));
    add("JSON in JSON in JSON", json(&json(&json(secret))));
    add("unicode escapes in JSON in JSON", json(&json(&each(secret, |byte| format!("\\u{byte:04x}")))));
    add("decimal entities", each(secret, |byte| format!("&#{byte};")));
    add("hex entities", each(secret, |byte| format!("&#x{byte:x};")));
    add("padded entities", each(secret, |byte| format!("&#x{byte:06X};")));
    add(
        "named entities",
        secret
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&apos;")
            .replace('/', "&sol;")
            .replace('+', "&plus;")
            .replace('$', "&dollar;"),
    );
    add("quoted-printable", each(secret, |byte| format!("={byte:02X}")));
    add(
        "quoted-printable of punctuation",
        each(
            secret,
            |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("={byte:02X}") },
        ),
    );
    add("soft line breaks", in_lines(secret, 9, |_| String::new()).replace('\n', "=\r\n"));
    add("encoded words", format!("=?utf-8?Q?{}?=\r\n =?utf-8?Q?{}?=", &secret[..9], &secret[9..]));
    add("rot13 again", each(secret, |byte| rot13(byte).to_string()));
    add("array of characters", serde_like(secret, ","));
    add("pretty array of characters", serde_like(secret, ",\n    "));
    add("escaped array of characters", json(&serde_like(secret, ", ")));
    add("character codes", each(secret, |byte| format!("{byte},")));
    add(
        "pretty character codes",
        format!("[\n  {}\n]", secret.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(",\n  ")),
    );
    add("spaced character codes", each(secret, |byte| format!("{byte} ")));
    for (name, encoded) in [
        ("base64", STANDARD.encode(secret)),
        ("hexadecimal digits", each(secret, |byte| format!("{byte:02x} "))),
        ("percent-encoding", each(secret, |byte| format!("%{byte:02X}"))),
        ("percent-encoding, twice", each(secret, |byte| format!("%25{byte:02X}"))),
        ("JSON", json(&json(secret))),
        ("unicode escapes", each(secret, |byte| format!("\\u{byte:04x}"))),
        ("lines", in_lines(secret, 10, |number| format!("{number}: "))),
    ] {
        add(&format!("character codes of {name}"), each(&encoded, |byte| format!("{byte},")));
        add(&format!("base64 of {name}"), STANDARD.encode(&encoded));
    }
    for (name, separator) in [
        ("blank", " "),
        ("hyphen", "-"),
        ("newline", "\n"),
        ("escaped newline", "\\n"),
        ("tab", "\t"),
        ("zero-width", "\u{200b}"),
        ("joiner", "\u{2060}"),
        ("escaped zero-width", "\\u200b"),
        ("soft hyphen", "\u{ad}"),
        ("comma", ", "),
        ("dot", "."),
        ("byte order mark", "\u{feff}"),
    ] {
        add(&format!("interleaved with {name}"), joined(secret, separator));
    }
    add("full-width", secret.chars().map(|c| char::from_u32(c as u32 - 0x21 + 0xff01).unwrap()).collect());
    add("CDATA", format!("<a><![CDATA[{secret}]]></a>"));
    add("CDATA in parts", format!("<a><![CDATA[{}]]><![CDATA[{}]]></a>", &secret[..11], &secret[11..]));
    add("data URL", format!("data:text/plain;base64,{}", STANDARD.encode(secret)));
    add("data URL, percent", format!("data:text/plain,{}", each(secret, |byte| format!("%{byte:02X}"))));
    add("JWT payload", format!("eyJhbGciOiJub25lIn0.{}.", URL_SAFE_NO_PAD.encode(format!("{{\"sub\":\"{secret}\"}}"))));
    add("numbered lines", in_lines(secret, 10, |number| format!("{number}: ")));
    add("numbered lines as by cat", in_lines(secret, 10, |number| format!("{number:6}\t")));
    add("numbered lines in JSON", json(&in_lines(secret, 10, |number| format!("{number:6}\t"))).replace('\t', "\\t"));
    add("quoted lines", in_lines(secret, 10, |_| "> ".to_owned()));
    add("lines of an event", in_lines(secret, 10, |_| "data: ".to_owned()));
    let answer = format!("{{\"items\":[1,2,3],\"echo\":\"{secret}\"}}");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(answer.as_bytes()).unwrap();
    add("base64 of gzip", STANDARD.encode(gzip.finish().unwrap()));
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(answer.as_bytes()).unwrap();
    add("base64 of deflate", STANDARD.encode(zlib.finish().unwrap()));
    add("base64 of zstd", STANDARD.encode(zstd::encode_all(answer.as_bytes(), 3).unwrap()));
    for (name, unit) in [("UTF-16LE", [1, 0, 0, 0]), ("UTF-16BE", [0, 1, 0, 0])] {
        forms.push((
            name.to_owned(),
            secret.bytes().flat_map(|byte| if unit[0] == 1 { [byte, 0] } else { [0, byte] }).collect(),
        ));
    }
    forms.push(("UTF-32LE".to_owned(), secret.bytes().flat_map(|byte| u32::from(byte).to_le_bytes()).collect()));
    forms.push(("UTF-32BE".to_owned(), secret.bytes().flat_map(|byte| u32::from(byte).to_be_bytes()).collect()));
    forms
}

fn serde_like(secret: &str, separator: &str) -> String {
    let characters: Vec<String> = secret.chars().map(|character| json(&character.to_string())).collect();
    format!("[{}]", characters.join(separator))
}

/// How many bytes of a form are left where it stood.
fn left(form: &[u8], masked: &[u8]) -> usize {
    let longest = (0..form.len())
        .map(|start| {
            (start..form.len()).take_while(|end| memchr::memmem::find(masked, &form[start..=*end]).is_some()).count()
        })
        .max();
    longest.unwrap_or(0)
}

#[test]
fn a_secret_in_any_encoding_is_masked_wherever_the_stream_is_cut() {
    let (set, empty) = (set(&SECRETS), set(&[]));
    let mut failures = Vec::new();
    for secret in SECRETS {
        for (name, form) in forms(secret) {
            let text = [b"{\"before\": true, \"text\": <".as_slice(), &form, b">, \"after\": \"benign\"}"].concat();
            assert!(masked(&empty, [text.as_slice()]) == text);
            let whole = masked(&set, [text.as_slice()]);
            // A third of the form is less than sixteen bytes of any secret here.
            let rest = whole.len().saturating_sub(text.len() - form.len());
            let marker_count = memchr::memmem::find_iter(&whole, MARKER).count();
            if left(&form, &whole) * secret.len() > form.len() * 15 || marker_count == 0 {
                failures.push(format!("{secret} as {name}: {} in {rest}", String::from_utf8_lossy(&whole)));
                continue;
            }
            let bytewise = masked(&set, text.chunks(1));
            if bytewise != whole {
                failures.push(format!(
                    "{secret} as {name} bytewise: {}\n   whole: {}",
                    String::from_utf8_lossy(&bytewise),
                    String::from_utf8_lossy(&whole)
                ));
                continue;
            }
            for cut in (1..text.len()).step_by(1 + text.len() / 40) {
                let out = masked(&set, [&text[..cut], &text[cut..]]);
                if out != whole {
                    failures.push(format!("{secret} as {name} cut at {cut}: {}", String::from_utf8_lossy(&out)));
                    break;
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

fn benign() -> Vec<(&'static str, Vec<u8>)> {
    let noise: Vec<u8> = (0_u64..60_000).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 29) as u8).collect();
    let source = concat!(include_str!("escapes.rs"), include_str!("chains.rs"), include_str!("signs.rs")).as_bytes();
    let source = source.to_vec();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&source).unwrap();
    let hex: String = noise.iter().map(|byte| format!("{byte:02x} ")).collect();
    let numbers: Vec<String> = noise.iter().map(u8::to_string).collect();
    vec![
        ("base64 of gzip", STANDARD.encode(gzip.finish().unwrap()).into_bytes()),
        ("base64 of noise", STANDARD.encode(&noise).into_bytes()),
        ("base64 of source", STANDARD.encode(&source).into_bytes()),
        ("what starts like data", b"[\"eJxyz\", \"H4sIAAAA\", \"KLUv/not\", \"eNd\"]".repeat(50)),
        ("escaped source", json(&json(str::from_utf8(&source).unwrap())).into_bytes()),
        ("hex", hex.into_bytes()),
        ("numbers", numbers.join(", ").into_bytes()),
        ("UTF-16", source.iter().flat_map(|byte| [*byte, 0]).collect()),
        ("source", source),
        ("noise", noise),
    ]
}

#[test]
fn benign_texts_come_out_as_they_went_in() {
    let set = set(&SECRETS);
    for (name, text) in benign() {
        for length in [text.len(), 1000, 4096] {
            assert!(masked(&set, text.chunks(length)) == text, "{name} in pieces of {length}");
        }
    }
}

#[test]
fn a_secret_anywhere_in_a_chunk_of_any_length_is_masked() {
    let set = set(&SECRETS);
    for length in [400, 600, 1000, 1024, 1025, 1100, 1600, 2048, 2100] {
        for at in (0..length - ALPHANUMERIC.len()).step_by(37) {
            let mut chunk = vec![b'.'; length];
            chunk[at..at + ALPHANUMERIC.len()].copy_from_slice(ALPHANUMERIC.as_bytes());
            let out = masked(&set, [vec![b'.'; 1500].as_slice(), &chunk]);
            assert!(memchr::memmem::find(&out, MARKER.as_bytes()).is_some(), "at {at} of {length}");
        }
    }
}

#[test]
fn a_run_that_is_decoded_is_found_wherever_it_stands_in_a_block() {
    let part = &ALPHANUMERIC[..16];
    let twice = STANDARD.encode(STANDARD.encode(part));
    // So short that its pieces are not known, only all of it.
    let short = "q7Rk2mX9Wz4";
    for (secret, run) in [(ALPHANUMERIC, twice), (short, base32(short, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))] {
        let set = set(&[secret]);
        for before in 0..130 {
            let text = format!("{} {run} and then", ".".repeat(before));
            let masked = masked(&set, [text.as_bytes()]);
            assert!(
                !masked.windows(16).any(|left| run.as_bytes().windows(16).any(|part| part == left)),
                "at {before}: {run}"
            );
        }
    }
}
