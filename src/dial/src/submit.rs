//! A small bounded request that asks a server for something or ends something there: one answer, no redirect.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use model::AddressClass;
use tokio::time::timeout;
use url::Url;

use crate::{
    Dialer, FetchError, FetchLimits, Fetched, PoolKey, PoolLimits, RequestBody, Target, Timeouts, TrustAnchors,
    fetch::{collect, origin, path_and_query},
};

/// What is sent.
#[derive(Debug)]
pub struct Submission<'a> {
    /// The method.
    pub method: Method,
    /// Where to. Nothing of it is a secret.
    pub url: &'a Url,
    /// Header fields beside those that frame the request.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
}

/// Where a server may be, and who vouches for it in place of the dialer's own roots.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Which addresses its name may resolve to.
    pub class: AddressClass,
    /// Whom to trust; `None` leaves it to the dialer.
    pub anchors: Option<TrustAnchors>,
}

impl Dialer {
    /// Sends one request on a connection of its own and reads the whole answer, whatever its status is. It is never sent twice.
    ///
    /// # Errors
    /// See [`FetchError`]. Only a [`SendError::Dial`](crate::SendError::Dial) says that nothing was sent.
    pub async fn submit(
        &self,
        submission: Submission<'_>,
        limits: FetchLimits,
        reach: &Reach,
    ) -> Result<Fetched, FetchError> {
        let Submission { method, url, mut headers, body } = submission;
        let destination = origin(url, reach.class)?;
        let host = HeaderValue::try_from(destination.authority()).map_err(|_| FetchError::UrlRefused)?;
        headers.insert(header::HOST, host);
        // Also where there is no body: some servers want to be told (RFC 9110, section 8.6).
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        let mut request = Request::new(RequestBody::bytes(body));
        *request.method_mut() = method;
        *request.uri_mut() = path_and_query(url).parse().map_err(|_| FetchError::UrlRefused)?;
        *request.headers_mut() = headers;
        let timeouts = Timeouts { connect: limits.timeout, head: limits.timeout, idle: limits.timeout };
        let target = Target { destination, class: reach.class, anchors: reach.anchors.clone(), timeouts };
        let pool = self.pool(PoolKey::Fetch, target, PoolLimits { idle_count_max: 0, ..PoolLimits::default() });
        let exchange = async {
            let (head, body) = pool.send(request).await?.into_parts();
            let body = collect(body, limits.body_length_max).await?;
            Ok(Fetched { status: head.status, headers: head.headers, body })
        };
        timeout(limits.timeout, exchange).await.unwrap_or(Err(FetchError::Timeout))
    }
}
