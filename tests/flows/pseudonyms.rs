//! Personal values that an agent works with and does not see: pseudonyms in answers, and the values again where they came from.

use http::{HeaderMap, Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::support::{
    broker::{Broker, BrokerSetup, bearer, headers},
    canary::{canary, plain_canary},
    echo::{Echo, Piece, Received, Reply},
    http_client::Answer,
    issuer::Issuer,
};

const SSN: &str = "536-22-8714";
const CARD: u64 = 4_111_111_111_111_111;

/// A register of customers, which is one MCP server and one API, and a server for mail.
struct Stage {
    server: Echo,
    issuer: Issuer,
    broker: Broker,
    email: String,
}

impl Stage {
    async fn set() -> Self {
        let email = format!("{}@mail.example", plain_canary("e-mail address"));
        let told = email.clone();
        let (server, issuer) = (Echo::start(move |request| answer(request, &told)).await, Issuer::start().await);
        let tokenizing = "masking = { answers = { personal_data = \"tokenize\" } }";
        let setup = BrokerSetup::trusting(issuer.issuer())
            .mcp("crm", &format!("{}/crm", server.url()), "2026-07-28")
            .upstream_line(tokenizing)
            .credential("header = \"X-Api-Key\"", &canary("credential"))
            .http("api", server.url())
            .upstream_line(tokenizing)
            .operation("all", &["GET", "POST"], "/**")
            .mcp("mail", &format!("{}/mail", server.url()), "2026-07-28")
            .mcp("older", &format!("{}/mail", server.url()), "2025-11-25");
        Self { server, issuer, broker: Broker::start(setup).await, email }
    }

    async fn session(&self) -> String {
        self.broker.token(&self.issuer.token("assistant")).await
    }

    /// What a tool answers, as it is structured.
    async fn tool(&self, upstream: &str, session: &str, tool: &str, arguments: Value) -> Value {
        let answer = self.broker.call_tool(upstream, session, tool, arguments).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["result"].clone()
    }

    fn received(&self) -> Received {
        self.server.received().pop().expect("it arrived")
    }

    /// The arguments that the upstream got last.
    fn arguments(&self) -> Value {
        serde_json::from_slice::<Value>(&self.received().body).expect("JSON")["params"]["arguments"].clone()
    }

    async fn post(&self, session: &str, content_type: &str, body: String) -> Answer {
        let mut fields = bearer(session);
        fields.insert(CONTENT_TYPE, content_type.parse().expect("a media type"));
        self.broker.send(Method::POST, &self.broker.http_url("api", "/notes"), fields, body).await
    }
}

fn answer(request: &Received, email: &str) -> Reply {
    match (request.uri.path(), &request.method) {
        ("/people", _) => Reply::json(&json!({ "email": email })),
        ("/crm" | "/mail", _) => tool_answer(request, email),
        _ => Reply::json(&json!({ "done": true })),
    }
}

fn tool_answer(request: &Received, email: &str) -> Reply {
    let message: Value = serde_json::from_slice(&request.body).expect("the broker sends JSON");
    if message["method"] == "initialize" {
        return Reply::json(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": { "name": "mail", "version": "1" } } }));
    }
    let tool = message["params"]["name"].as_str().unwrap_or_default();
    let structured = match tool {
        "find" | "follow" => json!({ "email": email, "ssn": SSN, "card": CARD }),
        "imprint" => json!({ "email": "info@mail.example" }),
        _ => json!({ "done": true }),
    };
    let response = json!({ "jsonrpc": "2.0", "id": message["id"], "result": {
        "resultType": "complete", "structuredContent": structured,
        "content": [{ "type": "text", "text": structured.to_string() }],
    } });
    if tool == "follow" {
        let progress = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": {
            "level": "info", "data": format!("looking for {email}") } });
        let events = [progress, response].map(|message| Piece::Bytes(format!("data: {message}\n\n").into()));
        return Reply::stream("text/event-stream", events.into());
    }
    Reply::json(&response)
}

/// What a tool answers to a client of the older era.
async fn older_tool(broker: &Broker, session: &str, tool: &str) -> Value {
    let mut fields = bearer(session);
    let more = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
    fields.extend(headers(&more));
    let ask = async |fields: HeaderMap, method: &str, params: Value| {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let answer = broker.send(Method::POST, &broker.mcp_url("older"), fields, message).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    };
    let client = json!({ "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": { "name": "tests", "version": "1" } });
    let opened = ask(fields.clone(), "initialize", client).await;
    fields.insert("mcp-session-id", opened.headers["mcp-session-id"].clone());
    let answer = ask(fields, "tools/call", json!({ "name": tool, "arguments": {} })).await;
    answer.json()["result"].clone()
}

/// The pseudonym in a member of an answer.
fn pseudonym(value: &Value, kind: &str) -> String {
    let text = value.as_str().expect("a text").to_owned();
    let letters = text.strip_prefix("claviger-").and_then(|rest| rest.strip_prefix(kind)?.strip_prefix('_'));
    assert!(letters.is_some_and(|letters| letters.len() == 20), "{text}");
    text
}

#[tokio::test]
async fn an_agent_works_with_values_that_it_does_not_see() {
    let mut stage = Stage::set().await;
    let session = stage.session().await;
    let found = stage.tool("crm", &session, "find", json!({})).await;
    let customer = &found["structuredContent"];
    let email = pseudonym(&customer["email"], "email-address");
    let ssn = pseudonym(&customer["ssn"], "us-ssn");
    let card = pseudonym(&customer["card"], "credit-card");
    let again = stage.tool("crm", &session, "find", json!({})).await;
    assert_eq!(again["structuredContent"], *customer, "the same values have the same pseudonyms");
    let text = found["content"][0]["text"].as_str().expect("a text");
    assert!([&email, &ssn, &card].iter().all(|pseudonym| text.contains(*pseudonym)), "{text}");
    assert_eq!(found["_meta"]["io.claviger/masked"], json!({ "EMAIL_ADDRESS": 2, "US_SSN": 2, "CREDIT_CARD": 2 }));

    let arguments = json!({ "note": format!("told {email} ({ssn})"), "nested": json!({ "card": card }).to_string() });
    stage.tool("crm", &session, "note", arguments.clone()).await;
    let nested = json!({ "card": CARD.to_string() }).to_string();
    let note = format!("told {} ({SSN})", stage.email);
    assert_eq!(stage.arguments(), json!({ "note": note, "nested": nested }));

    stage.tool("mail", &session, "send", arguments.clone()).await;
    assert_eq!(stage.arguments(), arguments, "another upstream gets what the agent knows");
    let stranger = stage.session().await;
    stage.tool("crm", &stranger, "note", arguments.clone()).await;
    assert_eq!(stage.arguments(), arguments, "so it is in another session");
    let found = stage.tool("crm", &stranger, "find", json!({})).await;
    assert_ne!(pseudonym(&found["structuredContent"]["email"], "email-address"), email);

    // The session goes on after a restart; its values were in memory alone.
    stage.broker.restart().await;
    stage.tool("crm", &session, "note", arguments.clone()).await;
    assert_eq!(stage.arguments(), arguments);
    stage.broker.finish().await;
}

#[tokio::test]
async fn a_plain_call_says_values_in_its_query_and_in_its_fields() {
    let stage = Stage::set().await;
    let session = stage.session().await;
    let url = |path: &str| stage.broker.http_url("api", path);
    let answer = stage.broker.send(Method::GET, &url("/people"), bearer(&session), "").await;
    let email = pseudonym(&answer.json()["email"], "email-address");
    assert_eq!(answer.headers.get("claviger-masked").map(|value| value.as_bytes()), Some(&b"email_address=1"[..]));

    let at = stage.email.replace('@', "%40");
    stage.broker.send(Method::GET, &url(&format!("/{email}?q=to:{email}&a=1")), bearer(&session), "").await;
    assert_eq!(stage.received().uri.to_string(), format!("/{email}?q=to:{at}&a=1"), "a path is as it was judged");
    for (content_type, body, expected) in [
        ("application/json", json!({ "to": [email] }), json!({ "to": [stage.email] }).to_string()),
        ("application/x-www-form-urlencoded", json!(format!("to={email}&a=1")), format!("to={at}&a=1")),
        ("text/plain", json!(format!("to {email}")), format!("to {email}")),
    ] {
        let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        let answer = stage.post(&session, content_type, body).await;
        assert_eq!((answer.status.as_u16(), answer.headers.get("claviger-masked")), (200, None), "{content_type}");
        assert_eq!(String::from_utf8_lossy(&stage.received().body), expected, "{content_type}");
    }
    stage.broker.finish().await;
}

#[tokio::test]
async fn an_answer_says_what_was_found_in_it() {
    let stage = Stage::set().await;
    let session = stage.session().await;
    let imprint = stage.tool("mail", &session, "imprint", json!({})).await;
    assert_eq!(imprint["structuredContent"]["email"], "info@mail.example");
    assert_eq!(imprint["_meta"], json!({ "io.claviger/detected": { "EMAIL_ADDRESS": 2 } }));
    let nothing = stage.tool("mail", &session, "send", json!({})).await;
    assert_eq!(nothing.get("_meta"), None);
    let older = older_tool(&stage.broker, &session, "imprint").await;
    assert_eq!(older["_meta"], json!({ "io.claviger/detected": { "EMAIL_ADDRESS": 2 } }));
    // The message before the answer counts, too.
    let answer = stage.broker.call_tool("crm", &session, "follow", json!({})).await;
    let text = String::from_utf8(answer.body.to_vec()).expect("text");
    let last = text.lines().rev().find_map(|line| line.strip_prefix("data: ")).expect("an event");
    let masked = &serde_json::from_str::<Value>(last).expect("JSON")["result"]["_meta"]["io.claviger/masked"];
    assert_eq!(*masked, json!({ "EMAIL_ADDRESS": 3, "US_SSN": 2, "CREDIT_CARD": 2 }), "{text}");
    stage.broker.finish().await;
}
