//! Traffic without secrets through the running broker: it arrives byte for byte as it was sent, while a credential of each shape is live.
//!
//! `cargo xtask leaks --benign` does the same over the scanner alone with gigabytes; this is a slice of some megabytes.

use std::{fs, path::Path};

use ::leaks::{benign, shape::Credential};
use bytes::Bytes;
use http::Method;
use serde_json::json;

use super::SEED;
use crate::support::{
    broker::{Broker, BrokerSetup, bearer},
    canary,
    echo::{Echo, Piece, Reply},
    issuer::Issuer,
};

/// Texts that people wrote, below the root of the repository.
const WRITTEN: [&str; 6] = [
    "Cargo.lock",
    "ARCHITECTURE.md",
    "docs/configuration.md",
    "docs/detection.md",
    "src/gateway/src/carry.rs",
    "src/redact/rules/cloud.toml",
];
/// How much of each generated text is sent.
const LENGTH: usize = 192 << 10;
/// The pieces of a body without a length.
const PIECE: usize = 5000;

#[tokio::test]
async fn what_holds_no_secret_arrives_as_it_was_sent() {
    let mut bodies = benign::samples(SEED, LENGTH);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests stand below the root");
    for name in WRITTEN {
        let text = fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        bodies.extend(benign::wrapped(&text));
        bodies.push(("text/plain", text.into_bytes()));
    }
    let sent = bodies.iter().map(|(kind, body)| (*kind, Bytes::from(body.clone()))).collect::<Vec<_>>();
    let upstream = Echo::start(move |request| {
        let (how, number) = request.uri.path().trim_start_matches('/').split_once('/').expect("HOW/NUMBER");
        let (kind, body) = &sent[number.parse::<usize>().expect("a number")];
        match how {
            "whole" => Reply::status(200).header("content-type", kind).body(body.clone()),
            _ => Reply::stream(kind, body.chunks(PIECE).map(|piece| Piece::Bytes(body.slice_ref(piece))).collect()),
        }
    })
    .await;
    let issuer = Issuer::start().await;
    // What looks like a credential or stands under a telling name is counted here: no live secret may be seen where there is none.
    let more = "[masking.answers]\ncredentials = \"detect\"\nnamed_fields = \"detect\"\n";
    let mut setup = BrokerSetup::trusting(issuer.issuer()).more(more);
    for (number, credential) in Credential::one_of_each(SEED).iter().enumerate() {
        canary::register(&format!("live credential {number}"), credential.text());
        setup = setup.http(&format!("api-{number}"), upstream.url()).operation("all", &["GET"], "/**");
        setup = setup.credential("header = \"X-Api-Key\"", credential.text());
    }
    let broker = Broker::start(setup).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let mut bytes = 0;
    for (number, (kind, body)) in bodies.iter().enumerate() {
        for how in ["whole", "streamed"] {
            let url = broker.http_url(&format!("api-{}", number % 8), &format!("/{how}/{number}"));
            let answer = broker.send(Method::GET, &url, bearer(&session), "").await;
            assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, *kind), "{how} {number}");
            let same = answer.body.iter().zip(body).take_while(|(one, other)| one == other).count();
            let shown = |text: &[u8]| {
                String::from_utf8_lossy(&text[same.min(text.len())..text.len().min(same + 60)]).into_owned()
            };
            assert!(answer.body == *body, "{kind} {number} {how}: {:?} became {:?}", shown(body), shown(&answer.body));
            bytes += body.len();
        }
    }
    assert!(bytes > 3 << 20, "{bytes} bytes");
    let outcomes = broker.records_of("outcome");
    assert_eq!(outcomes.len(), 2 * bodies.len());
    assert!(
        outcomes.iter().all(|outcome| outcome.get("masked").is_none_or(|masked| *masked == json!({}))),
        "nothing is masked"
    );
    broker.finish().await;
}
