//! The whole answer to each malformed message.

use super::*;
use crate::era::Era;

fn parse(text: &str) -> Result<Message, Rejected> {
    Message::parse(text.as_bytes(), &Limits::MESSAGE)
}

fn answer(text: &str) -> (u16, String) {
    let reply = parse(text).unwrap_err().reply(Era::Modern);
    (reply.status().as_u16(), String::from_utf8(reply.into_body()).unwrap())
}

#[test]
fn each_malformed_message_has_its_answer() {
    let invalid = "`id` must be a string or an integer of at most 256 bytes";
    let shape = "a message holds exactly one of `method`, `result` and `error`";
    let member = "the message has a member that JSON-RPC does not define; names are case-sensitive";
    let error = "`error` must be an object with an integer `code` and a string `message`";
    let method = "`method` must be a string of at most 128 bytes";
    let long_id = format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"m"}}"#, "x".repeat(257));
    for (text, id, code, message) in [
        ("[]", "", -32_600, "batches are not accepted; send each message in a request of its own"),
        (
            r#"[{"jsonrpc":"2.0","id":1,"method":"m"}]"#,
            "",
            -32_600,
            "batches are not accepted; send each message in a request of its own",
        ),
        ("7", "", -32_600, "the body must be one JSON object"),
        ("null", "", -32_600, "the body must be one JSON object"),
        ("{}", "", -32_600, "`jsonrpc` must be \\\"2.0\\\""),
        (r#"{"jsonrpc":"1.0","id":1,"method":"m"}"#, "1", -32_600, "`jsonrpc` must be \\\"2.0\\\""),
        (r#"{"jsonrpc":2.0,"id":1,"method":"m"}"#, "1", -32_600, "`jsonrpc` must be \\\"2.0\\\""),
        (r#"{"jsonrpc":"2.0","id":1,"Method":"m"}"#, "1", -32_600, member),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m","paramſ":{}}"#, "1", -32_600, member),
        (r#"{"jsonrpc":"2.0","id":1}"#, "1", -32_600, shape),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m","result":{}}"#, "1", -32_600, shape),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#, "1", -32_600, shape),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"params":{}}"#, "1", -32_600, shape),
        (r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, "", -32_600, invalid),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#, "", -32_600, invalid),
        (r#"{"jsonrpc":"2.0","id":true,"method":"m"}"#, "", -32_600, invalid),
        (r#"{"jsonrpc":"2.0","id":[1],"method":"m"}"#, "", -32_600, invalid),
        (r#"{"jsonrpc":"2.0","id":{},"error":{"code":1,"message":""}}"#, "", -32_600, invalid),
        (&long_id, "", -32_600, invalid),
        (r#"{"jsonrpc":"2.0","result":{}}"#, "", -32_600, invalid),
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, "1", -32_600, method),
        (r#"{"jsonrpc":"2.0","id":1,"method":""}"#, "1", -32_600, method),
        (r#"{"jsonrpc":"2.0","id":"a","method":"m","params":[]}"#, "\"a\"", -32_602, "`params` must be an object"),
        (r#"{"jsonrpc":"2.0","id":"a","method":"m","params":null}"#, "\"a\"", -32_602, "`params` must be an object"),
        (r#"{"jsonrpc":"2.0","id":1.0,"result":[]}"#, "1.0", -32_600, "`result` must be an object"),
        (r#"{"jsonrpc":"2.0","id":1,"error":{"code":"1","message":""}}"#, "1", -32_600, error),
        (r#"{"jsonrpc":"2.0","id":1,"error":{"code":1}}"#, "1", -32_600, error),
        (r#"{"jsonrpc":"2.0","id":1,"error":"no"}"#, "1", -32_600, error),
        (
            r#"{"id":1,"id":2}"#,
            "",
            -32_700,
            "the body is not acceptable JSON: a key stands twice in one object, at byte 15",
        ),
        ("{\"id\":1}{}", "", -32_700, "the body is not acceptable JSON: bytes follow the value, at byte 8"),
        (
            "\u{feff}{}",
            "",
            -32_700,
            "the body is not acceptable JSON: the text begins with a byte order mark, at byte 0",
        ),
    ] {
        let id = if id.is_empty() { String::new() } else { format!(r#""id":{id},"#) };
        let body = format!(r#"{{"jsonrpc":"2.0",{id}"error":{{"code":{code},"message":"{message}"}}}}"#);
        assert_eq!(answer(text), (400, body), "{text}");
    }
    let long = Message::parse(b"[1,2,3]", &Limits::MESSAGE.with_bytes_max(3)).unwrap_err().reply(Era::Modern);
    assert_eq!(long.status().as_u16(), 413);
}

#[test]
fn what_was_judged_is_what_is_sent() {
    for (text, sent) in [
        (
            r#" {"params":{"b":1.0,"a":[12345678901234567890]}, "method":"tools/call","id":1.0,"jsonrpc":"2.0"} "#,
            r#"{"jsonrpc":"2.0","id":1.0,"method":"tools/call","params":{"b":1.0,"a":[12345678901234567890]}}"#,
        ),
        (r#"{"jsonrpc":"2.0","method":"notifications/\u0078"}"#, r#"{"jsonrpc":"2.0","method":"notifications/x"}"#),
        (r#"{"jsonrpc":"2.0","result":{},"id":"\u00e9"}"#, r#"{"jsonrpc":"2.0","id":"é","result":{}}"#),
        (
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"m"}}"#,
            r#"{"jsonrpc":"2.0","error":{"code":-1,"message":"m"}}"#,
        ),
    ] {
        assert_eq!(String::from_utf8(parse(text).unwrap().to_vec()).unwrap(), sent);
    }
}

#[test]
fn ids_are_compared_by_value_and_type() {
    let id = |text: &str| Id::parse(text.as_bytes()).unwrap();
    assert_eq!(id("1"), id("1.0"));
    assert_ne!(id("1"), id("\"1\""));
    assert_ne!(id("9007199254740993"), id("9007199254740992"));
    assert_eq!(id("\"a\""), id("\"\\u0061\""));
    for bad in ["null", "1.5", "true", "{}", "1 1"] {
        assert_eq!(Id::parse(bad.as_bytes()), None);
    }
}
