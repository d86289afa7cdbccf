//! A body of signed chunks: the examples of AWS's documentation, a second implementation, and whatever is changed on the way.

#![expect(clippy::unwrap_used, reason = "what a test arranges may fail it")]

use std::time::{Duration, UNIX_EPOCH};

use aws_sigv4::sign::v4::{SigningParams, sign_chunk};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use model::Timestamp;
use proptest::prelude::*;
use secret::Secret;
use sigv4::{
    CHUNK_LENGTH_MAX, Credentials, Message, PathEncoding, Payload, Piece, Presented, Refusal, RequestLine, Signed,
    SignedChunks, sign,
};

const LINE: RequestLine<'static> = RequestLine {
    method: &Method::PUT,
    path: "/examplebucket/chunkObject.txt",
    query: "",
    encoding: PathEncoding::Once,
};
/// When the examples of the documentation were signed: 2013-05-24T00:00:00Z.
const NOW: Timestamp = Timestamp::from_seconds(1_369_353_600);
const EXAMPLE_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned().into())
}

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let pairs = fields.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
    pairs.collect::<HeaderMap<HeaderValue>>()
}

/// What AWS's documentation signs, as it was received.
fn example(payload: Payload, further: &[(&str, &str)], signature: &str) -> SignedChunks {
    let mut fields = headers(&[
        ("content-encoding", "aws-chunked"),
        ("content-length", "66824"),
        ("host", "s3.amazonaws.com"),
        ("x-amz-content-sha256", &payload.to_text()),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-decoded-content-length", "66560"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
    ]);
    fields.extend(headers(further));
    if !further.is_empty() {
        fields.remove("content-length");
    }
    let mut names: Vec<_> = fields.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
         SignedHeaders={},Signature={signature}",
        names.join(";")
    );
    fields.insert("authorization", authorization.parse().unwrap());
    let presented = Presented::read(&fields, "").unwrap();
    let message = Message { line: LINE, headers: &fields };
    presented.verify(&message, payload, &secret(EXAMPLE_SECRET), NOW).unwrap().into_chunks().unwrap()
}

/// The body of the documentation: 65 KiB of one letter, in chunks of 64 KiB.
fn example_body(signatures: [&str; 3], end: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (length, signature) in [65_536, 1024, 0].into_iter().zip(signatures) {
        body.extend_from_slice(format!("{length:x};chunk-signature={signature}\r\n").as_bytes());
        body.extend(std::iter::repeat_n(b'a', length));
        if length > 0 {
            body.extend_from_slice(b"\r\n");
        }
    }
    body.extend_from_slice(end.as_bytes());
    body
}

/// Everything that was verified of a body that comes in steps.
fn read(chunks: &mut SignedChunks, body: &[u8], step: usize) -> Result<Vec<Piece>, Refusal> {
    let mut pieces = Vec::new();
    for bytes in body.chunks(step) {
        chunks.push(bytes);
        while let Some(piece) = chunks.take_piece()? {
            pieces.push(piece);
        }
    }
    Ok(pieces)
}

#[test]
fn the_chunks_of_the_documentation_are_verified() {
    let mut chunks =
        example(Payload::SignedChunks, &[], "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
    let signatures = [
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ];
    let body = example_body(signatures, "\r\n");
    assert_eq!(body.len(), 66_824);
    let pieces = read(&mut chunks, &body, 8192).unwrap();
    let long = |length| Piece::Chunk(vec![b'a'; length].into());
    assert_eq!(pieces, [long(65_536), long(1024), Piece::End(None)]);
}

#[test]
fn the_trailer_of_the_documentation_is_verified() {
    let mut chunks = example(
        Payload::SignedChunksAndTrailer,
        &[("x-amz-trailer", "x-amz-checksum-crc32c")],
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    );
    let signatures = [
        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ];
    let end = "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:\
               d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
    let pieces = read(&mut chunks, &example_body(signatures, end), 100_000).unwrap();
    let trailer = headers(&[("x-amz-checksum-crc32c", "sOO8/Q==")]);
    assert_eq!(pieces.last(), Some(&Piece::End(Some(trailer))));
    assert_eq!(pieces.len(), 3);
}

/// A request that is signed here, and its reader.
fn signed(payload: Payload) -> (Signed, HeaderMap) {
    let mut fields = headers(&[("host", "s3.example")]);
    let key = secret(EXAMPLE_SECRET);
    let credentials = Credentials {
        access_key_id: "ASIAEXAMPLEEXAMPLE00",
        secret_access_key: &key,
        session_token: None,
        region: "eu-central-1",
        service: "s3",
    };
    (sign(&mut fields, LINE, payload, credentials, NOW).unwrap(), fields)
}

fn reader(fields: &HeaderMap) -> SignedChunks {
    let presented = Presented::read(fields, "").unwrap();
    let message = Message { line: LINE, headers: fields };
    let payload = presented.payload().unwrap();
    presented.verify(&message, payload, &secret(EXAMPLE_SECRET), NOW).unwrap().into_chunks().unwrap()
}

/// A body in these chunks.
fn write(signed: Signed, chunks: &[Vec<u8>], trailer: Option<&HeaderMap>) -> Vec<u8> {
    let mut signer = signed.into_chunks();
    let mut body = Vec::new();
    for chunk in chunks {
        body.extend_from_slice(signer.chunk(chunk).as_bytes());
        body.extend_from_slice(chunk);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(signer.end(trailer).as_bytes());
    body
}

/// The signatures of the SDK of AWS for the same chunks.
fn signatures_of_aws(fields: &HeaderMap, chunks: &[Vec<u8>]) -> Vec<String> {
    let credentials = aws_credential_types::Credentials::new("key", EXAMPLE_SECRET, None, None, "a test");
    let identity = credentials.into();
    let time = UNIX_EPOCH + Duration::from_secs(NOW.as_seconds());
    let parameters = SigningParams::builder().identity(&identity).region("eu-central-1").name("s3");
    let parameters = parameters.time(time).settings(()).build().unwrap();
    let authorization = fields["authorization"].to_str().unwrap();
    let mut last = authorization.rsplit_once("Signature=").unwrap().1.to_owned();
    let ends = chunks.iter().cloned().chain([Vec::new()]);
    ends.map(|chunk| {
        sign_chunk(&Bytes::from(chunk), &last, &parameters).unwrap().signature().clone_into(&mut last);
        last.clone()
    })
    .collect()
}

fn trailer() -> HeaderMap {
    headers(&[("x-amz-checksum-sha1", "n4SLYJzU="), ("x-amz-checksum-crc32", "sOO8/Q==")])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_what_the_sdk_writes_and_is_read_however_it_is_cut(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..300), 0..5),
        has_trailer in any::<bool>(),
        step in 1..400_usize,
    ) {
        let payload = if has_trailer { Payload::SignedChunksAndTrailer } else { Payload::SignedChunks };
        let (signed, fields) = signed(payload);
        let trailer = has_trailer.then(trailer);
        let body = write(signed, &chunks, trailer.as_ref());
        let text = String::from_utf8_lossy(&body);
        for signature in signatures_of_aws(&fields, &chunks) {
            let line_end = format!(";chunk-signature={signature}\r\n");
            prop_assert!(text.contains(&line_end));
        }
        let mut expected: Vec<_> = chunks.into_iter().map(|chunk| Piece::Chunk(chunk.into())).collect();
        expected.push(Piece::End(trailer));
        prop_assert_eq!(read(&mut reader(&fields), &body, step), Ok(expected));
    }

    #[test]
    fn no_changed_byte_is_given_out(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..60), 1..4),
        place in any::<proptest::sample::Index>(),
        change in 1..=255_u8,
        step in 1..200_usize,
    ) {
        let (signed, fields) = signed(Payload::SignedChunksAndTrailer);
        let mut body = write(signed, &chunks, Some(&trailer()));
        let at = place.index(body.len());
        body[at] ^= change;
        let mut reader = reader(&fields);
        let mut given = Vec::new();
        for bytes in body.chunks(step) {
            reader.push(bytes);
            while let Ok(Some(piece)) = reader.take_piece() {
                given.push(piece);
            }
        }
        // The case of a digit of a length or of a trailer's name says nothing else.
        let is_case = change == 0x20 && body[at].is_ascii_alphabetic();
        prop_assert!(is_case || !given.iter().any(|piece| matches!(piece, Piece::End(_))));
        let all: Vec<_> = chunks.into_iter().map(|chunk| Piece::Chunk(chunk.into())).collect();
        let count = given.iter().filter(|piece| matches!(piece, Piece::Chunk(_))).count();
        prop_assert_eq!(&given[..count], &all[..count]);
    }
}

#[test]
fn chunks_that_change_places_or_are_left_out_are_found() {
    let chunks = [vec![b'a'; 10], vec![b'b'; 10], vec![b'c'; 10]];
    let (signed, fields) = signed(Payload::SignedChunks);
    let body = write(signed, &chunks, None);
    let framed = "a;chunk-signature=\r\n".len() + 64 + 10 + "\r\n".len();
    let part = |number: usize| &body[number * framed..(number + 1) * framed];
    let end = &body[3 * framed..];
    let in_order = [part(0), part(1), part(2), end].concat();
    assert_eq!(read(&mut reader(&fields), &in_order, 1000).map(|pieces| pieces.len()), Ok(4));
    for changed in [
        [part(1), part(0), part(2), end].concat(),
        [part(0), part(2), end].concat(),
        [part(0), part(0), part(1), part(2), end].concat(),
        [part(0), part(1), end].concat(),
    ] {
        assert_eq!(read(&mut reader(&fields), &changed, 1000), Err(Refusal::Chunk));
    }
}

#[test]
fn what_no_sdk_writes_is_refused() {
    let (_, fields) = signed(Payload::SignedChunks);
    let zeros = "0".repeat(64);
    let too_long = format!("{:x};chunk-signature={zeros}\r\n", CHUNK_LENGTH_MAX + 1);
    let longest = format!("{CHUNK_LENGTH_MAX:x};chunk-signature={zeros}\r\n");
    assert_eq!(read(&mut reader(&fields), longest.as_bytes(), 7), Ok(vec![]), "the longest is waited for");
    for body in [
        too_long.as_str(),
        &format!("0a;chunk-signature={zeros}\r\n"),
        &format!("+a;chunk-signature={zeros}\r\n"),
        &format!(";chunk-signature={zeros}\r\n"),
        &format!("a;chunk-signature={zeros};more\r\n"),
        "a;chunk-signature=00\r\n",
        "a\r\n",
        &"a".repeat(200),
        &"a;".repeat(200),
    ] {
        assert_eq!(read(&mut reader(&fields), body.as_bytes(), 7), Err(Refusal::Chunk), "{body}");
    }
}

#[test]
fn nothing_comes_after_the_end() {
    for (payload, trailer) in [(Payload::SignedChunks, None), (Payload::SignedChunksAndTrailer, Some(trailer()))] {
        let (signed, fields) = signed(payload);
        let mut body = write(signed, &[vec![b'a'; 10]], trailer.as_ref());
        assert!(read(&mut reader(&fields), &body, 1).is_ok());
        body.push(b'a');
        assert_eq!(read(&mut reader(&fields), &body, 1), Err(Refusal::Chunk));
    }
}

#[test]
fn a_trailer_says_checksums_and_nothing_else() {
    for fields in
        [headers(&[("x-amz-acl", "public-read")]), HeaderMap::new(), headers(&[("x-amz-checksum-crc32", "a b")])]
    {
        let (signed, request) = signed(Payload::SignedChunksAndTrailer);
        let body = write(signed, &[], Some(&fields));
        assert_eq!(read(&mut reader(&request), &body, 50), Err(Refusal::Chunk), "{fields:?}");
    }
}
