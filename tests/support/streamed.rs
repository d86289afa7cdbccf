//! An answer that is read while it arrives.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, Incoming};
use tokio::{sync::mpsc, time::timeout};

use super::{
    canary,
    http_client::{Failure, exchange},
};

/// Only a hang takes this long.
const NEXT_MAX: Duration = Duration::from_secs(30);

/// The head of an answer, and its body as it comes. Whole or not, what came must hold no secret.
#[derive(Debug)]
pub(crate) struct Streamed {
    status: StatusCode,
    headers: HeaderMap,
    body: Incoming,
    arrived: Vec<u8>,
    broke: bool,
}

impl Streamed {
    /// Sends a whole request and waits for the head of its answer.
    pub(crate) async fn begin(method: Method, url: &str, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self::begin_with(method, url, headers, Full::new(body.into())).await
    }

    /// Sends a request whose body may still be coming, and waits for the head of its answer.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub(crate) async fn begin_with<B>(method: Method, url: &str, headers: HeaderMap, body: B) -> Self
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Failure>,
    {
        let uri: Uri = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
        let authority = uri.authority().expect("a URL with a host").to_string();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::builder().method(method).uri(path).body(body).expect("parts are valid");
        *request.headers_mut() = headers;
        request.headers_mut().insert(header::HOST, authority.parse().expect("an authority is a header value"));
        let answer = timeout(NEXT_MAX, exchange(&authority, request)).await.expect("an answer in time");
        let (parts, body) = answer.unwrap_or_else(|failure| panic!("{url}: {failure}")).into_parts();
        Self { status: parts.status, headers: parts.headers, body, arrived: Vec::new(), broke: false }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The next bytes; `None` at the end, and an error where the answer breaks off.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, Failure>> {
        loop {
            let frame = timeout(NEXT_MAX, self.body.frame()).await.expect("more of the answer in time")?;
            match frame {
                Err(error) => {
                    self.broke = true;
                    return Some(Err(error.into()));
                }
                Ok(frame) => {
                    if let Ok(bytes) = frame.into_data() {
                        self.arrived.extend_from_slice(&bytes);
                        return Some(Ok(bytes));
                    }
                }
            }
        }
    }

    /// Reads on until so many bytes have arrived in all.
    pub(crate) async fn until(&mut self, length: usize) {
        while self.arrived.len() < length {
            let next = self.next().await.unwrap_or_else(|| panic!("it ended after {} bytes", self.arrived.len()));
            next.unwrap_or_else(|failure| panic!("it broke off: {failure}"));
        }
    }

    /// Reads until there is no more, whole or not; returns all that arrived.
    pub(crate) async fn read_to_end(&mut self) -> &[u8] {
        while let Some(Ok(_)) = self.next().await {}
        &self.arrived
    }

    /// Whether it broke off before its end.
    pub(crate) fn broke(&self) -> bool {
        self.broke
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            canary::assert_clean("an answer that streamed", &self.arrived);
        }
    }
}

/// A request's body that the test sends piece by piece; it ends when the sender is dropped.
#[derive(Debug)]
pub(crate) struct Pieces(mpsc::Receiver<Vec<u8>>);

impl Pieces {
    /// The two ends; the sender waits while a piece was not read.
    pub(crate) fn new() -> (mpsc::Sender<Vec<u8>>, Self) {
        let (sender, receiver) = mpsc::channel(1);
        (sender, Self(receiver))
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes.into()))))
    }
}
