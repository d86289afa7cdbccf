//! Upstreams that compress although they are asked not to: what a caller gets is decoded and masked, or nothing.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use http::Method;
use serde_json::{Value, json};

use super::MARKER;
use crate::support::{
    broker::{Broker, BrokerSetup, bearer},
    canary::plain_canary,
    echo::{Echo, Piece, Reply},
    issuer::Issuer,
};

type Encode = fn(&[u8]) -> Vec<u8>;

/// Each coding by the name that stands in `Content-Encoding`; `deflate` in both forms that servers write.
const CODINGS: [(&str, Encode); 6] = [
    ("gzip", |text| written(GzEncoder::new(Vec::new(), Compression::default()), text, |packed| packed.finish())),
    ("x-gzip", |text| written(GzEncoder::new(Vec::new(), Compression::best()), text, |packed| packed.finish())),
    ("deflate", |text| written(ZlibEncoder::new(Vec::new(), Compression::default()), text, |packed| packed.finish())),
    ("Deflate", |text| {
        written(DeflateEncoder::new(Vec::new(), Compression::default()), text, |packed| packed.finish())
    }),
    ("br", |text| {
        written(brotli::CompressorWriter::new(Vec::new(), 4096, 5, 20), text, |packed| Ok(packed.into_inner()))
    }),
    ("zstd", |text| zstd::encode_all(text, 3).expect("memory")),
];

/// Longer than what is scanned before the head goes out, so that it streams.
const LONG_LINES: usize = 5000;

#[tokio::test]
async fn every_known_coding_is_undone_and_what_was_in_it_is_masked() {
    let secret = plain_canary("credential");
    let (short, long) = (format!("here is {secret} packed"), format!("a line with {secret}\n").repeat(LONG_LINES));
    let (packed_short, packed_long) = (short.clone(), long.clone());
    let upstream = Echo::start(move |request| {
        let (what, number) = request.uri.path().rsplit_once('/').expect("/WHAT/NUMBER");
        let (name, encode) = CODINGS[number.parse::<usize>().expect("a number")];
        let reply = match what {
            "/short" => Reply::text(encode(packed_short.as_bytes())),
            "/long" => {
                let pieces = encode(packed_long.as_bytes());
                // Cut anywhere: where a network cuts has nothing to do with what is packed.
                let pieces = pieces.chunks(61).map(|piece| Piece::Bytes(Bytes::copy_from_slice(piece))).collect();
                Reply::stream("text/plain", pieces)
            }
            _ => {
                let message: Value = serde_json::from_slice(&request.body).expect("the broker sends JSON");
                let content = json!([{ "type": "text", "text": packed_short }]);
                let result = json!({ "resultType": "complete", "content": content });
                let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
                Reply::status(200)
                    .header("content-type", "application/json")
                    .body(encode(answer.to_string().as_bytes()))
            }
        };
        reply.header("content-encoding", name)
    })
    .await;
    let issuer = Issuer::start().await;
    let setup = BrokerSetup::trusting(issuer.issuer()).http("api", upstream.url()).operation("all", &["GET"], "/**");
    let setup = setup.credential("header = \"X-Api-Key\"", &secret);
    let setup = (0..CODINGS.len()).fold(setup, |setup, number| {
        setup.mcp(&format!("tools-{number}"), &format!("{}/mcp/{number}", upstream.url()), "2026-07-28")
    });
    let broker = Broker::start(setup).await;
    let session = broker.token(&issuer.token("assistant")).await;

    for (number, (name, _)) in CODINGS.iter().enumerate() {
        for (what, text) in [("short", &short), ("long", &long)] {
            let url = broker.http_url("api", &format!("/{what}/{number}"));
            let answer = broker.send(Method::GET, &url, bearer(&session), "").await;
            assert!(!answer.headers.contains_key("content-encoding"), "{name}: {:?}", answer.headers);
            assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/plain"), "{name}");
            let masked = text.replace(&secret, MARKER);
            assert!(answer.body == masked, "{name}, {what}: {} bytes for {}", answer.body.len(), masked.len());
        }
        let answer = broker.call_tool(&format!("tools-{number}"), &session, "say", json!({})).await;
        let said = &answer.json()["result"]["content"][0]["text"];
        assert_eq!(*said, format!("here is {MARKER} packed"), "{name}: {answer:?}");
    }
    assert!(upstream.received().iter().all(|received| received.header("accept-encoding") == Some("identity")));
    broker.finish().await;
}

#[tokio::test]
async fn a_coding_that_cannot_be_undone_is_refused_and_the_record_says_so() {
    let secret = plain_canary("credential");
    let quoted = secret.clone();
    let upstream = Echo::start(move |request| {
        let coding = request.header("accept-language").expect("the test says which").to_owned();
        Reply::text(format!("here is {quoted}")).header("content-encoding", &coding)
    })
    .await;
    let issuer = Issuer::start().await;
    let setup = BrokerSetup::trusting(issuer.issuer()).http("api", upstream.url()).operation("all", &["GET"], "/**");
    let broker = Broker::start(setup.credential("header = \"X-Api-Key\"", &secret)).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let codings = ["compress", "snappy", "aes128gcm", "gzip, br", "br", "zstd", "deflate"];
    for (number, coding) in codings.iter().enumerate() {
        let mut headers = bearer(&session);
        headers.insert("accept-language", coding.parse().expect("a value"));
        let answer = broker.send(Method::GET, &broker.http_url("api", "/page"), headers, "").await;
        let description = "the upstream's answer cannot be scanned for secrets, so it is withheld";
        let expected = json!({ "error": "unscannable", "error_description": description });
        assert_eq!((answer.status.as_u16(), answer.json()), (502, expected), "{coding}");
        let outcomes = broker.records_of("outcome");
        assert_eq!((outcomes.len(), &outcomes[number]["ending"]), (number + 1, &json!("unscannable")), "{coding}");
    }
    broker.finish().await;
}

fn written<W: Write>(mut encoder: W, text: &[u8], finish: fn(W) -> io::Result<Vec<u8>>) -> Vec<u8> {
    encoder.write_all(text).and_then(|()| finish(encoder)).expect("memory")
}
