//! The way to connect in the words of MCP: a question where the client can ask a person, an error that it reads where it cannot.

use http::Method;
use serde_json::{Value, json};

use super::scene::Scene;
use crate::support::{
    broker::{bearer, headers, modern_body, modern_headers},
    echo::{Echo, Reply},
    http_client::Answer,
    peers::{self, Node, or_skip},
};

const MESSAGE: &str = "Connect your account, so that the agent can make this call for you. You will sign in first.";

/// An MCP server of 2026-07-28 that says what it is, to callers of the older era too.
async fn scene(node: &Node) -> Scene {
    let upstream = Echo::start(|request| {
        let message: Value = serde_json::from_slice(&request.body).expect("the broker sends JSON");
        let result = match message["method"].as_str() {
            Some("server/discover") => json!({ "supportedVersions": ["2026-07-28"], "capabilities": { "tools": {} } }),
            Some("tools/list") => json!({ "tools": [{ "name": "read", "inputSchema": { "type": "object" } }] }),
            _ => json!({ "content": [], "isError": false }),
        };
        let mut message = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
        message["result"]["resultType"] = json!("complete");
        Reply::json(&message)
    });
    Scene::with(node, upstream.await, |setup, url| setup.mcp("crm", url, "2026-07-28")).await
}

impl Scene {
    /// A tool call of the current era.
    async fn modern_call(&self, session: &str, capabilities: Value, more: Value) -> Answer {
        let mut params = json!({ "name": "read", "arguments": {} });
        for (name, value) in more.as_object().into_iter().flatten() {
            params[name] = value.clone();
        }
        let mut fields = modern_headers("tools/call", &params);
        fields.extend(bearer(session));
        let mut body = modern_body("tools/call", params);
        body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
        self.broker.send(Method::POST, &self.broker.mcp_url("crm"), fields, body.to_string()).await
    }
}

#[tokio::test]
async fn a_client_that_opens_pages_is_asked_and_comes_back() {
    let node = or_skip!(peers::node());
    let scene = scene(&node).await;
    let session = scene.session("alice").await;
    let capable = || json!({ "elicitation": { "url": {} } });
    let asked = scene.modern_call(&session, capable(), json!({})).await;
    let said = asked.json();
    let result = &said["result"];
    let question = &result["inputRequests"]["connect-account"];
    assert_eq!(
        (asked.status.as_u16(), &said["id"], &result["resultType"], &question["method"]),
        (200, &json!(7), &json!("input_required"), &json!("elicitation/create")),
        "{said}"
    );
    let params = &question["params"];
    assert_eq!((&params["mode"], &params["message"]), (&json!("url"), &json!(MESSAGE)), "{said}");
    let answer = |action: &str| json!({ "requestState": result["requestState"], "inputResponses": { "connect-account": { "action": action } } });
    // It said yes, and the person is not done yet.
    let again = scene.modern_call(&session, capable(), answer("accept")).await.json();
    assert_eq!(again["result"]["resultType"], "input_required", "{again}");
    assert_ne!(again["result"]["inputRequests"], result["inputRequests"], "each link is its own");
    // It said no: then it is told, and not asked once more.
    let declined = scene.modern_call(&session, capable(), answer("decline")).await.json();
    assert_eq!(
        (&declined["error"]["code"], &declined["error"]["data"]["error"]),
        (&json!(-31403), &json!("connection_required"))
    );
    assert!(scene.upstream.received().is_empty(), "nothing goes up without a credential");
    scene.follow(params["url"].as_str().expect("a link"), "alice").await;
    let answered = scene.modern_call(&session, capable(), answer("accept")).await.json();
    assert_eq!(answered["result"]["resultType"], "complete", "{answered}");
    let received: Value = serde_json::from_slice(&scene.upstream.only().body).expect("JSON");
    let params = received["params"].as_object().expect("an object");
    assert!(!params.contains_key("inputResponses") && !params.contains_key("requestState"), "{received}");
    assert_eq!(scene.last_owner().await.as_deref(), Some("alice-at-crm"));
    scene.finish().await;
}

#[tokio::test]
async fn a_client_that_opens_no_pages_reads_where_to_connect() {
    let node = or_skip!(peers::node());
    let scene = scene(&node).await;
    let session = scene.session("alice").await;
    let theirs = json!({ "requestState": "the upstream's", "inputResponses": { "question": { "action": "accept" } } });
    for (capabilities, more) in [
        (json!({}), json!({})),
        (json!({ "elicitation": {} }), json!({})),
        // In the middle of questions of the upstream, ours would displace its state.
        (json!({ "elicitation": { "url": {} } }), theirs),
    ] {
        let answer = scene.modern_call(&session, capabilities, more).await;
        let error = answer.json()["error"].clone();
        let url = error["data"]["connect_url"].as_str().expect("a link");
        let message = format!("the user of this session must connect an account first: {url}");
        assert_eq!((answer.status.as_u16(), &error["code"], &error["message"]), (200, &json!(-31403), &json!(message)));
        assert_eq!(error["data"]["error"], "connection_required");
    }
    scene.broker.finish().await;
}

#[tokio::test]
async fn a_client_of_the_older_era_gets_the_error_that_is_made_for_it() {
    let node = or_skip!(peers::node());
    let scene = scene(&node).await;
    let session = scene.session("alice").await;
    let post = async |mcp_session: &str, message: Value| {
        let mut fields =
            headers(&[("content-type", "application/json"), ("accept", "application/json, text/event-stream")]);
        if !mcp_session.is_empty() {
            fields.extend(headers(&[("mcp-session-id", mcp_session), ("mcp-protocol-version", "2025-11-25")]));
        }
        fields.extend(bearer(&session));
        scene.broker.send(Method::POST, &scene.broker.mcp_url("crm"), fields, message.to_string()).await
    };
    let initialize = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25", "capabilities": { "elicitation": { "url": {} } },
            "clientInfo": { "name": "tests", "version": "1" },
        },
    });
    // Nobody has been told yet what the client can do; it says the page in words.
    let refused = post("", initialize.clone()).await.json();
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(1), &json!(-32001)), "{refused}");
    let link = refused["error"]["data"]["connect_url"].as_str().expect("a link").to_owned();
    assert!(refused["error"]["message"].as_str().is_some_and(|text| text.ends_with(&link)), "{refused}");
    scene.follow(&link, "alice").await;
    let opened = post("", initialize).await;
    let mcp_session = opened.header("mcp-session-id").to_owned();
    assert!(!mcp_session.is_empty(), "{opened:?}");
    scene.accounts.end().await;
    let call =
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "read", "arguments": {} } });
    // The token that was minted serves until it ends.
    scene.broker.wait_until_async(async || post(&mcp_session, call.clone()).await.json().get("error").is_some()).await;
    let asked = post(&mcp_session, call.clone()).await.json();
    let error = &asked["error"];
    assert_eq!(
        (&asked["id"], &error["code"], &error["message"]),
        (&json!(2), &json!(-32042), &json!(MESSAGE)),
        "{asked}"
    );
    let page = &error["data"]["elicitations"][0];
    let url = page["url"].as_str().expect("a link");
    assert_eq!((&page["mode"], page["elicitationId"].as_str()), (&json!("url"), url.rsplit('/').next()));
    scene.follow(url, "alice").await;
    let answered = post(&mcp_session, call).await.json();
    assert_eq!(answered["result"]["isError"], false, "{answered}");
    scene.finish().await;
}
