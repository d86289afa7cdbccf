//! The encodings in which a part of a secret stands as a part of the text, as the bytes that stand on the wire.
//!
//! Encodings that spend a fixed number of bytes on a character wherever it stands, escapes of all kinds and separators between
//! characters are not here: a scanner undoes them and looks for these forms in the result.

mod base64;
mod numbers;

use zeroize::Zeroizing;

use super::unknown::unknown;

/// How many bytes of a text must stand together to be recognized.
pub(super) const WINDOW: usize = 16;

/// One encoded form of a secret.
pub(super) struct Encoded {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// How much of what nobody can know each byte carries, in sixteenths of a bit.
    pub(super) bits: Zeroizing<Vec<u16>>,
    /// The length of the shortest part to recognize, in bytes.
    pub(super) window: usize,
    pub(super) starts: Starts,
}

/// Where in a form the windows start by which it is recognized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Starts {
    /// Every so many bytes, few enough that sixteen bytes of the secret hold a window in this encoding; and at its end.
    Each(usize),
    /// Only at the start: the rest stands in another form.
    First,
    /// Only so that the window ends where the form ends.
    Last,
}

/// A text and how much of each byte is unknown.
pub(super) struct Source<'text> {
    pub(super) bytes: &'text [u8],
    pub(super) bits: &'text [u16],
}

/// All forms that differ from one another.
///
/// - as it is, reversed, in lower, upper and swapped case, rotated by 13 letters, without its punctuation, and escaped in JSON up
///   to three levels deep;
/// - hexadecimal in both cases;
/// - base64 and base64url wherever the text may start within a group of three bytes (which includes `Basic`, whatever the user's
///   name), at its edges with every character that holds bits of the secret and of a neighbor;
/// - ascii85 wherever the text may start within a group of four bytes, and base58 of the whole.
pub(super) fn encodings(secret: &str) -> Vec<Encoded> {
    let bits = unknown(secret);
    let source = Source { bytes: secret.as_bytes(), bits: &bits };
    let mut forms = Forms(Vec::new());
    forms.add(mapped(&source, |byte| byte));
    #[cfg(not(claviger_broken = "no_reversed"))]
    forms.add(reversed(&source));
    forms.add(mapped(&source, |byte| byte.to_ascii_lowercase()));
    forms.add(mapped(&source, |byte| byte.to_ascii_uppercase()));
    #[cfg(not(claviger_broken = "no_other_case"))]
    forms.add(mapped(&source, swapped_case));
    forms.add(mapped(&source, rotated));
    forms.add(without_punctuation(&source));
    for escape in [json_escape, json_escape_with_slash] {
        let once = expanded(&source, escape);
        let twice = expanded(&once.source(), escape);
        forms.add(expanded(&twice.source(), escape));
        forms.add(twice);
        forms.add(once);
    }
    #[cfg(not(claviger_broken = "no_hexadecimal"))]
    numbers::hexadecimal(&source).into_iter().for_each(|form| forms.add(form));
    #[cfg(not(claviger_broken = "no_base64"))]
    base64::base64(&source).into_iter().for_each(|form| forms.add(form));
    numbers::ascii85(&source).into_iter().for_each(|form| forms.add(form));
    numbers::base58(&source).into_iter().for_each(|form| forms.add(form));
    forms.0
}

struct Forms(Vec<Encoded>);

impl Forms {
    fn add(&mut self, form: Encoded) {
        if !form.bytes.is_empty() && !self.0.iter().any(|known| *known.bytes == *form.bytes) {
            self.0.push(form);
        }
    }
}

impl Encoded {
    fn new(capacity: usize, window: usize, starts: Starts) -> Self {
        // A buffer that grew would leave unwiped copies behind.
        Self {
            bytes: Zeroizing::new(Vec::with_capacity(capacity)),
            bits: Zeroizing::new(Vec::with_capacity(capacity)),
            window,
            starts,
        }
    }

    fn push(&mut self, byte: u8, bits: u16) {
        self.bytes.push(byte);
        self.bits.push(bits);
    }

    fn source(&self) -> Source<'_> {
        Source { bytes: &self.bytes, bits: &self.bits }
    }
}

fn mapped(source: &Source<'_>, map: fn(u8) -> u8) -> Encoded {
    let mut form = Encoded::new(source.bytes.len(), WINDOW, Starts::Each(1));
    source.bytes.iter().zip(source.bits).for_each(|(byte, bits)| form.push(map(*byte), *bits));
    form
}

fn reversed(source: &Source<'_>) -> Encoded {
    let mut form = mapped(source, |byte| byte);
    form.bytes.reverse();
    form.bits.reverse();
    form
}

/// What is left when everything between letters and digits is dropped.
fn without_punctuation(source: &Source<'_>) -> Encoded {
    let mut form = Encoded::new(source.bytes.len(), WINDOW, Starts::Each(1));
    let kept = source.bytes.iter().zip(source.bits).filter(|(byte, _)| byte.is_ascii_alphanumeric());
    kept.for_each(|(byte, bits)| form.push(*byte, *bits));
    form
}

fn swapped_case(byte: u8) -> u8 {
    if byte.is_ascii_alphabetic() { byte ^ 0x20 } else { byte }
}

/// ROT13.
fn rotated(byte: u8) -> u8 {
    match byte {
        b'a'..=b'm' | b'A'..=b'M' => byte + 13,
        b'n'..=b'z' | b'N'..=b'Z' => byte - 13,
        _ => byte,
    }
}

/// Writes each byte as several, over which what is unknown of it is spread.
fn expanded(source: &Source<'_>, escape: fn(u8, &mut Vec<u8>)) -> Encoded {
    let mut form = Encoded::new(source.bytes.len() * ESCAPE_LENGTH_MAX, WINDOW, Starts::Each(1));
    for (byte, bits) in source.bytes.iter().zip(source.bits) {
        let start = form.bytes.len();
        escape(*byte, &mut form.bytes);
        // All on the last byte: an escape that is cut tells little.
        form.bits.resize(form.bytes.len(), 0);
        if form.bytes.len() > start
            && let Some(last) = form.bits.last_mut()
        {
            *last = *bits;
        }
    }
    form
}

const ESCAPE_LENGTH_MAX: usize = 6;

/// What JSON demands (RFC 8259 section 7).
fn json_escape(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        b'\x08' => out.extend_from_slice(b"\\b"),
        b'\x0c' => out.extend_from_slice(b"\\f"),
        _ => out.push(byte),
    }
}

/// The habit of writers whose JSON stands inside HTML.
fn json_escape_with_slash(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'/' => out.extend_from_slice(b"\\/"),
        _ => json_escape(byte, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(secret: &str) -> Vec<String> {
        encodings(secret).iter().map(|form| String::from_utf8_lossy(&form.bytes).into_owned()).collect()
    }

    #[test]
    fn each_form_is_what_a_writer_of_it_produces() {
        let forms = forms("a/b+c\"d~Z9");
        for expected in [
            "a/b+c\"d~Z9",
            "9Z~d\"c+b/a",
            "A/B+C\"D~Z9",
            "A/B+C\"D~z9",
            "n/o+p\"q~M9",
            "abcdZ9",
            "a/b+c\\\"d~Z9",
            "a/b+c\\\\\\\"d~Z9",
            "a\\/b+c\\\"d~Z9",
            "612f622b6322647e5a39",
            "612F622B6322647E5A39",
        ] {
            assert!(forms.iter().any(|form| form == expected), "{expected} in {forms:#?}");
        }
    }

    #[test]
    fn every_byte_of_a_form_carries_its_share_of_what_is_unknown() {
        let secret = "Zr9+kQ/2vB7x=Lm4Tn8pWc1YhD";
        let total = |form: &Encoded| form.bits.iter().map(|bits| u32::from(*bits)).sum::<u32>();
        let forms = encodings(secret);
        let whole = total(&forms[0]);
        for form in forms.iter().filter(|form| matches!(form.starts, Starts::Each(_))) {
            assert_eq!(form.bytes.len(), form.bits.len());
            // The edges of groups are shared with neighbors, and punctuation carries little.
            assert!((whole * 3 / 4..=whole).contains(&total(form)), "{} of {whole}: {}", total(form), form.bytes.len());
        }
    }

    #[test]
    fn a_plain_secret_has_no_form_twice() {
        let forms = forms("abcdefgh12345678");
        let mut unique = forms.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), forms.len());
    }
}
