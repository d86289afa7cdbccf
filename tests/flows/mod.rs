//! The product's paths from end to end: real listeners, the real program, whole answers.

mod addresses;
mod analyzer;
mod audit;
mod aws;
mod call;
mod connections;
mod content_codings;
mod exchange;
mod http2;
mod issued_tokens;
mod lifecycle;
mod lists;
mod masking;
mod minted_tokens;
mod plain_http;
mod pseudonyms;
mod refusals;
mod revocation;
mod terminal;
mod tls;
mod upstream_faults;

use serde_json::{Value, json};

use crate::support::echo::{Echo, Reply};

/// What stands where a secret stood.
const MARKER: &str = "(masked-secret)";

/// An MCP server of 2026-07-28 whose every tool answers with the `Authorization` that it received, twice.
async fn mcp_echo() -> Echo {
    Echo::start(|request| {
        let message: Value = serde_json::from_slice(&request.body).expect("the broker sends JSON");
        let values = request.headers.get_all("authorization").iter();
        let authorization: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        Reply::json(&json!({
            "jsonrpc": "2.0", "id": message["id"],
            "result": {
                "resultType": "complete", "isError": false,
                "content": [{ "type": "text", "text": format!("you sent {}", json!(authorization)) }],
                "structuredContent": { "authorization": authorization },
            },
        }))
    })
    .await
}
