//! The MCP conformance suite as a server: a scenario for clients, of which the test is the client.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpListener,
    time::timeout,
};

use super::{Check, checks_below};
use crate::support::{peers::Node, process};

/// A scenario takes seconds.
const PLAY_MAX: Duration = Duration::from_secs(120);

/// What the suite tells a client.
#[derive(Debug, Deserialize)]
pub(crate) struct Told {
    /// Its MCP server.
    pub(crate) url: String,
    /// The revision of MCP that is spoken there.
    pub(crate) revision: String,
    /// What a client would know beforehand; null where that is nothing.
    pub(crate) context: Value,
}

impl Told {
    /// What a client would know beforehand, by its name.
    pub(crate) fn known(&self, name: &str) -> &str {
        self.context[name].as_str().unwrap_or_else(|| panic!("no {name}: {}", self.context))
    }
}

/// Has the suite judge how `client` does in a scenario.
///
/// # Panics
///
/// When the suite cannot run. A verdict, good or bad, is a result.
pub(crate) async fn play<T>(node: &Node, scenario: &str, client: impl AsyncFnOnce(Told) -> T) -> (T, Vec<Check>) {
    let results = tempfile::tempdir().expect("a temporary folder");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port().to_string();
    let script = node.script("conformance_client.mjs");
    // The suite gives this to a shell.
    let command: Vec<_> = std::iter::once(script.as_std().get_program()).chain(script.as_std().get_args()).collect();
    let command: Vec<_> = command.iter().map(|part| part.to_str().expect("a path in UTF-8")).chain([&*port]).collect();
    let mut suite = node.package("@modelcontextprotocol/conformance/dist/index.js");
    let limit = PLAY_MAX.as_millis().to_string();
    suite.args(["client", "--scenario", scenario, "--timeout", &limit, "--command", &command.join(" "), "-o"]);
    suite.arg(results.path());
    // As with servers, the results say what the exit code means.
    let mut shell = tokio::process::Command::new("sh");
    shell.args(["-c", "\"$@\" || true", "sh"]).arg(suite.as_std().get_program()).args(suite.as_std().get_args());
    let played = async {
        let (stream, _) =
            timeout(PLAY_MAX, listener.accept()).await.expect("the suite starts its client").expect("loopback");
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).await.expect("the client says what it was told");
        client(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))).await
    };
    let (played, _) = tokio::join!(played, process::output("conformance", shell, "", PLAY_MAX));
    let group = scenario.split('/').next().expect("a name");
    let (_, checks) = checks_below(&results.path().join(group)).pop_first().expect("the suite wrote a result");
    (played, checks)
}

/// The names of all scenarios for clients that begin with `group`.
pub(crate) async fn scenarios_of(node: &Node, group: &str) -> Vec<String> {
    let mut suite = node.package("@modelcontextprotocol/conformance/dist/index.js");
    suite.args(["list", "--client"]);
    let listed = process::output("conformance", suite, "", PLAY_MAX).await;
    let names = listed.lines().filter_map(|line| line.trim().strip_prefix("- ")?.split(' ').next());
    names.filter(|name| name.starts_with(group)).map(str::to_owned).collect()
}
