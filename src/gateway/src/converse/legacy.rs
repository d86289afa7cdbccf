//! A legacy caller and a legacy upstream: sessions in pairs, ids mapped in both directions.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use mcp::{
    Ask, Dialect, Envelope, Era, Id, Kind, LegacySessionId, Limits, Message, Notice, Object, Outcome, Request, Version,
    headers,
    legacy::{Handshake, MCP_SESSION_ID},
    meta::{self, ClientMeta},
    method::NoticeKind,
    skim,
};

use super::{
    AnswerKind, Leg, MESSAGE_BYTES_MAX, accepted, event_stream,
    events::{Step, Translate, Translated},
    json, kind_of,
    list::ListFilter,
    rewrite::rewrite,
    sessions::{LegacySession, Opening},
};
use crate::{
    Gateway,
    approve::Approved,
    asked::{McpAsked, McpMessage},
    denial::Denial,
    mask::{Clean, Interrupted},
};

/// Answers a legacy caller.
pub(super) async fn answer(gateway: &Gateway, approved: Approved, asked: McpAsked) -> Result<Response<Clean>, Denial> {
    let now = approved.facts().arrived;
    let session_id = match asked.dialect {
        Dialect::Opening => None,
        Dialect::Legacy { session, .. } => session,
        Dialect::Modern => return Err(Denial::MethodNotAllowed { allow: "POST" }),
    };
    match asked.message {
        McpMessage::Request(request)
            if session_id.is_none() && request.method() == mcp::Method::Initialize.as_str() =>
        {
            initialize(gateway, &approved, request).await
        }
        message => {
            let session = gateway.conversations.legacy.find(&approved, session_id.as_ref(), now)?;
            match message {
                McpMessage::Request(request) => call(gateway, &approved, session, request).await,
                McpMessage::Notification(notification) => notify(gateway, &approved, &session, notification).await,
                McpMessage::Response(response) => respond(gateway, &approved, &session, response).await,
                McpMessage::Stream { last_event_id } => stream(gateway, &approved, session, last_event_id).await,
                McpMessage::Terminate => {
                    if let Some(id) = &session_id {
                        gateway.conversations.legacy.close(id);
                    }
                    terminate(gateway, &approved, &session).await
                }
            }
        }
    }
}

/// Opens a session at the upstream, and one of ours in front of it.
async fn initialize(gateway: &Gateway, approved: &Approved, mut request: Request) -> Result<Response<Clean>, Denial> {
    let rejected = |fault, id: &Id| Denial::Malformed(mcp::Rejected::new(fault, Some(id.clone())));
    let callers = request.id().clone();
    let client = {
        let handshake = Handshake::of(&request).map_err(|fault| rejected(fault, &callers))?;
        ClientMeta::new(handshake.capabilities.clone(), Some(handshake.client_info.clone()), None).without_tasks()
    };
    request.params_mut().set("capabilities", client.capabilities().clone());
    let sent = gateway.new_request_id();
    let leg = message_leg(gateway, approved, None, request.with_id(sent.clone()));
    let response = gateway.forward(approved, leg).await?;
    let upstream_session = gateway.session_of(&response)?;
    let mut message = one_message(response, &sent).await?;
    if let Outcome::Result(result) = &mut message
        && let Some(mcp::Json::Object(capabilities)) = result.member_mut("capabilities")
    {
        capabilities.remove("tasks");
    }
    let version = match &message {
        Outcome::Result(result) => negotiated(result)?,
        Outcome::Error(_) => {
            return Ok(json(StatusCode::OK, Clean::ours(mcp::Response::new(Some(callers), message).to_vec())));
        }
    };
    let opening = Opening { upstream_session, version, client };
    let id = gateway.conversations.legacy.open(approved, opening, approved.facts().arrived)?;
    let body = mcp::Response::new(Some(callers), message).to_vec();
    let mut response = json(StatusCode::OK, Clean::ours(body));
    response.headers_mut().insert(MCP_SESSION_ID, header_value(id.as_str())?);
    Ok(response)
}

async fn call(
    gateway: &Gateway,
    approved: &Approved,
    session: Arc<LegacySession>,
    request: Request,
) -> Result<Response<Clean>, Denial> {
    let callers = request.id().clone();
    let list = match Ask::of(&request, Era::Legacy) {
        Ok(Ask::List { kind, .. }) => Some(ListFilter::new(gateway, approved, kind, Era::Legacy)),
        _ => None,
    };
    let sent = gateway.new_request_id();
    session.begin(sent.clone(), callers.clone());
    let leg = message_leg(gateway, approved, Some(&session), request.with_id(sent.clone()));
    let response = match gateway.forward(approved, leg).await {
        Ok(response) => response,
        Err(denial) => {
            session.answered(&sent);
            return Err(denial);
        }
    };
    session_lives(&response)?;
    let status = response.status();
    match kind_of(&response)? {
        AnswerKind::Accepted => Err(Denial::UpstreamProtocol { reason: "a request was accepted without an answer" }),
        AnswerKind::Json => {
            session.answered(&sent);
            let body = match &list {
                Some(filter) => {
                    let mut body = response.into_body();
                    let whole = body.collect(MESSAGE_BYTES_MAX).await?;
                    let page = filter.filter(&sent, &callers, &whole, &body.told());
                    Clean::ours(page.map_err(|not| Denial::UpstreamProtocol { reason: not.0 })?)
                }
                None => rewrite(response.into_body(), Envelope::new(sent, &callers))?,
            };
            Ok(json(status, body))
        }
        AnswerKind::Events => {
            let translate = Mapping { session, awaited: Some(sent), list };
            Ok(event_stream(Translated::body(response.into_body(), translate).await))
        }
    }
}

/// A notification of the caller; a cancellation names the request as the upstream knows it.
async fn notify(
    gateway: &Gateway,
    approved: &Approved,
    session: &LegacySession,
    mut notification: mcp::Notification,
) -> Result<Response<Clean>, Denial> {
    match Notice::of(&notification, Era::Legacy) {
        Ok(Notice::Cancelled { request_id }) => {
            // What is answered already needs no cancelling.
            let Some(sent) = session.sent_for(&request_id) else { return Ok(accepted()) };
            notification.params_mut().set("requestId", sent.to_json());
        }
        Ok(Notice::Plain(kind)) if !kind.is_sent_by_clients(Era::Legacy) => return Ok(accepted()),
        _ => {}
    }
    if let Some(callers) = meta::of_params(notification.params()).cloned() {
        let rebuilt = meta::rebuild(Some(&callers), &ClientMeta::default(), Era::Legacy, meta::Ours::default());
        notification.params_mut().set("_meta", rebuilt);
    }
    let leg = Leg::post(headers_of(session), notification.to_vec());
    let response = gateway.forward(approved, leg).await?;
    session_lives(&response)?;
    Ok(accepted())
}

/// The caller's answer to something that the upstream asked. What nobody asked goes no further.
async fn respond(
    gateway: &Gateway,
    approved: &Approved,
    session: &LegacySession,
    response: mcp::Response,
) -> Result<Response<Clean>, Denial> {
    if !response.id().is_some_and(|id| session.answers(id)) {
        return Err(Denial::Unsolicited);
    }
    let id = response.id().cloned();
    let mut outcome = response.into_outcome();
    if let Outcome::Result(result) = &mut outcome
        && let Some(callers) = meta::of_params(Some(result)).cloned()
    {
        let rebuilt = meta::rebuild(Some(&callers), &ClientMeta::default(), Era::Legacy, meta::Ours::default());
        result.set("_meta", rebuilt);
    }
    let leg = Leg::post(headers_of(session), mcp::Response::new(id, outcome).to_vec());
    let response = gateway.forward(approved, leg).await?;
    session_lives(&response)?;
    Ok(accepted())
}

/// The stream on which the upstream speaks first, or one that is resumed.
async fn stream(
    gateway: &Gateway,
    approved: &Approved,
    session: Arc<LegacySession>,
    last_event_id: Option<String>,
) -> Result<Response<Clean>, Denial> {
    let mut headers = headers_of(&session);
    headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
    if let Some(id) = last_event_id {
        headers.insert("last-event-id", header_value(&id)?);
    }
    let response = gateway.forward(approved, Leg::bare(Method::GET, headers)).await?;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        return Err(Denial::MethodNotAllowed { allow: "POST, DELETE" });
    }
    session_lives(&response)?;
    match kind_of(&response)? {
        AnswerKind::Events => {
            let translate = Mapping { session, awaited: None, list: None };
            Ok(event_stream(Translated::body(response.into_body(), translate).await))
        }
        AnswerKind::Json | AnswerKind::Accepted => {
            Err(Denial::UpstreamProtocol { reason: "the answer to GET is not an event stream" })
        }
    }
}

/// Ends the upstream's session too. That one has ended here already, whatever the upstream says.
async fn terminate(gateway: &Gateway, approved: &Approved, session: &LegacySession) -> Result<Response<Clean>, Denial> {
    if session.upstream_session.is_some() {
        gateway.forward(approved, Leg::bare(Method::DELETE, headers_of(session))).await?;
    }
    let mut response = Response::new(Clean::ours(""));
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// A message as it is sent: `_meta` rebuilt, the upstream's session named.
fn message_leg(gateway: &Gateway, approved: &Approved, session: Option<&LegacySession>, mut request: Request) -> Leg {
    let traceparent = approved.facts().trace.child(gateway.new_span()).to_string();
    let ours = meta::Ours { traceparent: Some(&traceparent), ..meta::Ours::default() };
    let rebuilt = meta::rebuild(meta::of_params(request.params()), &ClientMeta::default(), Era::Legacy, ours);
    request.params_mut().set("_meta", rebuilt);
    let mut headers = session.map_or_else(base_headers, headers_of);
    if let Ok(value) = HeaderValue::try_from(&traceparent) {
        headers.insert("traceparent", value);
    }
    Leg::post(headers, request.to_vec())
}

/// The headers of a legacy POST.
pub(super) fn base_headers() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT, HeaderValue::from_static(headers::ANSWER_TYPES));
    headers
}

fn headers_of(session: &LegacySession) -> HeaderMap {
    let mut headers = base_headers();
    headers.insert(headers::MCP_PROTOCOL_VERSION, HeaderValue::from_static(session.version.as_str()));
    if let Some(Ok(value)) = session.upstream_session.as_ref().map(|id| HeaderValue::try_from(id.as_str())) {
        headers.insert(MCP_SESSION_ID, value);
    }
    headers
}

/// The version that the upstream chose. One that this service does not speak ends the handshake.
pub(super) fn negotiated(result: &Object) -> Result<Version, Denial> {
    let version = result.member("protocolVersion").and_then(mcp::Json::as_str).and_then(Version::parse);
    let version = version.filter(|version| version.era() == Era::Legacy);
    version.ok_or(Denial::UpstreamProtocol { reason: "the upstream chose a protocol version that is not spoken here" })
}

/// The upstream's one response to `sent`, read whole, from JSON or from a stream.
pub(super) async fn one_message(response: Response<Clean>, sent: &Id) -> Result<Outcome, Denial> {
    let invalid = |reason| Denial::UpstreamProtocol { reason };
    let limits = Limits::LIST;
    let kind = kind_of(&response)?;
    let whole = response.into_body().collect(MESSAGE_BYTES_MAX).await?;
    let message = match kind {
        AnswerKind::Json => whole,
        AnswerKind::Events => answer_in(&whole, sent).ok_or(invalid("the stream holds no answer"))?,
        AnswerKind::Accepted => return Err(invalid("a request was accepted without an answer")),
    };
    match Message::parse(&message, &limits) {
        Ok(Message::Response(response)) if response.id() == Some(sent) => Ok(response.into_outcome()),
        _ => Err(invalid("the answer is not the response to the request")),
    }
}

fn answer_in(stream: &Bytes, sent: &Id) -> Option<Bytes> {
    let mut decoder = mcp::sse::Decoder::new(MESSAGE_BYTES_MAX);
    decoder.feed(stream.clone());
    while let Some(item) = decoder.next_item().ok()? {
        if let mcp::sse::Item::Event(event) = item
            && matches!(skim(&event.data), Ok(Kind::Response { id: Some(id), .. }) if id == *sent)
        {
            return Some(event.data);
        }
    }
    None
}

/// An upstream that has forgotten its session answers 404; the caller must then begin anew.
fn session_lives(response: &Response<Clean>) -> Result<(), Denial> {
    if response.status() == StatusCode::NOT_FOUND { Err(Denial::UnknownMcpSession) } else { Ok(()) }
}

fn header_value(text: &str) -> Result<HeaderValue, Denial> {
    HeaderValue::try_from(text).map_err(|_| Denial::Malformed(mcp::Rejected::new(mcp::Fault::SessionSyntax, None)))
}

impl Gateway {
    /// The session that an upstream opened with its answer to `initialize`.
    pub(super) fn session_of(&self, response: &Response<Clean>) -> Result<Option<LegacySessionId>, Denial> {
        LegacySessionId::of(response.headers())
            .map_err(|_| Denial::UpstreamProtocol { reason: "the upstream's session id cannot be read" })
    }
}

/// Maps the messages of one stream of the upstream.
#[derive(Debug)]
struct Mapping {
    session: Arc<LegacySession>,
    /// The request that the stream answers; none for a stream on which the upstream speaks first.
    awaited: Option<Id>,
    list: Option<ListFilter>,
}

impl Mapping {
    /// A response, to whichever request of this MCP session: a resumed stream may carry the answer of another.
    fn response(&self, sent: &Id, data: &Bytes, told: &Object) -> Result<Step, Interrupted> {
        let Some(callers) = self.session.answered(sent) else { return Ok(Step::Drop) };
        let message = match &self.list {
            Some(filter) => filter.filter(sent, &callers, data, told).map_err(|_| Interrupted::Protocol)?,
            None => {
                let mut envelope = Envelope::new(sent.clone(), &callers).with_meta(told);
                let mut out = Vec::with_capacity(data.len() + 32);
                let rewritten = envelope.push(data, |piece| out.extend_from_slice(piece));
                rewritten.and_then(|()| envelope.finish()).map_err(|_| Interrupted::Protocol)?;
                out
            }
        };
        Ok(if self.awaited.as_ref() == Some(sent) { Step::Last(message) } else { Step::Pass(message) })
    }
}

impl Translate for Mapping {
    fn message(&mut self, data: &Bytes, told: &Object) -> Result<Step, Interrupted> {
        match skim(data).map_err(|_| Interrupted::Protocol)? {
            Kind::Response { id: Some(sent), .. } => self.response(&sent, data, told),
            Kind::Response { id: None, .. } => Ok(Step::Drop),
            Kind::Notification { method } => {
                let is_known = NoticeKind::parse(&method).is_some_and(|kind| kind.exists_in(Era::Legacy));
                Ok(if is_known { Step::Pass(data.to_vec()) } else { Step::Drop })
            }
            Kind::Request { id, .. } => Ok(if self.session.ask(id) { Step::Pass(data.to_vec()) } else { Step::Drop }),
        }
    }

    fn keeps_event_ids(&self) -> bool {
        true
    }
}
