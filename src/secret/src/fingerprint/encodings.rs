//! The encodings in which a secret is expected to come back, as the bytes that stand on the wire.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

/// How many bytes of a text must stand together to be recognized.
pub(super) const WINDOW: usize = 16;

/// How many characters of the secret a recognized window holds at least, where the encoding spends several bytes on each.
///
/// Whoever can make an upstream echo text sees what is masked, so a window must be too much to guess. Sixteen bytes of `\u0061`
/// form hold two characters: all pairs fit into one request, and the masked ones chain up to the secret.
const WINDOW_CHARACTERS: usize = 8;

/// One encoded form of a secret.
pub(super) struct Encoded {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// The length of the shortest part to recognize, in bytes.
    pub(super) window: usize,
}

/// All forms that differ from one another.
///
/// - as it is, and escaped in JSON by the habits of common writers, up to three levels deep;
/// - every character as `\u0061`;
/// - base64 and base64url wherever the text may start within a group of three bytes (which includes `Basic`, whatever the user's
///   name), at its edges with every character that holds bits of the secret and of a neighbor; those of the standard alphabet also as
///   JSON and URLs escape them;
/// - hexadecimal and percent-encoded, minimal and full, in both cases.
pub(super) fn encodings(secret: &str) -> Vec<Encoded> {
    let mut forms = Forms(Vec::new());
    forms.plain(copied(secret));
    for style in &JSON_STYLES {
        let once = json(secret, style);
        let twice = json(text(&once), style);
        forms.plain(json(text(&twice), style));
        forms.plain(twice);
        forms.plain(once);
    }
    for digits in [LOWER, UPPER] {
        forms.stretched(
            written(secret.len() * 6, |out| {
                secret.chars().for_each(|character| unicode_escape(character, digits, out));
            }),
            6,
        );
        forms.plain(written(secret.len() * 2, |out| secret.bytes().for_each(|byte| hexadecimal(byte, digits, out))));
        for kept in ["-._~", "-._~!'()*", "*-._"] {
            // The last one is form encoding, which writes a space as `+`.
            forms.plain(percent(secret, kept, if kept == "*-._" { Some(b'+') } else { None }, digits));
        }
        forms.stretched(
            written(secret.len() * 3, |out| secret.bytes().for_each(|byte| percent_escape(byte, digits, out))),
            3,
        );
    }
    for alignment in 0..3 {
        for standard in base64(secret, alignment) {
            forms.plain(url_safe(&standard));
            for style in &JSON_STYLES {
                forms.plain(json(text(&standard), style));
            }
            for digits in [LOWER, UPPER] {
                forms.plain(percent(text(&standard), "", None, digits));
            }
        }
    }
    forms.0
}

struct Forms(Vec<Encoded>);

impl Forms {
    fn plain(&mut self, bytes: Zeroizing<Vec<u8>>) {
        self.add(bytes, WINDOW);
    }

    fn stretched(&mut self, bytes: Zeroizing<Vec<u8>>, bytes_per_character: usize) {
        self.add(bytes, WINDOW_CHARACTERS * bytes_per_character);
    }

    fn add(&mut self, bytes: Zeroizing<Vec<u8>>, window: usize) {
        if !self.0.iter().any(|form| *form.bytes == *bytes) {
            self.0.push(Encoded { bytes, window });
        }
    }
}

const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// How a JSON writer escapes beyond what JSON demands (RFC 8259 section 7).
struct JsonStyle {
    slash: bool,
    /// Characters that it writes as `\u003c`.
    as_unicode: &'static str,
    ascii_only: bool,
    digits: &'static [u8; 16],
}

const JSON_STYLES: [JsonStyle; 7] = [
    JsonStyle { slash: false, as_unicode: "", ascii_only: false, digits: LOWER },
    JsonStyle { slash: false, as_unicode: "", ascii_only: true, digits: LOWER },
    JsonStyle { slash: true, as_unicode: "", ascii_only: false, digits: LOWER },
    JsonStyle { slash: true, as_unicode: "", ascii_only: true, digits: LOWER },
    // Writers that make their output safe inside HTML.
    JsonStyle { slash: false, as_unicode: "<>&", ascii_only: false, digits: LOWER },
    JsonStyle { slash: false, as_unicode: "<>&='", ascii_only: false, digits: LOWER },
    JsonStyle { slash: false, as_unicode: "<>&'\"+`", ascii_only: true, digits: UPPER },
];

fn json(secret: &str, style: &JsonStyle) -> Zeroizing<Vec<u8>> {
    written(secret.len() * 6, |out| {
        for character in secret.chars() {
            match character {
                _ if style.as_unicode.contains(character) => unicode_escape(character, style.digits, out),
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
                '/' if style.slash => out.extend_from_slice(b"\\/"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\r' => out.extend_from_slice(b"\\r"),
                '\t' => out.extend_from_slice(b"\\t"),
                '\u{8}' => out.extend_from_slice(b"\\b"),
                '\u{c}' => out.extend_from_slice(b"\\f"),
                '\0'..='\u{1f}' => unicode_escape(character, style.digits, out),
                _ if !character.is_ascii() && style.ascii_only => unicode_escape(character, style.digits, out),
                _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    })
}

fn unicode_escape(character: char, digits: &[u8; 16], out: &mut Vec<u8>) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        out.extend_from_slice(b"\\u");
        unit.to_be_bytes().into_iter().for_each(|byte| hexadecimal(byte, digits, out));
    }
}

fn hexadecimal(byte: u8, digits: &[u8; 16], out: &mut Vec<u8>) {
    out.extend([digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
}

fn percent_escape(byte: u8, digits: &[u8; 16], out: &mut Vec<u8>) {
    out.push(b'%');
    hexadecimal(byte, digits, out);
}

/// Percent-encoding (RFC 3986 section 2.1) of all but letters, digits and `kept`.
fn percent(secret: &str, kept: &str, space: Option<u8>, digits: &[u8; 16]) -> Zeroizing<Vec<u8>> {
    written(secret.len() * 3, |out| {
        for byte in secret.bytes() {
            match (byte, space) {
                (b' ', Some(space)) => out.push(space),
                _ if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) => out.push(byte),
                _ => percent_escape(byte, digits, out),
            }
        }
    })
}

/// RFC 4648, section 4.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The base64 characters that depend on the secret alone when `alignment` bytes of something else stand before it in its group. Then its
/// first and its last window again, behind and before each character that the secret may share with its neighbor there.
fn base64(secret: &str, alignment: usize) -> Vec<Zeroizing<Vec<u8>>> {
    let (start, end) = (alignment * 8, (alignment + secret.len()) * 8);
    let input = written(alignment + secret.len() + 1, |out| {
        out.resize(alignment, 0);
        out.extend_from_slice(secret.as_bytes());
        out.push(0);
    });
    let mut encoded = Zeroizing::new(vec![0; input.len() * 4 / 3 + 4]);
    // A buffer of this size holds every encoding, so this does not fail.
    let _length = STANDARD_NO_PAD.encode_slice(&*input, &mut encoded);
    let whole = &encoded[start.div_ceil(6)..end / 6];
    let mut forms = vec![Zeroizing::new(whole.to_vec())];
    // The neighbors are zero here. The one before fills the high bits of the character that it shares, the one behind the low bits.
    let shared = |bit: usize| BASE64.iter().position(|known| *known == encoded[bit / 6]).unwrap_or(0);
    let window = whole.len().min(WINDOW - 1);
    if start % 6 != 0 {
        forms.extend((0..1 << (start % 6)).map(|neighbor| {
            let edge = BASE64[shared(start) | neighbor << (6 - start % 6)];
            written(WINDOW, |out| out.extend([edge].iter().chain(&whole[..window])))
        }));
    }
    if end % 6 != 0 {
        forms.extend((0..1 << (6 - end % 6)).map(|neighbor| {
            let edge = BASE64[shared(end) | neighbor];
            written(WINDOW, |out| out.extend(whole[whole.len() - window..].iter().chain(&[edge])))
        }));
    }
    forms
}

/// The same in the alphabet of RFC 4648, section 5.
fn url_safe(standard: &[u8]) -> Zeroizing<Vec<u8>> {
    let translated = |byte: &u8| match byte {
        b'+' => b'-',
        b'/' => b'_',
        byte => *byte,
    };
    written(standard.len(), |out| out.extend(standard.iter().map(translated)))
}

fn copied(secret: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(secret.as_bytes().to_vec())
}

/// Runs `write` on a buffer that is large enough from the start: one that grew would leave unwiped copies behind.
fn written(capacity: usize, write: impl FnOnce(&mut Vec<u8>)) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(capacity));
    write(&mut out);
    out
}

/// Everything written here is made of whole characters.
fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(secret: &str) -> Vec<String> {
        encodings(secret).iter().map(|form| text(&form.bytes).to_owned()).collect()
    }

    #[test]
    fn each_form_is_what_a_writer_of_it_produces() {
        let forms = forms("a/b+c\"d é~Z9");
        for expected in [
            "a/b+c\"d é~Z9",
            "a/b+c\\\"d é~Z9",
            "a/b+c\\\\\\\"d é~Z9",
            "a\\/b+c\\\"d \\u00e9~Z9",
            "a/b\\u002Bc\\u0022d \\u00E9~Z9",
            "\\u0061\\u002f\\u0062\\u002b\\u0063\\u0022\\u0064\\u0020\\u00e9\\u007e\\u005a\\u0039",
            "612f622b63226420c3a97e5a39",
            "612F622B63226420C3A97E5A39",
            "a%2Fb%2Bc%22d%20%C3%A9~Z9",
            "a%2fb%2bc%22d+%c3%a9%7eZ9",
            "%61%2f%62%2b%63%22%64%20%c3%a9%7e%5a%39",
        ] {
            assert!(forms.iter().any(|form| form == expected), "{expected} in {forms:#?}");
        }
    }

    #[test]
    fn base64_at_each_alignment_is_a_part_of_what_any_neighbors_give() {
        let secret = "Vq3>>>???/zz9";
        for before in ["", "u", "us", "usr:"] {
            for after in ["", "x", "yz"] {
                let whole = STANDARD_NO_PAD.encode(format!("{before}{secret}{after}"));
                let forms = base64(secret, before.len() % 3);
                assert!(whole.contains(text(&forms[0])), "{before} {after}");
                assert!(forms[0].len() >= secret.len() * 8 / 6 - 2);
                let edges = forms[1..].iter().filter(|form| whole.contains(text(form))).count();
                let ends = [before.len(), before.len() + secret.len()];
                let shared = ends.iter().filter(|end| !end.is_multiple_of(3)).count();
                assert_eq!(edges, shared, "{before} {after}");
            }
        }
    }

    #[test]
    fn a_plain_secret_has_few_forms_and_none_twice() {
        let forms = forms("abcdefgh12345678");
        let mut unique = forms.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), forms.len());
        // Two edges at three alignments have 40 characters in all.
        assert!(forms.len() <= 16 + 40, "{forms:#?}");
    }
}
