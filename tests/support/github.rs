//! GitHub's REST API, which a script plays: the App of `examples/github-agent`, and the tokens that it makes.

use std::path::Path;

use http::{HeaderMap, Method};
use serde_json::Value;

use super::{canary, http_client, peers::Node, process::Process};

/// A running one: see `tests/peers/node/github.mjs`.
#[derive(Debug)]
pub(crate) struct GitHub {
    _process: Process,
    url: String,
}

impl GitHub {
    /// Starts it on a free port. The private key of the App is then in `key_file`.
    pub(crate) async fn start(node: &Node, key_file: &Path) -> Self {
        let ready = |line: &str| serde_json::from_str::<Value>(line).ok()?["url"].as_str().map(str::to_owned);
        let mut script = node.script("github.mjs");
        script.arg(key_file);
        let (process, url) = Process::start("github", script, "", ready).await;
        Self { _process: process, url }
    }

    /// Where it is, `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What it made until now, without the tokens themselves, for which all else is searched from here on.
    pub(crate) async fn made(&self) -> Vec<Value> {
        let url = format!("{}/control/tokens", self.url);
        let answer = http_client::send(Method::GET, &url, HeaderMap::new(), "").await.json();
        let mut made = answer.as_array().unwrap_or_else(|| panic!("no tokens: {answer}")).clone();
        for one in &mut made {
            let token = one.as_object_mut().and_then(|members| members.remove("token"));
            canary::register("token of GitHub", token.as_ref().and_then(Value::as_str).expect("a token"));
        }
        made
    }
}
