//! What an agent does with a broker.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::Broker;
use crate::support::{
    canary,
    http_client::{self, Answer},
};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// Headers by name and value.
pub(crate) fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let name: HeaderName = name.parse().expect("a header's name");
        map.append(name, HeaderValue::from_str(value).expect("a header's value"));
    }
    map
}

/// The header that presents a session token.
pub(crate) fn bearer(token: &str) -> HeaderMap {
    headers(&[("authorization", &format!("Bearer {token}"))])
}

impl Broker {
    /// Sends a request and reads the answer, which must hold no secret.
    pub(crate) async fn send(&self, method: Method, url: &str, headers: HeaderMap, body: impl Into<Bytes>) -> Answer {
        let answer = http_client::send(method, url, headers, body).await;
        assert_answer_clean(url, &answer);
        answer
    }

    /// The answer of the token endpoint to this exchange; `more` are further parameters, `audience` for one.
    pub(crate) async fn exchange(&self, subject_token: &str, more: &[(&str, &str)]) -> Answer {
        let mut fields = exchange_form(subject_token).to_vec();
        fields.extend_from_slice(more);
        let answer = self.post_form("/token", &fields).await;
        if let Ok(body) = serde_json::from_slice::<Value>(&answer.body) {
            register_session(&body);
        }
        answer
    }

    /// Sends a form to one of the token endpoints.
    pub(crate) async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = http_client::post_form(&format!("{}{path}", self.public_url()), HeaderMap::new(), fields).await;
        assert_answer_clean(path, &answer);
        answer
    }

    /// A session token for all that the agent may have.
    ///
    /// # Panics
    ///
    /// With the answer, when there is none.
    pub(crate) async fn token(&self, subject_token: &str) -> String {
        let answer = self.exchange(subject_token, &[]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer:?}")).to_owned()
    }

    /// Ends a session.
    pub(crate) async fn revoke(&self, token: &str) {
        let answer = self.post_form("/revoke", &[("token", token)]).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0), "{answer:?}");
    }

    /// A request of the revision 2026-07-28.
    pub(crate) async fn modern(&self, upstream: &str, token: &str, method: &str, params: Value) -> Answer {
        let mut headers = modern_headers(method, &params);
        headers.extend(bearer(token));
        self.send(Method::POST, &self.mcp_url(upstream), headers, modern_body(method, params).to_string()).await
    }

    /// A call of a tool in the revision 2026-07-28.
    pub(crate) async fn call_tool(&self, upstream: &str, token: &str, tool: &str, arguments: Value) -> Answer {
        self.modern(upstream, token, "tools/call", json!({ "name": tool, "arguments": arguments })).await
    }
}

/// What an exchange of this token sends to the token endpoint.
pub(crate) fn exchange_form(subject_token: &str) -> [(&str, &str); 3] {
    [("grant_type", EXCHANGE), ("subject_token", subject_token), ("subject_token_type", JWT)]
}

/// The token in the answer to an exchange, where there is one. It is for who asked; from here on it may stand nowhere else.
pub(crate) fn register_session(answer: &Value) -> Option<&str> {
    let token = answer["access_token"].as_str()?;
    canary::register("session token", token);
    Some(token)
}

/// The headers that a request of the revision 2026-07-28 needs beside its token.
pub(crate) fn modern_headers(method: &str, params: &Value) -> HeaderMap {
    let mut map = headers(&[
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", method),
    ]);
    if let Some(name) = params["name"].as_str().or(params["uri"].as_str()) {
        map.insert("mcp-name", name.parse().expect("a name is a header value"));
    }
    map
}

/// The body of that request; its id is 7.
pub(crate) fn modern_body(method: &str, mut params: Value) -> Value {
    let meta = &mut params["_meta"];
    meta["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    meta["io.modelcontextprotocol/clientInfo"] = json!({ "name": "tests", "version": "1" });
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params })
}

fn assert_answer_clean(place: &str, answer: &Answer) {
    canary::assert_clean(&format!("the body of {place}"), &answer.body);
    for (name, value) in &answer.headers {
        canary::assert_clean(&format!("the header {name} of {place}"), value.as_bytes());
    }
}
