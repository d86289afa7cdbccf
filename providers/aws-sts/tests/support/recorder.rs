//! A loopback server that writes down each request, and passes it on or answers it itself.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use percent_encoding::percent_decode_str;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What comes back.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// What the server at this address says.
    Of(String),
    /// A status and a body of XML.
    Canned(u16, String),
}

/// One request: its head, and the fields of its form.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) form: BTreeMap<String, String>,
}

/// Ends with this value.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    server: JoinHandle<()>,
}

impl Recorder {
    pub(crate) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        #[expect(clippy::disallowed_methods, reason = "the server of a test ends with it")]
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serve(stream, &answer, &seen).await;
            }
        });
        Self { url, requests, server }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut caller: TcpStream, answer: &Answer, seen: &Mutex<Vec<Request>>) {
    let Some((head, body)) = read(&mut caller).await else { return };
    let form =
        body.split('&').filter_map(|field| field.split_once('=')).map(|(key, value)| (decode(key), decode(value)));
    seen.lock().push(Request { head: head.clone(), form: form.collect() });
    let answered = match answer {
        Answer::Of(address) => {
            #[expect(clippy::disallowed_methods, reason = "to moto, on this machine")]
            let mut server = TcpStream::connect(address).await.unwrap();
            server.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            // moto ends the connection after each answer.
            let mut answered = Vec::new();
            server.read_to_end(&mut answered).await.unwrap();
            answered
        }
        Answer::Canned(status, body) => format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: text/xml\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes(),
    };
    // The caller may have gone away: it has read enough, or waited enough.
    let _sent_or_not = caller.write_all(&answered).await;
    let _closed_or_not = caller.shutdown().await;
}

/// The head with its empty line, and a body of the length that the head says.
async fn read(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lengths = head.lines().filter_map(|line| line.split_once(": "));
        let mut length =
            lengths.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).map(|(_, value)| value);
        let length: usize = length.next_back().map_or(0, |value| value.parse().unwrap());
        if body.len() >= length {
            return Some((format!("{head}\r\n\r\n"), body.to_owned()));
        }
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8().unwrap().into_owned()
}
