//! The line to an upstream's session: requests, answers and notifications of ours, each an exchange that is recorded.

use std::{sync::Arc, time::Duration};

use egress::EgressError;
use http::{HeaderValue, Method, Response, StatusCode, header};
use mcp::{Id, Json, Object, Outcome, Request, fault::code, meta, outbound};

use super::{events, session::UpstreamSession};
use crate::{Gateway, approve::Approved, converse::Leg, denial::Denial, mask::Clean};

/// What only serves a call is short on both sides: a notification, a subscription, a log level.
const SERVING_WAIT_MAX: Duration = Duration::from_secs(30);
/// A cancellation or the end of a session is a courtesy; the program may be waiting for it to stop.
const COURTESY_WAIT_MAX: Duration = Duration::from_secs(5);
/// Why an answer of status 400 is looked at, and how far: some servers say so that they do not know a session.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// A caller's line to its session at the upstream.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) gateway: Arc<Gateway>,
    pub(super) approved: Approved,
    pub(super) upstream: Arc<UpstreamSession>,
}

/// What came back for a request.
pub(super) enum Sent {
    /// An answer.
    Answered(Response<Clean>),
    /// The upstream does not know the session any more, and has done nothing.
    Forgotten,
}

impl Line {
    /// Sends the request that was judged.
    pub(super) async fn send(&self, message: Vec<u8>, traceparent: &str) -> Result<Sent, Denial> {
        let response = self.forward(&self.approved, Leg::post(self.headers(traceparent), message)).await?;
        if !self.upstream.has_id() {
            return Ok(Sent::Answered(response));
        }
        match response.status() {
            StatusCode::NOT_FOUND => {
                finish(response).await;
                Ok(Sent::Forgotten)
            }
            StatusCode::BAD_REQUEST => {
                let whole = response.into_body().collect(REFUSAL_BYTES_MAX).await?;
                if is_unknown_session(&whole) {
                    return Ok(Sent::Forgotten);
                }
                Ok(Sent::Answered(crate::converse::json(StatusCode::BAD_REQUEST, Clean::ours(whole))))
            }
            _ => Ok(Sent::Answered(response)),
        }
    }

    /// Asks something that only serves the call, and waits for the answer.
    pub(super) async fn ask(&self, method: mcp::Method, params: Object) -> Result<Outcome, Denial> {
        let serving = self.approved.serving(method.as_str());
        let sent = self.gateway.new_request_id();
        let traceparent = self.traceparent();
        let ours = meta::Ours { traceparent: Some(&traceparent), ..meta::Ours::default() };
        let meta = meta::rebuild(None, &meta::ClientMeta::default(), mcp::Era::Legacy, ours);
        let request = Request::new(sent.clone(), method.as_str(), Some(params.with("_meta", meta)));
        let leg = Leg::post(self.headers(&traceparent), request.to_vec());
        let asking = async { events::one_answer(self.forward(&serving, leg).await?, &sent).await };
        within(SERVING_WAIT_MAX, asking).await
    }

    /// Says something that wants no answer: a notification, or our answer to something that the upstream asked.
    pub(super) async fn tell(&self, serving: &'static str, message: Vec<u8>) -> Result<(), Denial> {
        let approved = self.approved.serving(serving);
        let leg = Leg::post(self.headers(&self.traceparent()), message);
        let telling = async {
            let response = self.forward(&approved, leg).await?;
            let is_taken = response.status().is_success();
            finish(response).await;
            let refused =
                Denial::UpstreamProtocol { reason: "the upstream did not take a message that wants no answer" };
            if is_taken { Ok(()) } else { Err(refused) }
        };
        within(SERVING_WAIT_MAX, telling).await
    }

    /// Answers a request of the upstream that nobody else is asked about.
    pub(super) async fn answer_ourselves(&self, serving: &'static str, id: Id, outcome: Outcome) {
        let message = mcp::Response::new(Some(id), outcome).to_vec();
        if let Err(denial) = self.tell(serving, message).await {
            tracing::warn!(reason = denial.reason(), "an upstream's own request could not be answered");
        }
    }

    /// Opens the stream on which the upstream speaks first, or goes on with one that broke off.
    pub(super) async fn stream(
        &self,
        approved: &Approved,
        last_event_id: Option<&str>,
    ) -> Result<Response<Clean>, Denial> {
        let mut headers = self.headers(&self.traceparent());
        headers.remove(header::CONTENT_TYPE);
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(Ok(id)) = last_event_id.map(HeaderValue::try_from) {
            headers.insert("last-event-id", id);
        }
        self.forward(approved, Leg::bare(Method::GET, headers)).await
    }

    /// Tells the upstream that nobody waits for an answer any more, without making anybody wait for that.
    pub(super) fn cancel(self, sent: Id) {
        self.afterwards(async move |line| {
            let notice = outbound::cancelled(&sent, Some("the caller went away"));
            line.tell(mcp::NoticeKind::Cancelled.as_str(), notice.to_vec()).await
        });
    }

    /// Does what is left to do once a caller is gone. Nothing is left where its session is over: no credential outlives it.
    pub(super) fn afterwards<F>(self, courtesy: impl FnOnce(Self) -> F)
    where
        F: Future<Output = Result<(), Denial>> + Send + 'static,
    {
        if self.approved.session().end().is_cancelled() || tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let gateway = Arc::clone(&self.gateway);
        let courtesy = courtesy(self);
        gateway.recorder.tasks().spawn(async move {
            if let Err(denial) = within(COURTESY_WAIT_MAX, courtesy).await {
                tracing::info!(reason = denial.reason(), "an upstream could not be told that a caller is gone");
            }
        });
    }

    /// Ends the session at the upstream.
    pub(super) async fn end(&self) -> Result<(), Denial> {
        if self.upstream.has_id() {
            let approved = self.approved.serving("session/terminate");
            let response =
                self.forward(&approved, Leg::bare(Method::DELETE, self.headers(&self.traceparent()))).await?;
            finish(response).await;
        }
        Ok(())
    }

    /// Our span, for `_meta` and the header.
    pub(super) fn traceparent(&self) -> String {
        self.approved.facts().trace.child(self.gateway.new_span()).to_string()
    }

    fn headers(&self, traceparent: &str) -> http::HeaderMap {
        let mut headers = self.upstream.headers();
        if let Ok(value) = HeaderValue::try_from(traceparent) {
            headers.insert("traceparent", value);
        }
        headers
    }

    /// The future of an exchange is large, and most of the futures here hold one.
    async fn forward(&self, approved: &Approved, leg: Leg) -> Result<Response<Clean>, Denial> {
        Box::pin(self.gateway.forward(approved, leg)).await
    }
}

/// A call that the upstream works on. Unless it is answered, the upstream hears that nobody waits for it any more.
#[derive(Debug)]
pub(super) struct InFlight {
    line: Option<Line>,
    sent: Id,
}

impl InFlight {
    pub(super) const fn new(line: Line, sent: Id) -> Self {
        Self { line: Some(line), sent }
    }

    /// Our id of the call.
    pub(super) const fn sent(&self) -> &Id {
        &self.sent
    }

    /// The session at the upstream that the call is in; `None` once it is answered.
    pub(super) fn upstream(&self) -> Option<&Arc<UpstreamSession>> {
        self.line.as_ref().map(|line| &line.upstream)
    }

    /// There is nothing left to cancel.
    pub(super) fn answered(&mut self) {
        self.line = None;
    }

    /// The call failed. Only a silent upstream may still be working on it.
    pub(super) fn failed(&mut self, denial: &Denial) {
        if !matches!(denial, Denial::Egress(EgressError::HeadTimeout | EgressError::BodyTimeout)) {
            self.answered();
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            line.cancel(self.sent.clone());
        }
    }
}

/// Reads an answer to its end, so that its outcome is in the record, without looking at it.
pub(super) async fn finish(response: Response<Clean>) {
    let mut body = response.into_body();
    body.conclude();
    while let Some(Ok(_)) = body.next().await {}
}

/// What a request of the upstream gets that the caller cannot or must not answer.
pub(super) fn not_found() -> Outcome {
    Outcome::Error(Object::new().with("code", code::METHOD_NOT_FOUND).with("message", "method not found"))
}

async fn within<T>(wait_max: Duration, exchange: impl Future<Output = Result<T, Denial>>) -> Result<T, Denial> {
    tokio::time::timeout(wait_max, exchange).await.map_err(|_| Denial::Egress(EgressError::HeadTimeout))?
}

/// Servers made with older kits answer 400 and -32000 to a session that they do not know, where the protocol wants 404.
fn is_unknown_session(body: &[u8]) -> bool {
    const SERVER_ERROR: i64 = -32_000;
    let message = Json::parse(body, &mcp::Limits::MESSAGE).ok();
    let code = message.as_ref().and_then(|message| message.member("error")?.member("code")?.as_i64());
    code == Some(SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_an_older_kit_does_not_know_is_recognized() {
        assert!(is_unknown_session(br#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"no"},"id":null}"#));
        for other in [&br#"{"jsonrpc":"2.0","error":{"code":-32602,"message":"no"}}"#[..], b"no", b"{}"] {
            assert!(!is_unknown_session(other));
        }
    }
}
