//! What an upstream says to one request, in the words of the caller: ids, tokens, results, errors and notifications.

use bytes::Bytes;
use http::StatusCode;
use mcp::{
    Ask, Envelope, Era, Fault, Id, Json, Limits, Message, NoticeKind, Object, Outcome, Request,
    meta::{self, ClientMeta},
};

use super::error;
use crate::{Gateway, approve::Approved, converse::list::ListFilter, mask::Interrupted};

/// The levels of a log (RFC 5424, section 6.2.1), the least severe first.
const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// What a caller asked, as far as the answer depends on it.
#[derive(Debug)]
pub(super) struct Answering {
    /// The id under which the upstream knows the request.
    pub(super) sent: Id,
    /// The id under which the caller knows it.
    callers: Id,
    /// The caller's progress token; the upstream knows our id in its place.
    token: Option<Id>,
    /// The least severe log message that the caller wants; by default none.
    level: Option<usize>,
    shape: Shape,
    /// Whether the caller can be asked something before it gets a result.
    pub(super) may_ask: bool,
    pub(super) client: ClientMeta,
}

/// What a result needs.
#[derive(Debug)]
enum Shape {
    /// To be called complete.
    Plain,
    /// To be cached by nobody: what is masked depends on who asks.
    Cacheable,
    /// To be filtered.
    List(ListFilter),
}

impl Answering {
    /// Of a request that goes up as `sent`.
    ///
    /// # Errors
    /// A parameter that the answer depends on is not one.
    pub(super) fn new(
        gateway: &Gateway,
        approved: &Approved,
        request: &Request,
        client: ClientMeta,
        sent: Id,
    ) -> Result<Self, Fault> {
        const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
        let (shape, may_ask) = match Ask::of(request, Era::Modern)? {
            Ask::List { kind, .. } => (Shape::List(ListFilter::new(gateway, approved, kind, Era::Modern)), false),
            Ask::ToolsCall { .. } | Ask::PromptsGet { .. } => (Shape::Plain, true),
            Ask::ResourcesRead { .. } => (Shape::Cacheable, true),
            Ask::Complete { .. }
            | Ask::Initialize(_)
            | Ask::Ping
            | Ask::Discover
            | Ask::ResourcesSubscribe { .. }
            | Ask::ResourcesUnsubscribe { .. }
            | Ask::SetLevel { .. }
            | Ask::Listen { .. }
            | Ask::Task { .. }
            | Ask::TasksList { .. }
            | Ask::Unknown => (Shape::Plain, false),
        };
        let level = client.log_level().map(|level| rank(level).ok_or(Fault::Meta(LOG_LEVEL))).transpose()?;
        let (callers, token) = (request.id().clone(), meta::progress_token(request.params()));
        Ok(Self { sent, callers, token, level, shape, may_ask, client })
    }

    /// The progress token that goes up: one of ours, so that no two calls in a session share one.
    pub(super) fn token_sent(&self) -> Option<&Id> {
        self.token.as_ref().map(|_| &self.sent)
    }

    /// The level that the upstream must log at.
    pub(super) fn level(&self) -> Option<&'static str> {
        LEVELS.get(self.level?).copied()
    }

    /// Whether the result must be there as a whole before any of it goes on.
    pub(super) const fn is_list(&self) -> bool {
        matches!(self.shape, Shape::List(_))
    }

    /// Whether a response is the answer. An error may lack the id: then the upstream could not read ours.
    pub(super) fn is_answer(&self, id: Option<&Id>, is_error: bool) -> bool {
        id.map_or(is_error, |id| *id == self.sent)
    }

    /// The whole response of the upstream, for the caller, with `told` in the `_meta` of a result; with the status that it has where it is one JSON message.
    pub(super) fn response(
        &self,
        data: &Bytes,
        is_error: bool,
        told: &Object,
    ) -> Result<(StatusCode, Vec<u8>), Interrupted> {
        if is_error {
            let limits = Limits::LIST;
            let Ok(Message::Response(response)) = Message::parse(data, &limits) else {
                return Err(Interrupted::Protocol);
            };
            let Outcome::Error(error) = response.into_outcome() else { return Err(Interrupted::Protocol) };
            let outcome = error::for_modern(error, &self.client, self.may_ask);
            return Ok((error::status_of(&outcome), self.message(outcome)));
        }
        if let Shape::List(filter) = &self.shape {
            let page = filter.filter(&self.sent, &self.callers, data, told).map_err(|error| {
                tracing::warn!(%error, "an upstream's answer is not a page of the list");
                Interrupted::Protocol
            })?;
            return Ok((StatusCode::OK, page));
        }
        let mut envelope = self.envelope().with_meta(told);
        let mut out = Vec::with_capacity(data.len() + 64);
        let rewritten = envelope.push(data, |piece| out.extend_from_slice(piece));
        rewritten.and_then(|()| envelope.finish()).map_err(|error| {
            tracing::warn!(%error, "an upstream's answer is not one of the protocol");
            Interrupted::Protocol
        })?;
        Ok((StatusCode::OK, out))
    }

    /// Rewrites a result while it streams by.
    pub(super) fn envelope(&self) -> Envelope {
        // In the older era every result is complete, and none says how long it may be kept.
        let envelope =
            Envelope::new(self.sent.clone(), &self.callers).with_member("resultType", &Json::from("complete"));
        match self.shape {
            Shape::Plain | Shape::List(_) => envelope,
            Shape::Cacheable => {
                envelope.with_member("cacheScope", &Json::from("private")).with_member("ttlMs", &Json::from(0_u64))
            }
        }
    }

    /// A response of ours to the caller.
    pub(super) fn message(&self, outcome: Outcome) -> Vec<u8> {
        mcp::Response::new(Some(self.callers.clone()), outcome).to_vec()
    }

    /// A notification on the stream of the call: progress, and what the caller wants of the log. In this era nothing else is
    /// about a call.
    pub(super) fn notice(&self, method: &str, data: &Bytes) -> Result<Option<Vec<u8>>, Interrupted> {
        let kind = NoticeKind::parse(method);
        if !matches!(kind, Some(NoticeKind::Progress | NoticeKind::Message)) {
            return Ok(None);
        }
        let limits = Limits::LIST;
        let Ok(Message::Notification(mut notice)) = Message::parse(data, &limits) else {
            return Err(Interrupted::Protocol);
        };
        let param = |name| notice.params().and_then(|params| params.member(name));
        let goes_on = if kind == Some(NoticeKind::Progress) {
            let is_ours = param("progressToken").and_then(Id::from_json).is_some_and(|token| token == self.sent);
            match self.token.as_ref().filter(|_| is_ours) {
                Some(token) => {
                    notice.params_mut().set("progressToken", token.to_json());
                    true
                }
                None => false,
            }
        } else {
            let said = param("level").and_then(Json::as_str).and_then(rank);
            matches!((self.level, said), (Some(wanted), Some(said)) if said >= wanted)
        };
        Ok(goes_on.then(|| notice.to_vec()))
    }
}

/// A refusal of ours in the middle of a stream, as a JSON-RPC error.
pub(super) fn refusal(denial: &crate::denial::Denial) -> Outcome {
    let told = denial.told();
    // An application's codes of this era lie outside the range that JSON-RPC reserves: 31 and the status.
    let code = told.rpc_code.unwrap_or(-31_000 - i64::from(told.status.as_u16()));
    let data = Object::new().with("error", told.error);
    Outcome::Error(Object::new().with("code", code).with("message", told.description).with("data", data))
}

fn rank(level: &str) -> Option<usize> {
    LEVELS.iter().position(|known| *known == level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answering(token: Option<Id>, level: Option<&str>, shape: Shape) -> Answering {
        let (level, client) = (level.and_then(rank), ClientMeta::default());
        Answering { sent: 900.into(), callers: 1.into(), token, level, shape, may_ask: true, client }
    }

    fn notice(answering: &Answering, text: &'static str) -> Option<String> {
        let data = Bytes::from_static(text.as_bytes());
        let Ok(mcp::Kind::Notification { method }) = mcp::skim(&data) else { panic!("{text}") };
        answering.notice(&method, &data).unwrap().map(|notice| String::from_utf8(notice).unwrap())
    }

    #[test]
    fn progress_goes_on_under_the_callers_token_and_only_that_of_this_call() {
        let with_token = answering(Id::parse(b"\"t\""), None, Shape::Plain);
        const OURS: &str =
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":900,"progress":1}}"#;
        assert_eq!(
            notice(&with_token, OURS).as_deref(),
            Some(r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":1}}"#)
        );
        assert_eq!(notice(&answering(None, None, Shape::Plain), OURS), None);
        const OTHER: &str =
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"900","progress":1}}"#;
        assert_eq!(notice(&with_token, OTHER), None);
        assert_eq!(notice(&with_token, r#"{"jsonrpc":"2.0","method":"notifications/progress"}"#), None);
    }

    #[test]
    fn a_log_message_goes_on_where_the_call_asked_for_its_level() {
        const WARNING: &str =
            r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"warning","data":1}}"#;
        for (level, goes_on) in [(None, false), (Some("debug"), true), (Some("warning"), true), (Some("error"), false)]
        {
            assert_eq!(notice(&answering(None, level, Shape::Plain), WARNING).is_some(), goes_on, "{level:?}");
        }
        const STRANGE: &str = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"loud"}}"#;
        assert_eq!(notice(&answering(None, Some("debug"), Shape::Plain), STRANGE), None);
    }

    #[test]
    fn what_is_not_about_the_call_stays_off_its_stream() {
        let answering = answering(None, Some("debug"), Shape::Plain);
        for method in ["notifications/tools/list_changed", "notifications/cancelled", "notifications/made_up"] {
            let data = Bytes::from(format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#));
            assert_eq!(answering.notice(method, &data), Ok(None));
        }
    }

    #[test]
    fn a_result_is_complete_whatever_the_upstream_calls_it() {
        let response = |shape, text: &'static str| {
            let (answering, data) = (answering(None, None, shape), Bytes::from_static(text.as_bytes()));
            let (status, body) = answering.response(&data, false, &Object::new()).unwrap();
            (status.as_u16(), String::from_utf8(body).unwrap())
        };
        assert_eq!(
            response(Shape::Plain, r#"{"jsonrpc":"2.0","id":900,"result":{"content":[]}}"#),
            (200, r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"resultType":"complete"}}"#.to_owned())
        );
        let claims =
            r#"{"jsonrpc":"2.0","id":900,"result":{"resultType":"input_required","ttlMs":9,"cacheScope":"public"}}"#;
        assert_eq!(
            response(Shape::Cacheable, claims),
            (
                200,
                r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","ttlMs":0,"cacheScope":"private"}}"#
                    .to_owned()
            )
        );
    }

    #[test]
    fn an_answer_to_another_request_is_none() {
        let other = Bytes::from_static(br#"{"jsonrpc":"2.0","id":901,"result":{}}"#);
        assert_eq!(
            answering(None, None, Shape::Plain).response(&other, false, &Object::new()),
            Err(Interrupted::Protocol)
        );
    }
}
