//! A server of the older era on loopback that writes down what it gets and answers by the name of the tool.

use std::sync::Arc;

use http::{HeaderMap, Method, request::Parts};
use http_body_util::Empty;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

use crate::converse::testing::{Answer, event, serve, streamed, whole};

#[derive(Debug, Clone)]
pub(super) struct Received {
    /// The JSON-RPC method, the HTTP method where there is no message, or `answer`.
    kind: String,
    headers: HeaderMap,
    pub(super) body: Value,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    sessions: usize,
    /// What unknown sessions are answered with; from then on only newer sessions are known.
    forgotten: Option<(u16, usize)>,
    always_forgets: bool,
    /// The stream of the call that waits for an answer, its id, and how many answers it waits for.
    waiting: Option<(mpsc::Sender<String>, Value, usize)>,
    /// The stream on which the server speaks first.
    speaks: Option<mpsc::Sender<String>>,
}

#[derive(Clone, Default)]
pub(super) struct Server {
    state: Arc<Mutex<State>>,
    news: Arc<Notify>,
}

impl Server {
    pub(super) async fn start() -> (Self, u16) {
        let server = Self::default();
        let answering = server.clone();
        let port = serve(move |head, body| {
            let server = answering.clone();
            async move { server.answer(head, body).await }
        })
        .await;
        (server, port)
    }

    pub(super) fn all(&self, kind: &str) -> Vec<Received> {
        self.state.lock().received.iter().filter(|received| received.kind == kind).cloned().collect()
    }

    pub(super) fn count(&self, kind: &str) -> usize {
        self.all(kind).len()
    }

    pub(super) fn only(&self, kind: &str) -> Received {
        let [only] = <[Received; 1]>::try_from(self.all(kind)).expect("exactly one");
        only
    }

    pub(super) async fn wait_for(&self, kind: &str) -> Received {
        loop {
            let news = self.news.notified();
            if let Some(received) = self.all(kind).pop() {
                return received;
            }
            news.await;
        }
    }

    pub(super) fn forget_sessions(&self, status: u16) {
        let state = &mut *self.state.lock();
        state.forgotten = Some((status, state.sessions));
    }

    pub(super) fn forget_sessions_always(&self) {
        self.state.lock().always_forgets = true;
    }

    /// Says something on the stream on which the server speaks first.
    pub(super) async fn speak(&self, message: &Value) {
        let speaks = self.state.lock().speaks.clone().expect("somebody listens");
        speaks.send(event(message)).await.unwrap();
    }

    async fn answer(&self, head: Parts, body: Value) -> Answer {
        let method = body["method"].as_str().map(str::to_owned);
        let kind = match (&method, &head.method) {
            (Some(method), _) => method.clone(),
            (None, &Method::POST) if body["id"] == "ping" => "ping answered".to_owned(),
            (None, &Method::POST) => "answer".to_owned(),
            (None, method) => method.to_string(),
        };
        let received = Received { kind: kind.clone(), headers: head.headers, body: body.clone() };
        let session = received.header("mcp-session-id").and_then(|id| id.strip_prefix("s-")?.parse::<usize>().ok());
        self.state.lock().received.push(received.clone());
        let answer = self.respond(&kind, &body, session, &received).await;
        self.news.notify_waiters();
        answer
    }

    async fn respond(&self, kind: &str, body: &Value, session: Option<usize>, received: &Received) -> Answer {
        if kind != "initialize" {
            let state = self.state.lock();
            let status = match state.forgotten {
                _ if state.always_forgets && kind == "tools/call" => Some(404),
                Some((status, newest)) if session.is_some_and(|session| session <= newest) => Some(status),
                _ => None,
            };
            if let Some(status) = status {
                let message =
                    json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32_000, "message": "no session"}});
                return whole(status, &message);
            }
        }
        let id = &body["id"];
        let result = |result: Value| whole(200, &json!({"jsonrpc": "2.0", "id": id, "result": result}));
        let error = |error: Value| whole(200, &json!({"jsonrpc": "2.0", "id": id, "error": error}));
        match kind {
            "initialize" => {
                let mut answer = result(json!({
                    "protocolVersion": "2025-11-25",
                    "capabilities": {
                        "tools": {"listChanged": true}, "resources": {"subscribe": true}, "completions": {},
                        "logging": {}, "tasks": {},
                    },
                    "serverInfo": {"name": "scripted", "version": "7"},
                    "instructions": "be kind",
                }));
                let mut state = self.state.lock();
                state.sessions += 1;
                answer.headers_mut().insert("mcp-session-id", format!("s-{}", state.sessions).parse().unwrap());
                answer
            }
            "tools/list" => {
                let tool = |name: &str| json!({"name": name, "inputSchema": {"type": "object"}});
                let region = json!({"region": {"type": "string", "x-mcp-header": "Region"}});
                let mut mirrored = tool("mirrored");
                mirrored["inputSchema"]["properties"] = region;
                result(json!({"tools": [tool("plain"), tool("forbidden"), mirrored]}))
            }
            "resources/read" if body["params"]["uri"] == "x://missing" => {
                error(json!({"code": -32_002, "message": "no such", "data": {"uri": "x://missing"}}))
            }
            "resources/read" => result(json!({"contents": []})),
            "prompts/get" => error(json!({"code": -32_601, "message": "none"})),
            "tools/call" => self.call(body).await,
            "answer" | "ping answered" => {
                self.heard(kind, body).await;
                accepted()
            }
            "GET" => self.stream(received).await,
            _ if id.is_null() => accepted(),
            _ => result(json!({})),
        }
    }

    async fn call(&self, body: &Value) -> Answer {
        let id = &body["id"];
        let token = &body["params"]["_meta"]["progressToken"];
        let result = |result: Value| json!({"jsonrpc": "2.0", "id": id, "result": result});
        let notice = |method: &str, params: Value| json!({"jsonrpc": "2.0", "method": method, "params": params});
        let ask = |id: &str, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let name = ask("q1", "elicitation/create", json!({"message": "name?", "requestedSchema": {}, "_meta": {}}));
        match body["params"]["name"].as_str().unwrap_or_default() {
            "tells" => {
                whole(200, &result(json!({"structuredContent": {"password": "hunter-22"}, "_meta": {"a/b": 1}})))
            }
            "tells late" => {
                let (answer, says) = streamed();
                let told = result(json!({"structuredContent": {"password": "hunter-22"}}));
                says.send(event(&told)).await.unwrap();
                answer
            }
            "long" => whole(200, &result(json!({"text": "x".repeat(300_000)}))),
            "page" => whole(
                200,
                &json!({"jsonrpc": "2.0", "id": id, "error": {
                    "code": -32_042, "message": "first", "data": {"elicitations": [
                        {"mode": "url", "elicitationId": "e", "url": "https://a.example/open", "message": "open it"},
                    ]},
                }}),
            ),
            "stream" => {
                let (answer, says) = streamed();
                for message in [
                    ask("ping", "ping", json!({})),
                    notice("notifications/tools/list_changed", json!({})),
                    notice("notifications/progress", json!({"progressToken": token, "progress": 1})),
                    notice("notifications/message", json!({"level": "info", "data": "quiet"})),
                    notice("notifications/message", json!({"level": "error", "data": "loud"})),
                    result(json!({"content": []})),
                ] {
                    says.send(event(&message)).await.unwrap();
                }
                answer
            }
            "lacks" | "lacks late" => {
                let (answer, says) = streamed();
                let error =
                    json!({"code": -32_021, "message": "m", "data": {"requiredCapabilities": {"sampling": {}}}});
                let progress = notice("notifications/progress", json!({"progressToken": token, "progress": 1}));
                says.send("id: e-1\ndata:\n\n".to_owned()).await.unwrap();
                if body["params"]["name"] == "lacks late" {
                    says.send(event(&progress)).await.unwrap();
                }
                says.send(event(&json!({"jsonrpc": "2.0", "id": id, "error": error}))).await.unwrap();
                answer
            }
            "ask" => {
                let (answer, says) = streamed();
                says.send(event(&name)).await.unwrap();
                self.state.lock().waiting = Some((says, id.clone(), 1));
                answer
            }
            "both" => {
                let (answer, says) = streamed();
                says.send(event(&name) + &event(&ask("q2", "roots/list", json!({})))).await.unwrap();
                self.state.lock().waiting = Some((says, id.clone(), 2));
                answer
            }
            "hang" => {
                let (answer, says) = streamed();
                says.send(":\n\n".to_owned()).await.unwrap();
                self.state.lock().waiting = Some((says, id.clone(), 1));
                answer
            }
            "reconnect" => {
                let (answer, says) = streamed();
                says.send("id: e-1\nretry: 1\ndata:\n\n".to_owned()).await.unwrap();
                let (kept, _never) = mpsc::channel(1);
                self.state.lock().waiting = Some((kept, id.clone(), 1));
                answer
            }
            _ => whole(200, &result(json!({"content": []}))),
        }
    }

    /// The last answer that a call waits for lets it end, with what it heard.
    async fn heard(&self, kind: &str, body: &Value) {
        if kind == "ping answered" {
            return;
        }
        let done = {
            let mut state = self.state.lock();
            let Some((_, _, missing)) = &mut state.waiting else { return };
            *missing -= 1;
            if *missing == 0 { state.waiting.take() } else { None }
        };
        let Some((says, id, _)) = done else { return };
        let heard = body.get("result").or(body.get("error")).cloned().unwrap_or_default();
        says.send(event(&json!({"jsonrpc": "2.0", "id": id, "result": {"heard": heard}}))).await.unwrap();
    }

    async fn stream(&self, received: &Received) -> Answer {
        let (answer, says) = streamed();
        if received.header("last-event-id").is_some() {
            let (_, id, _) = self.state.lock().waiting.take().expect("a call that broke off");
            says.send(event(&json!({"jsonrpc": "2.0", "id": id, "result": {"resumed": true}}))).await.unwrap();
        } else {
            self.state.lock().speaks = Some(says);
        }
        answer
    }
}

fn accepted() -> Answer {
    let mut answer = Answer::new(http_body_util::BodyExt::boxed(Empty::new()));
    *answer.status_mut() = http::StatusCode::ACCEPTED;
    answer
}
