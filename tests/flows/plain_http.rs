//! Plain HTTP upstreams: what may be called, where the credential goes, and bodies that stream both ways.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Method;
use serde_json::json;

use super::MARKER;
use crate::support::{
    broker::{Broker, BrokerSetup, bearer},
    canary::{canary, plain_canary},
    echo::{Echo, Received, Reply},
    issuer::Issuer,
    streamed::{Pieces, Streamed},
};

#[tokio::test]
async fn only_the_named_operations_are_called() {
    let upstream = Echo::start(|_| Reply::text("here")).await;
    let issuer = Issuer::start().await;
    let setup = BrokerSetup::trusting(issuer.issuer())
        .http("api", &format!("{}/v1", upstream.url()))
        .operation("read", &["GET", "HEAD"], "/invoices/{id}")
        .operation("files", &["GET"], "/files/**")
        .operation("pay", &["POST"], "/invoices/{id}/pay")
        .scopes(&["api:read", "api:files"])
        .credential("header = \"X-Api-Key\"", &canary("credential"));
    let broker = Broker::start(setup).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let send = async |method: Method, path: &str| {
        broker.send(method, &broker.http_url("api", path), bearer(&session), "").await
    };
    for (method, path, uri) in [
        (Method::GET, "/invoices/7", "/v1/invoices/7"),
        (Method::GET, "/invoices/7?page=2&q=a%20b", "/v1/invoices/7?page=2&q=a%20b"),
        (Method::HEAD, "/invoices/7", "/v1/invoices/7"),
        (Method::GET, "/files/a/b", "/v1/files/a/b"),
    ] {
        let answer = send(method.clone(), path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let received = upstream.received().pop().expect("it arrived");
        assert_eq!((&received.method, received.uri.to_string().as_str()), (&method, uri));
    }
    let reached = upstream.received().len();
    let unknown = ("unknown_operation", "no operation of this upstream has this method and path");
    let ambiguous = ("ambiguous_path", "the path holds empty, dot or encoded segments");
    for (method, path, status, (error, description)) in [
        (Method::DELETE, "/invoices/7", 403, unknown),
        (Method::POST, "/invoices/7", 403, unknown),
        (Method::GET, "/invoices", 403, unknown),
        (Method::GET, "/invoices/7/more", 403, unknown),
        (Method::GET, "/admin", 403, unknown),
        (Method::GET, "/files", 403, unknown),
        (Method::GET, "", 403, unknown),
        (Method::GET, "/files/../admin", 400, ambiguous),
        (Method::GET, "/files/%2e%2e/admin", 400, ambiguous),
        (Method::GET, "/files/a%2fb", 400, ambiguous),
        (Method::GET, "/files//b", 400, ambiguous),
        (Method::GET, "/files/a\\b", 400, ambiguous),
        (Method::POST, "/invoices/7/pay", 403, ("insufficient_scope", "the session was not granted this tool")),
    ] {
        let answer = send(method.clone(), path).await;
        let body = json!({ "error": error, "error_description": description });
        assert_eq!((answer.status.as_u16(), answer.json()), (status, body), "{method} {path}");
    }
    assert_eq!(upstream.received().len(), reached, "nothing of it may arrive");
    broker.finish().await;
}

#[tokio::test]
async fn each_slot_takes_the_credential_and_no_answer_gives_it_back() {
    let upstream = Echo::start(show).await;
    let issuer = Issuer::start().await;
    let slots = [
        ("header", "header = \"X-Api-Key\""),
        ("prefixed", "header = \"Authorization\", prefix = \"Token \""),
        ("basic", "basic = \"user\""),
        ("query", "query = \"api_key\""),
        ("body", "body = \"/auth/token\""),
    ];
    let secrets = slots.map(|(name, _)| plain_canary(name));
    let setup =
        slots.iter().zip(&secrets).fold(BrokerSetup::trusting(issuer.issuer()), |setup, ((name, inject), secret)| {
            setup.http(name, upstream.url()).operation("all", &["GET", "POST"], "/**").credential(inject, secret)
        });
    let broker = Broker::start(setup).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let [header, prefixed, basic, query, body] = &secrets;
    for ((name, _), expected) in slots.iter().zip([
        header.clone(),
        format!("Token {prefixed}"),
        format!("Basic {}", STANDARD.encode(format!("user:{basic}"))),
        format!("/echo?a=1&api_key={query}"),
        format!("{{\"auth\":{{\"token\":\"{body}\"}},\"b\":2}}"),
    ]) {
        let url = broker.http_url(name, "/echo?a=1");
        let mut fields = bearer(&session);
        fields.insert("content-type", "application/json".parse().expect("a media type"));
        // What the caller puts where credentials go stays behind.
        fields.insert("cookie", "a=b".parse().expect("a cookie"));
        let answer = broker.send(Method::POST, &url, fields, "{\"auth\":{},\"b\":2}").await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        let received = upstream.received().pop().expect("it arrived");
        let seen = match *name {
            "header" => received.header("x-api-key").map(str::to_owned),
            "prefixed" | "basic" => received.header("authorization").map(str::to_owned),
            "query" => Some(received.uri.to_string()),
            _ => Some(String::from_utf8_lossy(&received.body).into_owned()),
        };
        assert_eq!(seen.as_deref(), Some(expected.as_str()), "{name}");
        assert!(!received.headers.contains_key("cookie"), "{received:?}");
        // The answer shows the whole request, in which only the credential is masked.
        assert!(String::from_utf8_lossy(&answer.body).contains(MARKER), "{name}: {answer:?}");
    }
    let reached = upstream.received().len();
    for (name, path, body) in
        [("query", "/echo?api_key=mine", "{}"), ("body", "/echo", "{\"auth\":{\"token\":\"mine\"}}")]
    {
        let mut fields = bearer(&session);
        fields.insert("content-type", "application/json".parse().expect("a media type"));
        let answer = broker.send(Method::POST, &broker.http_url(name, path), fields, body).await;
        let description = "leave out what this service fills in: the credential";
        let expected = json!({ "error": "slot_taken", "error_description": description });
        assert_eq!((answer.status.as_u16(), answer.json()), (400, expected), "{name}");
    }
    let mut fields = bearer(&session);
    fields.insert("content-type", "application/json".parse().expect("a media type"));
    let answer = broker.send(Method::POST, &broker.http_url("body", "/echo"), fields, "[1]").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!("slot_missing")), "{answer:?}");
    assert_eq!(upstream.received().len(), reached);
    broker.finish().await;
}

#[tokio::test]
async fn bodies_stream_both_ways_and_are_masked_on_the_way_back() {
    const PIECE: usize = 256 * 1024;
    const PIECES: usize = 24;
    let secret = plain_canary("credential that is mirrored");
    let upstream = Echo::start(|_| Reply::text("here")).await;
    let issuer = Issuer::start().await;
    let setup = BrokerSetup::trusting(issuer.issuer())
        .http("api", upstream.url())
        .operation("all", &["POST"], "/**")
        .credential("header = \"X-Api-Key\"", &secret);
    let broker = Broker::start(setup).await;
    let session = broker.token(&issuer.token("assistant")).await;

    let (sender, body) = Pieces::new();
    let mut fields = bearer(&session);
    fields.insert("content-type", "application/octet-stream".parse().expect("a media type"));
    let first = filler(PIECE);
    sender.send(first.clone()).await.expect("it is read");
    let mut stream = Streamed::begin_with(Method::POST, &broker.http_url("api", "/mirror"), fields, body).await;
    assert_eq!(stream.status(), 200, "{:?}", stream.headers());
    let (mut sent, mut expected) = (first.len(), first);
    let mut rest = Vec::new();
    for number in 1..PIECES {
        // The answer to what was sent is there before more is sent, but for what could still begin a secret.
        stream.until(expected.len() + rest.len() - 4096).await;
        let mut piece = std::mem::take(&mut rest);
        piece.extend_from_slice(&filler(PIECE));
        if number % 3 == 0 {
            // The secret stands at the end of one piece and the beginning of the next.
            let (one, other) = secret.as_bytes().split_at(number % secret.len());
            piece.extend_from_slice(one);
            rest = other.to_vec();
        }
        sent += piece.len();
        expected.extend_from_slice(&piece);
        sender.send(piece).await.expect("it is read");
    }
    sent += rest.len();
    expected.extend_from_slice(&rest);
    sender.send(rest).await.expect("it is read");
    drop(sender);
    let expected = String::from_utf8(expected).expect("text").replace(&secret, MARKER);
    let arrived = stream.read_to_end().await;
    assert!(arrived == expected.as_bytes(), "{} of {} bytes arrived, of {sent} sent", arrived.len(), expected.len());
    assert!(sent > 6 << 20 && expected.matches(MARKER).count() == 7, "{sent}");
    assert!(!stream.broke());
    drop(stream);
    let outcome = broker.records_of("outcome").remove(0);
    assert_eq!((&outcome["ending"], &outcome["masked_secrets"]), (&json!("complete"), &json!(7)), "{outcome}");
    assert_eq!(outcome["response_bytes"], json!(expected.len()), "{outcome}");
    broker.finish().await;
}

#[tokio::test]
async fn an_answer_shows_what_is_for_callers_and_nothing_of_the_upstream_s_own() {
    let secret = canary("credential");
    let quoted = secret.clone();
    let upstream = Echo::start(move |_| {
        let body = json!({ "key": quoted, "password": "correct-horse-battery-staple", "name": "a" });
        Reply::json(&body)
            .header("etag", &format!("\"{quoted}\""))
            .header("set-cookie", "session=1")
            .header("server", "upstream/1")
            .header("x-internal", "1")
    })
    .await;
    let issuer = Issuer::start().await;
    let setup = BrokerSetup::trusting(issuer.issuer()).http("api", upstream.url()).operation("all", &["GET"], "/**");
    let broker = Broker::start(setup.credential("header = \"X-Api-Key\"", &secret)).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let answer = broker.send(Method::GET, &broker.http_url("api", "/page"), bearer(&session), "").await;
    assert_eq!(answer.json(), json!({ "key": MARKER, "password": MARKER, "name": "a" }), "{answer:?}");
    assert_eq!(answer.header("etag"), format!("\"{MARKER}\""));
    for name in ["set-cookie", "server", "x-internal"] {
        assert!(!answer.headers.contains_key(name), "{answer:?}");
    }
    let outcome = broker.records_of("outcome").remove(0);
    assert_eq!((&outcome["masked_secrets"], &outcome["masked_fields"]), (&json!(2), &json!(1)), "{outcome}");
    broker.finish().await;
}

/// Everything of a request, as text.
fn show(request: &Received) -> Reply {
    Reply::text(format!("{} {:?} {}", request.uri, request.headers, String::from_utf8_lossy(&request.body)))
}

/// Text in which no secret stands.
fn filler(length: usize) -> Vec<u8> {
    b"All work and no play makes a dull test. ".iter().copied().cycle().take(length).collect()
}
