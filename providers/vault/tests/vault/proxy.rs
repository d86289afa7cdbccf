//! Servers between the provider and OpenBao, or in its place: one stops at a request, one answers always the same.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

/// The URL of a server that gives one answer, whatever it is asked.
#[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
pub(crate) async fn answers(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _request = read_request(&mut stream).await;
            let _sent = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

/// At which side of OpenBao's work a request is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    Before,
    After,
}

/// Passes requests on, and holds one of them: before it arrives, or before its answer does.
pub(crate) struct Proxy {
    url: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    target: String,
    /// The request that is stopped; the first is 1.
    stopped: usize,
    side: Stop,
    seen: AtomicUsize,
    reached: Notify,
}

impl Proxy {
    #[expect(clippy::disallowed_methods, reason = "what is accepted ends with the test's runtime")]
    pub(crate) async fn start(target: &str, stopped: usize, side: Stop) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let target = target.trim_start_matches("http://").to_owned();
        let shared = Arc::new(Shared { target, stopped, side, seen: AtomicUsize::new(0), reached: Notify::new() });
        let serving = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(Arc::clone(&serving), stream));
            }
        });
        Self { url, shared, accepting }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until the request is stopped.
    pub(crate) async fn reached(&self) {
        self.shared.reached.notified().await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One connection carries one request.
#[expect(clippy::disallowed_methods, reason = "it stands in front of a server of the test's own")]
async fn carry(shared: Arc<Shared>, mut client: TcpStream) {
    let mut request = read_request(&mut client).await;
    if request.is_empty() {
        return;
    }
    let number = shared.seen.fetch_add(1, Ordering::SeqCst) + 1;
    let is_stopped = |side| number == shared.stopped && shared.side == side;
    if is_stopped(Stop::Before) {
        return hold(&shared, client).await;
    }
    let line_end = request.iter().position(|b| *b == b'\n').unwrap() + 1;
    request.splice(line_end..line_end, *b"connection: close\r\n");
    let mut server = TcpStream::connect(&shared.target).await.unwrap();
    server.write_all(&request).await.unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await.unwrap();
    if is_stopped(Stop::After) {
        return hold(&shared, client).await;
    }
    client.write_all(&answer).await.unwrap();
}

/// The connection stays open, silent, until the test drops its end.
async fn hold(shared: &Shared, mut client: TcpStream) {
    shared.reached.notify_one();
    let _closed = client.read_u8().await;
}

async fn read_request(client: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head
                .split_once("content-length: ")
                .map_or(0, |(_, rest)| rest.split("\r\n").next().and_then(|length| length.parse().ok()).unwrap_or(0));
            if request.len() >= head.len() + 4 + length {
                return request;
            }
        }
        match client.read(&mut piece).await {
            Ok(length) if length > 0 => request.extend_from_slice(&piece[..length]),
            Ok(_) | Err(_) => return Vec::new(),
        }
    }
}
