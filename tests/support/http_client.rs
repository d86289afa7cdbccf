//! A plain HTTP/1.1 client for tests, which shows the whole answer and follows nothing.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Body, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

/// Every exchange here is on loopback; only a hang takes this long.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The text of a header; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON; of an event stream, the last event.
    ///
    /// # Panics
    ///
    /// With the answer, when it is not.
    pub(crate) fn json(&self) -> serde_json::Value {
        let text = std::str::from_utf8(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"));
        let is_stream = self.header("content-type").starts_with("text/event-stream");
        let last = || text.lines().rev().find_map(|line| line.strip_prefix("data:"));
        let json = if is_stream { last().unwrap_or_default() } else { text };
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// Sends one request to `http://host:port/…` and reads the answer to its end.
///
/// # Panics
///
/// When there is no whole answer.
pub(crate) async fn send(method: Method, url: &str, headers: HeaderMap, body: impl Into<Bytes>) -> Answer {
    let uri: Uri = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
    let authority = uri.authority().unwrap_or_else(|| panic!("{url} has no host")).clone();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request =
        Request::builder().method(method).uri(path).body(Full::new(body.into())).expect("parts are valid");
    *request.headers_mut() = headers;
    if !request.headers().contains_key(header::HOST) {
        request.headers_mut().insert(header::HOST, authority.as_str().parse().expect("an authority is a header value"));
    }
    let whole = timeout(ANSWER_MAX, async {
        let answer = exchange(authority.as_str(), request).await?;
        let (parts, body) = answer.into_parts();
        Ok::<_, Failure>((parts, body.collect().await?.to_bytes()))
    });
    match whole.await {
        Ok(Ok((parts, body))) => Answer { status: parts.status, headers: parts.headers, body },
        Ok(Err(failure)) => panic!("{url}: {failure}"),
        Err(_) => panic!("{url} did not answer within {ANSWER_MAX:?}"),
    }
}

/// Sends a request without a body to one who may no longer be there.
pub(crate) async fn try_send(method: Method, url: &str, headers: HeaderMap) -> Result<StatusCode, Failure> {
    let uri: Uri = url.parse()?;
    let authority = uri.authority().ok_or("no host")?.to_string();
    let mut request = Request::builder().method(method).uri(uri.path()).body(Full::new(Bytes::new()))?;
    *request.headers_mut() = headers;
    request.headers_mut().insert(header::HOST, authority.parse()?);
    Ok(timeout(ANSWER_MAX, exchange(&authority, request)).await??.status())
}

/// Sends `application/x-www-form-urlencoded` fields.
pub(crate) async fn post_form(url: &str, mut headers: HeaderMap, fields: &[(&str, &str)]) -> Answer {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let kind = header::HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(header::CONTENT_TYPE, kind);
    send(Method::POST, url, headers, form).await
}

/// Why there was no answer.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One request on a connection of its own, whose answer streams. The connection ends with the answer's body.
#[expect(clippy::disallowed_methods, reason = "a test's own connection to loopback; it ends with the answer")]
pub(crate) async fn exchange<B>(authority: &str, request: Request<B>) -> Result<Response<Incoming>, Failure>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Failure>,
{
    let stream = TcpStream::connect(authority).await?;
    // Small events must not wait for an acknowledgment.
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}
