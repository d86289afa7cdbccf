//! A modern server on a loopback socket: it answers by script and writes down what it gets.

use std::{collections::HashMap, sync::Arc};

use http::HeaderMap;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::converse::testing::{Answer, serve, streamed, whole};

/// A request as the server got it.
#[derive(Debug, Clone)]
pub(super) struct Got {
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Got {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn method(&self) -> &str {
        self.body["method"].as_str().unwrap()
    }

    pub(super) fn tool(&self) -> &str {
        self.body["params"]["name"].as_str().unwrap_or_default()
    }
}

/// Writes into a stream that is open; it closes when the gateway lets go of it.
pub(super) type Writer = mpsc::Sender<String>;

#[derive(Clone, Default)]
pub(super) struct Server {
    got: Arc<Mutex<Vec<Got>>>,
    /// Streams that are open, by tool or method.
    open: Arc<Mutex<HashMap<String, Vec<Writer>>>>,
}

impl Server {
    pub(super) async fn start() -> (Self, u16) {
        let server = Self::default();
        let serving = server.clone();
        let port = serve(move |head, body| {
            let server = serving.clone();
            async move {
                let got = Got { headers: head.headers, body };
                server.got.lock().push(got.clone());
                if got.tool() == "silent" {
                    std::future::pending::<()>().await;
                }
                server.answer(&got)
            }
        })
        .await;
        (server, port)
    }

    pub(super) fn all(&self, method: &str) -> Vec<Got> {
        self.got.lock().iter().filter(|got| got.method() == method).cloned().collect()
    }

    pub(super) fn last(&self, method: &str) -> Got {
        self.all(method).pop().expect("a request")
    }

    /// The writers of the streams that were opened for a tool or a method, once there are `count` of them.
    pub(super) async fn writers(&self, name: &str, count: usize) -> Vec<Writer> {
        loop {
            let writers = self.open.lock().get(name).cloned().unwrap_or_default();
            if writers.len() >= count {
                return writers;
            }
            tokio::task::yield_now().await;
        }
    }

    fn answer(&self, got: &Got) -> Answer {
        let id = &got.body["id"];
        let params = &got.body["params"];
        let result = |result: Value| whole(200, &json!({"jsonrpc": "2.0", "id": id, "result": result}));
        let error = |status: u16, code: i64| {
            whole(status, &json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": "no"}}))
        };
        match (got.method(), got.tool()) {
            ("server/discover", _) => result(json!({
                "resultType": "complete", "ttlMs": 1000, "cacheScope": "public", "supportedVersions": ["2026-07-28"],
                "capabilities": {
                    "tools": {"listChanged": true}, "resources": {"subscribe": true}, "logging": {},
                    "extensions": {"io.modelcontextprotocol/tasks": {}},
                },
                "instructions": "be kind",
                "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "scripted", "version": "7"}},
            })),
            ("tools/list", _) => result(page(params["cursor"].as_str())),
            ("tools/call", "mirrored") if got.header("mcp-param-region") != Some("north") => error(400, -32_020),
            ("tools/call", "asks") => result(asks(params)),
            ("tools/call", "polls") => result(match params["requestState"].as_str() {
                Some(state) if state.len() >= 3 => content(state),
                state => json!({"resultType": "input_required", "requestState": format!("{}x", state.unwrap_or(""))}),
            }),
            ("tools/call", "insists") => result(json!({"resultType": "input_required", "requestState": "again"})),
            ("tools/call", "samples") => result(json!({
                "resultType": "input_required", "inputRequests": {"s": {"method": "sampling/createMessage"}},
            })),
            ("tools/call", "task") => result(json!({"resultType": "task", "taskId": "t"})),
            ("tools/call", "tells") => {
                result(json!({"resultType": "complete", "structuredContent": {"password": "hunter-22"}}))
            }
            ("tools/call", "large") => result(content(&"x".repeat(1_000_000))),
            ("tools/call", "streams" | "waits") | ("subscriptions/listen", _) => {
                let name = if got.tool().is_empty() { got.method() } else { got.tool() };
                let (answer, writer) = streamed();
                self.open.lock().entry(name.to_owned()).or_default().push(writer);
                answer
            }
            ("tools/call", "unknown") => error(404, -32_601),
            ("tools/call" | "resources/read", _) => result(content("done")),
            _ => error(404, -32_601),
        }
    }
}

/// Two pages, the mirrored tool on the second.
fn page(cursor: Option<&str>) -> Value {
    let tool = |name: &str| json!({"name": name, "inputSchema": {"type": "object"}});
    let mut page = match cursor {
        None => json!({"tools": [tool("plain"), tool("asks"), tool("forbidden")], "nextCursor": "2"}),
        Some(_) => json!({"tools": [{"name": "mirrored", "inputSchema": {
            "type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
        }}]}),
    };
    (page["resultType"], page["ttlMs"], page["cacheScope"]) = ("complete".into(), 5.into(), "public".into());
    page
}

/// Asks for a name, then for roots, then answers with both.
fn asks(params: &Value) -> Value {
    let answers = &params["inputResponses"];
    match params["requestState"].as_str() {
        None => json!({
            "resultType": "input_required", "requestState": "one \"é\"",
            "inputRequests": {
                "name": {"method": "elicitation/create", "params": {"mode": "form", "message": "who?", "requestedSchema": {
                    "type": "object", "properties": {"name": {"type": "string"}},
                }}},
                "link": {"method": "elicitation/create", "params": {"mode": "url", "message": "go", "url": "https://a.example"}},
            },
        }),
        Some("one \"é\"") => json!({
            "resultType": "input_required", "requestState": answers["name"]["content"]["name"],
            "inputRequests": {"roots": {"method": "roots/list"}},
        }),
        Some(name) => content(&format!("{name} {}", answers["roots"]["roots"][0]["uri"])),
    }
}

fn content(text: &str) -> Value {
    json!({"resultType": "complete", "content": [{"type": "text", "text": text}]})
}
