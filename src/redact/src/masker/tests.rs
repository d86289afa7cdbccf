//! Streams with secrets in every encoding, cut everywhere; and streams that must come out as they went in.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;
use secret::{FingerprintKey, Secret};
use zeroize::Zeroizing;

use super::*;
use crate::{Class, MARKER};

const LONG: &str = "sk_Zr9+kQ/2vB7x~Lm4\"Tn8&pWc1YhD=";
const PLAIN: &str = "Zr9kQ2vB7xLm4Tn8";
const SHORT: &str = "q7Rk2mX9Wz4T";

fn set(secrets: &[&str]) -> Arc<FingerprintSet> {
    let mut set = FingerprintSet::new(&FingerprintKey::random().unwrap());
    for (tag, text) in secrets.iter().enumerate() {
        set.add(&Secret::new(Zeroizing::new((*text).to_owned())), tag as u32).unwrap();
    }
    Arc::new(set)
}

fn masked<'chunk>(
    set: &Arc<FingerprintSet>,
    content: Content,
    chunks: impl IntoIterator<Item = &'chunk [u8]>,
) -> (Vec<u8>, Report) {
    let mut masker = Masker::new(Arc::clone(set), &Arc::new(Profile::new()), content);
    let mut masked = Vec::new();
    let mut out = |clean: Bytes| masked.extend_from_slice(&clean);
    for chunk in chunks {
        masker.push(Bytes::copy_from_slice(chunk), &mut out);
    }
    let report = masker.finish(&mut out);
    (masked, report)
}

/// The same of a text that is pushed as the last of its stream, after what comes before it.
fn masked_at_last(set: &Arc<FingerprintSet>, content: Content, before: &[u8], last: &[u8]) -> (Vec<u8>, Report) {
    let mut masker = Masker::new(Arc::clone(set), &Arc::new(Profile::new()), content);
    let mut masked = Vec::new();
    let mut out = |clean: Bytes| masked.extend_from_slice(&clean);
    masker.push(Bytes::copy_from_slice(before), &mut out);
    masker.push_last(Bytes::copy_from_slice(last), &mut out);
    let report = masker.finish(&mut out);
    (masked, report)
}

/// The forms in which a secret comes back, written by other code than that which makes the fingerprints, with the part of each
/// that stands for nothing but the secret.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let json = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let each = |write: fn(u8) -> String| bytes.iter().map(|byte| write(*byte)).collect::<String>();
    let percent = |write: fn(u8) -> String| {
        let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        bytes
            .iter()
            .map(|byte| if keep(*byte) { char::from(*byte).to_string() } else { write(*byte) })
            .collect::<String>()
    };
    let aligned = |engine: &dyn Fn(&[u8]) -> String, before: usize| {
        let encoded = engine(&[&b"xyz"[..before], bytes].concat());
        let first = (before * 8).div_ceil(6);
        let whole = (before + bytes.len()) * 8 / 6;
        encoded[first..whole].to_owned()
    };
    let standard = |bytes: &[u8]| STANDARD.encode(bytes);
    let url = |bytes: &[u8]| URL_SAFE.encode(bytes);
    let mut forms = vec![
        ("raw", secret.to_owned()),
        ("json", json(secret)),
        ("json in json", json(&json(secret))),
        ("json with escaped slashes", json(secret).replace('/', "\\/")),
        ("json safe in html", json(secret).replace('&', "\\u0026")),
        ("unicode escapes", each(|byte| format!("\\u{byte:04x}"))),
        ("unicode escapes, upper", each(|byte| format!("\\u{byte:04X}"))),
        ("hex", each(|byte| format!("{byte:02x}"))),
        ("hex, upper", each(|byte| format!("{byte:02X}"))),
        ("percent", percent(|byte| format!("%{byte:02X}"))),
        ("percent, lower", percent(|byte| format!("%{byte:02x}"))),
        ("percent, all", each(|byte| format!("%{byte:02X}"))),
        ("percent, all, lower", each(|byte| format!("%{byte:02x}"))),
    ];
    for before in 0..3 {
        forms.push(("base64", aligned(&standard, before)));
        forms.push(("base64 in json", aligned(&standard, before).replace('/', "\\/")));
        forms.push(("base64 in a query", aligned(&standard, before).replace('/', "%2F").replace('+', "%2B")));
        forms.push(("base64url", aligned(&url, before)));
    }
    forms
}

/// How many windows of `form` stand in `text`, and how many there are to find.
fn leaked(text: &[u8], form: &str) -> (usize, usize) {
    let window = form.len().min(16);
    let windows: Vec<&[u8]> = form.as_bytes().windows(window).collect();
    (windows.iter().filter(|window| memchr::memmem::find(text, window).is_some()).count(), windows.len())
}

/// Puts every form at every offset into a text and cuts it everywhere; counts leaked windows and windows in all.
fn leaks_of(secret: &str, set: &Arc<FingerprintSet>) -> (usize, usize) {
    let (mut leaks, mut total) = (0, 0);
    for (name, form) in forms(secret) {
        for offset in 0..16 {
            let text = [&b"{\"....\":\"........"[..offset], form.as_bytes(), b" and then \"}"].concat();
            for cut in 0..text.len() {
                let (masked, report) = masked(set, Content::Text, [&text[..cut], &text[cut..]]);
                let (leaked, windows) = leaked(&masked, &form);
                leaks += leaked;
                total += windows;
                if leaked == 0 {
                    let expected = [&text[..offset], MARKER.as_bytes(), b" and then \"}"].concat();
                    assert_eq!((masked, report.count()), (expected, 1), "{name} at {offset} cut at {cut}");
                }
            }
            let (masked, _) = masked(set, Content::Text, text.chunks(1));
            leaks += leaked(&masked, &form).0;
        }
    }
    (leaks, total)
}

#[test]
fn no_window_of_a_secret_leaks_in_any_encoding_at_any_offset_cut_anywhere() {
    for secret in [LONG, PLAIN, SHORT] {
        let (leaks, total) = leaks_of(secret, &set(&["f3a9c1d27b604e85", secret]));
        assert!(total > 30_000, "{total}");
        assert_eq!(leaks, 0, "of {total}");
        // The same test finds every one of them when it is not told what to look for.
        let (leaks, total) = leaks_of(secret, &set(&[]));
        assert!(leaks >= total, "{leaks} of {total}");
    }
}

#[test]
fn sixteen_bytes_of_a_secret_are_masked_and_fifteen_are_not() {
    let set = set(&[LONG]);
    for (name, form) in forms(LONG).into_iter().filter(|(name, _)| matches!(*name, "raw" | "json with escaped slashes"))
    {
        let part = 16;
        for start in 0..=form.len() - part {
            let (masked_part, _) =
                masked(&set, Content::Binary, [format!("<{}>", &form[start..start + part]).as_bytes()]);
            assert_eq!(masked_part, format!("<{MARKER}>").as_bytes(), "{name} from {start}");
            let shorter = format!("<{}>", &form[start..start + part - 1]);
            assert_eq!(
                masked(&set, Content::Binary, [shorter.as_bytes()]).0,
                shorter.as_bytes(),
                "{name} from {start}"
            );
        }
    }
}

#[test]
fn basic_credentials_are_masked_whatever_the_users_name() {
    let set = set(&[PLAIN]);
    for user in ["", "u", "us", "usr", "user@example.org"] {
        let header = format!("got {}", STANDARD.encode(format!("{user}:{PLAIN}")));
        let (masked, report) = masked(&set, Content::Text, [header.as_bytes()]);
        assert_eq!(report.count_of(Class::LiveSecret), 1, "{}", String::from_utf8_lossy(&masked));
    }
}

#[test]
fn no_bit_of_a_secret_is_left_in_the_characters_at_the_edges_of_base64() {
    for secret in [LONG, PLAIN, SHORT, "q7Rk2mX9Wz4T?"] {
        let set = set(&[secret]);
        for (before, after) in [("", ""), ("~", "~"), ("?~", "?~"), ("u:", ",x"), ("a>", "?"), ("a>>", "???")] {
            let text = [before, secret, after].concat();
            let (start, end) = (before.len() * 8 / 6, ((before.len() + secret.len()) * 8).div_ceil(6));
            for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                let (masked, _) = masked(&set, Content::Binary, [encoded.as_bytes()]);
                let expected = [&encoded[..start], MARKER, &encoded[end..]].concat();
                assert_eq!(String::from_utf8_lossy(&masked), expected, "{before}, {after}: {encoded}");
            }
        }
    }
}

#[test]
fn clean_chunks_come_out_as_the_same_memory() {
    let set = set(&[LONG, SHORT]);
    let mut masker = Masker::new(set, &Arc::new(Profile::new()), Content::Text);
    for text in ["{\"id\":1,\"text\":\"nothing to see\"}", "data: {}\n\n", "[1, 2, 3] "] {
        let chunk = Bytes::copy_from_slice(text.as_bytes());
        let mut pieces = Vec::new();
        masker.push(chunk.clone(), &mut |piece: Bytes| pieces.push((piece.as_ptr(), piece.len())));
        masker.boundary(&mut |piece: Bytes| pieces.push((piece.as_ptr(), piece.len())));
        assert_eq!(pieces, [(chunk.as_ptr(), chunk.len())]);
    }
}

#[test]
fn what_is_kept_back_does_not_depend_on_the_secret_and_comes_out_at_a_boundary() {
    let set = set(&[LONG]);
    let other: String = LONG.chars().rev().collect();
    for length in 0..12 {
        for word in [LONG, &other] {
            let text = format!("{}key: {}", "nothing ".repeat(300), &word[..length]);
            let mut masker = Masker::new(Arc::clone(&set), &Arc::new(Profile::new()), Content::Binary);
            let mut seen = 0;
            masker.push(Bytes::from(text.clone()), &mut |piece: Bytes| seen += piece.len());
            assert_eq!(text.len() - seen, 640);
            masker.pause(&mut |piece: Bytes| seen += piece.len());
            assert_eq!(text.len() - seen, length);
            masker.boundary(&mut |piece: Bytes| seen += piece.len());
            assert_eq!(text.len(), seen);
        }
    }
}

#[test]
fn a_secret_is_masked_before_and_after_a_pause() {
    let set = set(&[LONG]);
    for cut in 0..=LONG.len() {
        let mut masker = Masker::new(Arc::clone(&set), &Arc::new(Profile::new()), Content::Binary);
        let mut seen = Vec::new();
        masker.push(Bytes::from(format!("key: {}", &LONG[..cut])), &mut |piece: Bytes| seen.extend_from_slice(&piece));
        masker.pause(&mut |piece: Bytes| seen.extend_from_slice(&piece));
        assert!(seen.starts_with(b"key: "));
        masker.push(Bytes::from(format!("{} ", &LONG[cut..])), &mut |piece: Bytes| seen.extend_from_slice(&piece));
        masker.finish(&mut |piece: Bytes| seen.extend_from_slice(&piece));
        assert_eq!(String::from_utf8(seen).unwrap(), format!("key: {MARKER} "), "cut at {cut}");
    }
}

#[test]
fn a_secret_that_goes_on_in_the_next_event_is_masked_from_there() {
    let set = set(&[LONG]);
    for cut in 1..LONG.len() {
        let mut masker = Masker::new(Arc::clone(&set), &Arc::new(Profile::new()), Content::Text);
        let mut events = [Vec::new(), Vec::new()];
        for (part, event) in [format!("<{}", &LONG[..cut]), format!("{}>", &LONG[cut..])].into_iter().zip(&mut events) {
            masker.push(Bytes::from(part), &mut |piece: Bytes| event.extend_from_slice(&piece));
            masker.boundary(&mut |piece: Bytes| event.extend_from_slice(&piece));
        }
        let [first, second] = events.map(|event| String::from_utf8(event).unwrap());
        if cut < 16 {
            assert_eq!((first, second), (format!("<{}", &LONG[..cut]), format!("{MARKER}>")));
        } else {
            assert_eq!((first, second), (format!("<{MARKER}"), ">".to_owned()));
        }
    }
}

#[test]
fn the_report_says_what_was_masked_and_of_which_secret() {
    let set = set(&["f3a9c1d27b604e85", PLAIN]);
    let text = format!("{{\"echo\":\"{PLAIN}\",\"token\":\"abc\",\"password\":\"{PLAIN}\"}}");
    let (masked, report) = masked(&set, Content::Text, [text.as_bytes()]);
    let expected = format!("{{\"echo\":\"{MARKER}\",\"token\":\"{MARKER}\",\"password\":\"{MARKER}\"}}");
    assert_eq!(String::from_utf8(masked).unwrap(), expected);
    assert_eq!(report.classes().map(|(class, _)| class).collect::<Vec<_>>(), [Class::LiveSecret, Class::NamedField]);
    assert_eq!((report.count_of(Class::LiveSecret), report.count_of(Class::NamedField)), (2, 2));
    assert!(report.tags().iter().eq(&[1]));
    assert_eq!(masked_names(&report), ["live_secret", "named_field"]);
}

fn masked_names(report: &Report) -> Vec<&'static str> {
    report.classes().map(|(class, _)| class.as_str()).collect()
}

#[test]
fn binary_content_keeps_its_fields_and_loses_live_secrets() {
    let text = format!("token=abc1 \0\u{1}{PLAIN}\0");
    let (masked, report) = masked(&set(&[PLAIN]), Content::Binary, [text.as_bytes()]);
    assert_eq!(masked, format!("token=abc1 \0\u{1}{MARKER}\0").as_bytes());
    assert_eq!(report.count(), 1);
}

#[test]
fn a_benign_corpus_comes_out_unchanged() {
    let secrets: Vec<String> = (1..=50_u64).map(|n| STANDARD.encode(random(n, 24))).collect();
    let mut secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    secrets.push(SHORT);
    let set = set(&secrets);
    let noise = random(99, 200_000);
    let hex: String = noise.iter().take(50_000).map(|byte| format!("{byte:02x}")).collect();
    let json: String = (0..3000)
        .map(|n| format!("{{\"id\":{n},\"name\":\"item {}\",\"next\":\"/items?page={n}&sort=up\"}},", n * 7))
        .collect();
    let source = concat!(
        include_str!("../live.rs"),
        include_str!("../pending.rs"),
        include_str!("../decode.rs"),
        include_str!("../masker.rs")
    );
    for (name, text) in [
        ("base64", STANDARD.encode(&noise).as_bytes()),
        ("hex", hex.as_bytes()),
        ("json", json.as_bytes()),
        ("source", source.as_bytes()),
        ("escapes", hex.replace('a', "\\u0061").replace('b', "%62").as_bytes()),
    ] {
        let (out, report) = masked(&set, Content::Text, text.chunks(4096));
        assert!(out == text && report == Report::default(), "{name}: {report:?}");
    }
    assert!(masked(&set, Content::Binary, noise.chunks(4096)).0 == noise);
}

fn random(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Texts in which the pieces of interest meet one another in all orders.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let encodings: Vec<String> = [LONG, PLAIN, SHORT].into_iter().flat_map(forms).map(|(_, form)| form).collect();
    let piece = prop_oneof![
        3 => (proptest::sample::select(encodings), any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(form, start, end)| {
            let (start, end) = (start.index(form.len()), end.index(form.len()) + 1);
            form.as_bytes().get(start..end).unwrap_or(form.as_bytes()).to_vec()
        }),
        4 => proptest::sample::select(vec![
            "\"token\":\"", "\\\"api_key\\\": \\\"", "\\\\\\\"secret\\\\\\\":\\\\\\\"", "password=", "token: ", "Authorization: Bearer ", "\"secret\":",
            "abc", "swordfish", "\"", "\\\"", "\\", "\\n", "\n", " ", ".", ",", "&", "12", "'", "{", "}", ":", "=", "null", "<", "data: ",
        ]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn how_a_stream_is_cut_makes_no_difference(text in texts(), cuts in proptest::collection::vec(1..20_usize, 1..60)) {
        let set = set(&[LONG, PLAIN, SHORT]);
        for content in [Content::Text, Content::Binary, Content::Events] {
            let whole = masked(&set, content, [text.as_slice()]);
            for cut in [0, cuts.iter().sum::<usize>().min(text.len())] {
                let (before, last) = text.split_at(cut);
                prop_assert_eq!(&masked_at_last(&set, content, before, last), &whole);
            }
            let mut rest = text.as_slice();
            let chunks: Vec<&[u8]> = cuts.iter().map(|length| {
                let (chunk, after) = rest.split_at((*length).min(rest.len()));
                rest = after;
                chunk
            }).collect();
            prop_assert_eq!(&masked(&set, content, chunks.into_iter().chain([rest])), &whole);
            for form in [LONG, PLAIN].into_iter().flat_map(forms).filter(|(name, _)| *name == "raw") {
                prop_assert_eq!(leaked(&whole.0, &form.1).0, 0, "{:?}", form);
            }
        }
    }

    #[test]
    fn random_bytes_and_boundaries_never_panic(chunks in proptest::collection::vec((texts(), any::<bool>()), 0..8)) {
        let mut masker = Masker::new(set(&[LONG, SHORT]), &Arc::new(Profile::new()), Content::Text);
        for (chunk, is_end) in chunks {
            masker.push(Bytes::from(chunk), &mut drop);
            if is_end {
                masker.boundary(&mut drop);
            }
        }
        masker.finish(&mut drop);
    }
}
