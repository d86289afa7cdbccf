//! The headers of Streamable HTTP: reading them once, their encoding, and what a body and an answer may be.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE},
};

use crate::fault::{Fault, HeaderProblem};

/// The version of the protocol that a message speaks.
pub const MCP_PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// Mirrors `method`.
pub const MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");
/// Mirrors the name, URI or task id that a method is about.
pub const MCP_NAME: HeaderName = HeaderName::from_static("mcp-name");
/// Begins each header that mirrors an argument.
pub const PARAM_PREFIX: &str = "mcp-param-";
/// The two forms of an answer.
pub const ANSWER_TYPES: &str = "application/json, text/event-stream";

const SENTINEL_START: &str = "=?base64?";
const SENTINEL_END: &str = "?=";

/// The name of a header as the specification spells it.
pub(crate) fn spelled(name: &HeaderName) -> Cow<'static, str> {
    match name.as_str() {
        "mcp-protocol-version" => "MCP-Protocol-Version".into(),
        "mcp-method" => "Mcp-Method".into(),
        "mcp-name" => "Mcp-Name".into(),
        other => other.to_owned().into(),
    }
}

/// The value of a header that may stand once, as text.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Fault> {
    let mut values = headers.get_all(name).iter();
    let problem = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(text) => return Ok(Some(text)),
            Err(_) => HeaderProblem::Unreadable,
        },
        (Some(_), Some(_)) => HeaderProblem::Repeated,
    };
    Err(Fault::header(spelled(name), problem))
}

/// What a header's text means: itself, or the text in its base64 sentinel. `None` where the sentinel does not decode.
#[must_use]
pub fn decode(value: &str) -> Option<Cow<'_, str>> {
    match sentinel(value) {
        None => Some(Cow::Borrowed(value)),
        Some(base64) => String::from_utf8(STANDARD.decode(base64).ok()?).ok().map(Cow::Owned),
    }
}

/// A text as a header's value: in a base64 sentinel where it could not stand there as it is.
#[must_use]
pub fn encode(text: &str) -> HeaderValue {
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
        && !text.starts_with([' ', '\t'])
        && !text.ends_with([' ', '\t'])
        && sentinel(text).is_none();
    let encoded = if plain {
        Cow::Borrowed(text)
    } else {
        format!("{SENTINEL_START}{}{SENTINEL_END}", STANDARD.encode(text)).into()
    };
    HeaderValue::from_str(&encoded).expect("invariant: plain is printable ASCII, and base64 always is")
}

fn sentinel(value: &str) -> Option<&str> {
    value.strip_prefix(SENTINEL_START)?.strip_suffix(SENTINEL_END)
}

/// Whether the body of a POST is JSON in UTF-8. Anything else is refused: a body that is not read is a body that is not judged.
///
/// # Errors
/// [`Fault::ContentType`], also where the header is missing, stands twice, or a content encoding is named.
pub fn check_content_type(headers: &HeaderMap) -> Result<(), Fault> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(Fault::ContentType) };
    // What nearly every client says.
    if value == "application/json" && !headers.contains_key(CONTENT_ENCODING) {
        return Ok(());
    }
    let text = value.to_str().map_err(|_| Fault::ContentType)?;
    let mut parts = text.split(';').map(str::trim);
    let essence_fits = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let parameters_fit = parts.all(|parameter| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
    });
    let plain =
        headers.get_all(CONTENT_ENCODING).iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if essence_fits && parameters_fit && plain { Ok(()) } else { Err(Fault::ContentType) }
}

/// Whether the caller of a POST takes both forms of an answer. Without the header it takes anything (RFC 9110, section 12.5.1).
///
/// # Errors
/// [`Fault::Accept`].
pub fn check_accept(headers: &HeaderMap) -> Result<(), Fault> {
    if accepted(headers) == [true, true] { Ok(()) } else { Err(Fault::Accept) }
}

/// Whether the caller of a legacy GET takes events.
///
/// # Errors
/// [`Fault::Accept`].
pub fn check_accept_events(headers: &HeaderMap) -> Result<(), Fault> {
    let [_, events] = accepted(headers);
    if events { Ok(()) } else { Err(Fault::Accept) }
}

/// Whether JSON and whether events are acceptable.
fn accepted(headers: &HeaderMap) -> [bool; 2] {
    let mut ranges = headers.get_all(ACCEPT).iter().peekable();
    match ranges.peek() {
        None => return [true, true],
        // What nearly every client says; what else it accepts takes nothing away.
        Some(first) if **first == ANSWER_TYPES => return [true, true],
        Some(_) => {}
    }
    let [mut json, mut events] = [false; 2];
    for range in ranges.flat_map(|value| value.to_str().unwrap_or_default().split(',')) {
        let (media, parameters) = range.split_once(';').unwrap_or((range, ""));
        if parameters.split(';').any(is_zero_quality) {
            continue;
        }
        match media.trim().to_ascii_lowercase().as_str() {
            "*/*" => [json, events] = [true, true],
            "application/json" | "application/*" => json = true,
            "text/event-stream" | "text/*" => events = true,
            _ => {}
        }
    }
    [json, events]
}

/// `q=0` and its longer spellings.
fn is_zero_quality(parameter: &str) -> bool {
    let quality = parameter.trim().strip_prefix(['q', 'Q']).and_then(|rest| rest.trim_start().strip_prefix('='));
    quality.is_some_and(|quality| {
        quality.trim().trim_end_matches('0').trim_end_matches('.').trim_end_matches('0').is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn only_json_in_utf_8_is_read() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
        ] {
            assert_eq!(check_content_type(&with(CONTENT_TYPE, &[good])), Ok(()), "{good}");
        }
        for bad in [
            &[][..],
            &[""],
            &["text/plain"],
            &["application/json; charset=utf-16"],
            &["application/json; charset"],
            &["application/json; profile=x"],
            &["application/json-seq"],
            &["application/vnd.api+json"],
            &["multipart/form-data; boundary=application/json"],
            &["application/json, text/plain"],
            &["application/json", "application/json"],
            &["application/json\u{e9}"],
        ] {
            assert_eq!(check_content_type(&with(CONTENT_TYPE, bad)), Err(Fault::ContentType), "{bad:?}");
        }
        let mut compressed = with(CONTENT_TYPE, &["application/json"]);
        compressed.insert(CONTENT_ENCODING, "gzip".parse().unwrap());
        assert_eq!(check_content_type(&compressed), Err(Fault::ContentType));
    }

    #[test]
    fn an_answer_must_be_acceptable_in_both_forms() {
        for good in [
            &[][..],
            &[ANSWER_TYPES],
            &["*/*"],
            &["text/event-stream", "application/json;q=0.1"],
            &["application/*, text/*"],
        ] {
            assert_eq!(check_accept(&with(ACCEPT, good)), Ok(()), "{good:?}");
        }
        for bad in [
            "application/json",
            "text/event-stream",
            "text/html",
            "",
            "application/json, text/event-stream;q=0",
            "*/*;q=0.000",
        ] {
            assert_eq!(check_accept(&with(ACCEPT, &[bad])), Err(Fault::Accept), "{bad:?}");
        }
        assert_eq!(check_accept_events(&with(ACCEPT, &["text/event-stream"])), Ok(()));
        assert_eq!(check_accept_events(&with(ACCEPT, &["application/json"])), Err(Fault::Accept));
    }

    #[test]
    fn a_sentinel_is_decoded_strictly() {
        for (value, text) in [
            ("get_weather", Some("get_weather")),
            ("=?base64?SGVsbG8=?=", Some("Hello")),
            ("=?base64??=", Some("")),
            ("=?BASE64?SGVsbG8=?=", Some("=?BASE64?SGVsbG8=?=")),
            ("=?base64?SGVsbG8=", Some("=?base64?SGVsbG8=")),
            ("=?base64?SGVsbG8?=", None),
            ("=?base64?SGVs bG8=?=", None),
            ("=?base64?SGVsbG9=?=", None),
            ("=?base64?_-8=?=", None),
            ("=?base64?/w==?=", None),
        ] {
            assert_eq!(decode(value).as_deref(), text, "{value}");
        }
    }

    #[test]
    fn what_could_not_stand_in_a_header_is_encoded() {
        for (text, value) in [
            ("plain text\t!", "plain text\t!"),
            ("", ""),
            (" a", "=?base64?IGE=?="),
            ("a\n", "=?base64?YQo=?="),
            ("é", "=?base64?w6k=?="),
            ("=?base64?YQ==?=", "=?base64?PT9iYXNlNjQ/WVE9PT89?="),
        ] {
            assert_eq!(encode(text), value, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in any::<String>()) {
            let value = encode(&text);
            prop_assert_eq!(decode(value.to_str().unwrap()).unwrap(), text);
        }
    }
}
