//! Real clients through the broker to real servers, in every combination of eras.

use serde_json::json;

use super::fixture_baseline::{assert_legacy, assert_modern, conversation, with_logs};
use crate::support::{
    broker::{Broker, BrokerSetup},
    canary::{self, plain_canary},
    conformance::Requirements::{self, Legacy, Modern},
    fixture::Fixture,
    issuer::Issuer,
    peers::{node, or_skip, python},
    rust_sdk::RustClient,
    sdk::{self, Report, Script},
    server_everything::ServerEverything,
};

/// A fixture that serves only who presents its credential, which only the broker in front of it has.
struct Stage {
    fixture: Fixture,
    broker: Broker,
    session: String,
}

impl Stage {
    async fn set(upstream: Requirements) -> Self {
        let credential = plain_canary("credential of the fixture");
        let fixture = Fixture::start_requiring(&credential).await;
        let issuer = Issuer::start().await;
        let setup = BrokerSetup::trusting(issuer.issuer()).mcp("fixture", fixture.url(), upstream.revision());
        let broker = Broker::start(setup.bearer(&credential)).await;
        let session = broker.token(&issuer.token("assistant")).await;
        Self { fixture, broker, session }
    }

    fn conversation(&self) -> Script {
        conversation(&self.broker.mcp_url("fixture")).token(&self.session)
    }

    /// No client may have seen a secret, each call must have its outcome, and all must verify.
    async fn end(self) {
        let (intents, outcomes) = (self.broker.records_of("intent"), self.broker.records_of("outcome"));
        assert!(intents.len() > 5, "{intents:?}");
        assert!(outcomes.len() <= intents.len());
        drop(self.fixture);
        self.broker.finish().await;
    }
}

#[tokio::test]
async fn a_modern_typescript_client_talks_to_a_modern_server() {
    let node = or_skip!(node());
    let stage = Stage::set(Modern).await;
    assert_modern(1, &clean(sdk::typescript(&node, &stage.conversation()).await));
    stage.end().await;
}

#[tokio::test]
async fn a_legacy_typescript_client_talks_to_a_legacy_server() {
    let node = or_skip!(node());
    let stage = Stage::set(Legacy).await;
    let script = with_logs(stage.conversation().mode("legacy"));
    assert_legacy(1, &clean(sdk::typescript(&node, &script).await));
    assert_legacy(2, &clean(sdk::typescript_legacy(&node, &script).await));
    stage.end().await;
}

#[tokio::test]
async fn a_legacy_typescript_client_talks_to_a_modern_server() {
    let node = or_skip!(node());
    let stage = Stage::set(Modern).await;
    let script = with_logs(stage.conversation().mode("legacy"));
    assert_legacy(1, &clean(sdk::typescript(&node, &script).await));
    assert_legacy(2, &clean(sdk::typescript_legacy(&node, &script).await));
    stage.end().await;
}

#[tokio::test]
async fn a_modern_typescript_client_talks_to_a_legacy_server() {
    let node = or_skip!(node());
    let stage = Stage::set(Legacy).await;
    assert_modern(1, &clean(sdk::typescript(&node, &stage.conversation()).await));
    stage.end().await;
}

#[tokio::test]
async fn python_clients_talk_to_servers_of_their_era() {
    let python = or_skip!(python());
    let stage = Stage::set(Modern).await;
    assert_modern(1, &clean(sdk::python(&python, &stage.conversation()).await));
    stage.end().await;
    let stage = Stage::set(Legacy).await;
    assert_legacy(1, &clean(sdk::python(&python, &with_logs(stage.conversation().mode("legacy"))).await));
    stage.end().await;
}

#[tokio::test]
async fn python_clients_talk_to_servers_of_the_other_era() {
    let python = or_skip!(python());
    let stage = Stage::set(Legacy).await;
    assert_modern(1, &clean(sdk::python(&python, &stage.conversation()).await));
    stage.end().await;
    let stage = Stage::set(Modern).await;
    assert_legacy(1, &clean(sdk::python(&python, &with_logs(stage.conversation().mode("legacy"))).await));
    stage.end().await;
}

#[tokio::test]
async fn rust_clients_of_both_eras_talk_to_servers_of_both() {
    for upstream in [Modern, Legacy] {
        let stage = Stage::set(upstream).await;
        let url = stage.broker.mcp_url("fixture");
        for era in [Legacy, Modern] {
            let client = RustClient::connect(era, &url, Some(&stage.session)).await;
            let client = client.unwrap_or_else(|error| panic!("{era:?} to {upstream:?}: {error:?}"));
            assert!(client.tools().await.expect("tools").iter().any(|tool| tool == "add"), "{era:?} to {upstream:?}");
            let sum = client.call("add", json!({ "a": 2, "b": 40 })).await.expect("a sum");
            assert_eq!(sum.structured_content, Some(json!({ "sum": 42 })), "{era:?} to {upstream:?}");
            let answered = client.call("test_elicitation", json!({ "message": "who?" })).await.expect("an answer");
            let says = r#"User response: action=accept, content={"email":"canned@example.test","username":"canned"}"#;
            assert_eq!(
                answered.content[0].as_text().map(|text| text.text.as_str()),
                Some(says),
                "{era:?} to {upstream:?}"
            );
            let refused = RustClient::connect(era, &url, Some("another token")).await;
            assert!(refused.is_err(), "{refused:?}");
        }
        stage.end().await;
    }
}

#[tokio::test]
async fn what_a_server_echoes_of_its_credential_no_client_sees() {
    let (node, python) = (or_skip!(node()), or_skip!(python()));
    for (upstream, mode) in [(Modern, "modern"), (Legacy, "legacy")] {
        let stage = Stage::set(upstream).await;
        let script = Script::new(&stage.broker.mcp_url("fixture")).token(&stage.session).mode(mode);
        let script = script.then("list_tools", json!({})).call("echo_request_headers", json!({}));
        for report in [sdk::typescript(&node, &script).await, sdk::python(&python, &script).await] {
            let report = clean(report);
            let authorization = &report.ok(1)["structuredContent"]["headers"]["authorization"];
            assert_eq!(*authorization, json!(["Bearer (masked-secret)"]));
        }
        stage.broker.finish().await;
    }
}

#[tokio::test]
async fn a_client_without_a_session_sees_the_broker_s_challenge_and_never_the_server_s() {
    let (node, python) = (or_skip!(node()), or_skip!(python()));
    let stage = Stage::set(Legacy).await;
    let url = stage.broker.mcp_url("fixture");
    let script = Script::new(&url).token("another token").then("list_tools", json!({}));
    let metadata = format!("{}/.well-known/oauth-protected-resource/mcp/fixture", stage.broker.public_url());
    let challenge = format!(
        "Bearer error=\"invalid_token\", error_description=\"the session token is not valid\", resource_metadata=\"{metadata}\""
    );
    for report in [
        sdk::typescript(&node, &script).await,
        sdk::typescript_legacy(&node, &script).await,
        sdk::python(&python, &script.clone().mode("legacy")).await,
    ] {
        let refused = report.refused();
        assert_eq!((&refused["status"], &refused["www_authenticate"]), (&json!(401), &json!(challenge)), "{refused}");
    }
    drop(stage.fixture);
    stage.broker.finish().await;
}

#[tokio::test]
async fn server_everything_is_used_by_clients_of_both_eras_as_far_as_policy_lets_them() {
    let (node, python) = (or_skip!(node()), or_skip!(python()));
    let server = ServerEverything::start(&node).await;
    let issuer = Issuer::start().await;
    let policy = "permit (principal in Group::\"assistants\", action, resource in Upstream::\"everything\");\n\
                  @id(\"nobody-reads-the-environment\")\n\
                  forbid (principal, action == Action::\"tools/call\", resource == Tool::\"everything/get-env\");\n";
    let setup = BrokerSetup::trusting(issuer.issuer()).mcp("everything", server.url(), "2025-11-25");
    let broker = Broker::start(setup.bearer(&plain_canary("credential of the server")).policy(policy)).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let script = Script::new(&broker.mcp_url("everything")).token(&session).then("list_tools", json!({}));
    let script = script.call("echo", json!({ "message": "hello" })).call("get-env", json!({}));
    for (protocol, report) in [
        ("2025-11-25", sdk::typescript_legacy(&node, &script).await),
        ("2025-11-25", sdk::python(&python, &script.clone().mode("legacy")).await),
        ("2026-07-28", sdk::typescript(&node, &script.clone().mode("modern")).await),
        ("2026-07-28", sdk::python(&python, &script.clone().mode("modern")).await),
    ] {
        let report = clean(report);
        assert_eq!((report.protocol(), report.text(1)), (protocol, "Echo: hello"));
        assert!(
            report.error(2)["message"].as_str().is_some_and(|text| text.contains("policy does not permit this call"))
        );
    }
    assert_eq!(broker.records_of("denial").len(), 4);
    broker.finish().await;
}

#[tokio::test]
async fn google_auth_exchanges_a_token_alone_and_with_an_actor_s() {
    let python = or_skip!(python());
    let issuer = Issuer::start().await;
    let agents = "[[agents]]\nname = \"assistant\"\nissuer = \"idp\"\nclaims = { sub = \"assistant\" }\nscopes = [\"one:*\"]\n\
                  [[agents]]\nname = \"worker\"\nissuer = \"idp\"\nclaims = { sub = \"worker\" }\nscopes = [\"one:read\", \"one:say\"]\n\
                  [[agents.acts_for]]\nissuer = \"idp\"\nclaims = { sub = \"person-*\" }\n";
    let setup =
        BrokerSetup::trusting(issuer.issuer()).mcp("one", "http://127.0.0.1:9/mcp", "2026-07-28").agents(agents);
    let broker = Broker::start(setup).await;
    let exchange = async |subject: &str, more: serde_json::Value| {
        let mut wanted =
            json!({ "endpoint": format!("{}/token", broker.public_url()), "subject_token": issuer.token(subject) });
        for (name, value) in more.as_object().into_iter().flatten() {
            wanted[name] = value.clone();
        }
        let report = sdk::exchange(&python, &wanted).await;
        if let Some(token) = report["ok"]["access_token"].as_str() {
            canary::register("session token", token);
        }
        report
    };
    let alone = exchange("assistant", json!({ "audience": broker.mcp_url("one") })).await;
    assert_eq!((&alone["status"], &alone["ok"]["scope"]), (&json!(200), &json!("one:*")), "{alone}");
    assert_eq!(alone["ok"]["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");

    let acting = json!({ "actor_token": issuer.token("worker"), "scopes": ["one:say"] });
    let acting = exchange("person-7", acting).await;
    assert_eq!((&acting["status"], &acting["ok"]["scope"]), (&json!(200), &json!("one:say")), "{acting}");
    let recorded = broker.records_of("exchange").pop().expect("an entry");
    assert_eq!((&recorded["agent"], &recorded["subject"]["sub"]), (&json!("worker"), &json!("person-7")), "{recorded}");
    assert_eq!(recorded["actor"], json!({ "iss": issuer.issuer(), "sub": "worker" }));

    for (subject, more, says) in [
        ("person-7", json!({}), "the subject_token is refused: unmapped"),
        ("person-7", json!({ "actor_token": issuer.token("assistant") }), "the actor_token is refused: may_not_act"),
        ("somebody", json!({ "actor_token": issuer.token("worker") }), "the actor_token is refused: may_not_act"),
        ("worker", json!({ "actor_token": "no token" }), "the actor_token is refused: malformed"),
    ] {
        let refused = exchange(subject, more).await;
        assert_eq!(refused["error"]["status"], 400, "{refused}");
        let body: serde_json::Value =
            serde_json::from_str(refused["error"]["body"].as_str().unwrap_or_default()).expect("JSON");
        assert_eq!(body, json!({ "error": "invalid_request", "error_description": says }));
    }
    broker.finish().await;
}

/// What a client saw holds no secret.
fn clean(report: Report) -> Report {
    canary::assert_clean("the report of a client", report.whole().to_string().as_bytes());
    report
}
