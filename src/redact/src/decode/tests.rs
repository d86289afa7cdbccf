//! Each coding, whole, cut, wrongly labeled and blown up.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;

const CODINGS: [&str; 5] = ["gzip", "zlib", "deflate", "br", "zstd"];

/// The label that goes with it is `deflate` for both zlib and raw deflate.
fn label(coding: &str) -> &str {
    if coding == "zlib" { "deflate" } else { coding }
}

fn encoded(coding: &str, body: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        }
        "zlib" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
            encoder.write_all(body).unwrap();
            encoder.into_inner()
        }
        "zstd" => zstd::stream::encode_all(body, 3).unwrap(),
        other => panic!("{other}"),
    }
}

fn decode(label: &str, body: &[u8], chunk_length: usize) -> Result<Vec<u8>, Unscannable> {
    let mut decoder = Decoder::new(Some(label))?;
    let mut decoded = Vec::new();
    let mut out = |piece: Bytes| {
        assert!(piece.len() <= 32 * 1024);
        decoded.extend_from_slice(&piece);
    };
    for chunk in body.chunks(chunk_length) {
        decoder.push(Bytes::copy_from_slice(chunk), &mut out)?;
    }
    decoder.finish(&mut out)?;
    Ok(decoded)
}

fn json(length: usize) -> Vec<u8> {
    let mut number = 7_u64;
    let mut body = Vec::new();
    while body.len() < length {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        body.extend_from_slice(format!("{{\"id\":{},\"name\":\"item {}\"}},", number >> 40, number >> 56).as_bytes());
    }
    body
}

#[test]
fn every_coding_decodes_whole_and_byte_by_byte() {
    let body = json(100_000);
    for coding in CODINGS {
        let encoded = encoded(coding, &body);
        for chunk_length in [1, 7, 1000, encoded.len()] {
            assert_eq!(
                decode(label(coding), &encoded, chunk_length).as_deref(),
                Ok(body.as_slice()),
                "{coding} {chunk_length}"
            );
        }
    }
}

#[test]
fn several_gzip_members_and_zstd_frames_are_one_body() {
    for coding in ["gzip", "zstd"] {
        let two = [encoded(coding, b"one, "), encoded(coding, b"two")].concat();
        for chunk_length in [1, 5, two.len()] {
            assert_eq!(decode(coding, &two, chunk_length).as_deref(), Ok(&b"one, two"[..]), "{coding} {chunk_length}");
        }
    }
}

#[test]
fn a_flushed_event_comes_out_before_the_next_one_is_written() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(b"data: first\n\n").unwrap();
    encoder.flush().unwrap();
    let mut decoder = Decoder::new(Some("gzip")).unwrap();
    let mut decoded = Vec::new();
    decoder.push(Bytes::copy_from_slice(encoder.get_ref()), &mut |piece| decoded.extend_from_slice(&piece)).unwrap();
    assert_eq!(decoded, b"data: first\n\n");
}

#[test]
fn a_body_cut_anywhere_is_refused() {
    let body = json(3000);
    for coding in CODINGS {
        let encoded = encoded(coding, &body);
        for length in 1..encoded.len() {
            assert!(
                decode(label(coding), &encoded[..length], 100).is_err(),
                "{coding} cut at {length} of {}",
                encoded.len()
            );
        }
    }
}

#[test]
fn no_body_is_an_empty_body() {
    for coding in ["identity", "gzip", "deflate", "br", "zstd"] {
        assert_eq!(decode(coding, b"", 1).as_deref(), Ok(&b""[..]), "{coding}");
    }
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    for coding in CODINGS {
        let bomb = encoded(coding, &vec![0; 64 * 1024 * 1024]);
        assert!(bomb.len() < 80_000, "{coding} {}", bomb.len());
        let mut decoder = Decoder::new(Some(label(coding))).unwrap();
        let mut length = 0;
        let mut result = Ok(());
        for chunk in bomb.chunks(1000) {
            result =
                result.and_then(|()| decoder.push(Bytes::copy_from_slice(chunk), &mut |piece| length += piece.len()));
        }
        assert_eq!(result.and_then(|()| decoder.finish(&mut |_| ())), Err(Unscannable::Expands), "{coding}");
        assert!(length <= 17 * 1024 * 1024, "{coding} gave {length} bytes");
        assert_eq!(decoder.push(Bytes::from_static(b"x"), &mut |_| ()), Err(Unscannable::Expands), "{coding} goes on");
    }
}

#[test]
fn a_false_label_is_refused() {
    for coding in ["gzip", "deflate", "br", "zstd"] {
        for body in [&br#"{"jsonrpc":"2.0","id":1,"result":{}}"#[..], b"event: message\ndata: {}\n\n"] {
            assert!(decode(coding, body, 1000).is_err(), "{coding}");
        }
    }
    assert!(decode("br", &encoded("gzip", b"abc"), 1000).is_err());
    assert!(decode("gzip", &encoded("zlib", b"abc"), 1000).is_err());
}

#[test]
fn bytes_after_the_end_are_refused() {
    for coding in CODINGS {
        let longer = [encoded(coding, b"abc"), b"{\"token\":1}".to_vec()].concat();
        assert!(decode(label(coding), &longer, 1000).is_err(), "{coding}");
    }
}

#[test]
fn unknown_and_nested_codings_are_refused() {
    for (header, error) in [
        ("compress", Unscannable::UnknownCoding),
        ("aes128gcm", Unscannable::UnknownCoding),
        ("gzip, gzip", Unscannable::NestedCodings),
        ("br,identity,gzip", Unscannable::NestedCodings),
    ] {
        assert_eq!(Decoder::new(Some(header)).unwrap_err(), error, "{header}");
    }
    for header in [None, Some(""), Some("identity"), Some("Identity, ")] {
        assert!(Decoder::new(header).unwrap().is_identity());
    }
    assert!(!Decoder::new(Some("identity, GZIP")).unwrap().is_identity());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..2000), chunk_length in 1..300_usize) {
        for coding in ["gzip", "deflate", "br", "zstd"] {
            drop(decode(coding, &body, chunk_length));
        }
    }

    #[test]
    fn damaged_bodies_never_panic(place in any::<prop::sample::Index>(), bit in 0..8_u8) {
        for coding in CODINGS {
            let mut body = encoded(coding, &json(2000));
            let place = place.index(body.len());
            body[place] ^= 1 << bit;
            drop(decode(label(coding), &body, 333));
        }
    }
}
