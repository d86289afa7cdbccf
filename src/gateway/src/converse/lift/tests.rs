//! The whole way of a legacy caller, through a real socket, to a modern server that answers by script.

mod broker;
mod server;

use futures_util::FutureExt as _;
use serde_json::{Value, json};

use self::{broker::Broker, server::Writer};
use crate::{Interrupted, converse::testing::event};

fn all() -> Value {
    json!({"elicitation": {"form": {}, "url": {}}, "roots": {"listChanged": true}, "tasks": {}})
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap()
}

fn method_of(message: &Value) -> String {
    message["method"].as_str().unwrap_or("answer").to_owned()
}

fn code(answer: &Value) -> i64 {
    answer["error"]["code"].as_i64().unwrap()
}

async fn one(writers: Vec<Writer>) -> Writer {
    writers.into_iter().next_back().unwrap()
}

#[tokio::test]
async fn a_handshake_is_answered_from_what_the_upstream_says_of_itself() {
    let (broker, server) = Broker::start().await;
    let answer = broker.handshake("2025-06-18", &all()).await;
    assert_eq!(answer.status, 200);
    let session = answer.headers["mcp-session-id"].to_str().unwrap().to_owned();
    assert_eq!(
        answer.only().await,
        json!({"jsonrpc": "2.0", "id": 1, "result": {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {"listChanged": true}, "resources": {"subscribe": true}, "logging": {}},
            "serverInfo": {"name": "scripted", "version": "7"},
            "instructions": "be kind",
        }})
    );
    let discovered = server.last("server/discover");
    assert_eq!(discovered.header("mcp-method"), Some("server/discover"));
    assert_eq!(discovered.header("mcp-protocol-version"), Some("2026-07-28"));
    assert_eq!(discovered.header("mcp-session-id"), None);
    let meta = &discovered.body["params"]["_meta"];
    assert_eq!(
        meta["io.modelcontextprotocol/clientCapabilities"],
        json!({"elicitation": {"form": {}, "url": {}}, "roots": {}})
    );
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(broker.post(Some(&session), &initialized).await.status, 202);
    let ping = broker.ask(&session, "ping", json!({})).await;
    assert_eq!((ping.status, ping.only().await["result"].clone()), (200, json!({})));
    assert_eq!(broker.handshake("1999-01-01", &all()).await.only().await["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(broker.record().await, ["server/discover complete", "server/discover complete"]);
}

#[tokio::test]
async fn a_session_is_needed_has_one_version_and_ends() {
    let (broker, _server) = Broker::start().await;
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    assert_eq!(broker.post(None, &ping).await.status, 400);
    assert_eq!(broker.post(Some("made-up"), &ping).await.status, 404);
    let session = broker.initialize(&all()).await;
    for (version, status) in
        [(None, 200), (Some("2025-11-25"), 200), (Some("2025-06-18"), 400), (Some("2025-03-26"), 400)]
    {
        assert_eq!(broker.post_as(Some(&session), version, &ping).await.status, status, "{version:?}");
    }
    for method in ["tasks/list", "server/discover-not"] {
        let answer = broker.ask(&session, method, json!({})).await;
        assert_eq!((answer.status, code(&answer.only().await)), (200, -32_601), "{method}");
    }
    assert_eq!(broker.delete(&session).await.status, 204);
    assert_eq!(broker.post(Some(&session), &ping).await.status, 404);
    assert_eq!(broker.delete(&session).await.status, 404);
}

#[tokio::test]
async fn a_call_is_sent_in_the_modern_form_and_answered_in_the_older_one() {
    let (broker, server) = Broker::start().await;
    let session = broker.initialize(&all()).await;
    let params = json!({
        "name": "plain", "arguments": {"n": 1.0}, "requestState": "smuggled", "inputResponses": {}, "task": {"ttl": 1},
        "_meta": {"progressToken": 7, "baggage": "x"},
    });
    let answer = broker.ask(&session, "tools/call", params).await;
    assert_eq!((answer.status, answer.is_stream()), (200, false));
    let answer = answer.only().await;
    assert_eq!(
        answer,
        json!({"jsonrpc": "2.0", "id": "c-100", "result": {"content": [{"type": "text", "text": "done"}]}})
    );
    let call = server.last("tools/call");
    assert_eq!((call.header("mcp-method"), call.header("mcp-name")), (Some("tools/call"), Some("plain")));
    assert_ne!(call.body["id"], "c-100");
    let mut params = call.body["params"].clone();
    let meta = params.as_object_mut().unwrap().remove("_meta").unwrap();
    assert_eq!(params.to_string(), r#"{"name":"plain","arguments":{"n":1.0}}"#);
    assert_eq!(meta["progressToken"], 7);
    assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    assert_eq!(meta["io.modelcontextprotocol/clientInfo"]["name"], "client");
    assert_eq!(meta["io.modelcontextprotocol/logLevel"], "info");
    assert_eq!(meta.get("baggage"), None);
    let large = broker.call(&session, "large").await.only().await;
    assert_eq!((text(&large).len(), large["result"].get("resultType")), (1_000_000, None));
    let unknown = broker.call(&session, "unknown").await;
    // A 404 would end the session in the eyes of the client.
    assert_eq!((unknown.status, code(&unknown.only().await)), (200, -32_601));
    assert_eq!(broker.call(&session, "task").await.status, 502);
    let forbidden = broker.call(&session, "forbidden").await;
    assert_eq!((forbidden.status, code(&forbidden.only().await)), (200, -32_001));
}

#[tokio::test]
async fn an_answer_says_what_was_masked_in_it() {
    let (broker, _server) = Broker::start().await;
    let session = broker.initialize(&all()).await;
    let told = broker.call(&session, "tells").await.only().await;
    let expected = json!({
        "structuredContent": {"password": "(masked-secret)"}, "_meta": {"io.claviger/masked": {"named_field": 1}},
    });
    assert_eq!(told["result"], expected);
}

#[tokio::test]
async fn mirrored_arguments_are_learned_once_for_a_caller_who_cannot_know() {
    let (broker, server) = Broker::start().await;
    let session = broker.initialize(&all()).await;
    assert_eq!(text(&broker.call(&session, "mirrored").await.only().await), "done");
    assert_eq!(server.last("tools/call").header("mcp-param-region"), Some("north"));
    assert_eq!(server.all("tools/list").len(), 2, "both pages");
    broker.call(&session, "mirrored").await.only().await;
    broker.call(&session, "nobody-names-this").await.only().await;
    assert_eq!(server.all("tools/list").len(), 2, "once");
    // What was learned is forgotten where the upstream says that it is wrong.
    let wrong = broker.ask(&session, "tools/call", json!({"name": "mirrored", "arguments": {"region": "south"}})).await;
    assert_eq!(code(&wrong.only().await), -32_603);
    broker.call(&session, "mirrored").await.only().await;
    assert_eq!(server.all("tools/list").len(), 4);
}

#[tokio::test]
async fn a_list_shows_what_the_caller_may_use_in_the_older_words() {
    let (broker, _server) = Broker::start().await;
    let session = broker.initialize(&all()).await;
    let page = broker.ask(&session, "tools/list", json!({})).await.only().await;
    let names: Vec<&str> =
        page["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["plain", "asks"]);
    assert_eq!(page["result"]["nextCursor"], "2");
    for modern in ["ttlMs", "cacheScope", "resultType"] {
        assert_eq!(page["result"].get(modern), None, "{modern}");
    }
}

#[tokio::test]
async fn progress_and_logs_pass_on_the_stream_of_the_call() {
    let (broker, server) = Broker::start().await;
    let session = broker.initialize(&all()).await;
    broker.ask(&session, "logging/setLevel", json!({"level": "debug"})).await.only().await;
    assert_eq!(code(&broker.ask(&session, "logging/setLevel", json!({"level": "loud"})).await.only().await), -32_602);
    let mut answer = broker.call(&session, "streams").await;
    assert!(answer.is_stream());
    let call = server.last("tools/call");
    assert_eq!(call.body["params"]["_meta"]["io.modelcontextprotocol/logLevel"], "debug");
    let writer = one(server.writers("streams", 1).await).await;
    let progress =
        json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 7, "progress": 1}});
    let request = json!({"jsonrpc": "2.0", "id": 5, "method": "roots/list"});
    let result = json!({"jsonrpc": "2.0", "id": call.body["id"], "result": {"resultType": "complete", "content": []}});
    for message in [&progress, &request, &result] {
        writer.send(event(message)).await.unwrap();
    }
    assert_eq!(answer.next().await.unwrap(), progress);
    assert_eq!(answer.next().await.unwrap(), json!({"jsonrpc": "2.0", "id": "c-102", "result": {"content": []}}));
    assert_eq!(answer.next().await, None);
    assert_eq!(broker.record().await.pop().unwrap(), "tools/call complete");
}

#[tokio::test]
async fn what_the_upstream_asks_is_asked_on_the_stream_of_the_call() {
    let (broker, server) = Broker::start().await;
    let session = broker.initialize(&all()).await;
    let mut answer = broker.call(&session, "asks").await;
    assert!(answer.is_stream());
    let who = answer.next().await.unwrap();
    assert_eq!((&who["method"], &who["params"]["message"]), (&json!("elicitation/create"), &json!("who?")));
    let link = answer.next().await.unwrap();
    assert!(link["params"]["elicitationId"].as_str().is_some_and(|id| id.len() > 8));
    let respond = |id: &Value, result: Value| json!({"jsonrpc": "2.0", "id": id, "result": result});
    let accept = respond(&who["id"], json!({"action": "accept", "content": {"name": "ann"}, "_meta": {"x": 1}}));
    let consent = respond(&link["id"], json!({"action": "accept"}));
    assert_eq!(broker.post(Some(&session), &respond(&json!(999), json!({}))).await.status, 400, "nobody asked");
    // In the other order than asked.
    assert_eq!(broker.post(Some(&session), &consent).await.status, 202);
    assert_eq!(broker.post(Some(&session), &accept).await.status, 202);
    assert_eq!(broker.post(Some(&session), &accept).await.status, 400, "answered already");
    let roots = answer.next().await.unwrap();
    assert_eq!(roots["method"], "roots/list");
    let second = server.last("tools/call").body["params"].clone();
    assert_eq!(second["requestState"], "one \"é\"");
    assert_eq!(
        second["inputResponses"],
        json!({"name": {"action": "accept", "content": {"name": "ann"}}, "link": {"action": "accept"}})
    );
    assert_eq!(second["arguments"], json!({"region": "north"}));
    broker.post(Some(&session), &respond(&roots["id"], json!({"roots": [{"uri": "file:///a"}]}))).await;
    let last = answer.next().await.unwrap();
    assert_eq!((last["id"].as_str(), text(&last)), (Some("c-100"), "ann \"file:///a\""));
    assert_eq!(answer.next().await, None);
    let ids: Vec<Value> = server.all("tools/call").iter().map(|call| call.body["id"].clone()).collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2], "each round has an id of its own");
    let record = broker.record().await;
    assert_eq!(record.iter().filter(|entry| *entry == "tools/call complete").count(), 3, "{record:?}");
}

#[tokio::test]
async fn nobody_is_asked_what_it_cannot_answer() {
    let (broker, _server) = Broker::start().await;
    let session = broker.initialize(&json!({"elicitation": {"form": {}}})).await;
    assert_eq!(code(&broker.call(&session, "asks").await.only().await), -32_602);
    assert_eq!(code(&broker.call(&session, "samples").await.only().await), -32_602);
    // Without a question there is nothing to declare.
    assert_eq!(text(&broker.call(&session, "polls").await.only().await), "xxx");
    assert_eq!(code(&broker.call(&session, "insists").await.only().await), -32_603);
}

#[tokio::test]
async fn a_client_that_answers_with_an_error_ends_the_call() {
    let (broker, _server) = Broker::start().await;
    let session = broker.initialize(&all()).await;
    let mut answer = broker.call(&session, "asks").await;
    let (who, link) = (answer.next().await.unwrap(), answer.next().await.unwrap());
    let error = json!({"jsonrpc": "2.0", "id": who["id"], "error": {"code": -1, "message": "no"}});
    assert_eq!(broker.post(Some(&session), &error).await.status, 202);
    let cancelled = answer.next().await.unwrap();
    assert_eq!(
        (&cancelled["method"], &cancelled["params"]["requestId"]),
        (&json!("notifications/cancelled"), &link["id"])
    );
    assert_eq!(code(&answer.next().await.unwrap()), -32_603);
    assert_eq!(answer.next().await, None);
    let late = json!({"jsonrpc": "2.0", "id": link["id"], "result": {"action": "accept"}});
    assert_eq!(broker.post(Some(&session), &late).await.status, 400);
}

#[tokio::test]
async fn a_question_that_nobody_answers_ends_the_call() {
    let (broker, _server) = Broker::start().await;
    let session = broker.initialize(&all()).await;
    let mut answer = broker.call(&session, "asks").await;
    let mut kinds = vec![method_of(&answer.next().await.unwrap()), method_of(&answer.next().await.unwrap())];
    // From here on nothing comes from a socket.
    tokio::time::pause();
    while let Some(message) = answer.next().await {
        kinds.push(method_of(&message));
    }
    let cancelled = "notifications/cancelled";
    assert_eq!(kinds, ["elicitation/create", "elicitation/create", cancelled, cancelled, "answer"]);
}

#[tokio::test]
async fn a_cancelled_request_closes_the_stream_to_the_upstream() {
    let (broker, server) = Broker::start().await;
    let session = broker.initialize(&all()).await;
    let mut answer = broker.call(&session, "waits").await;
    let writer = one(server.writers("waits", 1).await).await;
    let cancel = |id: &str| json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
    assert_eq!(broker.post(Some(&session), &cancel("another")).await.status, 202);
    assert!(!writer.is_closed());
    assert_eq!(broker.post(Some(&session), &cancel("c-100")).await.status, 202);
    assert_eq!(answer.next().await, None);
    drop(answer);
    writer.closed().await;
    // Before there is any answer, too.
    let cancelling = async {
        while server.last("tools/call").tool() != "silent" {
            tokio::task::yield_now().await;
        }
        broker.post(Some(&session), &cancel("c-101")).await
    };
    let (mut answer, _) = tokio::join!(broker.call(&session, "silent"), cancelling);
    assert_eq!((answer.status, answer.next().await), (200, None));
    // The caller's disconnect does the same here.
    let answer = broker.call(&session, "waits").await;
    let writer = one(server.writers("waits", 2).await).await;
    drop(answer);
    writer.closed().await;
    let record = broker.record().await;
    assert_eq!(record.iter().filter(|entry| *entry == "tools/call cancelled").count(), 3, "{record:?}");
}

#[tokio::test]
async fn the_stream_of_changes_follows_what_is_subscribed() {
    let (broker, server) = Broker::start().await;
    let session = broker.initialize(&all()).await;
    for (method, uri) in [("subscribe", "a://0"), ("subscribe", "a://9"), ("unsubscribe", "a://9")] {
        let kept = broker.ask(&session, &format!("resources/{method}"), json!({"uri": uri})).await;
        assert_eq!(kept.only().await["result"], json!({}));
    }
    let mut stream = broker.get(&session).await;
    assert!(stream.is_stream());
    let listening = server.last("subscriptions/listen");
    let filter = json!({"toolsListChanged": true, "resourceSubscriptions": ["a://0"]});
    assert_eq!(listening.body["params"]["notifications"], filter);
    let first = one(server.writers("subscriptions/listen", 1).await).await;
    let notify = |method: &str, mut params: Value, id: &Value| {
        params["_meta"] = json!({"io.modelcontextprotocol/subscriptionId": id});
        event(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    };
    let acknowledged = "notifications/subscriptions/acknowledged";
    first.send(notify(acknowledged, json!({"notifications": {}}), &listening.body["id"])).await.unwrap();
    first.send(notify("notifications/tools/list_changed", json!({}), &listening.body["id"])).await.unwrap();
    let changed = stream.next().await.unwrap();
    assert_eq!(changed, json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed", "params": {}}));

    let subscribe = broker.ask(&session, "resources/subscribe", json!({"uri": "a://1"}));
    let upstream = async {
        let second = one(server.writers("subscriptions/listen", 2).await).await;
        let listening = server.last("subscriptions/listen");
        let filter = json!({"toolsListChanged": true, "resourceSubscriptions": ["a://0", "a://1"]});
        assert_eq!(listening.body["params"]["notifications"], filter);
        let id = &listening.body["id"];
        second.send(notify(acknowledged, json!({"notifications": {}}), id)).await.unwrap();
        second.send(notify("notifications/resources/updated", json!({"uri": "a://1"}), id)).await.unwrap();
        second
    };
    // The answer to the subscription waits for the stream, which goes on while somebody reads it.
    let (subscribed, second, updated) = tokio::join!(subscribe, upstream, stream.next());
    assert_eq!(subscribed.only().await["result"], json!({}));
    assert_eq!(updated.unwrap()["params"], json!({"uri": "a://1"}));
    first.closed().await;

    // Another stream takes its place, and the session's end ends that one.
    let mut replacing = broker.get(&session).await;
    assert_eq!(stream.next().await, None);
    drop(stream);
    second.closed().await;
    server.writers("subscriptions/listen", 3).await;
    assert!(replacing.next().now_or_never().is_none(), "nothing to hear");
    broker.delete(&session).await;
    assert_eq!(replacing.end().await, Ok(()));
}

#[tokio::test]
async fn the_end_of_the_principal_cuts_every_stream() {
    let (broker, _server) = Broker::start().await;
    let session = broker.initialize(&all()).await;
    let (stream, call) = (broker.get(&session).await, broker.call(&session, "waits").await);
    let mut asking = broker.call(&session, "asks").await;
    asking.next().await.unwrap();
    broker.revoke().await;
    for answer in [stream, call, asking] {
        assert_eq!(answer.end().await, Err(Interrupted::SessionEnded));
    }
    assert_eq!(broker.call(&session, "plain").await.status, 401);
}
