//! A leaky MCP server of the revision 2026-07-28: it wants a key, and its tool `echo` gives away every header that it got.

use std::sync::Arc;

use axum::{Json, Router, body::Bytes, extract::State, response::IntoResponse as _, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};

use super::{
    inbox::{Inbox, Received},
    keys::StoredKey,
};

/// Its tools, with what a model reads of them.
pub(super) const TOOLS: [(&str, &str); 3] = [
    ("echo", "Answers with the arguments and with every header of the request"),
    ("write_note", "Writes a note into the workshop's book"),
    ("delete_everything", "Deletes everything"),
];
/// What stands before the key in its header.
pub(super) const PREFIX: &str = "Bearer ";

struct Workshop {
    key: Arc<StoredKey>,
    inbox: Inbox,
}

/// Its one endpoint.
pub(super) fn router(key: Arc<StoredKey>, inbox: Inbox) -> Router {
    Router::new().route("/mcp", post(answer)).with_state(Arc::new(Workshop { key, inbox }))
}

async fn answer(State(workshop): State<Arc<Workshop>>, headers: HeaderMap, body: Bytes) -> axum::response::Response {
    let received = Received { method: Method::POST, path: "/mcp".to_owned(), headers, body };
    workshop.inbox.put(received.clone());
    if !workshop.key.is_in_slot(PREFIX, received.header(&header::AUTHORIZATION)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let request: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    let Some(id) = request.get("id") else { return StatusCode::ACCEPTED.into_response() };
    let result = match request.get("method").and_then(Value::as_str) {
        Some("server/discover") => Some(json!({
            "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": { "tools": {} },
            "ttlMs": 0, "cacheScope": "private",
            "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "workshop", "version": "1" } },
        })),
        Some("tools/list") => Some(list()),
        Some("tools/call") => call(&request, &received),
        _ => None,
    };
    let answer = match result {
        Some(result) => (StatusCode::OK, Json(json!({ "jsonrpc": "2.0", "id": id, "result": result }))),
        None => {
            let error = json!({ "code": -32601, "message": "no such method" });
            (StatusCode::NOT_FOUND, Json(json!({ "jsonrpc": "2.0", "id": id, "error": error })))
        }
    };
    answer.into_response()
}

fn list() -> Value {
    let tools = TOOLS.map(
        |(name, description)| json!({ "name": name, "description": description, "inputSchema": { "type": "object" } }),
    );
    json!({ "resultType": "complete", "tools": tools, "ttlMs": 0, "cacheScope": "private" })
}

fn call(request: &Value, received: &Received) -> Option<Value> {
    let parameters = request.get("params")?;
    let text = match parameters.get("name").and_then(Value::as_str)? {
        "echo" => echo(parameters, received),
        "write_note" => "written".to_owned(),
        "delete_everything" => "everything is gone".to_owned(),
        _ => return None,
    };
    Some(json!({ "resultType": "complete", "content": [{ "type": "text", "text": text }], "isError": false }))
}

/// Leaks the key twice: as it came, and in base64, as a debugging page would.
fn echo(parameters: &Value, received: &Received) -> String {
    let mut lines = vec![format!("arguments: {}", parameters.get("arguments").unwrap_or(&Value::Null))];
    lines.extend(received.lines());
    lines.push(format!("and the key in base64: {}", STANDARD.encode(received.header(&header::AUTHORIZATION))));
    lines.join("\n")
}
