//! The upstream: notes every request the moment it arrives, answers in every form, and gives the credential away in each answer.

use std::sync::Arc;

use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{
    kill::Trigger,
    seen::{Effect, Seen},
    server::{Pieces, Server, answer},
};

/// Pieces of an answer that streams.
const PIECES: usize = 6;

/// Starts the upstream: plain HTTP below `/api`, an MCP endpoint of the current era at `/mcp`.
pub(super) async fn start(credential: &str, seen: &Arc<Mutex<Seen>>, trigger: &Arc<Trigger>) -> Server {
    let (credential, seen, trigger) = (Arc::<str>::from(credential), Arc::clone(seen), Arc::clone(trigger));
    Server::start(move |request| {
        note(&request, &credential, &seen);
        trigger.effect();
        respond(request, Arc::clone(&credential))
    })
    .await
}

/// The head is enough: a credential that has arrived was sent.
fn note(request: &Request<Incoming>, credential: &str, seen: &Mutex<Seen>) {
    let headers = request.headers();
    let trace = text(headers, "traceparent").and_then(|value| value.split('-').nth(1)).unwrap_or("none").to_owned();
    let key = text(headers, "x-api-key");
    let bearer = text(headers, "authorization").and_then(|value| value.strip_prefix("Bearer "));
    let with_credential = key.xor(bearer) == Some(credential);
    seen.lock().effects.push(Effect { trace, with_credential });
}

async fn respond(request: Request<Incoming>, credential: Arc<str>) -> Response<Pieces> {
    let path = request.uri().path().to_owned();
    let Ok(body) = request.into_body().collect().await else {
        // The broker is gone.
        return answer("text/plain", []);
    };
    let body = body.to_bytes();
    if path == "/mcp" {
        return mcp(&body, &credential);
    }
    let nonce = path.rsplit('/').next().unwrap_or_default();
    let line = |piece: usize| {
        json!({ "nonce": nonce, "piece": piece, "bytes": body.len(), "echo": format!("key {credential}") }).to_string()
            + "\n"
    };
    let pieces = if path.contains("/streams/") { PIECES } else { 1 };
    answer("application/json", (0..pieces).map(line).collect::<Vec<_>>())
}

/// A tool that answers with one message, and one that answers with a stream of events.
fn mcp(body: &[u8], credential: &str) -> Response<Pieces> {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let params = &request["params"];
    let nonce = &params["arguments"]["nonce"];
    let said = json!({ "nonce": nonce, "echo": format!("key {credential}") }).to_string();
    let result = json!({ "resultType": "complete", "content": [{ "type": "text", "text": said }] });
    let message = json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }).to_string();
    match params["name"].as_str() {
        Some("message") => answer("application/json", [message]),
        Some("events") => {
            let params = json!({ "level": "info", "data": credential });
            let notice = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": params });
            let notices = vec![notice.to_string(); PIECES - 1];
            let events = notices.into_iter().chain([message]).map(|data| format!("event: message\ndata: {data}\n\n"));
            answer("text/event-stream", events.collect::<Vec<_>>())
        }
        _ => {
            let mut refused = answer("text/plain", ["no such tool".to_owned()]);
            *refused.status_mut() = StatusCode::NOT_FOUND;
            refused
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(header::HeaderName::try_from(name).ok()?).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
