//! The whole answer to each way in which a modern POST can disagree with itself.

use http::HeaderName;

use super::*;
use crate::{era::Dialect, json::Limits};

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

fn body(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":"i","method":"{method}","params":{{{params}}}}}"#)
}

fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    map
}

/// Status and body, or nothing where the message is taken.
fn answer(headers: &[(&'static str, &str)], body: &str) -> Option<(u16, String)> {
    let headers = map(headers);
    let message = Message::parse(body.as_bytes(), &Limits::MESSAGE).unwrap();
    let checked = match Dialect::of(&headers, &message) {
        Ok(Dialect::Modern) => check(&headers, &message).map(drop),
        Ok(dialect) => panic!("{dialect:?}"),
        Err(fault) => Err(fault),
    };
    let id = if let Message::Request(request) = &message { Some(request.id()) } else { None };
    let reply = checked.err()?.reply(Era::Modern, id);
    Some((reply.status().as_u16(), String::from_utf8(reply.into_body()).unwrap()))
}

fn error(code: i64, text: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":"i","error":{{"code":{code},"message":"{text}"}}}}"#)
}

const VERSION: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
const CALL: (&str, &str) = ("mcp-method", "tools/call");

#[test]
fn a_call_whose_headers_agree_is_taken() {
    let call = body("tools/call", &format!(r#"{META},"name":"get weather\n""#));
    let encoded = ("mcp-name", "=?base64?Z2V0IHdlYXRoZXIK?=");
    assert_eq!(answer(&[VERSION, CALL, encoded], &call), None);
    let session = ("mcp-session-id", "ignored in this era");
    assert_eq!(answer(&[VERSION, CALL, encoded, session], &call), None);
    let list = body("tools/list", META);
    assert_eq!(answer(&[VERSION, ("mcp-method", "tools/list")], &list), None);
}

#[test]
fn each_disagreement_has_its_answer() {
    let call = body("tools/call", &format!(r#"{META},"name":"a""#));
    let list = body("tools/list", META);
    let name = ("mcp-name", "a");
    let mismatch = |text: &str| Some((400, error(-32_020, &format!("header mismatch: {text}"))));
    for (headers, body, expected) in [
        (vec![CALL, name], &call, mismatch("MCP-Protocol-Version is missing")),
        (vec![VERSION, VERSION, CALL, name], &call, mismatch("MCP-Protocol-Version stands more than once")),
        (
            vec![("mcp-protocol-version", "2025-11-25"), CALL, name],
            &call,
            mismatch("MCP-Protocol-Version differs from the body"),
        ),
        (vec![VERSION, name], &call, mismatch("Mcp-Method is missing")),
        (vec![VERSION, ("mcp-method", "Tools/call"), name], &call, mismatch("Mcp-Method differs from the body")),
        (vec![VERSION, ("mcp-method", "tools/list"), name], &call, mismatch("Mcp-Method differs from the body")),
        (vec![VERSION, CALL, CALL, name], &call, mismatch("Mcp-Method stands more than once")),
        (vec![VERSION, CALL], &call, mismatch("Mcp-Name is missing")),
        (vec![VERSION, CALL, ("mcp-name", "A")], &call, mismatch("Mcp-Name differs from the body")),
        (vec![VERSION, CALL, ("mcp-name", "\u{e9}")], &call, mismatch("Mcp-Name cannot be read")),
        (vec![VERSION, CALL, ("mcp-name", "=?base64?Y?=")], &call, mismatch("Mcp-Name cannot be read")),
        (vec![VERSION, CALL, ("mcp-name", "=?base64?YQ?=")], &call, mismatch("Mcp-Name cannot be read")),
        (vec![VERSION, CALL, name, ("mcp-name", "b")], &call, mismatch("Mcp-Name stands more than once")),
        (vec![VERSION, ("mcp-method", "tools/list"), name], &list, mismatch("Mcp-Name has no counterpart in the body")),
    ] {
        assert_eq!(answer(&headers, body), expected, "{headers:?}");
    }
}

#[test]
fn a_message_that_leaves_a_modern_mark_out_is_refused_and_not_downgraded() {
    let meta =
        |text: &str| Some((400, error(-32_602, &format!("`params._meta` must hold `io.modelcontextprotocol/{text}`"))));
    let name = ("mcp-name", "a");
    let bare = body("tools/call", r#""name":"a""#);
    assert_eq!(answer(&[VERSION, CALL, name], &bare), meta("protocolVersion"));
    assert_eq!(answer(&[("mcp-protocol-version", "2025-11-25"), CALL, name], &bare), meta("protocolVersion"));
    assert_eq!(
        answer(&[CALL, name], &bare),
        Some((400, error(-32_020, "header mismatch: MCP-Protocol-Version is missing")))
    );
    let half = body("tools/call", r#""name":"a","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#);
    assert_eq!(answer(&[VERSION, CALL, name], &half), meta("clientCapabilities"));
    let both_legacy = call_of_version("2025-11-25");
    assert_eq!(answer(&[("mcp-protocol-version", "2025-11-25"), CALL, name], &both_legacy).unwrap().0, 400);
}

fn call_of_version(version: &str) -> String {
    body("tools/call", &format!(r#"{},"name":"a""#, META.replace("2026-07-28", version)))
}

#[test]
fn an_unsupported_version_is_answered_with_those_that_are() {
    let expected = concat!(
        r#"{"jsonrpc":"2.0","id":"i","error":{"code":-32022,"message":"unsupported protocol version","#,
        r#""data":{"supported":["2026-07-28","2025-11-25","2025-06-18","2025-03-26"],"requested":"1900-01-01"}}}"#
    );
    let headers = [("mcp-protocol-version", "1900-01-01"), CALL, ("mcp-name", "a")];
    assert_eq!(answer(&headers, &call_of_version("1900-01-01")), Some((400, expected.to_owned())));
    let hostile = format!("<script>{}", "x".repeat(100));
    let (_, shown) = answer(&[("mcp-protocol-version", &hostile)], &call_of_version(&hostile)).unwrap();
    assert!(shown.contains(&format!(r#""requested":"script{}""#, "x".repeat(26))), "{shown}");
}

#[test]
fn methods_that_the_era_does_not_have_are_not_found() {
    for method in ["ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "tasks/list", "made/up"]
    {
        let expected = Some((404, error(-32_601, "method not found")));
        assert_eq!(answer(&[VERSION, ("mcp-method", method)], &body(method, META)), expected, "{method}");
    }
    let (status, shown) = answer(&[VERSION, ("mcp-method", "initialize")], &body("initialize", META)).unwrap();
    assert_eq!(status, 404);
    assert!(shown.contains(r#""code":-32601"#) && shown.contains(r#""supported":["2026-07-28""#), "{shown}");
}

#[test]
fn clients_send_no_responses_and_notifications_need_only_true_headers() {
    let response = r#"{"jsonrpc":"2.0","id":"i","result":{}}"#;
    let (status, shown) = answer(&[VERSION], response).unwrap();
    assert_eq!((status, shown.contains("-32600")), (400, true));
    let cancelled = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    assert_eq!(answer(&[VERSION], cancelled), None);
    assert_eq!(answer(&[VERSION, ("mcp-method", "notifications/cancelled")], cancelled), None);
    assert_eq!(answer(&[VERSION, CALL], cancelled).unwrap().0, 400);
    assert_eq!(answer(&[("mcp-method", "notifications/cancelled")], cancelled).unwrap().0, 400);
}

#[test]
fn the_headers_that_we_write_pass_our_own_check() {
    for (method, params) in [
        ("tools/call", r#""name":" é=?base64??=""#),
        ("tools/list", r#""cursor":"c""#),
        ("prompts/get", r#""name":"p""#),
        ("resources/read", r#""uri":"file:///ä""#),
        ("tasks/get", r#""taskId":"t""#),
        ("subscriptions/listen", r#""notifications":{}"#),
        ("server/discover", r#""x":1"#),
    ] {
        let text = body(method, &format!("{META},{params}"));
        let message = Message::parse(text.as_bytes(), &Limits::MESSAGE).unwrap();
        let Message::Request(request) = &message else { panic!("{text}") };
        let mut headers = HeaderMap::new();
        write_headers(request, &Mirrors::default(), &mut headers).unwrap();
        assert_eq!(check(&headers, &message).map(|client| client.is_some()), Ok(true), "{method}");
    }
    let ping = Request::new(1.into(), "ping", None);
    assert_eq!(write_headers(&ping, &Mirrors::default(), &mut HeaderMap::new()), Err(Fault::UnknownMethod));
}
