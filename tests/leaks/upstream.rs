//! The hostile upstream: reads the credential that was injected and the case that is asked for, and writes that case byte by byte.

use std::time::Duration;

use ::leaks::{corpus::Case, split::Step};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, yield_now},
    time::sleep,
};

/// Long enough for what was sent before to be read, and passed on.
const PAUSE: Duration = Duration::from_millis(3);

/// A running upstream, which ends when it is dropped.
#[derive(Debug)]
pub(super) struct Upstream {
    url: String,
    accepting: JoinHandle<()>,
}

impl Upstream {
    #[expect(clippy::disallowed_methods, reason = "the listener ends with the upstream, a connection with its client")]
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _only_slower_without = stream.set_nodelay(true);
                tokio::spawn(serve(stream));
            }
        });
        Self { url, accepting }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Answers one request after the other, until a client is gone or an answer ends with its connection.
async fn serve(mut stream: TcpStream) {
    let mut read = Vec::new();
    while let Some(request) = next(&mut stream, &mut read).await {
        let secret = request.header("x-api-key").unwrap_or_default();
        if let Some(said) = request.said() {
            let said =
                format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{said}", said.len());
            match stream.write_all(said.as_bytes()).await {
                Ok(()) => continue,
                Err(_) => return,
            }
        }
        let (case, id) = request.asked();
        let reply = case.and_then(|case| Some((case, case.reply(secret.as_bytes(), &id)?)));
        let (steps, closes) = match reply {
            Some((case, reply)) => case.split.steps(&reply, case.salt),
            None => (vec![Step::Write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec())], false),
        };
        for step in steps {
            match step {
                // What is written so far goes out before the next piece follows.
                Step::Write(bytes) => match stream.write_all(&bytes).await {
                    Ok(()) => yield_now().await,
                    Err(_) => return,
                },
                Step::Pause => sleep(PAUSE).await,
            }
        }
        if closes {
            return;
        }
    }
}

/// A request as it came.
struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(':'));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// What is to be said, where that stands in the path.
    fn said(&self) -> Option<&str> {
        self.head.split(' ').nth(1)?.rsplit('/').next()?.strip_prefix("say-")
    }

    /// The case that is asked for, by the path or by what stands in a message, and the id of that message.
    fn asked(&self) -> (Option<Case>, Value) {
        let message: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let params = &message["params"];
        let named = [&params["arguments"]["case"], &params["cursor"], &params["uri"]];
        let path = self.head.split(' ').nth(1).unwrap_or_default();
        let name = named.iter().find_map(|name| name.as_str()).unwrap_or(path);
        (Case::of_id(name.rsplit('/').next().unwrap_or_default()), message["id"].clone())
    }
}

/// The next request, or `None` when the client is gone. `read` keeps what came with it of the one after.
async fn next(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Request> {
    let end = loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, read).await?;
    };
    let head = String::from_utf8_lossy(read.get(..end)?).into_owned();
    let mut request = Request { head, body: Vec::new() };
    let length = request.header("content-length").and_then(|length| length.parse::<usize>().ok()).unwrap_or(0);
    while read.len() < end + length {
        more(stream, read).await?;
    }
    request.body = read.get(end..end + length)?.to_vec();
    read.drain(..end + length);
    Some(request)
}

async fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<()> {
    stream.read_buf(read).await.ok().filter(|length| *length > 0).map(|_| ())
}
