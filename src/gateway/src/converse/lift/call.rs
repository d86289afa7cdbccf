//! One request of the caller: sent in the modern form, answered in the older one.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Response, StatusCode};
use mcp::{Answer, Ask, Era, Id, Kind, Mirrors, Rejected, Request, envelope::ResultType, fault::code, skim};

use super::{
    super::{
        AnswerKind, MESSAGE_BYTES_MAX, event_stream, json, kind_of, list::ListFilter, modern, rewrite::rewrite,
        sessions::LegacySession,
    },
    learned::mirrors,
    lifted::Running,
    question::{InputRequired, forget_rounds},
    reading::Reading,
    rounds::{self, Start},
    said,
    told::told,
};
use crate::{
    Gateway,
    approve::Approved,
    denial::Denial,
    mask::{Clean, DerivedBody, Interrupted},
};

/// As much of a JSON answer is held until it is known whether it asks back; a longer one is passed on as it comes, and may not.
const HELD_BYTES_MAX: usize = 256 * 1024;

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) gateway: Arc<Gateway>,
    pub(super) approved: Approved,
    pub(super) session: Arc<LegacySession>,
    pub(super) callers: Id,
    pub(super) running: Running,
    /// The id of the exchange that is open.
    sent: Id,
    mirrors: Mirrors,
    /// Kept where the upstream may ask back and get it again.
    request: Option<Request>,
    list: Option<ListFilter>,
}

/// What an answer means for the caller.
#[derive(Debug)]
pub(super) enum Said {
    /// This is the caller's answer.
    Last(Vec<u8>),
    /// There is none yet.
    Asked(InputRequired),
}

/// Answers a request of the caller. It ends early where the caller cancels it, or ends the session.
pub(super) async fn call(
    gateway: &Arc<Gateway>,
    approved: Approved,
    session: Arc<LegacySession>,
    request: Request,
) -> Result<Response<Clean>, Denial> {
    let running = Running::begin(&session, request.id())?;
    let (cancelled, end) = (running.cancelled.clone(), session.end.clone());
    tokio::select! {
        biased;
        answer = Turn::answer_to(gateway, approved, session, request, running) => answer,
        // A cancelled request gets no answer; an empty stream is one without.
        () = cancelled.cancelled() => Ok(event_stream(Clean::ours(""))),
        () = end.cancelled() => Err(Denial::UnknownMcpSession),
    }
}

impl Turn {
    async fn answer_to(
        gateway: &Arc<Gateway>,
        approved: Approved,
        session: Arc<LegacySession>,
        mut request: Request,
        running: Running,
    ) -> Result<Response<Clean>, Denial> {
        if request.params().is_some() {
            forget_rounds(request.params_mut());
            // No tasks were offered, so the request is processed as if it asked for none.
            request.params_mut().remove("task");
        }
        let callers = request.id().clone();
        let (list, may_ask) = match Ask::of(&request, Era::Legacy) {
            Ok(Ask::List { kind, .. }) => (Some(ListFilter::new(gateway, &approved, kind, Era::Legacy)), false),
            Ok(Ask::ToolsCall { .. } | Ask::PromptsGet { .. } | Ask::ResourcesRead { .. }) => (None, true),
            _ => (None, false),
        };
        let mirrors = mirrors(gateway, &approved, &session, &request).await?;
        let gateway = Arc::clone(gateway);
        let sent = callers.clone();
        let kept = may_ask.then(|| request.clone());
        let mut turn = Self { gateway, approved, session, callers, running, sent, mirrors, request: kept, list };
        let response = turn.send(request).await?;
        match kind_of(&response)? {
            AnswerKind::Accepted => {
                Err(Denial::UpstreamProtocol { reason: "a request was accepted without an answer" })
            }
            AnswerKind::Json => turn.json(response.into_body()).await,
            AnswerKind::Events => Ok(turn.stream(Start::Reading(Reading::events(response.into_body())))),
        }
    }

    /// Sends the request again, with what the caller said.
    pub(super) async fn again(&mut self, asked: &InputRequired, answers: mcp::Object) -> Result<Reading, Denial> {
        let request = self.request.clone();
        let mut request = request.ok_or(Denial::UpstreamProtocol { reason: "the method has no rounds" })?;
        asked.answer(&mut request, answers);
        Reading::of(self.send(request).await?)
    }

    /// What an upstream's response means; `told` goes into the `_meta` of the caller's.
    pub(super) fn said(&self, data: &Bytes, told: &mcp::Object) -> Result<Said, &'static str> {
        if let Some(filter) = &self.list
            && matches!(skim(data), Ok(Kind::Response { is_error: false, .. }))
        {
            return filter.filter(&self.sent, &self.callers, data, told).map(Said::Last).map_err(|not| not.0);
        }
        let (message, answer) = said::response(data, &self.sent, &self.callers, told).map_err(|error| {
            tracing::warn!(%error, "an upstream's answer is not one of the protocol");
            "the answer is not the response to the request"
        })?;
        match answer {
            Answer::Error { code } => {
                if code == Some(code::HEADER_MISMATCH) {
                    self.gateway.conversations.forget_mirrors(self.approved.upstream().name());
                }
                Ok(Said::Last(message))
            }
            Answer::Result { result_type: ResultType::Complete, .. } => Ok(Said::Last(message)),
            Answer::Result { result_type: ResultType::InputRequired, .. } if self.request.is_some() => {
                InputRequired::read(data).map(Said::Asked).map_err(|error| {
                    tracing::warn!(%error, "an upstream's question is not one of the protocol");
                    "the result asks for input and cannot be passed on"
                })
            }
            Answer::Result { result_type: ResultType::InputRequired | ResultType::Task, .. } => {
                Err("the result is of a type that the request cannot have")
            }
        }
    }

    async fn send(&mut self, request: Request) -> Result<Response<Clean>, Denial> {
        self.sent = self.gateway.new_request_id();
        // Read anew each time: the caller may have set another level of logs.
        let client = self.session.client.lock().clone();
        let request = request.with_id(self.sent.clone());
        let leg = modern::leg(&self.gateway, &self.approved, request, &client, &self.mirrors);
        let leg = leg.map_err(|fault| Denial::Malformed(Rejected::new(fault, Some(self.callers.clone()))))?;
        self.gateway.forward(&self.approved, leg).await
    }

    /// An answer of one message. The older era says everything that it understood with the status 200: another one would speak
    /// of the session.
    async fn json(self, body: Clean) -> Result<Response<Clean>, Denial> {
        let bytes_max = if self.list.is_some() { MESSAGE_BYTES_MAX } else { HELD_BYTES_MAX };
        let invalid = |reason| Denial::UpstreamProtocol { reason };
        match hold(body, bytes_max).await.map_err(Denial::Interrupted)? {
            Held::Whole { whole, told } => match self.said(&whole, &told).map_err(invalid)? {
                Said::Last(message) => Ok(json(StatusCode::OK, Clean::ours(message))),
                Said::Asked(asked) => Ok(self.stream(Start::Asked(asked))),
            },
            Held::Longer(_) if self.list.is_some() => Err(invalid("a page of a list is too long")),
            Held::Longer(body) => {
                let envelope = said::envelope(&self.sent, &self.callers).complete_only();
                Ok(json(StatusCode::OK, rewrite(Clean::derived(body), envelope)?))
            }
        }
    }

    fn stream(self, start: Start) -> Response<Clean> {
        event_stream(told(move |tell| rounds::run(self, start, tell)))
    }
}

enum Held {
    Whole { whole: Bytes, told: mcp::Object },
    Longer(Rejoined),
}

/// Reads a body until it ends, or is too long to be held.
async fn hold(mut body: Clean, bytes_max: usize) -> Result<Held, Interrupted> {
    if let Some(whole) = body.whole() {
        return Ok(Held::Whole { whole: whole.clone(), told: body.told() });
    }
    let mut held = VecDeque::new();
    let mut length = 0;
    while let Some(bytes) = body.next().await {
        let bytes = bytes?;
        length += bytes.len();
        held.push_back(bytes);
        if length > bytes_max {
            return Ok(Held::Longer(Rejoined { held, rest: body }));
        }
    }
    let mut whole = Vec::with_capacity(length);
    held.iter().for_each(|bytes| whole.extend_from_slice(bytes));
    Ok(Held::Whole { whole: whole.into(), told: body.told() })
}

/// What was held of a body, and what follows it.
#[derive(Debug)]
struct Rejoined {
    held: VecDeque<Bytes>,
    rest: Clean,
}

impl DerivedBody for Rejoined {
    fn poll_bytes(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Interrupted>>> {
        match self.held.pop_front() {
            Some(bytes) => Poll::Ready(Some(Ok(bytes))),
            None => self.rest.poll_bytes(cx),
        }
    }
}
