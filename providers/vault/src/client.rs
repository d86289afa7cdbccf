//! One call of Vault's API: bounded in time and length, never redirected, its secrets kept as such.

use std::{fmt, time::Duration};

use bytes::Bytes;
use dial::{Dialer, Pool, PoolKey, PoolLimits, RequestBody, ResponseBody, Target, Timeouts};
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use rustify::endpoint::Endpoint;
use tokio::time::timeout;
use vaultrs::api::EndpointMiddleware;
use zeroize::Zeroizing;

use crate::{
    Settings,
    answer::{Answer, Token},
    failure::{Failure, said},
};

/// From the request to the last byte of its answer. A database or a cloud behind Vault may need seconds to make a user; who waits for
/// the whole mint waits ten.
pub(crate) const CALL_MAX: Duration = Duration::from_secs(8);

/// Resolving, connecting and the TLS handshake.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// A certificate with its chain is some ten kilobytes, and a longer value fits into no request's head.
const ANSWER_LENGTH_MAX: usize = 256 * 1024;

/// Calls come one after the other, and few sessions begin at once.
const IDLE_COUNT_MAX: usize = 8;

/// Vault's API at one server, in one namespace.
pub(crate) struct Client {
    pool: Pool,
    base: String,
    host: HeaderValue,
    namespace: Option<String>,
}

impl Client {
    pub(crate) fn new(settings: &Settings, dialer: &Dialer) -> Self {
        let server = &settings.server;
        let authority = server.authority();
        let target = Target {
            destination: server.clone(),
            class: settings.class,
            anchors: settings.anchors.clone(),
            timeouts: Timeouts { connect: CONNECT_MAX, head: CALL_MAX, idle: CALL_MAX },
        };
        let limits = PoolLimits { idle_count_max: IDLE_COUNT_MAX, ..PoolLimits::default() };
        Self {
            pool: dialer.pool(PoolKey::Provider, target, limits),
            base: format!("{}://{authority}", server.scheme().as_str()),
            host: HeaderValue::try_from(authority).expect("host and port of a destination are visible ASCII"),
            namespace: settings.namespace.as_ref().map(ToString::to_string),
        }
    }

    /// The namespace that every call is made in.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Asks, as the owner of `token` or as nobody.
    pub(crate) async fn call<E: Endpoint>(&self, token: Option<&Token>, endpoint: E) -> Result<Answer, Failure> {
        let path = endpoint.path();
        let request = self.request(token, endpoint)?;
        let Ok(exchanged) = timeout(CALL_MAX, self.exchange(request)).await else {
            tracing::warn!(path, "Vault did not answer in time");
            return Err(Failure::Unreachable);
        };
        let (status, body) = exchanged.inspect_err(|error| tracing::warn!(path, %error, "Vault did not answer"))?;
        judge(&path, status, &body)
    }

    fn request<E: Endpoint>(&self, token: Option<&Token>, endpoint: E) -> Result<Request<RequestBody>, Failure> {
        let middleware = EndpointMiddleware {
            token: token.map_or_else(String::new, |token| token.secret().expose().to_owned()),
            version: "v1".to_owned(),
            wrap: None,
            namespace: self.namespace.clone(),
        };
        let request = endpoint.with_middleware(&middleware).request(&self.base).map_err(|_| Failure::Unintelligible)?;
        let _wiped = Zeroizing::new(middleware.token);
        let (mut head, body) = request.into_parts();
        head.uri = origin_form(&head.uri)?;
        head.headers.values_mut().for_each(|value| value.set_sensitive(true));
        head.headers.insert(header::HOST, self.host.clone());
        head.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if !body.is_empty() {
            head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(Request::from_parts(head, RequestBody::bytes(Bytes::from(body))))
    }

    async fn exchange(&self, request: Request<RequestBody>) -> Result<(StatusCode, Zeroizing<Vec<u8>>), NoAnswer> {
        let response = self.pool.send(request).await?;
        let status = response.status();
        Ok((status, collect(response).await?))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base).field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// Why there is no whole answer; for the log.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error(transparent)]
    Send(#[from] dial::SendError),
    #[error(transparent)]
    Body(#[from] dial::BodyError),
    #[error("the answer is longer than {ANSWER_LENGTH_MAX} bytes")]
    TooLong,
}

impl From<NoAnswer> for Failure {
    fn from(_: NoAnswer) -> Self {
        Self::Unreachable
    }
}

/// The request target that a server gets (RFC 9112, section 3.2.1).
fn origin_form(uri: &Uri) -> Result<Uri, Failure> {
    let path = uri.path_and_query().ok_or(Failure::Unintelligible)?;
    path.as_str().parse().map_err(|_| Failure::Unintelligible)
}

async fn collect(response: Response<ResponseBody>) -> Result<Zeroizing<Vec<u8>>, NoAnswer> {
    let mut body = response.into_body();
    let mut all = Zeroizing::new(Vec::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if all.len() + data.len() > ANSWER_LENGTH_MAX {
            return Err(NoAnswer::TooLong);
        }
        all.extend_from_slice(&data);
    }
    Ok(all)
}

/// Parts what Vault answers from what says that it cannot: sealed, standing by, starting, or with a broken engine.
fn judge(path: &str, status: StatusCode, body: &[u8]) -> Result<Answer, Failure> {
    if status == StatusCode::NO_CONTENT {
        return Ok(Answer::default());
    }
    if status.is_success() {
        return serde_json::from_slice(body).map_err(|_| Failure::Unintelligible);
    }
    let said = said(body);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        tracing::error!(path, said, "Vault is sealed, or under maintenance: unseal it");
    } else if status.is_redirection() {
        tracing::error!(path, status = status.as_u16(), "Vault is a standby and redirects: name the active server");
    } else if status.is_server_error() || matches!(status.as_u16(), 412 | 429 | 472 | 473) {
        tracing::warn!(path, status = status.as_u16(), said, "Vault is not in service");
    } else {
        return Err(Failure::Refused { status, said });
    }
    Err(Failure::Unreachable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_not_in_service_is_unreachable() {
        for status in [307, 412, 429, 472, 473, 500, 501, 502, 503] {
            let judged =
                judge("sys/health", StatusCode::from_u16(status).unwrap(), b"{\"errors\":[\"Vault is sealed\"]}");
            assert!(matches!(judged, Err(Failure::Unreachable)), "{status}");
        }
        let refused = judge("a", StatusCode::BAD_REQUEST, b"{\"errors\":[\"no\"]}");
        assert!(matches!(refused, Err(Failure::Refused { said, .. }) if said == "no"));
        assert!(matches!(judge("a", StatusCode::OK, b"<html>"), Err(Failure::Unintelligible)));
        assert!(judge("a", StatusCode::NO_CONTENT, b"").is_ok());
    }
}
