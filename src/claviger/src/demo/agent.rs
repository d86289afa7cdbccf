//! The agent: it logs in, exchanges, calls, and remembers everything that it ever saw.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Response, StatusCode};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::scene::Scene;
use crate::{client, output::Failure};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
/// The revision of MCP that it speaks.
const REVISION: &str = "2026-07-28";

/// The agent. All that it holds: a way to log in at its identity provider, and a session token.
pub(super) struct Agent {
    broker: String,
    issuer: String,
    client_authorization: String,
    session_authorization: String,
    seen: Vec<u8>,
}

/// An answer as the agent saw it.
pub(super) struct Seen(Response<Bytes>);

impl Agent {
    pub(super) fn new(scene: &Scene) -> Self {
        Self {
            broker: scene.public_url.clone(),
            issuer: scene.provider.issuer().to_owned(),
            client_authorization: scene.provider.client_authorization(),
            session_authorization: String::new(),
            seen: Vec::new(),
        }
    }

    /// A token of its identity provider, for the broker.
    pub(super) async fn log_in(&mut self) -> Result<Seen, Failure> {
        let form = form(&[("grant_type", "client_credentials"), ("resource", &self.broker)]);
        let (url, login) = (format!("{}/token", self.issuer), self.client_authorization.clone());
        self.send(Method::POST, &url, &[FORM, ("authorization", &login)], form.as_bytes()).await
    }

    /// The exchange (RFC 8693) of that token for a session token, which it uses from then on.
    pub(super) async fn exchange(&mut self, subject_token: &str, scope: &str) -> Result<Seen, Failure> {
        let form = form(&[
            ("grant_type", token::GRANT_TYPE),
            ("subject_token", subject_token),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ("scope", scope),
        ]);
        let url = format!("{}/token", self.broker);
        let answer = self.send(Method::POST, &url, &[FORM], form.as_bytes()).await?;
        self.session_authorization = format!("Bearer {}", answer.text("/access_token"));
        Ok(answer)
    }

    /// The end of its session (RFC 7009).
    pub(super) async fn revoke(&mut self) -> Result<Seen, Failure> {
        let form = form(&[("token", self.session_token())]);
        let url = format!("{}/revoke", self.broker);
        self.send(Method::POST, &url, &[FORM], form.as_bytes()).await
    }

    pub(super) async fn list_tools(&mut self) -> Result<Seen, Failure> {
        self.ask("tools/list", None, json!({})).await
    }

    pub(super) async fn call_tool(&mut self, name: &str, arguments: Value) -> Result<Seen, Failure> {
        self.ask("tools/call", Some(name), json!({ "name": name, "arguments": arguments })).await
    }

    /// A plain HTTP call.
    pub(super) async fn request(&mut self, method: Method, path: &str) -> Result<Seen, Failure> {
        let (url, session) = (format!("{}/http/billing{path}", self.broker), self.session_authorization.clone());
        self.send(method, &url, &[("authorization", &session)], b"").await
    }

    pub(super) fn session_token(&self) -> &str {
        self.session_authorization.trim_start_matches("Bearer ")
    }

    /// Every byte of every answer so far, headers too.
    pub(super) fn seen(&self) -> &[u8] {
        &self.seen
    }

    /// One MCP request to the workshop.
    async fn ask(&mut self, method: &str, name: Option<&str>, mut parameters: Value) -> Result<Seen, Failure> {
        parameters["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": REVISION, "io.modelcontextprotocol/clientCapabilities": {},
        });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters }).to_string();
        let (url, session) = (format!("{}/mcp/workshop", self.broker), self.session_authorization.clone());
        let mut headers = vec![
            JSON,
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", REVISION),
            ("mcp-method", method),
            ("authorization", &session),
        ];
        headers.extend(name.map(|name| ("mcp-name", name)));
        self.send(Method::POST, &url, &headers, message.as_bytes()).await
    }

    async fn send(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Seen, Failure> {
        let url = Url::parse(url).map_err(|error| Failure::new(format!("{url:?} is no URL: {error}")))?;
        let answer = client::exchange(method, &url, headers, body).await?;
        for (name, value) in answer.headers() {
            self.seen.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
        }
        self.seen.extend_from_slice(answer.body());
        Ok(Seen(answer))
    }
}

impl Seen {
    pub(super) fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// A header as text; empty where it is missing.
    pub(super) fn header(&self, name: &HeaderName) -> &str {
        let headers: &HeaderMap = self.0.headers();
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(super) fn body(&self) -> String {
        String::from_utf8_lossy(self.0.body()).into_owned()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(self.0.body()).unwrap_or_default()
    }

    /// The text at a JSON pointer of the body; empty where there is none.
    pub(super) fn text(&self, pointer: &str) -> String {
        self.json().pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
