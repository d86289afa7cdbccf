//! Real MCP clients of other languages, and a real RFC 8693 client: a script in, a report out.
//!
//! The forms of both are described in `tests/peers/node/actions.mjs` and `tests/peers/python/exchange.py`.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use super::{
    peers::{Node, Python},
    process,
};

/// A script has its own shorter limit on each action.
const SCRIPT_MAX: Duration = Duration::from_secs(120);

/// What a client shall do.
#[derive(Clone, Debug)]
pub(crate) struct Script(Value);

impl Script {
    /// Talks to this MCP endpoint.
    pub(crate) fn new(url: &str) -> Self {
        Self(json!({ "url": url, "actions": [] }))
    }

    /// Presents this bearer token on every request.
    pub(crate) fn token(mut self, token: &str) -> Self {
        self.0["token"] = json!(token);
        self
    }

    /// `modern` (2026-07-28), `legacy` (2025-11-25) or `auto`, for the clients that know both.
    pub(crate) fn mode(mut self, mode: &str) -> Self {
        self.0["mode"] = json!(mode);
        self
    }

    /// Adds an action.
    pub(crate) fn then(mut self, action: &str, parameters: Value) -> Self {
        if let Some(actions) = self.0["actions"].as_array_mut() {
            actions.push(json!({ action: parameters }));
        }
        self
    }

    /// Adds a call of a tool.
    pub(crate) fn call(self, tool: &str, arguments: Value) -> Self {
        self.then("call", json!({ "name": tool, "arguments": arguments }))
    }
}

/// What happened.
#[derive(Debug)]
pub(crate) struct Report(Value);

impl Report {
    /// The revision that was negotiated.
    pub(crate) fn protocol(&self) -> &str {
        self.0["protocol"].as_str().unwrap_or_else(|| panic!("not connected: {}", self.0))
    }

    /// Why the connection failed, with `kind`, `message` and, where there is one, `status`.
    pub(crate) fn refused(&self) -> &Value {
        self.0.get("error").unwrap_or_else(|| panic!("not refused: {}", self.0))
    }

    /// The result of the action with this number, from 0.
    pub(crate) fn ok(&self, action: usize) -> &Value {
        self.0["results"][action].get("ok").unwrap_or_else(|| panic!("action {action} failed: {}", self.0))
    }

    /// The first text of that result.
    pub(crate) fn text(&self, action: usize) -> &str {
        let result = self.ok(action);
        result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text in {result}"))
    }

    /// The error of the action with this number: `kind`, `message`, and `code`, `data`, `status` where there are any.
    pub(crate) fn error(&self, action: usize) -> &Value {
        self.0["results"][action].get("error").unwrap_or_else(|| panic!("action {action} succeeded: {}", self.0))
    }

    /// How often something came in: `progress`, `elicitation/create`, `notifications/tools/list_changed`, …
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.0["counts"][name].as_u64().unwrap_or(0)
    }

    /// The method and status of every HTTP exchange.
    pub(crate) fn http(&self) -> &Value {
        &self.0["http"]
    }

    /// Everything, to search it.
    pub(crate) fn whole(&self) -> &Value {
        &self.0
    }
}

/// The TypeScript client 2.x, of both eras.
pub(crate) async fn typescript(node: &Node, script: &Script) -> Report {
    run("client_modern.mjs", node.script("client_modern.mjs"), script).await
}

/// The TypeScript client 1.x, of the older era.
pub(crate) async fn typescript_legacy(node: &Node, script: &Script) -> Report {
    run("client_legacy.mjs", node.script("client_legacy.mjs"), script).await
}

/// The Python client 2.x, of both eras.
pub(crate) async fn python(python: &Python, script: &Script) -> Report {
    run("client.py", python.script("client.py"), script).await
}

/// Exchanges a token with google-auth: `{ "ok", "status" }` or `{ "error" }`.
pub(crate) async fn exchange(python: &Python, wanted: &Value) -> Value {
    parsed(
        "exchange.py",
        &process::output("exchange.py", python.script("exchange.py"), &wanted.to_string(), SCRIPT_MAX).await,
    )
}

async fn run(name: &str, command: Command, script: &Script) -> Report {
    Report(parsed(name, &process::output(name, command, &script.0.to_string(), SCRIPT_MAX).await))
}

fn parsed(name: &str, printed: &str) -> Value {
    serde_json::from_str(printed).unwrap_or_else(|error| panic!("{name}: {error} in {printed}"))
}
