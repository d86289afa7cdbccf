//! Channels of plain HTTP: the head, what comes before and behind it, and bodies of the usual types.

use serde_json::{Value, json};

use super::{AFTER, BEFORE, Planted, Reply};

/// Characters of a line or of an event of a stream: fewer than a window.
const PIECE_LENGTH: usize = 10;

type Row = (&'static str, fn(&Planted) -> Option<Reply>);

pub(super) const CHANNELS: &[Row] = &[
    ("reason", |planted| Some(Reply { reason: value(planted)?, ..Reply::page("application/json") })),
    ("header_value", |planted| in_header(planted, "x-note")),
    ("header_name", header_name),
    ("set_cookie", |planted| in_header_as(planted, "set-cookie", "note=\"", "\"; Path=/")),
    ("www_authenticate", |planted| {
        Some(in_header_as(planted, "www-authenticate", "Bearer realm=\"", "\"")?.status(401))
    }),
    ("location", |planted| Some(in_header_as(planted, "location", "https://127.0.0.1/next?note=", "")?.status(302))),
    ("link", |planted| in_header_as(planted, "link", "</next?", ">; rel=\"next\"")),
    ("etag", |planted| in_header_as(planted, "etag", "\"", "\"")),
    ("content_disposition", |planted| in_header_as(planted, "content-disposition", "attachment; filename=\"", "\"")),
    ("content_type_parameter", content_type_parameter),
    ("content_language", |planted| in_header(planted, "content-language")),
    ("cache_control", |planted| in_header_as(planted, "cache-control", "no-store, note=\"", "\"")),
    ("via", |planted| in_header_as(planted, "via", "1.1 ", "")),
    ("early_hints", early_hints),
    ("trailer", |planted| {
        let trailers = vec![(b"x-note".to_vec(), value(planted)?)];
        Some(Reply { trailers, ..Reply::page("application/json") })
    }),
    ("chunk_extension", |planted| {
        let quoted = [b";note=\"".as_slice(), &value(planted)?, b"\""].concat();
        Some(Reply { chunk_extension: quoted, ..Reply::page("application/json") })
    }),
    ("text", |planted| Some(Reply::of("text/plain; charset=utf-8", planted.text()))),
    ("bytes", |planted| Some(Reply::of("application/octet-stream", planted.text()))),
    ("html", |planted| {
        Some(Reply::of("text/html", [b"<!doctype html><p>".as_slice(), &planted.text(), b"</p>"].concat()))
    }),
    ("json_string", |planted| json(&json!({ "about": "an item", "note": planted.characters()? }))),
    ("json_key", |planted| json(&json!({ planted.characters()?: "an item" }))),
    ("json_numbers", |planted| json(&json!([BEFORE.trim(), planted.encoded, AFTER.trim()]))),
    ("server_error", |planted| Some(Reply::of("text/plain", planted.text()).status(500))),
    ("client_error", |planted| Some(Reply::of("application/problem+json", told(planted)?).status(404))),
    ("refusal", |planted| Some(Reply::of("application/json", told(planted)?).status(401))),
    ("multipart_header", multipart_header),
    ("multipart_part", multipart_part),
    ("sse_data", |planted| events(&format!("data: {}\n\n", line(planted)?))),
    ("sse_event", |planted| events(&format!("event: {}\ndata: 1\n\n", line(planted)?))),
    ("sse_id", |planted| events(&format!("id: {}\ndata: 1\n\n", line(planted)?))),
    ("sse_comment", |planted| events(&format!(": {}\n\ndata: 1\n\n", line(planted)?))),
    ("sse_retry", |planted| events(&format!("retry: {}\ndata: 1\n\n", line(planted)?))),
    ("sse_lines", |planted| events(&format!("data: {BEFORE}\n{}data: {AFTER}\n\n", lines(planted, "\n")?))),
    ("sse_events", |planted| events(&format!("data: {BEFORE}\n\n{}data: {AFTER}\n\n", lines(planted, "\n\n")?))),
];

/// What may stand in a field's value (RFC 9110, section 5.5), with the words around it.
fn value(planted: &Planted) -> Option<Vec<u8>> {
    let fits = planted.encoded.iter().all(|byte| *byte >= 0x20 && *byte != 0x7f);
    fits.then(|| planted.text())
}

fn in_header(planted: &Planted, name: &str) -> Option<Reply> {
    in_header_as(planted, name, "", "")
}

fn in_header_as(planted: &Planted, name: &str, before: &str, after: &str) -> Option<Reply> {
    let value = [before.as_bytes(), &value(planted)?, after.as_bytes()].concat();
    Some(Reply::page("application/json").header(name, &value))
}

/// RFC 9110, section 5.6.2.
fn header_name(planted: &Planted) -> Option<Reply> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let fits = planted.encoded.iter().all(is_token);
    let name = format!("look-here-{}", str::from_utf8(&planted.encoded).ok()?);
    fits.then(|| Reply::page("application/json").header(&name, b"1"))
}

fn content_type_parameter(planted: &Planted) -> Option<Reply> {
    let mut reply = Reply::page("application/json");
    reply.headers =
        vec![(b"content-type".to_vec(), [b"application/json; note=\"".as_slice(), &value(planted)?, b"\""].concat())];
    Some(reply)
}

fn early_hints(planted: &Planted) -> Option<Reply> {
    let link =
        [b"HTTP/1.1 103 Early Hints\r\nlink: </".as_slice(), &value(planted)?, b">; rel=preload\r\n\r\n"].concat();
    Some(Reply { early: link, ..Reply::page("application/json") })
}

fn json(value: &Value) -> Option<Reply> {
    Some(Reply::of("application/json", value.to_string()))
}

fn told(planted: &Planted) -> Option<String> {
    Some(json!({ "title": "no", "detail": planted.characters()? }).to_string())
}

fn multipart_header(planted: &Planted) -> Option<Reply> {
    let value = value(planted)?;
    let head = b"--edge\r\ncontent-disposition: form-data; name=\"a\"; filename=\"".as_slice();
    Some(Reply::of("multipart/form-data; boundary=edge", [head, &value, b"\"\r\n\r\nnothing\r\n--edge--\r\n"].concat()))
}

fn multipart_part(planted: &Planted) -> Option<Reply> {
    let head = b"--edge\r\ncontent-type: text/plain\r\n\r\n".as_slice();
    let body = [head, &planted.text(), b"\r\n--edge--\r\n"].concat();
    Some(Reply::of("multipart/mixed; boundary=edge", body))
}

/// What fits on a line of an event stream.
fn line(planted: &Planted) -> Option<String> {
    planted.characters().filter(|text| !text.contains(['\r', '\n', '\0']))
}

fn lines(planted: &Planted, end: &str) -> Option<String> {
    line(planted)?;
    Some(planted.pieces(PIECE_LENGTH)?.iter().map(|piece| format!("data: {piece}{end}")).collect())
}

fn events(body: &str) -> Option<Reply> {
    Some(Reply::of("text/event-stream", body))
}
