//! The fixture without anything in between: what a gateway in front of it must leave as it is.

use serde_json::json;

use crate::support::{
    bearer_proxy::BearerProxy,
    conformance::{Requirements, Verdict, Verdicts, judge},
    fixture::Fixture,
    peers::{node, or_skip, python},
    rust_sdk::RustClient,
    sdk::{self, Report, Script},
    server_everything::ServerEverything,
};

#[tokio::test]
async fn the_fixture_passes_every_scenario_that_2025_11_25_requires() {
    let node = or_skip!(node());
    let verdicts = judge(&node, Requirements::Legacy, Fixture::start().await.url()).await;
    assert_all_required_pass(&verdicts, 30, 70);
    assert_eq!(verdicts.others().into_values().collect::<Vec<_>>(), [Verdict::Pass; 3], "{verdicts:?}");
}

#[tokio::test]
async fn the_fixture_passes_every_scenario_that_2026_07_28_requires() {
    let node = or_skip!(node());
    let verdicts = judge(&node, Requirements::Modern, Fixture::start().await.url()).await;
    assert_all_required_pass(&verdicts, 37, 121);
    for scenario in ["http-header-validation", "http-custom-header-server-validation", "json-schema-2020-12"] {
        assert_eq!(verdicts.of(scenario), Verdict::Pass, "{scenario}");
    }
    // The positive control of the judge: the tasks extension, which the fixture does not have, is seen to be missing.
    assert_eq!(verdicts.of("tasks-lifecycle"), Verdict::Fail);
}

#[tokio::test]
async fn a_token_added_on_the_way_changes_no_verdict() {
    let node = or_skip!(node());
    let canary = canary();
    let fixture = Fixture::start_requiring(&canary).await;
    let proxy = BearerProxy::start(fixture.url(), &canary).await;
    let verdicts = judge(&node, Requirements::Modern, proxy.url()).await;
    assert_all_required_pass(&verdicts, 37, 121);
    proxy.present("another token");
    let verdicts = judge(&node, Requirements::Legacy, proxy.url()).await;
    assert_eq!(verdicts.of("ping"), Verdict::Fail);
}

#[tokio::test]
async fn the_typescript_clients_understand_the_fixture() {
    let node = or_skip!(node());
    let fixture = Fixture::start().await;
    assert_modern(1, &sdk::typescript(&node, &conversation(fixture.url())).await);
    let legacy = with_logs(conversation(fixture.url()).mode("legacy"));
    assert_legacy(2, &sdk::typescript(&node, &legacy).await);
    assert_legacy(3, &sdk::typescript_legacy(&node, &legacy).await);
}

#[tokio::test]
async fn the_python_client_understands_the_fixture() {
    let python = or_skip!(python());
    let fixture = Fixture::start().await;
    assert_modern(1, &sdk::python(&python, &conversation(fixture.url())).await);
    assert_legacy(2, &sdk::python(&python, &with_logs(conversation(fixture.url()).mode("legacy"))).await);
}

#[tokio::test]
async fn the_rust_client_understands_the_fixture() {
    let canary = canary();
    let fixture = Fixture::start_requiring(&canary).await;
    for era in [Requirements::Legacy, Requirements::Modern] {
        let client = RustClient::connect(era, fixture.url(), Some(&canary)).await.expect("the token is right");
        assert!(client.tools().await.expect("tools").iter().any(|tool| tool == "add"));
        let sum = client.call("add", json!({ "a": 2, "b": 40 })).await.expect("a sum");
        assert_eq!(sum.structured_content, Some(json!({ "sum": 42 })));
        let answered = client.call("test_elicitation", json!({ "message": "who?" })).await.expect("an answer");
        let says = r#"User response: action=accept, content={"email":"canned@example.test","username":"canned"}"#;
        assert_eq!(answered.content[0].as_text().map(|text| text.text.as_str()), Some(says));
        let refused = RustClient::connect(era, fixture.url(), Some("another token")).await;
        assert!(refused.is_err(), "{refused:?}");
    }
}

#[tokio::test]
async fn a_caller_without_the_token_is_refused_and_sees_the_fixture_s_challenge() {
    let (node, python) = (or_skip!(node()), or_skip!(python()));
    let canary = canary();
    let fixture = Fixture::start_requiring(&canary).await;
    let script = Script::new(fixture.url()).token("another token").then("list_tools", json!({}));
    for report in [
        sdk::typescript(&node, &script).await,
        sdk::typescript_legacy(&node, &script).await,
        sdk::python(&python, &script.clone().mode("legacy")).await,
    ] {
        let refused = report.refused();
        assert_eq!(refused["status"], 401, "{refused}");
        assert_eq!(refused["www_authenticate"], "Bearer realm=\"mcp-fixture\"", "{refused}");
        assert!(report.http().as_array().is_some_and(|all| all.iter().all(|one| one["status"] == 401)), "{refused}");
    }
}

#[tokio::test]
async fn the_fixture_echoes_the_credential_that_it_received() {
    let python = or_skip!(python());
    let canary = canary();
    let fixture = Fixture::start_requiring(&canary).await;
    let script = Script::new(fixture.url()).token(&canary).call("echo_request_headers", json!({}));
    let report = sdk::python(&python, &script).await;
    let authorization = &report.ok(0)["structuredContent"]["headers"]["authorization"];
    assert_eq!(*authorization, json!([format!("Bearer {canary}")]));
    assert!(report.text(0).contains(&canary));
}

#[tokio::test]
async fn the_clients_of_the_older_era_understand_server_everything() {
    let (node, python) = (or_skip!(node()), or_skip!(python()));
    let server = ServerEverything::start(&node).await;
    let script = Script::new(server.url()).then("list_tools", json!({})).call("echo", json!({ "message": "hello" }));
    for report in [
        sdk::typescript_legacy(&node, &script).await,
        sdk::typescript(&node, &script.clone().mode("auto")).await,
        sdk::python(&python, &script.clone().mode("legacy")).await,
    ] {
        assert_eq!((report.protocol(), report.text(1)), ("2025-11-25", "Echo: hello"));
    }
}

#[tokio::test]
async fn a_fixture_ends_with_its_test_or_when_it_is_told_to() {
    let mut fixture = Fixture::start().await;
    let process = fixture.process();
    assert!(process.id() > 0 && process.printed().starts_with("listening on http://127.0.0.1:"));
    process.close_stdin();
    assert!(process.ended().await.success());
    let mut fixture = Fixture::start().await;
    assert!(!fixture.process().terminate().await.success());
}

pub(super) fn assert_all_required_pass(verdicts: &Verdicts, scenarios: usize, checks: usize) {
    let required = verdicts.required();
    assert!(required.values().all(|verdict| *verdict == Verdict::Pass), "\n{verdicts}");
    assert_eq!((required.len(), verdicts.checks_passed()), (scenarios, checks));
}

/// One of everything that a client does, in an order that each assertion below counts on.
pub(super) fn conversation(url: &str) -> Script {
    Script::new(url)
        .call("add", json!({ "a": 2, "b": 40 }))
        .then("call", json!({ "name": "test_simple_text" }))
        .call("test_elicitation", json!({ "message": "who?" }))
        .call("test_sampling", json!({ "prompt": "what?" }))
        .call("list_roots", json!({}))
        .call("no such tool", json!({}))
        .then("read_resource", json!({ "uri": "test://template/7/data" }))
        .then("get_prompt", json!({ "name": "test_simple_prompt" }))
        .then("listen", json!({ "tools": true, "resources": ["test://watched-resource"] }))
        .call("test_trigger_tool_change", json!({}))
        .call("test_trigger_resource_change", json!({}))
        .then("await", json!({ "count": "notifications/tools/list_changed", "at_least": 1 }))
        .then("await", json!({ "count": "notifications/resources/updated", "at_least": 1 }))
        .then("cancel_call", json!({ "name": "slow", "arguments": { "milliseconds": 60_000 }, "after_ms": 200 }))
        .call("slow", json!({ "milliseconds": 100 }))
        .call("observed", json!({}))
        .call("test_tool_with_logging", json!({}))
}

/// A server of the older era logs to everybody; one of the newer only to those who ask for it.
pub(super) fn with_logs(script: Script) -> Script {
    script.then("await", json!({ "count": "notifications/message", "at_least": 3 }))
}

pub(super) fn assert_modern(cancelled: u64, report: &Report) {
    assert_eq!(report.protocol(), "2026-07-28");
    assert_eq!(report.count("notifications/message"), 0);
    assert_both_eras(cancelled, report);
}

pub(super) fn assert_legacy(cancelled: u64, report: &Report) {
    assert_eq!(report.protocol(), "2025-11-25");
    assert_eq!(report.count("notifications/message"), 3);
    report.ok(17);
    assert_both_eras(cancelled, report);
}

/// `cancelled` is how many calls of this fixture were cancelled by now.
fn assert_both_eras(cancelled: u64, report: &Report) {
    assert_eq!(report.ok(0)["structuredContent"], json!({ "sum": 42 }));
    assert_eq!(report.text(1), "This is a simple text response for testing.");
    assert_eq!(report.text(2), r#"User response: action=accept, content={"email":"canned","username":"canned"}"#);
    assert_eq!(report.text(3), "LLM response: canned sampling");
    assert_eq!(report.text(4), r#"Roots: [{"name":"canned","uri":"file:///canned/root"}]"#);
    assert_eq!(report.error(5)["code"], -32602);
    let data = r#"{"data":"Data for ID: 7","id":"7","templateTest":true}"#;
    assert_eq!(report.ok(6)["contents"][0]["text"], data);
    assert_eq!(report.ok(7)["messages"][0]["content"]["text"], "This is a simple prompt for testing.");
    for action in 8..=12 {
        report.ok(action);
    }
    for (what, count) in [
        ("elicitation/create", 1),
        ("sampling/createMessage", 1),
        ("roots/list", 1),
        ("notifications/tools/list_changed", 1),
        ("notifications/resources/updated", 1),
    ] {
        assert_eq!(report.count(what), count, "{what}");
    }
    let stopped = report.error(13)["message"].as_str().unwrap_or_default();
    assert!(stopped.contains("cancelled by the test"), "{stopped}");
    assert!(report.count("progress") >= 10, "{:?}", report.whole());
    assert_eq!(report.ok(15)["structuredContent"]["cancelled"], cancelled);
    assert_eq!(report.text(16), "Logged three times.");
}

fn canary() -> String {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0; 16];
    ring::rand::SystemRandom::new().fill(&mut bytes).expect("random numbers");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("canary-{hex}")
}
