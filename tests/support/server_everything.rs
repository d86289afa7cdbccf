//! `@modelcontextprotocol/server-everything`, a realistic upstream of the older era.

use std::net::TcpListener;

use super::{peers::Node, process::Process};

/// A running server.
#[derive(Debug)]
pub(crate) struct ServerEverything {
    /// Ends with this value
    _process: Process,
    url: String,
}

impl ServerEverything {
    /// It cannot say which port it got, so it is given one that was free a moment ago.
    pub(crate) async fn start(node: &Node) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let mut command = node.package("@modelcontextprotocol/server-everything/dist/index.js");
        command.arg("streamableHttp").env("PORT", port.to_string());
        let ready = |line: &str| line.contains("listening on port").then_some(());
        let (process, ()) = Process::start("server-everything", command, "", ready).await;
        Self { _process: process, url: format!("http://127.0.0.1:{port}/mcp") }
    }

    /// Its MCP endpoint.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}
