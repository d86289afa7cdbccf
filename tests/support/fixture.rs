//! The MCP fixture of `tests/fixture`, as an upstream.

use ring::digest::{SHA256, digest};
use tokio::process::Command;

use super::process::Process;

/// A running fixture.
#[derive(Debug)]
pub(crate) struct Fixture {
    process: Process,
    url: String,
}

impl Fixture {
    /// Serves every caller.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Serves only those who present this bearer token. The fixture itself learns its digest alone.
    pub(crate) async fn start_requiring(token: &str) -> Self {
        let hex: String = digest(&SHA256, token.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Self::with(&["--require-bearer-sha256", &hex]).await
    }

    async fn with(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-fixture"));
        command.arg("--until-stdin-closes").args(arguments);
        let ready = |line: &str| line.strip_prefix("listening on ").map(|url| url.trim().to_owned());
        let (process, url) = Process::start("mcp-fixture", command, "", ready).await;
        Self { process, url }
    }

    /// Its MCP endpoint, `http://127.0.0.1:PORT/mcp`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The process, to read what it printed or to kill it.
    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}
