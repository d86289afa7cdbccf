//! A modern caller and a modern upstream: one exchange, ids and headers of our own, the answer rewritten as it streams.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use mcp::{
    Ask, Envelope, Era, Fault, Id, Json, Kind, ListKind, Method, Mirrors, Object, Rejected, Request, headers, meta,
    skim,
};

use super::{
    AnswerKind, Leg, accepted, event_stream,
    events::{Step, Translate, Translated},
    json, kind_of,
    list::{ListFilter, NotAPage},
    rewrite::rewrite,
};
use crate::{
    Gateway,
    approve::Approved,
    asked::{McpAsked, McpMessage},
    denial::Denial,
    mask::{Clean, Interrupted},
};

/// Answers a modern caller.
pub(super) async fn answer(gateway: &Gateway, approved: Approved, asked: McpAsked) -> Result<Response<Clean>, Denial> {
    match asked.message {
        McpMessage::Request(request) => {
            let client = asked.client.unwrap_or_default().without_tasks();
            call(gateway, approved, request, &client, &asked.headers).await
        }
        // The only one is a cancellation, and over HTTP closing the stream says the same.
        McpMessage::Notification(_) => Ok(accepted()),
        McpMessage::Response(_) => Err(Denial::Malformed(Rejected::new(Fault::UnexpectedResponse, None))),
        McpMessage::Stream { .. } | McpMessage::Terminate => Err(Denial::MethodNotAllowed { allow: "POST" }),
    }
}

async fn call(
    gateway: &Gateway,
    approved: Approved,
    request: Request,
    client: &meta::ClientMeta,
    callers_headers: &HeaderMap,
) -> Result<Response<Clean>, Denial> {
    let callers = request.id().clone();
    let rejected = |fault| Denial::Malformed(Rejected::new(fault, Some(callers.clone())));
    let shape = Shape::of(gateway, &approved, &request).map_err(rejected)?;
    let mirrors = mirrors(gateway, &approved, &request, client, callers_headers).await?;
    let sent = gateway.new_request_id();
    let leg = leg(gateway, &approved, request.with_id(sent.clone()), client, &mirrors).map_err(rejected)?;
    let response = gateway.forward(&approved, leg).await?;
    let status = response.status();
    let answering = Answering { sent, callers, shape };
    match kind_of(&response)? {
        AnswerKind::Accepted => Err(Denial::UpstreamProtocol { reason: "a request was accepted without an answer" }),
        AnswerKind::Json => Ok(json(status, answering.message(response.into_body()).await?)),
        AnswerKind::Events if status == StatusCode::OK => {
            Ok(event_stream(Translated::body(response.into_body(), answering).await))
        }
        AnswerKind::Events => {
            Err(Denial::UpstreamProtocol { reason: "an event stream came with an unexpected status" })
        }
    }
}

/// The request as it is sent: our id, `_meta` rebuilt, headers derived from the body.
pub(super) fn leg(
    gateway: &Gateway,
    approved: &Approved,
    mut request: Request,
    client: &meta::ClientMeta,
    mirrors: &Mirrors,
) -> Result<Leg, Fault> {
    let traceparent = approved.facts().trace.child(gateway.new_span()).to_text();
    let traceparent = traceparent.as_str();
    let ours = meta::Ours { traceparent: Some(traceparent), ..meta::Ours::default() };
    let rebuilt = meta::rebuild(meta::of_params(request.params()), client, Era::Modern, ours);
    request.params_mut().set("_meta", rebuilt);
    let mut headers = HeaderMap::with_capacity(8);
    mcp::modern::write_headers(&request, mirrors, &mut headers)?;
    if let Ok(value) = HeaderValue::from_str(traceparent) {
        headers.insert("traceparent", value);
    }
    Ok(Leg::post(headers, request.to_vec()))
}

/// What a tool wants mirrored. A caller's own mirrored headers are checked, and never passed on as they came.
async fn mirrors(
    gateway: &Gateway,
    approved: &Approved,
    request: &Request,
    client: &meta::ClientMeta,
    callers_headers: &HeaderMap,
) -> Result<Mirrors, Denial> {
    let Some(Ask::ToolsCall { name, arguments }) = Ask::of(request, Era::Modern).ok() else {
        return Ok(Mirrors::default());
    };
    let upstream = approved.upstream().name();
    let is_mirrored = callers_headers.keys().any(|name| name.as_str().starts_with(headers::PARAM_PREFIX));
    let mut known = gateway.conversations.mirrors_of(upstream, name);
    if known.is_none() && is_mirrored {
        learn(gateway, approved, client).await?;
        known = gateway.conversations.mirrors_of(upstream, name);
    }
    let known = known.unwrap_or_default();
    known
        .check(callers_headers, arguments)
        .map_err(|fault| Denial::Malformed(Rejected::new(fault, Some(request.id().clone()))))?;
    Ok(known)
}

/// Reads the upstream's first page of tools for their annotations, as an exchange of its own.
async fn learn(gateway: &Gateway, approved: &Approved, client: &meta::ClientMeta) -> Result<(), Denial> {
    let approved = approved.serving(Method::ToolsList.as_str());
    let sent = gateway.new_request_id();
    let request = Request::new(sent.clone(), Method::ToolsList.as_str(), None);
    let leg = leg(gateway, &approved, request, client, &Mirrors::default());
    let leg = leg.map_err(|fault| Denial::Malformed(Rejected::new(fault, None)))?;
    let response = gateway.forward(&approved, leg).await?;
    if matches!(kind_of(&response)?, AnswerKind::Json) {
        let shape = Shape::List(ListFilter::new(gateway, &approved, ListKind::Tools, Era::Modern));
        Answering { callers: sent.clone(), sent, shape }.message(response.into_body()).await?;
    }
    Ok(())
}

/// What the answer to a request needs beyond its id.
#[derive(Debug)]
enum Shape {
    /// Nothing.
    Plain,
    /// It may be cached, for this caller alone: what is masked or shown depends on who asks.
    Cacheable,
    /// It is filtered.
    List(ListFilter),
    /// It is a stream of changes.
    Listen,
}

impl Shape {
    fn of(gateway: &Gateway, approved: &Approved, request: &Request) -> Result<Self, Fault> {
        Ok(match Ask::of(request, Era::Modern)? {
            Ask::List { kind, .. } => Self::List(ListFilter::new(gateway, approved, kind, Era::Modern)),
            Ask::Discover | Ask::ResourcesRead { .. } => Self::Cacheable,
            Ask::Listen { .. } => Self::Listen,
            Ask::Initialize(_)
            | Ask::Ping
            | Ask::ToolsCall { .. }
            | Ask::PromptsGet { .. }
            | Ask::ResourcesSubscribe { .. }
            | Ask::ResourcesUnsubscribe { .. }
            | Ask::Complete { .. }
            | Ask::SetLevel { .. }
            | Ask::Task { .. }
            | Ask::TasksList { .. }
            | Ask::Unknown => Self::Plain,
        })
    }
}

/// Turns what the upstream answers to one request into the caller's answer.
#[derive(Debug)]
struct Answering {
    sent: Id,
    callers: Id,
    shape: Shape,
}

impl Answering {
    /// A whole message; only a list is held until it is complete.
    async fn message(self, mut body: Clean) -> Result<Clean, Denial> {
        if let Shape::List(filter) = &self.shape {
            let whole = body.collect(super::MESSAGE_BYTES_MAX).await?;
            let page = filter.filter(&self.sent, &self.callers, &whole, &body.told());
            return page.map(Clean::ours).map_err(|NotAPage(reason)| Denial::UpstreamProtocol { reason });
        }
        rewrite(body, self.envelope())
    }

    fn envelope(&self) -> Envelope {
        let envelope = Envelope::new(self.sent.clone(), &self.callers);
        match self.shape {
            Shape::Cacheable => {
                let private = envelope.with_member("cacheScope", &Json::from("private"));
                private.with_default("ttlMs", &Json::from(0_u64))
            }
            Shape::Plain | Shape::List(_) | Shape::Listen => envelope,
        }
    }

    fn response(&self, data: &Bytes, told: &Object) -> Result<Vec<u8>, Interrupted> {
        if let Shape::List(filter) = &self.shape {
            return filter.filter(&self.sent, &self.callers, data, told).map_err(|_| Interrupted::Protocol);
        }
        let mut envelope = self.envelope().with_meta(told);
        let mut out = Vec::with_capacity(data.len() + 32);
        let rewritten = envelope.push(data, |piece| out.extend_from_slice(piece));
        rewritten.and_then(|()| envelope.finish()).map_err(|_| Interrupted::Protocol)?;
        Ok(out)
    }

    /// A notification of a subscription names it by the id of the request, which the caller knows by its own.
    fn of_subscription(&self, data: &Bytes) -> Result<Step, Interrupted> {
        let limits = mcp::Limits::LIST;
        let Ok(mcp::Message::Notification(mut notification)) = mcp::Message::parse(data, &limits) else {
            return Err(Interrupted::Protocol);
        };
        meta::name_subscription(notification.params_mut(), &self.callers);
        Ok(Step::Pass(notification.to_vec()))
    }
}

impl Translate for Answering {
    fn message(&mut self, data: &Bytes, told: &Object) -> Result<Step, Interrupted> {
        // Most messages are the answer, and rewriting it checks all of it.
        if let Ok(answer) = self.response(data, told) {
            return Ok(Step::Last(answer));
        }
        match skim(data).map_err(|_| Interrupted::Protocol)? {
            Kind::Response { .. } => Err(Interrupted::Protocol),
            Kind::Notification { .. } if matches!(self.shape, Shape::Listen) => self.of_subscription(data),
            Kind::Notification { .. } => Ok(Step::Pass(data.to_vec())),
            // The current era has no requests of servers on a stream.
            Kind::Request { .. } => Ok(Step::Drop),
        }
    }

    fn at_end(&mut self) -> Option<Interrupted> {
        Some(Interrupted::Upstream)
    }
}
