//! HTTP/2 at the listener, as TLS negotiates it: what a call is, and how it fails, does not depend on it.

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{MARKER, mcp_echo};
use crate::support::{
    broker::{Broker, BrokerSetup, bearer, exchange_form, modern_body, modern_headers, register_session},
    canary::{self, canary, plain_canary},
    echo::{Echo, Piece, Reply},
    http_client::Answer,
    issuer::Issuer,
    tls::{Authority, connector_offering},
};

#[tokio::test]
async fn a_call_over_http_2_is_masked_recorded_and_answered_as_over_http_1_1() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Authority::new(folder.path()).server("broker", "localhost");
    let (issuer, upstream, secret) = (Issuer::start().await, mcp_echo().await, canary("credential"));
    let setup = BrokerSetup::trusting(issuer.issuer()).mcp("echo", &format!("{}/mcp", upstream.url()), "2026-07-28");
    let broker = Broker::start(setup.bearer(&secret).tls(server.certificate(), server.key())).await;

    let mut answers = Vec::new();
    for protocol in ["http/1.1", "h2"] {
        let mut client = Client::connect(broker.public_url(), server.authority(), protocol).await;
        let session = client.exchange(&issuer.token("assistant")).await;
        let params = json!({ "name": "say", "arguments": {} });
        let mut headers = modern_headers("tools/call", &params);
        headers.extend(bearer(&session));
        let body = modern_body("tools/call", params).to_string();
        let mut answer = client.send(Method::POST, "/mcp/echo", headers, body).await;
        answer.headers.remove(header::DATE);
        let masked = json!({ "authorization": [format!("Bearer {MARKER}")] });
        assert_eq!(answer.json()["result"]["structuredContent"], masked, "{protocol}: {answer:?}");
        let refused = client.send(Method::POST, "/mcp/echo", HeaderMap::new(), "{}").await;
        assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (401, &json!("token_required")), "{protocol}");
        answers.push((answer.status, answer.headers, answer.body));
    }
    assert_eq!(answers[0], answers[1]);
    for received in upstream.received() {
        assert_eq!(received.header("authorization"), Some(format!("Bearer {secret}").as_str()));
    }
    let outcomes = broker.records_of("outcome");
    assert_eq!((outcomes.len(), broker.records_of("intent").len()), (2, 2), "{outcomes:?}");
    for outcome in outcomes {
        assert_eq!((&outcome["ending"], &outcome["masked_secrets"]), (&json!("complete"), &json!(2)), "{outcome}");
    }
    broker.finish().await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_resets_its_stream_and_no_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Authority::new(folder.path()).server("broker", "localhost");
    let (issuer, secret) = (Issuer::start().await, plain_canary("credential"));
    let quoted = secret.clone();
    let upstream = Echo::start(move |request| match request.uri.path() {
        "/half" => Reply::stream("text/plain", vec![Piece::Bytes(format!("half of {quoted} ").into()), Piece::Cut]),
        _ => Reply::text(format!("the whole of {quoted}")),
    })
    .await;
    let setup = BrokerSetup::trusting(issuer.issuer()).http("api", upstream.url()).operation("all", &["GET"], "/**");
    let setup = setup.credential("header = \"X-Api-Key\"", &secret).tls(server.certificate(), server.key());
    let broker = Broker::start(setup).await;
    let mut client = Client::connect(broker.public_url(), server.authority(), "h2").await;
    let session = client.exchange(&issuer.token("assistant")).await;

    let half = client.begin(Method::GET, "/http/api/half", bearer(&session), "").await;
    let whole = client.send(Method::GET, "/http/api/whole", bearer(&session), "").await;
    assert_eq!(whole.body, format!("the whole of {MARKER}"));
    let mut half = half.into_body();
    let mut arrived = Vec::new();
    let broke = loop {
        match half.frame().await {
            Some(Ok(frame)) => arrived.extend_from_slice(frame.data_ref().expect("no trailers")),
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    canary::assert_clean("half an answer", &arrived);
    assert!(broke, "{}", String::from_utf8_lossy(&arrived));
    let after = client.send(Method::GET, "/http/api/whole", bearer(&session), "").await;
    assert_eq!(after.status, 200, "the connection goes on");
    broker.finish().await;
}

/// One connection to a broker, over TLS.
struct Client {
    origin: String,
    sender: Sender,
}

enum Sender {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    /// Offers one protocol, which must be taken.
    #[expect(clippy::disallowed_methods, reason = "a test's own connection to loopback; it ends with the client")]
    async fn connect(origin: &str, authority: &Path, protocol: &str) -> Self {
        let stream = TcpStream::connect(origin.replace("https://localhost", "127.0.0.1")).await.expect("it listens");
        let connector = connector_offering(authority, protocol);
        let stream = connector.connect("localhost".try_into().expect("a name"), stream).await.expect("it speaks TLS");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
        let stream = TokioIo::new(stream);
        let sender = if protocol == "h2" {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.expect("HTTP/2");
            tokio::spawn(connection);
            Sender::Two(sender)
        } else {
            let (sender, connection) = http1::handshake(stream).await.expect("HTTP/1.1");
            tokio::spawn(connection);
            Sender::One(sender)
        };
        Self { origin: origin.to_owned(), sender }
    }

    /// A session token.
    async fn exchange(&mut self, subject_token: &str) -> String {
        let form =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(exchange_form(subject_token)).finish();
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().expect("a value"));
        let answer: Value = self.send(Method::POST, "/token", headers, form).await.json();
        register_session(&answer).unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
    }

    /// Sends a request and reads the answer, which must hold no secret.
    async fn send(&mut self, method: Method, path: &str, headers: HeaderMap, body: impl Into<Bytes>) -> Answer {
        let (parts, body) = self.begin(method, path, headers, body).await.into_parts();
        let body = body.collect().await.unwrap_or_else(|error| panic!("{path}: {error}")).to_bytes();
        canary::assert_clean(path, &body);
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Sends a request and waits for the head of its answer.
    async fn begin(
        &mut self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: impl Into<Bytes>,
    ) -> Response<Incoming> {
        let mut request = Request::new(Full::new(body.into()));
        (*request.method_mut(), *request.headers_mut()) = (method, headers);
        let answer = match &mut self.sender {
            Sender::One(sender) => {
                *request.uri_mut() = path.parse().expect("a path");
                let host = self.origin.trim_start_matches("https://").parse().expect("a header's value");
                request.headers_mut().insert(header::HOST, host);
                sender.send_request(request).await
            }
            Sender::Two(sender) => {
                *request.uri_mut() = format!("{}{path}", self.origin).parse().expect("a URL");
                sender.send_request(request).await
            }
        };
        answer.unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}
