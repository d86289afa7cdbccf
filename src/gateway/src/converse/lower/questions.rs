//! What an upstream asks the client in the middle of a call, as the input requests of the current era, and the answers to it.

use bytes::Bytes;
use mcp::{Id, Json, Limits, Message, Object, Outcome, ServerMethod, fault::code, meta::ClientMeta};

use super::line::not_found;
use crate::mask::Interrupted;

/// Questions that are asked together; a person answers one or two.
pub(super) const QUESTIONS_MAX: usize = 16;

/// A question of the upstream, as the caller is asked it.
#[derive(Debug)]
pub(super) struct Question {
    /// The upstream's id of it.
    id: Id,
    method: ServerMethod,
    params: Object,
}

/// What becomes of a request of the upstream.
#[derive(Debug)]
pub(super) enum Asked {
    /// The caller is asked.
    Question(Question),
    /// We answer it.
    Ours {
        /// What the record names the exchange by.
        serving: &'static str,
        /// The upstream's id of it.
        id: Id,
        /// The answer.
        outcome: Outcome,
    },
}

impl Asked {
    /// Reads a request of the upstream. Only what the caller declared is asked, and only in a call that may ask.
    pub(super) fn of(data: &Bytes, client: &ClientMeta, may_ask: bool) -> Result<Self, Interrupted> {
        let limits = Limits::LIST;
        let Ok(Message::Request(request)) = Message::parse(data, &limits) else { return Err(Interrupted::Protocol) };
        let id = request.id().clone();
        let method = ServerMethod::parse(request.method());
        let serving = method.map_or("server/unknown", ServerMethod::as_str);
        let ours = |outcome| Ok(Self::Ours { serving, id: id.clone(), outcome });
        let mut params = request.params().cloned().unwrap_or_default();
        let is_declared = match method {
            Some(ServerMethod::Ping) => return ours(Outcome::Result(Object::new())),
            Some(ServerMethod::RootsList) => client.declares(&["roots"]),
            Some(ServerMethod::CreateMessage) => {
                let uses_tools = params.member("tools").is_some() || params.member("toolChoice").is_some();
                client.declares(&["sampling"]) && (!uses_tools || client.declares(&["sampling", "tools"]))
            }
            Some(ServerMethod::Elicit) => match params.member("mode").map(Json::as_str) {
                None | Some(Some("form")) => client.declares(&["elicitation", "form"]),
                Some(Some("url")) => {
                    let url = params.member("url").and_then(Json::as_str);
                    if !url.is_some_and(is_open_to_a_browser) {
                        return ours(refused(code::INVALID_PARAMS, "the page must be one that a browser opens safely"));
                    }
                    client.declares(&["elicitation", "url"])
                }
                Some(_) => return ours(refused(code::INVALID_PARAMS, "unknown mode")),
            },
            None => false,
        };
        // A task of the client's would be answered later, and elsewhere.
        let Some(method) = method.filter(|_| may_ask && is_declared && params.member("task").is_none()) else {
            return ours(not_found());
        };
        for member in ["_meta", "elicitationId"] {
            params.remove(member);
        }
        Ok(Self::Question(Question { id, method, params }))
    }
}

/// The answer to one question, as the upstream gets it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) method: ServerMethod,
    pub(super) message: Vec<u8>,
}

/// The questions as input requests, with keys of ours.
pub(super) fn requests(questions: &[Question]) -> Object {
    questions.iter().enumerate().fold(Object::new(), |requests, (place, question)| {
        requests.with(&key(place), input_request(question.method.as_str(), question.params.clone()))
    })
}

/// The answers to all of the questions; `None` where one is missing, or is no answer to what was asked. What answers no
/// question is left out.
pub(super) fn answers(questions: &[Question], responses: Option<&Object>) -> Option<Vec<Answer>> {
    let answer = |(place, question): (usize, &Question)| {
        let mut result = responses?.member(&key(place))?.as_object()?.clone();
        if !is_answer(question.method, &result) {
            return None;
        }
        for member in ["_meta", "resultType"] {
            result.remove(member);
        }
        let response = mcp::Response::new(Some(question.id.clone()), Outcome::Result(result));
        Some(Answer { method: question.method, message: response.to_vec() })
    };
    questions.iter().enumerate().map(answer).collect()
}

/// Whether a result has the shape that its method gives.
fn is_answer(method: ServerMethod, result: &Object) -> bool {
    let text = |name| result.member(name).and_then(Json::as_str);
    match method {
        ServerMethod::Elicit => {
            let content = result.member("content");
            matches!(text("action"), Some("accept" | "decline" | "cancel"))
                && content.is_none_or(|content| content.as_object().is_some())
        }
        ServerMethod::CreateMessage => {
            let content = result.member("content");
            text("role").is_some()
                && text("model").is_some()
                && content.is_some_and(|content| content.as_object().is_some() || content.as_array().is_some())
        }
        ServerMethod::RootsList => {
            let roots = result.member("roots").and_then(Json::as_array);
            roots.is_some_and(|roots| {
                roots.iter().all(|root| root.member("uri").is_some_and(|uri| uri.as_str().is_some()))
            })
        }
        ServerMethod::Ping => false,
    }
}

pub(super) fn key(place: usize) -> String {
    format!("question-{}", place + 1)
}

pub(super) fn input_request(method: &str, params: Object) -> Object {
    Object::new().with("method", method).with("params", params)
}

/// A result that asks the caller to send the request again, with more.
pub(super) fn input_required(requests: Object, state: Option<&str>) -> Object {
    Object::new().with("resultType", "input_required").with("inputRequests", requests).with_some("requestState", state)
}

/// Whether a client may offer a person to open this: pages only, over TLS unless they are on the person's own machine, and
/// without a name before the host, which makes one look like another.
pub(super) fn is_open_to_a_browser(url: &str) -> bool {
    let Ok(url) = url.parse::<http::Uri>() else { return false };
    if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return false;
    }
    match (url.scheme_str(), url.host()) {
        (Some("https"), Some(_)) => true,
        (Some("http"), Some(host)) => matches!(host, "localhost" | "127.0.0.1" | "[::1]"),
        _ => false,
    }
}

fn refused(code: i64, message: &str) -> Outcome {
    Outcome::Error(Object::new().with("code", code).with("message", message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converse::testing::object;

    fn asked(method: &str, params: &str, capabilities: &str, may_ask: bool) -> Asked {
        let request = format!(r#"{{"jsonrpc":"2.0","id":"u","method":"{method}","params":{params}}}"#);
        Asked::of(&Bytes::from(request), &ClientMeta::new(object(capabilities), None, None), may_ask).unwrap()
    }

    fn question(method: &str, params: &str) -> Question {
        match asked(method, params, r#"{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{}}"#, true)
        {
            Asked::Question(question) => question,
            Asked::Ours { outcome, .. } => panic!("{outcome:?}"),
        }
    }

    #[test]
    fn what_the_caller_did_not_declare_is_not_asked() {
        const ALL: &str = r#"{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{}}"#;
        for (method, params, capabilities, may_ask) in [
            ("elicitation/create", "{}", r#"{"elicitation":{"url":{}}}"#, true),
            ("elicitation/create", r#"{"mode":"url","url":"https://a.example/"}"#, r#"{"elicitation":{}}"#, true),
            ("sampling/createMessage", "{}", r#"{"elicitation":{}}"#, true),
            ("sampling/createMessage", r#"{"tools":[]}"#, r#"{"sampling":{}}"#, true),
            ("roots/list", "{}", "{}", true),
            ("roots/list", "{}", ALL, false),
            ("roots/list", r#"{"task":{}}"#, ALL, true),
            ("tools/call", "{}", ALL, true),
        ] {
            let Asked::Ours { outcome: Outcome::Error(error), .. } = asked(method, params, capabilities, may_ask)
            else {
                panic!("{method} {params} {capabilities}")
            };
            assert_eq!(error.member("code").and_then(Json::as_i64), Some(code::METHOD_NOT_FOUND), "{method} {params}");
        }
    }

    #[test]
    fn a_ping_is_answered_whoever_calls() {
        let pinged = asked("ping", "{}", "{}", false);
        assert!(matches!(pinged, Asked::Ours { outcome: Outcome::Result(result), .. } if result.is_empty()));
    }

    #[test]
    fn a_page_that_no_browser_opens_safely_is_not_offered() {
        for url in [
            "javascript:alert(1)",
            "http://a.example/",
            "file:///etc/passwd",
            "https://",
            "",
            "//a.example",
            "https://bank.example@a.example/",
        ] {
            assert!(!is_open_to_a_browser(url), "{url}");
            let params = format!(r#"{{"mode":"url","url":"{url}"}}"#);
            let asked = asked("elicitation/create", &params, r#"{"elicitation":{"url":{}}}"#, true);
            assert!(matches!(asked, Asked::Ours { outcome: Outcome::Error(_), .. }), "{url}");
        }
        for url in ["https://a.example/x?y=1", "http://localhost:8080/", "http://127.0.0.1/"] {
            assert!(is_open_to_a_browser(url), "{url}");
        }
    }

    #[test]
    fn questions_are_asked_with_keys_of_ours_and_without_what_this_era_lacks() {
        let questions = [
            question(
                "elicitation/create",
                r#"{"message":"m","elicitationId":"e","mode":"url","url":"https://a.example/"}"#,
            ),
            question("roots/list", r#"{"_meta":{"progressToken":1}}"#),
        ];
        assert_eq!(
            String::from_utf8(input_required(requests(&questions), Some("s")).to_vec()).unwrap(),
            r#"{"resultType":"input_required","inputRequests":{"question-1":{"method":"elicitation/create","params":{"message":"m","mode":"url","url":"https://a.example/"}},"question-2":{"method":"roots/list","params":{}}},"requestState":"s"}"#
        );
    }

    #[test]
    fn every_question_needs_its_answer_and_nothing_else_goes_up() {
        let questions = [question("elicitation/create", r#"{"message":"m"}"#), question("roots/list", "{}")];
        let full = r#"{"question-2":{"roots":[{"uri":"file:///a"}],"resultType":"complete"},"extra":{"action":"accept"},
            "question-1":{"action":"accept","content":{"n":1.0},"_meta":{"baggage":"x"}}}"#;
        let given = answers(&questions, Some(&object(full))).unwrap();
        let messages: Vec<_> = given.iter().map(|answer| String::from_utf8(answer.message.clone()).unwrap()).collect();
        assert_eq!(
            messages,
            [
                r#"{"jsonrpc":"2.0","id":"u","result":{"action":"accept","content":{"n":1.0}}}"#,
                r#"{"jsonrpc":"2.0","id":"u","result":{"roots":[{"uri":"file:///a"}]}}"#,
            ]
        );
        assert!(answers(&questions, None).is_none());
        for partial in [
            "{}",
            r#"{"question-1":{"action":"accept"}}"#,
            r#"{"question-1":"accept","question-2":{"roots":[]}}"#,
            r#"{"question-1":{"action":"maybe"},"question-2":{"roots":[]}}"#,
            r#"{"question-1":{"action":"accept","content":7},"question-2":{"roots":[]}}"#,
            r#"{"question-1":{"action":"accept"},"question-2":{"roots":[{}]}}"#,
            r#"{"Question-1":{"action":"accept"},"question-2":{"roots":[]}}"#,
        ] {
            assert!(answers(&questions, Some(&object(partial))).is_none(), "{partial}");
        }
    }

    #[test]
    fn a_sampled_message_names_its_model() {
        let questions = [question("sampling/createMessage", r#"{"messages":[],"maxTokens":1}"#)];
        let given = |text: &str| answers(&questions, Some(&object(text))).is_some();
        assert!(given(r#"{"question-1":{"role":"assistant","model":"m","content":{"type":"text","text":"x"}}}"#));
        assert!(given(r#"{"question-1":{"role":"assistant","model":"m","content":[]}}"#));
        assert!(!given(r#"{"question-1":{"role":"assistant","content":{}}}"#));
        assert!(!given(r#"{"question-1":{"role":"assistant","model":"m","content":"x"}}"#));
    }
}
