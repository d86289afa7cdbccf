//! What no folder holds enough of: messages and events full of identifiers, rows of a log, pictures, archives.

use serde_json::json;

use super::Kind;
use crate::{encoding::Coding, random::Random};

/// Lines of a text that come in one event.
const LINES_OF_EVENT: usize = 8;

/// A text as the answer of a tool.
pub(super) fn tool_result(text: &str) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "result": { "content": [{ "type": "text", "text": text }] } }).to_string()
}

/// A text as messages of progress, some lines in each.
pub(super) fn events(text: &str) -> String {
    let lines = text.lines().collect::<Vec<_>>();
    let messages = lines.chunks(LINES_OF_EVENT).zip(0_u32..).map(|(lines, number)| {
        let params = json!({ "progressToken": 1, "progress": number, "message": lines.join("\n") });
        json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params })
    });
    messages.map(|message| format!("event: message\ndata: {message}\n\n")).collect()
}

/// The kind of a text, and what makes one of some length.
type Generated = (Kind, fn(&mut Random, usize) -> Vec<u8>);

/// One of each kind.
pub(super) const GENERATED: [Generated; 5] = [
    (Kind::Json, |random, length| filled(random, length, |random| format!("{{{}}},\n", members(random)).into_bytes())),
    (Kind::Events, |random, length| {
        filled(random, length, |random| format!("event: message\ndata: {{{}}}\n\n", members(random)).into_bytes())
    }),
    (Kind::Log, |random, length| {
        filled(random, length, |random| {
            let id = random.text(b"0123456789abcdef", 32);
            let port = random.below(65_536);
            format!(
                "2026-05-0{}T10:{:02}:07Z INFO 10.0.3.7:{port} trace={id} GET /items\n",
                random.below(9),
                random.below(60)
            )
            .into_bytes()
        })
    }),
    (Kind::Image, |random, length| filled(random, length, |random| random.next().to_le_bytes().to_vec())),
    (Kind::Archive, |random, length| {
        let texts = filled(random, length, |random| format!("{}\n", members(random)).into_bytes());
        Coding::Gzip.encode(&texts)
    }),
];

fn members(random: &mut Random) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (id, digest, etag) = (random.text(letters, 22), random.text(b"0123456789abcdef", 64), random.text(letters, 43));
    let (number, price) = (random.next(), random.below(1_000_000));
    format!("\"id\":\"{id}\",\"digest\":\"sha256:{digest}\",\"etag\":\"{etag}\",\"number\":{number},\"price\":{price}")
}

fn filled(random: &mut Random, length: usize, make: impl Fn(&mut Random) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(length + 512);
    while out.len() < length {
        out.extend(make(random));
    }
    out
}
