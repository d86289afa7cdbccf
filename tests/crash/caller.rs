//! One caller of the broker: a connection, calls of four kinds, and exchanges of tokens.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use ring::digest::{SHA256, digest};
use serde_json::json;
use tokio::{net::TcpStream, time::timeout};

/// Everything is on loopback; only a hang takes this long.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// The forms of a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// Plain HTTP with one short answer.
    Get,
    /// Plain HTTP with a body, and an answer that streams.
    Post,
    /// A tool of the current era that answers with JSON.
    Message,
    /// A tool of the current era that answers with events.
    Events,
}

impl Form {
    pub(super) const ALL: [Self; 4] = [Self::Get, Self::Post, Self::Message, Self::Events];
}

/// The connection broke or was refused: the broker is being killed.
#[derive(Debug)]
pub(super) struct Gone;

/// A connection to the broker.
pub(super) struct Caller {
    host: String,
    sender: SendRequest<Full<Bytes>>,
}

/// A whole answer.
pub(super) struct Whole {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl Caller {
    #[expect(clippy::disallowed_methods, reason = "a test's own connection to loopback, which ends with its sender")]
    pub(super) async fn connect(public_url: &str) -> Result<Self, Gone> {
        let host = public_url.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&host).await.map_err(|_| Gone)?;
        stream.set_nodelay(true).map_err(|_| Gone)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| Gone)?;
        tokio::spawn(connection);
        Ok(Self { host, sender })
    }

    /// Makes one call within a trace of its own.
    pub(super) async fn call(&mut self, form: Form, token: &str, trace: &str) -> Result<Whole, Gone> {
        let request = Request::builder()
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header("traceparent", format!("00-{trace}-00000000000000f1-01"));
        let request = match form {
            Form::Get => request.uri(format!("/http/api/items/{trace}")).body(Full::default()),
            Form::Post => {
                let request = request.method(Method::POST).uri(format!("/http/api/streams/{trace}"));
                request.header(header::CONTENT_TYPE, "text/plain").body(Full::from(vec![b'x'; 3000]))
            }
            Form::Message | Form::Events => {
                let tool = if matches!(form, Form::Message) { "message" } else { "events" };
                let version = "2026-07-28";
                let meta = json!({
                    "io.modelcontextprotocol/protocolVersion": version,
                    "io.modelcontextprotocol/clientCapabilities": {},
                });
                let params = json!({ "name": tool, "arguments": { "nonce": trace }, "_meta": meta });
                let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });
                request
                    .method(Method::POST)
                    .uri("/mcp/tools")
                    .header(header::CONTENT_TYPE, "application/json")
                    .header(header::ACCEPT, "application/json, text/event-stream")
                    .header("mcp-protocol-version", version)
                    .header("mcp-method", "tools/call")
                    .header("mcp-name", tool)
                    .body(Full::from(message.to_string()))
            }
        };
        self.send(request.expect("every part is valid")).await
    }

    /// Exchanges a token: the session's token, or what was answered instead.
    pub(super) async fn exchange(&mut self, subject_token: &str) -> Result<Result<String, Whole>, Gone> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
            .append_pair("subject_token", subject_token)
            .append_pair("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")
            .finish();
        let answer = self.form("/token", form).await?;
        let parsed: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let token = parsed["access_token"].as_str().map(str::to_owned);
        Ok(token.ok_or(answer))
    }

    /// Ends the session of a token.
    pub(super) async fn revoke(&mut self, token: &str) -> Result<Whole, Gone> {
        let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("token", token).finish();
        self.form("/revoke", form).await
    }

    async fn form(&mut self, path: &str, form: String) -> Result<Whole, Gone> {
        let request = Request::builder().method(Method::POST).uri(path);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Full::from(form)).expect("every part is valid")).await
    }

    async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Result<Whole, Gone> {
        request.headers_mut().insert(header::HOST, self.host.parse().expect("an address is a header value"));
        let whole = timeout(ANSWER_MAX, async {
            self.sender.ready().await.map_err(|_| Gone)?;
            let answer = self.sender.send_request(request).await.map_err(|_| Gone)?;
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.map_err(|_| Gone)?.to_bytes();
            Ok(Whole { status: parts.status, body })
        });
        whole.await.expect("a broker that lives answers, and one that is killed is gone")
    }
}

impl Whole {
    /// What is wrong with the answer to a call, if anything is.
    pub(super) fn fault(&self, trace: &str, credential: &str) -> Option<String> {
        let body = String::from_utf8_lossy(&self.body);
        if body.contains(credential) {
            return Some(format!("{trace}: the answer holds the credential"));
        }
        let is_whole = self.status == StatusCode::OK && body.contains(trace);
        (!is_whole).then(|| format!("{trace}: not the answer of the upstream: {} {body}", self.status))
    }

    pub(super) fn body_sha256(&self) -> String {
        digest(&SHA256, &self.body).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The session that a session token names.
pub(super) fn session_of(token: &str) -> String {
    let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap_or_default();
    claims["sid"].as_str().expect("a session token names its session").to_owned()
}
