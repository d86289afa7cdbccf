//! A caller that reads all that arrives, byte by byte: informational answers, the head, what frames the body, the body, trailers.

use std::time::Duration;

use ::leaks::{channel::Call, corpus::Case, judge::Ending};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::support::broker::{modern_body, modern_headers};

/// Everything is on loopback; only a hang takes this long.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// As much as most answers are.
const READ_LENGTH: usize = 4096;

/// A connection to the broker, made anew where the last answer ended it.
#[derive(Debug)]
pub(super) struct Caller {
    authority: String,
    stream: Option<TcpStream>,
    read: Vec<u8>,
}

/// All that arrived of one answer.
#[derive(Debug)]
pub(super) struct Arrived {
    /// What frames the body is in here too, and the body once without it.
    pub(super) bytes: Vec<u8>,
    pub(super) ending: Ending,
}

impl Caller {
    pub(super) fn new(public_url: &str) -> Self {
        let authority = public_url.trim_start_matches("http://").to_owned();
        Self { authority, stream: None, read: Vec::new() }
    }

    /// Asks for a case in a session.
    pub(super) async fn call(&mut self, case: &Case, session: &str) -> Arrived {
        let request = request(&self.authority, case, session);
        let answered = timeout(ANSWER_MAX, self.exchange(&request)).await;
        answered.unwrap_or_else(|_| panic!("no answer to {}", case.id()))
    }

    /// Asks for a page of an upstream, and says how long the answer is.
    pub(super) async fn page(&mut self, upstream: &str, path: &str, session: &str) -> usize {
        let common = common(&self.authority, session);
        let request = format!("GET /http/{upstream}/{path} HTTP/1.1\r\n{common}\r\n");
        let answered = timeout(ANSWER_MAX, self.exchange(request.as_bytes())).await.expect("an answer");
        assert_eq!(answered.ending, Ending::Whole(200));
        answered.bytes.len()
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own connection to loopback")]
    async fn exchange(&mut self, request: &[u8]) -> Arrived {
        if self.stream.is_none() {
            let stream = TcpStream::connect(&self.authority).await.expect("the broker listens");
            let _only_slower_without = stream.set_nodelay(true);
            self.stream = Some(stream);
            self.read.clear();
        }
        if let Some(stream) = &mut self.stream
            && stream.write_all(request).await.is_err()
        {
            self.stream = None;
        }
        let mut bytes = Vec::new();
        let ended = self.answer(&mut bytes).await;
        if ended.is_none() {
            self.stream = None;
            bytes.append(&mut self.read);
        }
        Arrived { bytes, ending: ended.map_or(Ending::Cut, Ending::Whole) }
    }

    /// Reads one answer; `None` when the connection ends before it does.
    async fn answer(&mut self, bytes: &mut Vec<u8>) -> Option<u16> {
        let (status, head) = loop {
            let head = self.until(b"\r\n\r\n").await?;
            bytes.extend_from_slice(&head);
            let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let status = head.split(' ').nth(1)?.parse::<u16>().ok()?;
            if status >= 200 {
                break (status, head);
            }
        };
        let field = |name: &str| {
            let values = head.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            values.map(str::trim).next().map(str::to_owned)
        };
        if field("transfer-encoding").is_some() {
            self.chunks(bytes).await?;
        } else if let Some(length) = field("content-length") {
            let body = self.exactly(length.parse().ok()?).await?;
            bytes.extend_from_slice(&body);
        } else if !matches!(status, 204 | 304) {
            while self.more().await.is_some() {}
            bytes.append(&mut self.read);
            self.stream = None;
        }
        if field("connection").is_some_and(|value| value == "close") {
            self.stream = None;
        }
        Some(status)
    }

    /// A chunked body: its bytes, and behind them all that framed them.
    async fn chunks(&mut self, bytes: &mut Vec<u8>) -> Option<()> {
        let mut framing = Vec::new();
        loop {
            let line = self.until(b"\r\n").await?;
            framing.extend_from_slice(&line);
            let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
            let length = usize::from_str_radix(str::from_utf8(line.get(..digits)?).ok()?, 16).ok()?;
            if length == 0 {
                break;
            }
            let chunk = self.exactly(length + 2).await?;
            bytes.extend_from_slice(chunk.get(..length)?);
        }
        loop {
            let trailer = self.until(b"\r\n").await?;
            framing.extend_from_slice(&trailer);
            if trailer == b"\r\n" {
                break;
            }
        }
        bytes.extend_from_slice(b"\n\n");
        bytes.append(&mut framing);
        Some(())
    }

    async fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self.read.windows(end.len()).position(|window| window == end) {
                return Some(self.read.drain(..at + end.len()).collect());
            }
            self.more().await?;
        }
    }

    async fn exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.read.len() < length {
            self.more().await?;
        }
        Some(self.read.drain(..length).collect())
    }

    async fn more(&mut self) -> Option<()> {
        self.read.reserve(READ_LENGTH);
        self.stream.as_mut()?.read_buf(&mut self.read).await.ok().filter(|length| *length > 0).map(|_| ())
    }
}

/// The request for a case, as it stands on the wire.
fn request(authority: &str, case: &Case, session: &str) -> Vec<u8> {
    let (id, number) = (case.id(), case.credential);
    let common = common(authority, session);
    let Some((method, params)) = message(case.channel.call, &id) else {
        return format!("GET /http/http-{number}/{id} HTTP/1.1\r\n{common}\r\n").into_bytes();
    };
    let mut head = format!("POST /mcp/mcp-{number} HTTP/1.1\r\n{common}");
    for (name, value) in &modern_headers(method, &params) {
        head = format!("{head}{name}: {}\r\n", value.to_str().expect("it was made of text"));
    }
    let body = modern_body(method, params).to_string();
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The header fields of every request.
fn common(authority: &str, session: &str) -> String {
    format!("host: {authority}\r\nauthorization: Bearer {session}\r\nte: trailers\r\nconnection: te\r\n")
}

/// The method and parameters that ask for a case; `None` for a page.
fn message(call: Call, id: &str) -> Option<(&'static str, Value)> {
    Some(match call {
        Call::Page => return None,
        Call::Tool => {
            ("tools/call", json!({ "name": "carry", "arguments": { "case": id }, "_meta": { "progressToken": 1 } }))
        }
        Call::Tools => ("tools/list", json!({ "cursor": id })),
        Call::Prompt => ("prompts/get", json!({ "name": "carry", "arguments": { "case": id } })),
        Call::Resource => ("resources/read", json!({ "uri": format!("case://a/{id}") })),
    })
}
