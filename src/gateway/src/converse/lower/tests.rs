//! The whole way of a modern caller, through a real socket, to a server of the older era that answers by script.

mod broker;
mod server;

use serde_json::{Value, json};

use self::broker::{Broker, Said};

const ELICITATION: &str = r#"{"elicitation":{"form":{}}}"#;

fn result(said: &Said) -> &Value {
    &said.last()["result"]
}

#[tokio::test]
async fn the_handshake_is_made_once_and_answers_discovery() {
    let (broker, server) = Broker::start().await;
    let (one, other) =
        tokio::join!(broker.ask("server/discover", json!({}), "{}"), broker.call("plain", json!({}), "{}"),);
    let discovered = one.unwrap();
    assert_eq!(
        result(&discovered),
        &json!({
            "resultType": "complete",
            "supportedVersions": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"],
            "capabilities": {
                "tools": {"listChanged": true}, "resources": {"subscribe": true}, "completions": {}, "logging": {},
            },
            "instructions": "be kind",
            "ttlMs": 0,
            "cacheScope": "private",
            "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "scripted", "version": "7"}},
        })
    );
    assert_eq!(other.unwrap().status, 200);
    assert_eq!(server.count("initialize"), 1);
    assert_eq!(server.count("notifications/initialized"), 1);
    let opened = server.only("initialize");
    assert_eq!(opened.body["params"]["capabilities"], json!({}));
    let call = server.only("tools/call");
    assert_eq!(call.header("mcp-session-id"), Some("s-1"));
    assert_eq!(call.header("mcp-protocol-version"), Some("2025-11-25"));
    assert_eq!(call.header("mcp-method"), None, "a header of the current era");
    broker.call("plain", json!({}), ELICITATION).await.unwrap();
    assert_eq!(server.count("initialize"), 2, "other capabilities need a session of their own");
    assert_eq!(server.all("initialize")[1].body["params"]["capabilities"], json!({"elicitation": {"form": {}}}));
}

#[tokio::test]
async fn a_json_answer_is_said_in_the_words_of_the_current_era() {
    let (broker, server) = Broker::start().await;
    let said = broker.call("plain", json!({"n": 1.0}), "{}").await.unwrap();
    assert_eq!(
        said.messages,
        [json!({"jsonrpc": "2.0", "id": "c-1", "result": {"content": [], "resultType": "complete"}})]
    );
    let sent = server.only("tools/call").body;
    assert_eq!(sent["params"]["arguments"].to_string(), r#"{"n":1.0}"#);
    let meta = sent["params"]["_meta"].as_object().unwrap();
    assert_eq!(meta.keys().collect::<Vec<_>>(), ["traceparent"], "nothing that only the current era has");
    assert_eq!(meta["traceparent"], server.only("tools/call").header("traceparent").unwrap());
    let missing = broker.ask("resources/read", json!({"uri": "x://missing"}), "{}").await.unwrap();
    assert_eq!(missing.last()["error"], json!({"code": -32_602, "message": "no such", "data": {"uri": "x://missing"}}));
    let read = broker.ask("resources/read", json!({"uri": "x://a"}), "{}").await.unwrap();
    assert_eq!(result(&read), &json!({"contents": [], "resultType": "complete", "cacheScope": "private", "ttlMs": 0}));
    let unknown = broker.ask("prompts/get", json!({"name": "p"}), "{}").await.unwrap();
    assert_eq!((unknown.status, &unknown.last()["error"]["code"]), (404, &json!(-32_601)));
}

#[tokio::test]
async fn an_answer_says_what_was_masked_in_it() {
    let (broker, _server) = Broker::start().await;
    let masked = json!({"password": "(masked-secret)"});
    for (tool, meta) in [
        ("tells", json!({"a/b": 1, "io.claviger/masked": {"named_field": 1}})),
        ("tells late", json!({"io.claviger/masked": {"named_field": 1}})),
    ] {
        let said = broker.call(tool, json!({}), "{}").await.unwrap();
        assert_eq!((&result(&said)["structuredContent"], &result(&said)["_meta"]), (&masked, &meta), "{tool}");
    }
}

#[tokio::test]
async fn a_list_shows_what_the_caller_may_use() {
    let (broker, _server) = Broker::start().await;
    let said = broker.ask("tools/list", json!({}), "{}").await.unwrap();
    let names: Vec<_> = result(&said)["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["plain", "mirrored"]);
    assert_eq!(result(&said)["cacheScope"], "private");
    assert_eq!(result(&said)["ttlMs"], 0);
    assert_eq!(result(&said)["resultType"], "complete");
}

#[tokio::test]
async fn what_a_caller_mirrors_must_be_true() {
    let (broker, server) = Broker::start().await;
    broker.ask("tools/list", json!({}), "{}").await.unwrap();
    let denied = broker.call("mirrored", json!({"region": "eu"}), "{}").await;
    assert_eq!(denied.unwrap_err(), "malformed", "the header is missing");
    assert_eq!(server.count("tools/call"), 0);
    broker.call("mirrored", json!({}), "{}").await.unwrap();
}

#[tokio::test]
async fn a_long_json_answer_streams_by() {
    let (broker, _server) = Broker::start().await;
    let said = broker.call("long", json!({}), "{}").await.unwrap();
    assert_eq!(result(&said)["text"].as_str().unwrap().len(), 300_000);
    assert_eq!(result(&said)["resultType"], "complete");
}

#[tokio::test]
async fn progress_and_the_wanted_log_go_on_and_nothing_else() {
    let (broker, server) = Broker::start().await;
    let meta = json!({"progressToken": "t", "io.modelcontextprotocol/logLevel": "warning"});
    let said = broker.call_with("stream", json!({}), "{}", meta).await.unwrap();
    let methods: Vec<_> = said.messages.iter().map(|message| message["method"].as_str().unwrap_or("result")).collect();
    assert_eq!(methods, ["notifications/progress", "notifications/message", "result"]);
    assert_eq!(said.messages[0]["params"]["progressToken"], "t");
    assert_eq!(said.messages[1]["params"]["level"], "error");
    assert_eq!(server.only("logging/setLevel").body["params"]["level"], "warning");
    let said = broker.call("stream", json!({}), "{}").await.unwrap();
    assert_eq!(said.messages.len(), 1, "neither a token nor a level was given");
    assert_eq!(server.count("logging/setLevel"), 1);
    assert_eq!(server.count("ping answered"), 2, "pings of the server are answered here");
}

#[tokio::test]
async fn a_question_of_the_server_becomes_a_round_of_the_caller() {
    let (broker, server) = Broker::start().await;
    let asked = broker.call("ask", json!({"a": 1}), ELICITATION).await.unwrap();
    assert_eq!(result(&asked)["resultType"], "input_required");
    assert_eq!(
        result(&asked)["inputRequests"],
        json!({"question-1": {"method": "elicitation/create", "params": {"message": "name?", "requestedSchema": {}}}})
    );
    let state = asked.state();
    let answers = json!({"question-1": {"action": "accept", "content": {"name": "Ann"}}, "extra": {}});
    let said = broker.retry("ask", json!({"a": 1}), &state, answers).await.unwrap();
    assert_eq!(said.last()["id"], "c-2");
    assert_eq!(
        result(&said),
        &json!({"heard": {"action": "accept", "content": {"name": "Ann"}}, "resultType": "complete"})
    );
    assert_eq!(server.count("tools/call"), 1, "the retry goes on with the call and does not make another");
    assert_eq!(server.count("notifications/cancelled"), 0);
}

#[tokio::test]
async fn missing_answers_are_asked_for_again_with_a_fresh_state() {
    let (broker, _server) = Broker::start().await;
    let asked = broker.call("ask", json!({}), ELICITATION).await.unwrap();
    let again = broker.retry("ask", json!({}), &asked.state(), json!({"wrong": {"action": "accept"}})).await.unwrap();
    assert_eq!(result(&again)["inputRequests"], result(&asked)["inputRequests"]);
    assert_ne!(again.state(), asked.state());
    let answers = json!({"question-1": {"action": "decline"}});
    let stale = broker.retry("ask", json!({}), &asked.state(), answers.clone()).await;
    assert_eq!(stale.unwrap_err(), "request_state", "a state is good once");
    let said = broker.retry("ask", json!({}), &again.state(), answers).await.unwrap();
    assert_eq!(result(&said)["heard"], json!({"action": "decline"}));
}

#[tokio::test]
async fn a_state_belongs_to_one_call_of_one_session() {
    let (broker, server) = Broker::start().await;
    let asked = broker.call("ask", json!({"a": 1}), ELICITATION).await.unwrap();
    let (state, answers) = (asked.state(), json!({"question-1": {"action": "accept"}}));
    let stranger = broker.another_session().await;
    let tampered = format!("{state}x");
    for refused in [
        stranger.retry("ask", json!({"a": 1}), &state, answers.clone()).await,
        broker.retry("ask", json!({"a": 2}), &state, answers.clone()).await,
        broker.retry("plain", json!({"a": 1}), &state, answers.clone()).await,
        broker.retry("ask", json!({"a": 1}), &tampered, answers.clone()).await,
        broker.retry("ask", json!({"a": 1}), "", answers.clone()).await,
    ] {
        assert_eq!(refused.unwrap_err(), "request_state");
    }
    assert_eq!(server.count("answer"), 0, "nothing went up");
    broker.retry("ask", json!({"a": 1}), &state, answers).await.unwrap();
    assert_eq!(server.count("answer"), 1);
}

#[tokio::test]
async fn questions_that_come_together_are_asked_together() {
    let (broker, server) = Broker::start().await;
    let capabilities = r#"{"elicitation":{},"roots":{}}"#;
    let asked = broker.call("both", json!({}), capabilities).await.unwrap();
    let requests = result(&asked)["inputRequests"].as_object().unwrap();
    let methods: Vec<_> = requests.values().map(|request| &request["method"]).collect();
    assert_eq!(methods, ["elicitation/create", "roots/list"]);
    let answers = json!({"question-1": {"action": "cancel"}, "question-2": {"roots": []}});
    let said = broker.retry_with("both", json!({}), &asked.state(), answers, capabilities).await.unwrap();
    assert_eq!(result(&said)["resultType"], "complete");
    assert_eq!(server.count("answer"), 2);
}

#[tokio::test]
async fn a_server_that_asks_what_the_caller_did_not_declare_hears_so_and_goes_on() {
    let (broker, server) = Broker::start().await;
    let said = broker.call("ask", json!({}), r#"{"roots":{}}"#).await.unwrap();
    assert_eq!(result(&said)["heard"]["code"], -32_601);
    assert_eq!(server.count("answer"), 1);
}

#[tokio::test]
async fn a_page_to_open_first_is_asked_for_and_the_retry_is_a_new_call() {
    let (broker, server) = Broker::start().await;
    let capabilities = r#"{"elicitation":{"url":{}}}"#;
    let asked = broker.call("page", json!({}), capabilities).await.unwrap();
    assert_eq!(
        result(&asked),
        &json!({
            "resultType": "input_required",
            "inputRequests": {"question-1": {
                "method": "elicitation/create",
                "params": {"mode": "url", "url": "https://a.example/open", "message": "open it"},
            }},
        })
    );
    broker.call("page", json!({}), capabilities).await.unwrap();
    assert_eq!(server.count("tools/call"), 2);
    let unable = broker.call("page", json!({}), "{}").await.unwrap();
    assert_eq!((unable.status, &unable.last()["error"]["code"]), (400, &json!(-32_021)));
}

#[tokio::test]
async fn an_error_that_opens_the_stream_is_told_by_its_status_too() {
    let (broker, server) = Broker::start().await;
    for (tool, status, messages) in [("lacks", 400, 1), ("lacks late", 200, 2)] {
        let said = broker.call_with(tool, json!({}), "{}", json!({"progressToken": "t"})).await.unwrap();
        assert_eq!((said.status, said.messages.len()), (status, messages), "{tool}");
        let error = json!({"code": -32_021, "message": "m", "data": {"requiredCapabilities": {"sampling": {}}}});
        assert_eq!(said.last()["error"], error, "{tool}");
    }
    broker.stop().await;
    assert_eq!(server.count("notifications/cancelled"), 0);
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_its_call() {
    let (broker, server) = Broker::start().await;
    let mut body = broker.open("hang", json!({})).await;
    assert!(body.next().await.unwrap().is_ok(), "the call is running");
    drop(body);
    let sent = server.only("tools/call").body["id"].clone();
    let cancelled = server.wait_for("notifications/cancelled").await;
    assert_eq!(cancelled.body["params"]["requestId"], sent);
    assert_eq!(cancelled.header("mcp-session-id"), Some("s-1"));
}

#[tokio::test]
async fn a_call_that_ended_is_not_cancelled() {
    let (broker, server) = Broker::start().await;
    broker.call("stream", json!({}), "{}").await.unwrap();
    broker.call("plain", json!({}), "{}").await.unwrap();
    broker.call("long", json!({}), "{}").await.unwrap();
    broker.stop().await;
    assert_eq!(server.count("tools/call"), 3);
    assert_eq!(server.count("notifications/cancelled"), 0);
}

#[tokio::test]
async fn a_parked_call_ends_with_its_session_and_with_the_program() {
    let (broker, server) = Broker::start().await;
    let asked = broker.call("ask", json!({}), ELICITATION).await.unwrap();
    assert_eq!(broker.parked(), 1);
    broker.end_session().await;
    broker.until_nothing_is_parked().await;
    let late = broker.retry("ask", json!({}), &asked.state(), json!({"question-1": {"action": "accept"}})).await;
    assert_eq!(late.unwrap_err(), "request_state");
    assert_eq!(server.count("notifications/cancelled"), 0, "nothing is sent for a session that is over");

    let other = broker.another_session().await;
    other.call("ask", json!({}), ELICITATION).await.unwrap();
    other.stop().await;
    assert_eq!(other.parked(), 0);
}

#[tokio::test]
async fn a_session_that_the_upstream_forgot_is_opened_again_once() {
    let (broker, server) = Broker::start().await;
    for status in [404, 400] {
        broker.call("plain", json!({}), "{}").await.unwrap();
        let before = server.count("initialize");
        server.forget_sessions(status);
        let said = broker.call("plain", json!({}), "{}").await.unwrap();
        assert_eq!(result(&said)["resultType"], "complete");
        assert_eq!(server.count("initialize"), before + 1);
    }
    server.forget_sessions_always();
    let denied = broker.call("plain", json!({}), "{}").await;
    assert_eq!(denied.unwrap_err(), "upstream_protocol");
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_resumed_where_the_upstream_says() {
    let (broker, server) = Broker::start().await;
    let said = broker.call("reconnect", json!({}), "{}").await.unwrap();
    assert_eq!(result(&said), &json!({"resumed": true, "resultType": "complete"}));
    assert_eq!(server.only("GET").header("last-event-id"), Some("e-1"));
}

#[tokio::test]
async fn changes_reach_the_listener_under_its_own_name() {
    let (broker, server) = Broker::start().await;
    let wanted = json!({"notifications": {
        "toolsListChanged": true, "promptsListChanged": true, "resourceSubscriptions": ["x://a"],
    }});
    let mut listener = broker.listen(wanted).await;
    let name = json!({"io.modelcontextprotocol/subscriptionId": "c-1"});
    assert_eq!(
        listener.next().await.unwrap(),
        json!({"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {
            "_meta": name, "notifications": {"toolsListChanged": true, "resourceSubscriptions": ["x://a"]},
        }})
    );
    assert_eq!(server.only("resources/subscribe").body["params"]["uri"], "x://a");
    server.speak(&json!({"jsonrpc": "2.0", "method": "notifications/prompts/list_changed"})).await;
    server
        .speak(&json!({"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": "x://a"}}))
        .await;
    assert_eq!(
        listener.next().await.unwrap(),
        json!({"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": "x://a", "_meta": name}})
    );
    server.speak(&json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})).await;
    assert_eq!(
        listener.next().await.unwrap(),
        json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed", "params": {"_meta": name}})
    );
    drop(listener);
    let last = server.wait_for("resources/unsubscribe").await;
    assert_eq!(last.body["params"]["uri"], "x://a");
}

#[tokio::test]
async fn a_listener_hears_the_end_of_its_session() {
    let (broker, _server) = Broker::start().await;
    let mut listener = broker.listen(json!({"notifications": {"toolsListChanged": true}})).await;
    listener.next().await.unwrap();
    broker.end_session().await;
    assert_eq!(
        listener.next().await.unwrap(),
        json!({"jsonrpc": "2.0", "id": "c-1", "result": {
            "resultType": "complete", "_meta": {"io.modelcontextprotocol/subscriptionId": "c-1"},
        }})
    );
    assert_eq!(listener.next().await, None);
}

#[tokio::test]
async fn a_second_listener_gets_a_session_of_its_own_and_ends_it() {
    let (broker, server) = Broker::start().await;
    let wanted = || json!({"notifications": {"toolsListChanged": true}});
    let mut first = broker.listen(wanted()).await;
    first.next().await.unwrap();
    let mut second = broker.listen(wanted()).await;
    second.next().await.unwrap();
    let streams: Vec<_> =
        server.all("GET").iter().map(|get| get.header("mcp-session-id").unwrap().to_owned()).collect();
    assert_eq!(streams, ["s-1", "s-2"]);
    drop(second);
    assert_eq!(server.wait_for("DELETE").await.header("mcp-session-id"), Some("s-2"));
    drop(first);
    let mut third = broker.listen(wanted()).await;
    third.next().await.unwrap();
    assert_eq!(server.count("initialize"), 2, "the seat of the first is free again");
}

#[tokio::test]
async fn every_exchange_is_recorded_by_what_it_serves() {
    let (broker, _server) = Broker::start().await;
    let asked = broker.call("ask", json!({}), ELICITATION).await.unwrap();
    broker.retry("ask", json!({}), &asked.state(), json!({"question-1": {"action": "accept"}})).await.unwrap();
    let intents = broker.record().await;
    assert_eq!(
        intents,
        [
            "initialize complete",
            "notifications/initialized complete",
            "tools/call complete",
            "elicitation/create complete"
        ]
    );
}
