//! One small HTTP request of the command line, through the one dialer.

use std::time::Duration;

use bytes::Bytes;
use dial::{DialOptions, Dialer, PoolKey, PoolLimits, RequestBody, Target, Timeouts};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use model::AddressClass;
use url::Url;

use crate::output::Failure;

/// A person waits for it.
const TIMEOUT: Duration = Duration::from_secs(30);
/// More than any answer that a person reads.
const BODY_BYTES_MAX: usize = 4 << 20;

/// Sends one request to a broker that a person named, wherever it is, for its status and its body.
pub(crate) async fn send(
    method: Method,
    url: &Url,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(StatusCode, Bytes), Failure> {
    let response = exchange(method, url, headers, body).await?;
    Ok((response.status(), response.into_body()))
}

/// As [`send`], with the headers of the answer.
pub(crate) async fn exchange(
    method: Method,
    url: &Url,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Response<Bytes>, Failure> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", url.origin().ascii_serialization()));
    let mut base = url.clone();
    base.set_path("");
    base.set_query(None);
    let destination: model::Destination = base.as_str().parse().map_err(|error| failed(&error))?;
    let class = match url.host() {
        Some(url::Host::Ipv4(address)) if address.is_loopback() => AddressClass::Loopback,
        Some(url::Host::Ipv6(address)) if address.is_loopback() => AddressClass::Loopback,
        Some(url::Host::Domain("localhost")) => AddressClass::Loopback,
        _ => AddressClass::Private,
    };
    let host = destination.authority();
    let target = Target { destination, class, anchors: None, timeouts: Timeouts::default() };
    let pool = Dialer::new(DialOptions::default()).pool(PoolKey::Fetch, target, PoolLimits::default());
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(RequestBody::bytes(Bytes::copy_from_slice(body))).map_err(|error| failed(&error))?;
    let exchange = async {
        let response = pool.send(request).await.map_err(|error| failed(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
        Ok(Response::from_parts(head, body.map_err(|error| failed(&error))?.to_bytes()))
    };
    tokio::time::timeout(TIMEOUT, exchange).await.map_err(|_| failed(&"no answer in time"))?
}
