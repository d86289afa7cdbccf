//! Secrets in base64 of texts whose characters take several bytes each.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{ALPHANUMERIC, BASE64ISH, MARKER, PUNCTUATED, UUID, masked, set};

fn forms(secret: &str) -> [(&'static str, Vec<u8>); 7] {
    let units = |unit: fn(u8) -> Vec<u8>| secret.bytes().flat_map(unit).collect::<Vec<_>>();
    let full_width = secret.chars().map(|c| char::from_u32(c as u32 - 0x21 + 0xff01).unwrap()).collect::<String>();
    let between = |separator: &str| secret.chars().map(String::from).collect::<Vec<_>>().join(separator).into_bytes();
    [
        ("UTF-16LE", units(|byte| vec![byte, 0])),
        ("UTF-16BE", units(|byte| vec![0, byte])),
        ("UTF-32LE", units(|byte| vec![byte, 0, 0, 0])),
        ("UTF-32BE", units(|byte| vec![0, 0, 0, byte])),
        ("full-width forms", full_width.into_bytes()),
        ("zero-width spaces", between("\u{200b}")),
        ("soft hyphens", between("\u{ad}")),
    ]
}

#[test]
fn a_secret_in_base64_of_wide_text_is_masked_wherever_it_starts_and_the_stream_is_cut() {
    let set = set(&[ALPHANUMERIC, BASE64ISH, UUID, PUNCTUATED]);
    for secret in [ALPHANUMERIC, BASE64ISH, UUID, PUNCTUATED] {
        for (name, form) in forms(secret) {
            for before in ["", "x", "xy", "look-here ", "noise \u{e9}\u{1f600} "] {
                let bytes = [before.as_bytes(), &form, b" look-there"].concat();
                for encoded in [STANDARD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
                    let text = format!("{{\"blob\":\"{encoded}\",\"after\":1}}");
                    let whole = masked(&set, [text.as_bytes()]);
                    let shown = String::from_utf8_lossy(&whole);
                    assert!(shown.contains(MARKER), "{name} of {secret} after {before}: {shown}");
                    let left = (0..encoded.len()).rev().map(|end| &encoded[..end]).find(|start| shown.contains(start));
                    // Less than sixteen characters before the mask.
                    let most = (before.len() + form.len() * 16 / secret.len()) * 4 / 3 + 4;
                    assert!(left.is_some_and(|left| left.len() <= most), "{name} of {secret} after {before}: {shown}");
                    for length in [1, 10, 100] {
                        assert!(masked(&set, text.as_bytes().chunks(length)) == whole, "{name} in pieces of {length}");
                    }
                }
            }
        }
    }
}

#[test]
fn base64_of_regular_data_comes_out_as_it_went_in() {
    let set = set(&[ALPHANUMERIC]);
    let tables: Vec<u8> = (0..20_000_u32).flat_map(|number| (number / 7).to_le_bytes()).collect();
    let texts = [vec![0; 10_000], b"abcd".repeat(3000), b"a\0b\0".repeat(3000), tables];
    for bytes in texts {
        let text = STANDARD.encode(bytes);
        assert!(masked(&set, [text.as_bytes()]) == text.as_bytes());
    }
}
