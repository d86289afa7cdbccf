//! A call for a person who has connected no account: how the caller is told where to connect one, and how it comes back.
//!
//! A caller of the current era that can let a person open a page is asked to (MCP 2026-07-28, elicitation in URL mode) and sends
//! the same request again; one of the older era gets the error that is made for it. What such a request carries in return says
//! nothing that is believed: whether there is a connection is seen by looking for it.

use std::fmt;

use mcp::{Json, Message, Object, meta::ClientMeta, reply};
use model::{Caller, UpstreamName};

/// Where a person connects an account.
pub trait Invitations: Send + Sync + fmt::Debug {
    /// A page for the subject of `asker` to connect an account for calls of `upstream`: good for minutes, and worth nothing to
    /// anybody else. `None` where there can be none.
    fn invite(&self, asker: &Caller, upstream: &UpstreamName) -> Option<String>;
}

/// Nobody is invited.
impl Invitations for () {
    fn invite(&self, _: &Caller, _: &UpstreamName) -> Option<String> {
        None
    }
}

/// The key of our question among the input requests.
const KEY: &str = "connect-account";

/// Marks a request that answers our question. It stands for nothing else, so that there is nothing to forge.
const STATE: &str = "claviger:connect-account";

/// What is said where a person reads it.
const MESSAGE: &str = "Connect your account, so that the agent can make this call for you. You will sign in first.";

/// The requests that can be answered with a question (MCP 2026-07-28, input_required).
const METHODS: [&str; 3] = ["tools/call", "prompts/get", "resources/read"];

/// Whether a client can let a person open a page.
pub(crate) fn opens_urls(client: &ClientMeta) -> bool {
    client.declares(&["elicitation", "url"])
}

/// Whether this method can be answered with a question.
pub(crate) fn may_ask(method: Option<&str>) -> bool {
    method.is_some_and(|method| METHODS.contains(&method))
}

/// Takes the answer to our question off a request, which goes on as if it had never been asked. Whether the caller may be asked
/// (again): it did not decline, and is not in the middle of questions of the upstream, whose state our question would displace.
pub(crate) fn take_answer(message: &mut Message) -> bool {
    let Message::Request(request) = message else { return false };
    let member = |name: &str| request.params().and_then(|params| params.member(name));
    let is_ours = member("requestState").and_then(Json::as_str) == Some(STATE);
    if !is_ours {
        return member("requestState").is_none() && member("inputResponses").is_none();
    }
    let action = member("inputResponses").and_then(|answers| answers.member(KEY)?.member("action")?.as_str());
    let is_declined = matches!(action, Some("decline" | "cancel"));
    let params = request.params_mut();
    for name in ["requestState", "inputResponses"] {
        params.remove(name);
    }
    !is_declined
}

/// The question, for a caller of the current era.
pub(crate) fn question(url: &str) -> Object {
    reply::url_input_required(KEY, url, MESSAGE, STATE)
}

/// The same for a caller of the older era. The page names itself.
pub(crate) fn legacy_question(id: &mcp::Id, url: &str) -> mcp::Reply {
    let page = url.rsplit('/').next().unwrap_or(url);
    reply::url_elicitation_required(id, page, url, MESSAGE)
}

#[cfg(test)]
mod tests {
    use mcp::Limits;

    use super::*;

    fn message(params: &str) -> Message {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        Message::parse(text.as_bytes(), &Limits::MESSAGE).unwrap()
    }

    fn params(message: &Message) -> String {
        String::from_utf8(message.params().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn an_answer_to_our_question_does_not_go_up() {
        let answered = |action: &str| {
            let answers = format!(r#"{{"connect-account":{{"action":"{action}"}},"more":{{}}}}"#);
            message(&format!(r#"{{"name":"t","requestState":"{STATE}","inputResponses":{answers}}}"#))
        };
        for (action, may_be_asked) in [("accept", true), ("decline", false), ("cancel", false), ("other", true)] {
            let mut message = answered(action);
            assert_eq!(take_answer(&mut message), may_be_asked, "{action}");
            assert_eq!(params(&message), r#"{"name":"t"}"#);
        }
        let mut unanswered = message(&format!(r#"{{"name":"t","requestState":"{STATE}"}}"#));
        assert!(take_answer(&mut unanswered));
        assert_eq!(params(&unanswered), r#"{"name":"t"}"#);
    }

    #[test]
    fn questions_of_the_upstream_are_left_alone() {
        for theirs in [
            r#"{"name":"t","requestState":"theirs","inputResponses":{"connect-account":{"action":"accept"}}}"#,
            r#"{"name":"t","inputResponses":{"a":{}}}"#,
            r#"{"name":"t","requestState":7}"#,
        ] {
            let mut message = message(theirs);
            assert!(!take_answer(&mut message));
            assert_eq!(params(&message), theirs);
        }
        let mut first = message(r#"{"name":"t"}"#);
        assert!(take_answer(&mut first));
    }

    #[test]
    fn the_question_of_each_era_names_the_page() {
        let url = "https://gw.example/connect/ticket";
        let text = String::from_utf8(question(url).to_vec()).unwrap();
        let expected = format!(
            r#"{{"resultType":"input_required","inputRequests":{{"{KEY}":{{"method":"elicitation/create","params":{{"mode":"url","url":"{url}","message":"{MESSAGE}"}}}}}},"requestState":"{STATE}"}}"#
        );
        assert_eq!(text, expected);
        let legacy = legacy_question(&7_u64.into(), url);
        let expected = format!(
            r#"{{"jsonrpc":"2.0","id":7,"error":{{"code":-32042,"message":"{MESSAGE}","data":{{"elicitations":[{{"mode":"url","elicitationId":"ticket","url":"{url}","message":"{MESSAGE}"}}]}}}}}}"#
        );
        assert_eq!(std::str::from_utf8(legacy.body()).unwrap(), expected);
    }
}
