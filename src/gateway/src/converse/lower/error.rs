//! Errors of the older era, in the words of the current one.

use http::StatusCode;
use mcp::{Json, Object, Outcome, fault::code, meta::ClientMeta};

use super::questions::{self, is_open_to_a_browser};

/// "No such resource", in the older era alone.
const RESOURCE_NOT_FOUND: i64 = -32_002;
/// What servers define for themselves: the current era gives some of these codes another meaning, and forbids the rest.
const SERVER_DEFINED: std::ops::RangeInclusive<i64> = -32_099..=-32_000;
/// A call that wants more pages opened than this is not one that a person can follow.
const URLS_MAX: usize = 16;

/// Says an upstream's error in the words of the current era. One that wants a person to open a page becomes a question, where
/// this call may ask one.
pub(super) fn for_modern(mut error: Object, client: &ClientMeta, may_ask: bool) -> Outcome {
    let code = error.member("code").and_then(Json::as_i64).unwrap_or(code::INTERNAL_ERROR);
    match code {
        code::URL_ELICITATION_REQUIRED => match pages(&error) {
            Some(requests) if may_ask && client.declares(&["elicitation", "url"]) => {
                Outcome::Result(questions::input_required(requests, None))
            }
            Some(_) if may_ask => Outcome::Error(missing_capability()),
            _ => Outcome::Error(with_code(error, code::INTERNAL_ERROR)),
        },
        code::MISSING_CAPABILITY if is_missing(&error, client) => Outcome::Error(error),
        RESOURCE_NOT_FOUND => Outcome::Error(with_code(error, code::INVALID_PARAMS)),
        _ if SERVER_DEFINED.contains(&code) => Outcome::Error(with_code(error, code::INTERNAL_ERROR)),
        _ => {
            error.set("code", code);
            Outcome::Error(error)
        }
    }
}

/// The status of an answer that is one JSON message.
pub(super) fn status_of(outcome: &Outcome) -> StatusCode {
    let Outcome::Error(error) = outcome else { return StatusCode::OK };
    match error.member("code").and_then(Json::as_i64) {
        Some(code::METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
        Some(code::MISSING_CAPABILITY) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

fn with_code(mut error: Object, code: i64) -> Object {
    error.set("code", code);
    error
}

/// Whether the error names, in the form of the current era, a capability that the caller indeed did not declare. Servers that speak
/// both eras answer so in either.
fn is_missing(error: &Object, client: &ClientMeta) -> bool {
    let required = error.member("data").and_then(|data| data.member("requiredCapabilities")?.as_object());
    required.is_some_and(|required| {
        required.iter().any(|(capability, parts)| {
            let mut parts = parts.as_object().into_iter().flat_map(Object::iter);
            !client.declares(&[capability]) || parts.any(|(part, _)| !client.declares(&[capability, part]))
        })
    })
}

fn missing_capability() -> Object {
    let required = Object::new().with("elicitation", Object::new().with("url", Object::new()));
    Object::new()
        .with("code", code::MISSING_CAPABILITY)
        .with("message", "the tool needs a client capability that was not declared")
        .with("data", Object::new().with("requiredCapabilities", required))
}

/// The pages that a person must open first, as input requests; `None` where one of them is not for a browser.
fn pages(error: &Object) -> Option<Object> {
    let elicitations = error.member("data")?.member("elicitations")?.as_array()?;
    if elicitations.is_empty() || elicitations.len() > URLS_MAX {
        return None;
    }
    let mut requests = Object::new();
    for (place, elicitation) in elicitations.iter().enumerate() {
        let text = |name| elicitation.member(name).and_then(Json::as_str);
        let url = text("url").filter(|url| is_open_to_a_browser(url))?;
        let params =
            Object::new().with("mode", "url").with("url", url).with("message", text("message").unwrap_or_default());
        requests.set(&questions::key(place), questions::input_request("elicitation/create", params));
    }
    Some(requests)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converse::testing::object;

    fn client(capabilities: &str) -> ClientMeta {
        ClientMeta::new(object(capabilities), None, None)
    }

    fn said(outcome: &Outcome) -> String {
        match outcome {
            Outcome::Error(object) | Outcome::Result(object) => String::from_utf8(object.to_vec()).unwrap(),
        }
    }

    #[test]
    fn a_code_means_the_same_in_both_eras_or_is_translated() {
        for (legacy, modern, status) in [
            (-32_002, -32_602, 200),
            (-32_602, -32_602, 200),
            (-32_601, -32_601, 404),
            (-32_603, -32_603, 200),
            (-32_700, -32_700, 200),
            (-32_000, -32_603, 200),
            (-32_001, -32_603, 200),
            (-32_020, -32_603, 200),
            (-32_021, -32_603, 200),
            (-32_042, -32_603, 200),
            (-32_099, -32_603, 200),
            (-32_100, -32_100, 200),
            (7, 7, 200),
        ] {
            let error = object(&format!(r#"{{"code":{legacy},"message":"m","data":{{"uri":"u"}}}}"#));
            let outcome = for_modern(error, &client("{}"), true);
            assert_eq!(said(&outcome), format!(r#"{{"code":{modern},"message":"m","data":{{"uri":"u"}}}}"#));
            assert_eq!(status_of(&outcome).as_u16(), status, "{legacy}");
        }
    }

    #[test]
    fn a_capability_that_the_caller_lacks_is_named_and_one_that_it_has_is_no_reason() {
        let error = |required: &str| {
            object(&format!(r#"{{"code":-32021,"message":"m","data":{{"requiredCapabilities":{required}}}}}"#))
        };
        for (required, declared, code) in [
            (r#"{"sampling":{}}"#, "{}", -32_021),
            (r#"{"sampling":{}}"#, r#"{"sampling":{}}"#, -32_603),
            (r#"{"elicitation":{"url":{}}}"#, r#"{"elicitation":{}}"#, -32_021),
            (r#"{"elicitation":{"form":{}}}"#, r#"{"elicitation":{}}"#, -32_603),
            (r#"["sampling"]"#, "{}", -32_603),
            ("{}", "{}", -32_603),
        ] {
            let outcome = for_modern(error(required), &client(declared), true);
            assert_eq!(
                said(&outcome),
                format!(r#"{{"code":{code},"message":"m","data":{{"requiredCapabilities":{required}}}}}"#)
            );
            assert_eq!(status_of(&outcome).as_u16(), if code == -32_021 { 400 } else { 200 }, "{required}");
        }
    }

    const PAGE: &str = r#"{"code":-32042,"message":"m","data":{"elicitations":[
        {"mode":"url","elicitationId":"e","url":"https://a.example/x","message":"open it"}]}}"#;

    #[test]
    fn a_page_to_open_becomes_a_question() {
        let outcome = for_modern(object(PAGE), &client(r#"{"elicitation":{"url":{}}}"#), true);
        assert!(matches!(outcome, Outcome::Result(_)));
        assert_eq!(
            said(&outcome),
            r#"{"resultType":"input_required","inputRequests":{"question-1":{"method":"elicitation/create","params":{"mode":"url","url":"https://a.example/x","message":"open it"}}}}"#
        );
    }

    #[test]
    fn a_page_that_cannot_be_asked_for_is_an_error_of_this_era() {
        let undeclared = for_modern(object(PAGE), &client(r#"{"elicitation":{}}"#), true);
        assert_eq!(
            said(&undeclared),
            r#"{"code":-32021,"message":"the tool needs a client capability that was not declared","data":{"requiredCapabilities":{"elicitation":{"url":{}}}}}"#
        );
        assert_eq!(status_of(&undeclared), StatusCode::BAD_REQUEST);
        let able = client(r#"{"elicitation":{"url":{}}}"#);
        let hostile = PAGE.replace("https://a.example/x", "javascript:alert(1)");
        for (error, may_ask) in [(PAGE, false), (&hostile, true)] {
            let outcome = for_modern(object(error), &able, may_ask);
            assert!(said(&outcome).starts_with(r#"{"code":-32603,"#), "{}", said(&outcome));
        }
    }
}
