//! Connections of one credential to one destination: kept open between calls, the warmest first.

use std::{fmt, future::Future, pin::pin, sync::Arc, time::Duration};

use http::{HeaderMap, Request, Response, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use model::{CredentialName, UpstreamName};
use rustls::ClientConfig;
use tokio::time::{Instant, timeout};

use crate::{
    ClientIdentity, Dialer, RequestBody, ResponseBody, SendError, Target,
    driver::drive,
    idle::{Idle, Loan, Sender},
    request_body::Progress,
    tls::Sessions,
};

/// Whose connections these are. The destination is the third part: a pool has exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PoolKey {
    /// Calls that carry a credential; no other credential travels on their connections.
    Credential {
        /// The credential.
        name: CredentialName,
        /// The upstream that it is for.
        upstream: UpstreamName,
    },
    /// Calls of an upstream that needs no credential.
    Plain {
        /// The upstream.
        upstream: UpstreamName,
    },
    /// Calls of a provider to the source of its credentials.
    Provider,
    /// Our own requests, to issuers and to sources of credentials; each on a connection that is closed after it.
    Fetch,
}

/// How much a pool keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolLimits {
    /// Connections kept open without a call.
    pub idle_count_max: usize,
    /// How long a connection is kept open without a call.
    pub idle_timeout: Duration,
}

impl Default for PoolLimits {
    /// Sixty-four connections for thirty seconds.
    fn default() -> Self {
        Self { idle_count_max: 64, idle_timeout: Duration::from_secs(30) }
    }
}

/// Connections for one [`PoolKey`] and one [`Target`]. Cheap to clone; dropping the last clone closes what is idle.
#[derive(Clone)]
pub struct Pool(Arc<Inner>);

struct Inner {
    dialer: Dialer,
    key: PoolKey,
    target: Target,
    tls: Option<Arc<ClientConfig>>,
    idle: Arc<Idle>,
}

/// How long a connection whose answer was just read may take to become usable again. It is normally usable already; one whose
/// server answered before it had read the whole request is not, and is given up.
const READY_WAIT: Duration = Duration::from_millis(5);

/// The head of a response and the part of a body that is read ahead, per connection.
const BUFFER_LENGTH_MAX: usize = 64 * 1024;

/// Header fields of a response; more is no answer that an agent needs.
const HEADER_COUNT_MAX: usize = 128;

impl Pool {
    pub(crate) fn new(
        dialer: Dialer,
        key: PoolKey,
        target: Target,
        identity: Option<&ClientIdentity>,
        limits: PoolLimits,
    ) -> Self {
        let tls = dialer.client_config(&target, identity, Sessions::Resumed);
        let idle = Arc::new(Idle::new(limits));
        Self(Arc::new(Inner { dialer, key, target, tls, idle }))
    }

    /// Whose connections these are.
    #[must_use]
    pub fn key(&self) -> &PoolKey {
        &self.0.key
    }

    /// Sends a request whose target is in origin form and waits for the head of the response. Interim responses are swallowed,
    /// redirects are responses like any other, and a switch of protocols is refused.
    ///
    /// A request that a connection from the pool hands back unsent goes out once more, on a fresh connection, where its body is
    /// bytes. A request of which anything may have been sent does not. Dropping the future closes the connection.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&self, request: Request<RequestBody>) -> Result<Response<ResponseBody>, SendError> {
        let mut request = request;
        if let Some(sender) = self.reuse().await {
            let replayable = request.body().is_replayable();
            match self.exchange(sender, request).await? {
                Exchanged::Answered(response) => return Ok(response),
                Exchanged::Unsent(unsent, _) if replayable => request = unsent,
                Exchanged::Unsent(_, error) => return Err(SendError::Cut(error)),
            }
        }
        let sender = self.open().await?;
        match self.exchange(sender, request).await? {
            Exchanged::Answered(response) => Ok(response),
            Exchanged::Unsent(_, error) => Err(SendError::Cut(error)),
        }
    }

    /// The connection that was used last and still works.
    async fn reuse(&self) -> Option<Sender> {
        let idle = &self.0.idle;
        while let Some(mut sender) = idle.take(Instant::now()) {
            if sender.is_ready() || matches!(timeout(READY_WAIT, sender.ready()).await, Ok(Ok(()))) {
                return Some(sender);
            }
        }
        None
    }

    async fn open(&self) -> Result<Sender, SendError> {
        let Inner { dialer, target, tls, idle, .. } = &*self.0;
        let connection = dialer.connect_with(target, tls.clone()).await?;
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(BUFFER_LENGTH_MAX)
            .max_headers(HEADER_COUNT_MAX)
            .handshake(TokioIo::new(connection.stream))
            .await
            .map_err(SendError::Cut)?;
        drive(driver, Arc::downgrade(idle), idle.timeout());
        Ok(sender)
    }

    async fn exchange(&self, mut sender: Sender, request: Request<RequestBody>) -> Result<Exchanged, SendError> {
        let Inner { target, idle, .. } = &*self.0;
        let progress = request.body().progress();
        let answer = head_within(target.timeouts.head, progress, sender.try_send_request(request)).await?;
        let response = match answer {
            Ok(response) => response,
            Err(mut failed) => {
                let unsent = failed.take_message();
                let error = failed.into_error();
                return match unsent {
                    Some(request) => Ok(Exchanged::Unsent(request, error)),
                    None => Err(named(error)),
                };
            }
        };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS || is_framed_twice(response.headers()) {
            return Err(SendError::BadHead(None));
        }
        let loan = Loan::new(sender, Arc::clone(idle), response.headers());
        Ok(Exchanged::Answered(response.map(|incoming| ResponseBody::new(incoming, loan, target.timeouts.idle))))
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("key", &self.0.key).field("target", &self.0.target).finish_non_exhaustive()
    }
}

/// What became of a request on one connection.
enum Exchanged {
    Answered(Response<ResponseBody>),
    /// The connection was closed before anything of the request was written.
    Unsent(Request<RequestBody>, hyper::Error),
}

/// Waits for the head of a response. A body that is streamed up starts the time anew whenever it moves.
async fn head_within<F: Future>(
    limit: Duration,
    progress: Option<Progress>,
    answer: F,
) -> Result<F::Output, SendError> {
    let mut answer = pin!(answer);
    loop {
        if let Ok(output) = timeout(limit, answer.as_mut()).await {
            return Ok(output);
        }
        if !progress.as_ref().is_some_and(Progress::take) {
            return Err(SendError::HeadTimeout);
        }
    }
}

/// Two framings are how one response is read as two (RFC 9112, section 6.3).
fn is_framed_twice(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING) && headers.contains_key(header::CONTENT_LENGTH)
}

fn named(error: hyper::Error) -> SendError {
    if error.is_parse() {
        SendError::BadHead(Some(error))
    } else if error.is_user() {
        SendError::RequestBody(error)
    } else {
        SendError::Cut(error)
    }
}
