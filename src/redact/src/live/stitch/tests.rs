//! A secret in pieces, each in an event of its own.

use std::io::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use secret::{FingerprintKey, FingerprintSet, Secret};
use zeroize::Zeroizing;

use crate::{Content, MARKER, Masker, Profile};

const SECRET: &str = "Zr9kQ2vB7xLm4Tn8pWc1Yd6g";

fn set() -> Arc<FingerprintSet> {
    let mut set = FingerprintSet::new(&FingerprintKey::random().unwrap());
    set.add(&Secret::new(Zeroizing::new(SECRET.to_owned())), 0).unwrap();
    Arc::new(set)
}

/// Masks chunks.
fn masked<'chunk>(set: &Arc<FingerprintSet>, chunks: impl IntoIterator<Item = &'chunk [u8]>) -> String {
    masked_to(set, chunks, false)
}

/// The same, where all is passed on that came with a chunk.
fn masked_to<'chunk>(
    set: &Arc<FingerprintSet>,
    chunks: impl IntoIterator<Item = &'chunk [u8]>,
    ends_events: bool,
) -> String {
    let mut masker = Masker::new(Arc::clone(set), &Arc::new(Profile::new()), Content::Events);
    let mut masked = Vec::new();
    for chunk in chunks {
        masker.push(Bytes::copy_from_slice(chunk), &mut |clean: Bytes| masked.extend_from_slice(&clean));
        if ends_events {
            masker.boundary(&mut |clean: Bytes| masked.extend_from_slice(&clean));
        }
    }
    masker.finish(&mut |clean: Bytes| masked.extend_from_slice(&clean));
    String::from_utf8(masked).unwrap()
}

fn pieces(text: &str, length: usize) -> impl Iterator<Item = &str> {
    text.as_bytes().chunks(length).map(|piece| str::from_utf8(piece).unwrap())
}

fn written() -> Vec<String> {
    let hexadecimal: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect();
    vec![SECRET.to_owned(), hexadecimal, percent, SECRET.chars().rev().collect()]
}

#[test]
fn a_secret_in_small_pieces_in_events_is_masked_before_a_window_of_it_is_out() {
    let set = set();
    for text in written() {
        let frames: [fn(&str) -> String; 4] = [
            |piece| format!("data: {piece}\n\n"),
            |piece| format!("data: {piece}\n"),
            |piece| format!("event: message\ndata: {{\"jsonrpc\":\"2.0\",\"id\":7,\"message\":\"{piece}\"}}\n\n"),
            |piece| format!("event: a\r\ndata: {{ \"one\" : [\"{piece}\"], \"two\": \"x\\\"y\" }}\r\n\r\n"),
        ];
        for frame in frames {
            for length in [8, 10, 12] {
                let stream: String = pieces(&text, length).map(frame).collect();
                let whole = masked(&set, [stream.as_bytes()]);
                let events: Vec<String> = pieces(&text, length).map(frame).collect();
                let in_events = masked_to(&set, events.iter().map(String::as_bytes), true);
                let in_chunks = [1, 2, 7, 30].map(|cut| masked(&set, stream.as_bytes().chunks(cut)));
                for out in in_chunks.iter().chain([&whole, &in_events]) {
                    let passed = pieces(&text, length).take_while(|piece| out.contains(&frame(piece)));
                    let passed: usize = passed.map(str::len).sum();
                    assert!(out.contains(MARKER) && passed * SECRET.len() < text.len() * 16, "{passed}: {out}");
                    // Lines that follow each other are also looked at as one text, while they are kept back.
                    assert!(!stream.contains('{') || out == &whole || out == &in_events, "{out}");
                }
            }
        }
    }
}

#[test]
fn pieces_at_the_ends_of_long_values_are_put_together() {
    let set = set();
    let filler = "lorem ipsum ".repeat(40);
    let stream =
        format!("data: {{\"a\":\"{filler}{}\"}}\n\ndata: {{\"a\":\"{}{filler}\"}}\n\n", &SECRET[..12], &SECRET[12..]);
    let whole = masked(&set, [stream.as_bytes()]);
    assert!(whole.contains(MARKER) && !whole.contains(&SECRET[12..]), "{whole}");
    for cut in [1, 5, 100, 300] {
        assert_eq!(masked(&set, stream.as_bytes().chunks(cut)), whole, "in chunks of {cut}");
    }
}

/// In pieces of ten characters, each in a notification.
fn notified(text: &str) -> Vec<String> {
    let pieces = text.chars().collect::<Vec<_>>();
    let messages = pieces.chunks(10).map(|piece| serde_json::json!(piece.iter().collect::<String>()));
    messages.map(|message| format!("data: {{\"method\":\"progress\",\"message\":{message}}}\n\n")).collect()
}

#[test]
fn what_strings_of_json_escape_is_put_together_as_it_is_meant() {
    let mut set = FingerprintSet::clone(&set());
    let awkward = "q7$Rk2&mX9\\Wz4\"Lp3/Tb8>Yc5";
    set.add(&Secret::new(Zeroizing::new(awkward.to_owned())), 1).unwrap();
    let set = Arc::new(set);
    let wide = |secret: &str| secret.chars().map(|character| format!("\0\0\0{character}")).collect::<String>();
    for text in [awkward.to_lowercase(), awkward.to_uppercase(), wide(awkward), wide(SECRET)] {
        let events = notified(&text);
        let out = masked_to(&set, events.iter().map(String::as_bytes), true);
        let passed = events.iter().take_while(|event| out.contains(event.as_str())).count();
        assert!(out.contains(MARKER) && passed * 10 * SECRET.len() < text.len() * 16, "{passed}: {out}");
        for cut in [1, 7, 100] {
            let stream = events.concat();
            assert!(
                masked(&set, stream.as_bytes().chunks(cut)) == masked(&set, [stream.as_bytes()]),
                "in chunks of {cut}"
            );
        }
    }
}

#[test]
fn compressed_data_in_small_pieces_is_looked_into() {
    let set = set();
    let told = format!("it is {SECRET} and no other");
    let long = (0..400).map(|number| format!("{:x}", number * 7919)).collect::<String>() + &told;
    for told in [told, long] {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(told.as_bytes()).unwrap();
        let mut brotli = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 20);
        brotli.write_all(told.as_bytes()).unwrap();
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        deflate.write_all(told.as_bytes()).unwrap();
        for bytes in [gzip.finish().unwrap(), brotli.into_inner(), deflate.finish().unwrap()] {
            let encoded = STANDARD.encode(bytes);
            let events = notified(&encoded);
            let out = masked_to(&set, events.iter().map(String::as_bytes), true);
            // All from some piece on, for what comes behind it could be read without it.
            let passed = events.iter().take_while(|event| out.contains(event.as_str())).count();
            assert!(out.contains(MARKER) && passed < events.len() - 1, "{passed} of {}: {out}", events.len());
            assert!(events[passed..].iter().all(|event| !out.contains(event.as_str())), "{out}");
        }
    }
}

#[test]
fn events_without_a_secret_come_out_as_they_went_in() {
    let set = set();
    let other: String = SECRET.chars().map(|character| if character == 'v' { 'w' } else { character }).collect();
    let names: String = (0..100).map(|name| format!(",\"n{name}\":\"{name}\"")).collect();
    let frame =
        |piece: &str| format!("id: 1\nevent: b\ndata: {{\"a\":[\"{piece}\",\"{piece}\"]{names}}}\n\n: {piece}\n\n");
    let stream: String = pieces(&other, 5).map(frame).collect();
    for cut in [1, 10, stream.len()] {
        assert!(masked(&set, stream.as_bytes().chunks(cut)) == stream, "in chunks of {cut}");
    }
}
