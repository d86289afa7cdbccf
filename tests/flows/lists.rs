//! What a caller sees of an upstream is what it may call.

use serde_json::{Value, json};

use crate::support::{
    broker::{Broker, BrokerSetup},
    canary::plain_canary,
    fixture::Fixture,
    issuer::Issuer,
};

const POLICY: &str = r#"
permit (principal in Group::"assistants", action, resource in Upstream::"fixture");
forbid (principal, action == Action::"tools/call", resource == Tool::"fixture/slow");
"#;

#[tokio::test]
async fn a_list_of_tools_holds_those_that_may_be_called() {
    let (fixture, issuer, broker) = stage().await;
    let all = tools(&broker, &broker.token(&issuer.token("assistant")).await).await;
    assert!(all.contains(&"add".to_owned()) && all.len() > 15, "{all:?}");
    assert!(!all.contains(&"slow".to_owned()), "policy forbids it: {all:?}");

    let narrow =
        broker.exchange(&issuer.token("assistant"), &[("scope", "fixture:add fixture:echo fixture:slow")]).await;
    let narrow = narrow.json()["access_token"].as_str().expect("a token").to_owned();
    let mut few = tools(&broker, &narrow).await;
    few.sort();
    assert_eq!(few, ["add", "echo"]);
    let sum = broker.call_tool("fixture", &narrow, "add", json!({ "a": 2, "b": 40 })).await;
    assert_eq!(sum.json()["result"]["structuredContent"], json!({ "sum": 42 }), "{sum:?}");
    for tool in ["slow", "test_simple_text"] {
        let refused = broker.call_tool("fixture", &narrow, tool, json!({ "milliseconds": 1 })).await;
        assert!(refused.json()["error"].is_object(), "{tool}: {refused:?}");
    }
    drop(fixture);
    broker.finish().await;
}

#[tokio::test]
async fn prompts_and_resources_need_the_scope_of_the_whole_upstream() {
    let (fixture, issuer, broker) = stage().await;
    let whole = broker.token(&issuer.token("assistant")).await;
    let narrow = broker.exchange(&issuer.token("assistant"), &[("scope", "fixture:add")]).await;
    let narrow = narrow.json()["access_token"].as_str().expect("a token").to_owned();
    for (method, member) in [
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ] {
        let answer = broker.modern("fixture", &whole, method, json!({})).await;
        let listed = answer.json()["result"][member].as_array().map(Vec::len);
        assert!(listed.is_some_and(|count| count > 0), "{method}: {answer:?}");
        let answer = broker.modern("fixture", &narrow, method, json!({})).await;
        let seen = &answer.json()["result"][member];
        assert!(seen.as_array().is_none_or(Vec::is_empty), "{method}: {answer:?}");
    }
    for (method, params) in [
        ("resources/read", json!({ "uri": "test://static-text" })),
        ("prompts/get", json!({ "name": "test_simple_prompt" })),
    ] {
        let answer = broker.modern("fixture", &whole, method, params.clone()).await;
        assert_eq!(answer.status, 200, "{method}: {answer:?}");
        let answer = broker.modern("fixture", &narrow, method, params).await;
        assert_eq!(answer.status, 403, "{method}: {answer:?}");
        assert_eq!(answer.json()["error"]["data"], json!({ "error": "insufficient_scope" }), "{answer:?}");
    }
    drop(fixture);
    broker.finish().await;
}

async fn stage() -> (Fixture, Issuer, Broker) {
    let credential = plain_canary("credential of the fixture");
    let fixture = Fixture::start_requiring(&credential).await;
    let issuer = Issuer::start().await;
    let setup = BrokerSetup::trusting(issuer.issuer()).mcp("fixture", fixture.url(), "2026-07-28").bearer(&credential);
    let scopes = ["fixture:add", "fixture:echo", "fixture:slow", "fixture:*"];
    let broker = Broker::start(setup.scopes(&scopes).policy(POLICY)).await;
    (fixture, issuer, broker)
}

/// The names on all pages, each of which must be for this caller alone.
async fn tools(broker: &Broker, session: &str) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let params = cursor.as_ref().map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
        let answer = broker.modern("fixture", session, "tools/list", params).await;
        let result = &answer.json()["result"];
        assert_eq!(result["cacheScope"], "private", "{answer:?}");
        let page = result["tools"].as_array().unwrap_or_else(|| panic!("no tools in {answer:?}"));
        names.extend(page.iter().filter_map(|tool| tool["name"].as_str().map(str::to_owned)));
        match result.get("nextCursor").and_then(Value::as_str) {
            Some(next) => cursor = Some(next.to_owned()),
            None => return names,
        }
    }
}
