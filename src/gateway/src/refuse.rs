//! A refusal as an answer: recorded, logged once, and said in the caller's protocol.

mod aws;

use std::borrow::Cow;

use http::{HeaderValue, Response, StatusCode, header};
use mcp::{Era, Reply};

use crate::{
    connection,
    denial::Denial,
    facts::{Facts, Voice},
    mask::{Clean, ours_json},
    record::Recorder,
};

/// How long a caller waits before it tries again what is only passing, in seconds.
const RETRY_AFTER: &str = "1";

/// Records a refusal and answers it.
pub(crate) async fn refuse(recorder: &Recorder, known: &Facts, denial: Denial) -> Response<Clean> {
    // A failure after the intent is in the record as that intent's outcome.
    if !known.is_intended() {
        recorder.denied(known, &denial).await;
    }
    log(known, &denial);
    let mut response = say(known, &denial);
    let headers = response.headers_mut();
    if let Some(upstream) = &known.upstream
        && let Some(challenge) = denial.challenge(upstream.metadata_url())
        && let Ok(challenge) = HeaderValue::try_from(challenge)
    {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    if denial.is_passing() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    }
    if let Denial::MethodNotAllowed { allow } = denial {
        headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    response
}

fn say(known: &Facts, denial: &Denial) -> Response<Clean> {
    let told = denial.told();
    match &known.voice {
        Voice::Http => {
            let mut body = serde_json::json!({ "error": told.error, "error_description": told.description });
            if let Some(page) = denial.page() {
                body["connect_url"] = page.as_str().into();
            }
            ours_json(told.status, body.to_string())
        }
        Voice::Aws(kind) => aws::say(*kind, known, denial),
        Voice::Mcp { era, id } => {
            if let Denial::Malformed(rejected) = denial {
                let id = rejected.id().or(id.as_ref());
                return from_reply(rejected.fault().reply(*era, id));
            }
            let code = match (told.rpc_code, era) {
                (Some(code), _) => code,
                // An application's codes of the current era lie outside the range that JSON-RPC reserves: 31 and the status.
                (None, Era::Modern) => -31_000 - i64::from(told.status.as_u16()),
                (None, Era::Legacy) => mcp::fault::code::DENIED_LEGACY,
            };
            if let (Some(page), Some(id), true) = (denial.page(), id, known.may_ask_to_open()) {
                return from_reply(match era {
                    Era::Modern => Reply::result(id, connection::question(page)),
                    Era::Legacy => connection::legacy_question(id, page),
                });
            }
            let page = denial.page();
            let data = mcp::json::Object::new().with("error", told.error);
            let data = data.with_some("connect_url", page.map(String::as_str));
            // Most clients show a person the text alone.
            let text =
                page.map_or(Cow::Borrowed(told.description), |page| format!("{}: {page}", told.description).into());
            // A model reads why its call was denied only where the transport did not fail.
            let status = if denial.is_for_the_model() { StatusCode::OK } else { told.status };
            from_reply(Reply::error(status, id.as_ref(), code, &text, Some(data)))
        }
    }
}

/// One of our own JSON-RPC messages as an HTTP answer.
pub(crate) fn from_reply(reply: Reply) -> Response<Clean> {
    ours_json(reply.status(), reply.into_body())
}

fn log(known: &Facts, denial: &Denial) {
    let told = denial.told();
    let upstream = known.upstream.as_ref().map(|upstream| upstream.name().as_str());
    let session = known.session.as_ref().map(|session| session.facts().id.as_str());
    let (action, tool, trace_id) = (known.action.as_deref(), known.tool.as_deref(), known.trace.trace_id());
    let (error, reason, rule) = (told.error, denial.reason(), denial.rule().map(model::RuleId::as_str));
    if told.status.is_server_error() {
        tracing::warn!(error, reason, upstream, session, action, tool, trace_id, "a call failed");
    } else {
        tracing::info!(error, reason, rule, upstream, session, action, tool, trace_id, "a call was refused");
    }
}
