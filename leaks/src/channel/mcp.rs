//! Channels of MCP (2026-07-28): each field of an answer or of a notification that a model, a client or a person may read.

use serde_json::{Value, json};

use super::{AFTER, BEFORE, Call, Planted, Reply};
use crate::encoding::base64;

/// Characters in one notification of many: fewer than a window.
const PIECE_LENGTH: usize = 10;

type Row = (&'static str, Call, fn(&Planted, &Value) -> Option<Reply>);

pub(super) const CHANNELS: &[Row] = &[
    ("mcp_text", Call::Tool, |planted, id| tool(id, &text(planted)?)),
    ("mcp_structured", Call::Tool, |planted, id| structured(id, &json!({ "note": planted.characters()? }))),
    ("mcp_structured_key", Call::Tool, |planted, id| structured(id, &json!({ planted.characters()?: 1 }))),
    ("mcp_structured_numbers", Call::Tool, |planted, id| {
        structured(id, &json!({ "note": [BEFORE.trim(), planted.encoded, AFTER.trim()] }))
    }),
    ("mcp_blob", Call::Tool, |planted, id| {
        let resource = json!({ "uri": "file:///a", "mimeType": "text/plain", "blob": blob(planted) });
        tool(
            id,
            &json!({ "content": [{ "type": "text", "text": BEFORE }, { "type": "resource", "resource": resource }] }),
        )
    }),
    ("mcp_meta", Call::Tool, |planted, id| {
        tool(id, &json!({ "content": [], "_meta": { "example.com/note": planted.characters()? } }))
    }),
    ("mcp_error_message", Call::Tool, |planted, id| {
        error(id, &json!({ "code": -32000, "message": planted.characters()? }))
    }),
    ("mcp_error_data", Call::Tool, |planted, id| {
        error(id, &json!({ "code": -32000, "message": "no", "data": { "note": planted.characters()? } }))
    }),
    ("mcp_request_state", Call::Tool, |planted, id| {
        asks(id, &json!({ "requestState": planted.characters()?, "inputRequests": question("which one") }))
    }),
    ("mcp_elicitation", Call::Tool, |planted, id| {
        asks(id, &json!({ "requestState": "1", "inputRequests": question(&planted.characters()?) }))
    }),
    ("mcp_tool_description", Call::Tools, |planted, id| {
        let tool =
            json!({ "name": "carry", "description": planted.characters()?, "inputSchema": { "type": "object" } });
        result(id, &json!({ "resultType": "complete", "tools": [tool], "ttlMs": 0, "cacheScope": "private" }))
    }),
    ("mcp_prompt", Call::Prompt, |planted, id| {
        let content = json!({ "type": "text", "text": planted.characters()? });
        result(id, &json!({ "resultType": "complete", "messages": [{ "role": "user", "content": content }] }))
    }),
    ("mcp_resource_text", Call::Resource, |planted, id| {
        let contents = json!([{ "uri": "file:///a", "text": planted.characters()? }]);
        result(id, &json!({ "resultType": "complete", "contents": contents, "ttlMs": 0, "cacheScope": "private" }))
    }),
    ("mcp_stream_text", Call::Tool, |planted, id| stream(id, &[], &text(planted)?)),
    ("mcp_progress", Call::Tool, |planted, id| stream(id, &[progress(&planted.characters()?)], &done())),
    ("mcp_progress_pieces", Call::Tool, |planted, id| {
        let pieces = planted.pieces(PIECE_LENGTH)?;
        let texts = [vec![BEFORE.to_owned()], pieces, vec![AFTER.to_owned()]].concat();
        stream(id, &texts.iter().map(|piece| progress(piece)).collect::<Vec<_>>(), &done())
    }),
    ("mcp_log", Call::Tool, |planted, id| {
        let params = json!({ "level": "info", "data": planted.characters()? });
        stream(id, &[json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": params })], &done())
    }),
    ("mcp_list_changed", Call::Tool, |planted, id| {
        let params = json!({ "_meta": { "example.com/note": planted.characters()? } });
        let changed = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed", "params": params });
        stream(id, &[changed], &done())
    }),
    ("mcp_stream_comment", Call::Tool, |planted, id| {
        let text = planted.characters().filter(|text| !text.contains(['\r', '\n', '\0']))?;
        around(&format!(": {text}\n\n"), id)
    }),
    ("mcp_stream_id", Call::Tool, |planted, id| {
        let text = planted.characters().filter(|text| !text.contains(['\r', '\n', '\0']))?;
        around(&format!("id: {text}\n"), id)
    }),
];

fn text(planted: &Planted) -> Option<Value> {
    Some(json!({ "content": [{ "type": "text", "text": planted.characters()? }] }))
}

fn done() -> Value {
    json!({ "content": [{ "type": "text", "text": "done" }] })
}

fn blob(planted: &Planted) -> String {
    String::from_utf8_lossy(&base64(&planted.text())).into_owned()
}

fn structured(id: &Value, content: &Value) -> Option<Reply> {
    tool(id, &json!({ "content": [], "structuredContent": content }))
}

fn tool(id: &Value, members: &Value) -> Option<Reply> {
    result(id, &complete(members))
}

fn complete(members: &Value) -> Value {
    let mut members = members.clone();
    members["resultType"] = "complete".into();
    members
}

fn asks(id: &Value, members: &Value) -> Option<Reply> {
    let mut members = members.clone();
    members["resultType"] = "input_required".into();
    result(id, &members)
}

fn question(message: &str) -> Value {
    let schema = json!({ "type": "object", "properties": { "answer": { "type": "string" } } });
    let params = json!({ "mode": "form", "message": message, "requestedSchema": schema });
    json!({ "first": { "method": "elicitation/create", "params": params } })
}

fn progress(message: &str) -> Value {
    let params = json!({ "progressToken": 1, "progress": 1, "message": message });
    json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params })
}

fn result(id: &Value, result: &Value) -> Option<Reply> {
    Some(Reply::of("application/json", json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string()))
}

fn error(id: &Value, error: &Value) -> Option<Reply> {
    Some(Reply::of("application/json", json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string()))
}

fn stream(id: &Value, notices: &[Value], members: &Value) -> Option<Reply> {
    let answer = json!({ "jsonrpc": "2.0", "id": id, "result": complete(members) });
    let events = notices.iter().chain([&answer]).map(|message| format!("event: message\ndata: {message}\n\n"));
    Some(Reply::of("text/event-stream", events.collect::<String>()))
}

/// An answer in a stream, behind these lines.
fn around(lines: &str, id: &Value) -> Option<Reply> {
    let answer = json!({ "jsonrpc": "2.0", "id": id, "result": complete(&done()) });
    Some(Reply::of("text/event-stream", format!("{lines}event: message\ndata: {answer}\n\n")))
}
