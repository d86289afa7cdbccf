//! Upstreams that fail in every way: a clear answer, an outcome in the record, and nothing of theirs that a caller should not see.

use std::{io::Write as _, sync::Arc};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::MARKER;
use crate::support::{
    broker::{Broker, BrokerSetup, bearer},
    canary::{canary, plain_canary},
    echo::{Echo, Piece, Reply},
    http_client::Answer,
    issuer::Issuer,
    streamed::Streamed,
};

/// A broker in front of an upstream that fails by path, plain at `api` and as an MCP server at `tools`.
struct Stage {
    upstream: Echo,
    elsewhere: Echo,
    broker: Broker,
    session: String,
    secret: String,
}

impl Stage {
    async fn set() -> Self {
        let secret = plain_canary("credential");
        let elsewhere = Echo::start(|_| Reply::text("you should not be here")).await;
        let (target, quoted) = (elsewhere.url().to_owned(), secret.clone());
        let upstream = Echo::start(move |request| fault(request.uri.path(), &target, &quoted)).await;
        let issuer = Issuer::start().await;
        let setup = BrokerSetup::trusting(issuer.issuer())
            .http("api", upstream.url())
            .upstream_line("response_header_seconds = 1\nidle_seconds = 1")
            .operation("all", &["GET", "POST"], "/**")
            .credential("header = \"X-Api-Key\"", &secret);
        let setup = ["redirect", "page", "challenge", "other-id", "gzip-broken", "half", "never"].iter().fold(
            setup,
            |setup, path| {
                let setup = setup.mcp(path, &format!("{}/{path}", upstream.url()), "2026-07-28");
                setup.upstream_line("response_header_seconds = 1\nidle_seconds = 1")
            },
        );
        let setup = setup.http("down", "http://127.0.0.1:9").operation("all", &["GET"], "/**");
        let broker = Broker::start(setup).await;
        let session = broker.token(&issuer.token("assistant")).await;
        Self { upstream, elsewhere, broker, session, secret }
    }

    async fn get(&self, upstream: &str, path: &str) -> Answer {
        self.broker.send(Method::GET, &self.broker.http_url(upstream, path), bearer(&self.session), "").await
    }

    async fn stream(&self, path: &str) -> Streamed {
        Streamed::begin(Method::GET, &self.broker.http_url("api", path), bearer(&self.session), "").await
    }

    async fn last_ending(&self, count: usize) -> Value {
        self.broker.wait_until(|_| self.broker.records_of("outcome").len() >= count).await;
        self.broker.records_of("outcome").pop().expect("an outcome")["ending"].clone()
    }
}

/// What the upstream does at each path.
fn fault(path: &str, elsewhere: &str, secret: &str) -> Reply {
    let half = || vec![Piece::Bytes(Bytes::from(format!("half of {secret} "))), Piece::Cut];
    match path {
        "/never" => Reply::never(),
        "/stall" => Reply::stream("text/plain", vec![Piece::Bytes("a beginning".into()), Piece::Hang]),
        "/half" => Reply::stream("text/plain", half()),
        "/half-event" => Reply::stream("text/event-stream", half()),
        "/half-known" => Reply::stream("text/plain", half()).header("content-length", "1000"),
        "/redirect" => Reply::status(307).header("location", &format!("{elsewhere}/?key={secret}")),
        "/challenge" => {
            Reply::status(401).header("www-authenticate", "Bearer realm=\"upstream\"").body(secret.to_owned())
        }
        "/proxy-challenge" => Reply::status(407).header("proxy-authenticate", "Basic realm=\"upstream\""),
        "/refusal" => Reply::status(403).body(format!("{secret} may not")),
        "/fault" => Reply::status(500).body(format!("a fault with {secret}")),
        "/gzip-broken" => Reply::text("this is no gzip").header("content-encoding", "gzip"),
        "/gzip-cut" => Reply::text(gzip(secret).slice(..20)).header("content-encoding", "gzip"),
        "/gzip-twice" => Reply::text(gzip(secret)).header("content-encoding", "gzip, gzip"),
        "/unknown-coding" => Reply::text("?").header("content-encoding", "snappy"),
        "/gzip" => Reply::text(gzip(secret)).header("content-encoding", "gzip"),
        "/page" => Reply::status(200).header("content-type", "text/html").body("<html>"),
        "/other-id" => Reply::json(&json!({ "jsonrpc": "2.0", "id": "another", "result": {} })),
        _ => Reply::text("well"),
    }
}

fn gzip(secret: &str) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(format!("here is {secret} packed").as_bytes()).expect("memory");
    encoder.finish().expect("memory").into()
}

#[tokio::test]
async fn a_plain_upstream_that_fails_is_answered_for() {
    let stage = Stage::set().await;
    let mut outcomes = 0;
    for (upstream, path, status, error, description) in [
        ("down", "/page", 502, "upstream_unreachable", "the upstream could not be reached, or broke off"),
        ("api", "/never", 504, "upstream_timeout", "the upstream did not answer in time"),
        ("api", "/half-known", 502, "upstream_unreachable", "the upstream could not be reached, or broke off"),
        (
            "api",
            "/challenge",
            502,
            "credential_refused",
            "the upstream refused the credential of this service; an operator must look",
        ),
        (
            "api",
            "/proxy-challenge",
            502,
            "credential_refused",
            "the upstream refused the credential of this service; an operator must look",
        ),
        (
            "api",
            "/gzip-broken",
            502,
            "unscannable",
            "the upstream's answer cannot be scanned for secrets, so it is withheld",
        ),
        (
            "api",
            "/gzip-cut",
            502,
            "unscannable",
            "the upstream's answer cannot be scanned for secrets, so it is withheld",
        ),
        (
            "api",
            "/gzip-twice",
            502,
            "unscannable",
            "the upstream's answer cannot be scanned for secrets, so it is withheld",
        ),
        (
            "api",
            "/unknown-coding",
            502,
            "unscannable",
            "the upstream's answer cannot be scanned for secrets, so it is withheld",
        ),
    ] {
        let answer = stage.get(upstream, path).await;
        let expected = json!({ "error": error, "error_description": description });
        assert_eq!((answer.status.as_u16(), answer.json()), (status, expected), "{path}");
        for name in ["www-authenticate", "proxy-authenticate", "location", "content-encoding"] {
            assert!(!answer.headers.contains_key(name), "{path}: {answer:?}");
        }
        outcomes += 1;
        let ending = stage.last_ending(outcomes).await;
        // An upstream that refuses has answered whole.
        assert!(ending == error || (error == "credential_refused" && ending == "complete"), "{path}: {ending}");
    }
    for (path, status, body) in [
        ("/gzip", 200, format!("here is {MARKER} packed")),
        ("/refusal", 403, format!("{MARKER} may not")),
        ("/fault", 500, format!("a fault with {MARKER}")),
    ] {
        let answer = stage.get("api", path).await;
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (status, body.as_bytes()), "{path}");
    }
    assert_eq!(stage.get("api", "/well").await.status, 200, "the broker goes on");
    stage.broker.finish().await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_stalls_never_looks_whole() {
    let stage = Stage::set().await;
    for (count, path) in ["/half", "/half-event", "/stall"].iter().enumerate() {
        let mut stream = stage.stream(path).await;
        assert_eq!(stream.status(), 200);
        stream.read_to_end().await;
        assert!(stream.broke(), "{path}");
        drop(stream);
        assert_eq!(stage.last_ending(count + 1).await, "upstream_cut", "{path}");
    }
    stage.broker.finish().await;
}

#[tokio::test]
async fn a_redirect_is_the_caller_s_to_follow_and_takes_no_credential_along() {
    let stage = Stage::set().await;
    let answer = stage.get("api", "/redirect").await;
    assert_eq!(answer.status, 307, "{answer:?}");
    assert_eq!(answer.header("location"), format!("{}/?key={MARKER}", stage.elsewhere.url()));
    assert_eq!(stage.upstream.only().header("x-api-key"), Some(stage.secret.as_str()));
    // An MCP endpoint has no other place.
    let answer = stage.broker.call_tool("redirect", &stage.session, "say", json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (502, ""), "{answer:?}");
    assert!(stage.elsewhere.received().is_empty(), "{:?}", stage.elsewhere.received());
    stage.broker.finish().await;
}

#[tokio::test]
async fn an_mcp_server_that_fails_is_answered_for_in_json_rpc() {
    let stage = Stage::set().await;
    let protocol = (502, -31_502, "upstream_protocol", "the upstream's answer is not one of the protocol");
    let refused = "the upstream refused the credential of this service; an operator must look";
    for (upstream, (status, code, error, message)) in [
        ("page", protocol),
        ("other-id", protocol),
        ("redirect", protocol),
        ("half", protocol),
        ("challenge", (502, -31_502, "credential_refused", refused)),
        (
            "gzip-broken",
            (502, -31_502, "unscannable", "the upstream's answer cannot be scanned for secrets, so it is withheld"),
        ),
        ("never", (504, -31_504, "upstream_timeout", "the upstream did not answer in time")),
    ] {
        let answer = stage.broker.call_tool(upstream, &stage.session, "say", json!({})).await;
        let expected = json!({ "jsonrpc": "2.0", "id": 7, "error": { "code": code, "message": message, "data": { "error": error } } });
        assert_eq!((answer.status.as_u16(), answer.json()), (status, expected), "{upstream}");
        assert!(!answer.headers.contains_key("www-authenticate"), "{answer:?}");
    }
    stage.broker.finish().await;
}

#[tokio::test]
async fn a_caller_that_goes_away_ends_the_call_and_the_record_says_so() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let upstream = Echo::start(move |_| {
        Reply::stream(
            "text/plain",
            vec![
                Piece::Bytes("begun ".repeat(100).into()),
                Piece::Gate(Arc::clone(&held)),
                Piece::Bytes("done".into()),
            ],
        )
    })
    .await;
    let issuer = Issuer::start().await;
    let setup = BrokerSetup::trusting(issuer.issuer()).http("api", upstream.url()).operation("all", &["GET"], "/**");
    let broker = Broker::start(setup.credential("header = \"X-Api-Key\"", &canary("credential"))).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let mut stream = Streamed::begin(Method::GET, &broker.http_url("api", "/page"), bearer(&session), "").await;
    stream.until(1).await;
    drop(stream);
    broker.wait_until(|_| broker.records_of("outcome").len() == 1).await;
    assert_eq!(broker.records_of("outcome")[0]["ending"], "cancelled");
    gate.add_permits(1);
    broker.finish().await;
}
