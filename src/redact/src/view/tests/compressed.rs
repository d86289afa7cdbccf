//! Secrets in compressed data: deep in it, where nothing marks it, and where it stands in a list of numbers or in base64.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{ALPHANUMERIC, BASE64ISH, MARKER, PUNCTUATED, SECRETS, UUID, masked, set};

type Compress = fn(&[u8]) -> Vec<u8>;

const WITHOUT_MARK: [(&str, Compress); 6] = [
    ("Brotli, fastest", |text| brotli(text, 0)),
    ("Brotli, fast", |text| brotli(text, 1)),
    ("Brotli, as servers do", |text| brotli(text, 5)),
    ("Brotli, best", |text| brotli(text, 11)),
    ("raw deflate, fast", |text| deflate(text, 1)),
    ("raw deflate, best", |text| deflate(text, 9)),
];

pub(super) fn brotli(text: &[u8], quality: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut out, 4096, quality, 20);
    encoder.write_all(text).unwrap();
    drop(encoder);
    out
}

pub(super) fn deflate(text: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn numbers(text: &str, between: &str) -> String {
    text.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(between)
}

/// Texts that hold a secret, short and long.
fn answers(secret: &str) -> [String; 2] {
    let noise: String = (0_u64..150).map(|n| format!("{:x} ", n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40)).collect();
    [format!("{{\"items\":[1,2,3],\"echo\":\"{secret}\"}}"), format!("{noise}{secret}{noise}")]
}

/// How much of some text arrives in one piece.
fn arrives(text: &str, masked: &[u8]) -> usize {
    let masked = String::from_utf8_lossy(masked);
    (1..=text.len()).take_while(|length| masked.contains(&text[..*length])).count()
}

/// Masks a text in one piece and in many ways to cut it, which must make no difference, and returns what comes out.
fn masked_however_cut(name: &str, text: &str) -> Vec<u8> {
    let set = set(&[ALPHANUMERIC, BASE64ISH, UUID, PUNCTUATED]);
    let text = text.as_bytes();
    let whole = masked(&set, [text]);
    for length in if text.len() < 600 { [1, 7] } else { [60, 1000] } {
        let cut = masked(&set, text.chunks(length));
        assert!(cut == whole, "{name} in pieces of {length}: {}", String::from_utf8_lossy(&cut));
    }
    for cut in (1..text.len()).step_by(1 + text.len() / 6) {
        assert!(masked(&set, [&text[..cut], &text[cut..]]) == whole, "{name} cut at {cut}");
    }
    whole
}

#[test]
fn what_encoders_write_is_taken_for_compressed_data() {
    let source = concat!(include_str!("../escapes.rs"), include_str!("../chains.rs"));
    let texts = answers(UUID).into_iter().chain([10, 100, 1000, 3000, 15_000].map(|end| source[..end].to_owned()));
    let mut missed = Vec::new();
    for text in texts {
        for level in 0..12 {
            for (name, data) in
                [("Brotli", brotli(text.as_bytes(), level)), ("raw deflate", deflate(text.as_bytes(), level.min(9)))]
            {
                // What was not worth compressing stands there as it is.
                let is_compressed = memchr::memmem::find(&data, text.as_bytes()).is_none();
                let encoded = STANDARD.encode(data);
                let is_taken = super::super::compressed::codings_at(encoded.as_bytes(), 0).next().is_some();
                if encoded.len() >= 28 && is_compressed && !is_taken {
                    missed.push(format!("{name} {level} of {} bytes: {}", text.len(), &encoded[..28]));
                }
            }
        }
    }
    assert_eq!(missed, Vec::<String>::new());
}

#[test]
fn a_secret_in_compressed_data_without_a_mark_is_masked_wherever_the_stream_is_cut() {
    for secret in [BASE64ISH, UUID] {
        for (name, compress) in WITHOUT_MARK {
            for answer in answers(secret) {
                for encoded in
                    [STANDARD.encode(compress(answer.as_bytes())), URL_SAFE_NO_PAD.encode(compress(answer.as_bytes()))]
                {
                    let text = format!("{{\"before\":true,\"data\":\"{encoded}\",\"after\":\"benign\"}}");
                    let out = masked_however_cut(name, &text);
                    let out = String::from_utf8(out).unwrap();
                    assert!(
                        out.contains(MARKER) && out.ends_with("\"after\":\"benign\"}"),
                        "{name} of {answer}: {out}"
                    );
                    assert!(arrives(&encoded, out.as_bytes()) < encoded.len() * 3 / 4, "{name} of {answer}: {out}");
                }
            }
        }
    }
}

#[test]
fn a_secret_in_compressed_data_in_a_list_of_numbers_or_in_base64_is_masked_wherever_the_stream_is_cut() {
    for secret in [ALPHANUMERIC] {
        let compress = [("gzip", gzip as Compress)].into_iter().chain(WITHOUT_MARK);
        for (name, compress) in compress {
            for answer in answers(secret) {
                let encoded = STANDARD.encode(compress(answer.as_bytes()));
                for written in [
                    format!("[{}]", numbers(&encoded, ",")),
                    format!("[\n  {}\n]", numbers(&encoded, ",\n  ")),
                    STANDARD.encode(format!("look-here {encoded} look-there")),
                    STANDARD.encode(&encoded),
                ] {
                    let out = masked_however_cut(
                        name,
                        &format!("{{\"before\":true,\"data\":{written},\"after\":\"benign\"}}"),
                    );
                    assert!(memchr::memmem::find(&out, MARKER.as_bytes()).is_some(), "{name} of {answer}: {written}");
                    assert!(arrives(&written, &out) < written.len() * 3 / 4, "{name} of {answer}: {written}");
                }
            }
        }
    }
}

#[test]
fn identifiers_are_seldom_taken_for_compressed_data() {
    let mut state = 1_u64;
    let mut byte = || {
        state = (state ^ state >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
        (state >> 32) as u8
    };
    let mut taken = 0;
    for _ in 0..10_000 {
        let identifier: Vec<u8> = (0..24).map(|_| byte()).collect();
        let text = format!("\"{}\"", URL_SAFE_NO_PAD.encode(identifier));
        taken += usize::from(super::super::compressed::codings_at(text.as_bytes(), 1).next().is_some());
    }
    assert!(taken < 300, "{taken} of 10000");
    for text in [
        "7c9e6679f42540de944be37fc1a90ae7c9e6679f",
        "/repositories/octo/issues/12345678/comments",
        "a-long-name_of_something",
    ] {
        assert_eq!(super::super::compressed::codings_at(text.as_bytes(), 0).count(), 0, "{text}");
    }
}

#[test]
fn a_secret_deep_in_compressed_data_is_masked_and_what_was_clean_before_it_is_not() {
    let set = set(&SECRETS);
    let noise: String = (0_u64..20_000).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40)).collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(format!("{noise}{ALPHANUMERIC}{noise}").as_bytes()).unwrap();
    let encoded = STANDARD.encode(gzip.finish().unwrap());
    let text = format!("{{\"blob\":\"{encoded}\",\"next\":1}}");
    let whole = masked(&set, [text.as_bytes()]);
    let shown = String::from_utf8(whole.clone()).unwrap().replace('=', "");
    let (before, after) = shown.split_once(MARKER).unwrap();
    assert!(text.starts_with(before) && after == "\",\"next\":1}", "{after}");
    assert!(
        before.len() > encoded.len() / 3 && before.len() < encoded.len() / 2 + 1000,
        "{} of {}",
        before.len(),
        encoded.len()
    );
    for length in [1, 7, 500, 4096] {
        assert!(masked(&set, text.as_bytes().chunks(length)) == whole, "in pieces of {length}");
    }
}

#[test]
fn compressed_data_that_expands_without_end_is_not_passed_on() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![0; 8 << 20]).unwrap();
    gzip.write_all(ALPHANUMERIC.as_bytes()).unwrap();
    let text = format!("<{}>", STANDARD.encode(gzip.finish().unwrap()));
    let out = masked(&set(&SECRETS), [text.as_bytes()]);
    let out = String::from_utf8(out).unwrap().replace('=', "");
    assert!(out.ends_with(&format!("{MARKER}>")) && out.len() < text.len(), "{} of {}", out.len(), text.len());
}
