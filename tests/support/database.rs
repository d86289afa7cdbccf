//! The MCP server of `examples/vault-postgres-agent`: each request brings the user with whom it asks PostgreSQL.

use super::{peers::Python, postgres::Postgres, process::Process};

/// Starts it on a free port; its endpoint.
pub(crate) async fn start(python: &Python, postgres: &Postgres) -> (Process, String) {
    let mut script = python.example("vault-postgres-agent/database.py");
    script.args([&format!("127.0.0.1:{}/postgres", postgres.port()), "127.0.0.1:0"]);
    Process::start("database", script, "", endpoint).await
}

/// What a line says about where it listens.
pub(crate) fn endpoint(line: &str) -> Option<String> {
    line.strip_prefix("listening on ").map(|url| url.trim().to_owned())
}
