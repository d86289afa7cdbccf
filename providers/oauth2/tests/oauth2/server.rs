//! The authorization server of `authorization_server.mjs`, started on a free port.

use std::{path::Path, process::Stdio};

use bytes::Bytes;
use dial::{DialOptions, Dialer, FetchLimits, Fetched, Reach, Submission};
use http::{HeaderMap, HeaderValue, Method, header};
use model::AddressClass;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, Command},
};
use url::Url;

/// Ends with the test: the child ends when its input does.
pub(crate) struct Server {
    pub(crate) issuer: String,
    _child: Child,
    _stdin: ChildStdin,
}

pub(crate) fn reach() -> Reach {
    Reach { class: AddressClass::Loopback, anchors: None }
}

impl Server {
    pub(crate) async fn start(settings: &Value) -> Self {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/node");
        assert!(peers.join("installed").is_file(), "the OpenID provider is not installed: run `cargo xtask peers`");
        let mut command = Command::new(peers.join("node_modules/.bin/node"));
        // A module from the command line finds packages below the folder that it is started in.
        command.args(["--input-type=module", "--eval", include_str!("authorization_server.mjs")]).current_dir(peers);
        // Its errors are warnings that it is not meant for production.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(format!("{settings}\n").as_bytes()).await.unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        loop {
            let line = lines.next_line().await.unwrap().expect("the server says where it listens before it ends");
            if let Ok(said) = serde_json::from_str::<Value>(&line) {
                return Self { issuer: said["issuer"].as_str().unwrap().to_owned(), _child: child, _stdin: stdin };
            }
        }
    }

    /// Tells the server something, or asks it.
    pub(crate) async fn control(&self, what: &str, said: &Value) -> Value {
        let answer = self.post(&format!("/control/{what}"), HeaderMap::new(), said.to_string().into()).await;
        serde_json::from_slice(&answer.body).unwrap()
    }

    pub(crate) async fn refresh_token(&self) -> String {
        self.control("refresh-token", &json!({})).await["refresh_token"].as_str().unwrap().to_owned()
    }

    /// How often a token was asked for.
    pub(crate) async fn token_count(&self) -> u64 {
        self.control("seen", &json!({})).await["tokens"].as_u64().unwrap()
    }

    /// What the server says of a token (RFC 7662).
    pub(crate) async fn introspect(&self, token: &str, secret: &str) -> Value {
        let body = format!("client_id=post&client_secret={secret}&token={token}");
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, form)]);
        serde_json::from_slice(&self.post("/token/introspection", headers, body.into()).await.body).unwrap()
    }

    async fn post(&self, path: &str, headers: HeaderMap, body: Bytes) -> Fetched {
        let url = Url::parse(&format!("{}{path}", self.issuer)).unwrap();
        let submission = Submission { method: Method::POST, url: &url, headers, body };
        Dialer::new(DialOptions::default()).submit(submission, FetchLimits::default(), &reach()).await.unwrap()
    }
}
