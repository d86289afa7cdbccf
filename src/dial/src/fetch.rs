//! A small bounded GET for discovery documents and key sets: one answer, no redirect, no credential.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use model::{AddressClass, Destination, Scheme};
use tokio::time::timeout;
use url::Url;

use crate::{
    BodyError, Dialer, PoolKey, PoolLimits, RequestBody, ResponseBody, SendError, Target, Timeouts, TrustAnchors,
};

/// How much one fetch may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimits {
    /// Bytes of the body.
    pub body_length_max: usize,
    /// From resolving the name to the last byte.
    pub timeout: Duration,
}

impl Default for FetchLimits {
    /// A quarter of a megabyte, which is a hundred times a usual key set, within ten seconds.
    fn default() -> Self {
        Self { body_length_max: 256 * 1024, timeout: Duration::from_secs(10) }
    }
}

/// What was found.
#[derive(Debug)]
pub struct Fetched {
    /// The status, whatever it is: a redirect is for the caller to refuse.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body, undecoded.
    pub body: Bytes,
}

/// Why nothing was found.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Only `https` is fetched, and `http` from this machine.
    #[error("the URL is not one that can be fetched; expected https, without user name and password")]
    UrlRefused,
    /// There was no response.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The response ended early.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The response is longer than allowed.
    #[error("the response is longer than {length_max} bytes")]
    TooLong {
        /// The limit.
        length_max: usize,
    },
    /// All of it together took too long.
    #[error("the response was not complete in time")]
    Timeout,
}

impl Dialer {
    /// Fetches a document and trusts the dialer's own roots.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn fetch(&self, url: &Url, limits: FetchLimits, class: AddressClass) -> Result<Fetched, FetchError> {
        self.fetch_within(url, limits, class, None).await
    }

    /// Fetches a document from a server that only `anchors` may vouch for.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn fetch_trusting(
        &self,
        url: &Url,
        limits: FetchLimits,
        class: AddressClass,
        anchors: TrustAnchors,
    ) -> Result<Fetched, FetchError> {
        self.fetch_within(url, limits, class, Some(anchors)).await
    }

    async fn fetch_within(
        &self,
        url: &Url,
        limits: FetchLimits,
        class: AddressClass,
        anchors: Option<TrustAnchors>,
    ) -> Result<Fetched, FetchError> {
        let destination = origin(url, class)?;
        let request = get(url, &destination)?;
        // The total bounds every step; none of them needs a shorter time of its own.
        let timeouts = Timeouts { connect: limits.timeout, head: limits.timeout, idle: limits.timeout };
        let target = Target { destination, class, anchors, timeouts };
        let once = PoolLimits { idle_count_max: 0, ..PoolLimits::default() };
        let pool = self.pool(PoolKey::Fetch, target, once);
        let exchange = async {
            let (head, body) = pool.send(request).await?.into_parts();
            let body = collect(body, limits.body_length_max).await?;
            Ok(Fetched { status: head.status, headers: head.headers, body })
        };
        timeout(limits.timeout, exchange).await.unwrap_or(Err(FetchError::Timeout))
    }
}

/// The part of a URL that a connection is made to.
pub(crate) fn origin(url: &Url, class: AddressClass) -> Result<Destination, FetchError> {
    let destination: Destination = url.origin().ascii_serialization().parse().map_err(|_| FetchError::UrlRefused)?;
    let scheme_fits = match destination.scheme() {
        Scheme::Https => true,
        Scheme::Http => class == AddressClass::Loopback,
    };
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    if scheme_fits && is_anonymous { Ok(destination) } else { Err(FetchError::UrlRefused) }
}

/// The target of a request in origin form (RFC 9112, section 3.2.1).
pub(crate) fn path_and_query(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

fn get(url: &Url, destination: &Destination) -> Result<Request<RequestBody>, FetchError> {
    let host = HeaderValue::try_from(destination.authority()).map_err(|_| FetchError::UrlRefused)?;
    Request::get(path_and_query(url))
        .header(header::HOST, host)
        .header(header::ACCEPT, HeaderValue::from_static("application/json"))
        .header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))
        .header(header::CONNECTION, HeaderValue::from_static("close"))
        .body(RequestBody::empty())
        .map_err(|_| FetchError::UrlRefused)
}

pub(crate) async fn collect(mut body: ResponseBody, length_max: usize) -> Result<Bytes, FetchError> {
    if body.size_hint().lower() > length_max as u64 {
        return Err(FetchError::TooLong { length_max });
    }
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if all.len() + data.len() > length_max {
            return Err(FetchError::TooLong { length_max });
        }
        all.extend_from_slice(&data);
    }
    Ok(all.freeze())
}
