//! Calls that are refused: each with its whole answer, and with nothing sent to the upstream.

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::mcp_echo;
use crate::support::{
    broker::{Broker, BrokerSetup, bearer, headers, modern_body, modern_headers},
    canary::{self, canary},
    echo::Echo,
    http_client::Answer,
    issuer::Issuer,
};

const POLICY: &str = r#"
@id("assistants-may")
permit (principal in Group::"assistants", action, resource in Upstream::"echo");
@id("nobody-deletes")
forbid (principal, action == Action::"tools/call", resource == Tool::"echo/delete");
@id("a-person-approves")
@approval("operators")
permit (principal in Group::"assistants", action == Action::"tools/call", resource == Tool::"other/pay");
"#;

/// A broker in front of one upstream that counts what reaches it, and a session for it.
struct Stage {
    upstream: Echo,
    issuer: Issuer,
    broker: Broker,
    session: String,
}

impl Stage {
    async fn set(change: impl FnOnce(BrokerSetup) -> BrokerSetup) -> Self {
        let upstream = mcp_echo().await;
        let issuer = Issuer::start().await;
        let url = format!("{}/mcp", upstream.url());
        let setup =
            BrokerSetup::trusting(issuer.issuer()).mcp("echo", &url, "2026-07-28").bearer(&canary("credential"));
        let setup = setup.mcp("other", &url, "2026-07-28").scopes(&["echo:say", "echo:delete", "echo:*", "other:*"]);
        let broker = Broker::start(change(setup)).await;
        let session = broker.token(&issuer.token("assistant")).await;
        Self { upstream, issuer, broker, session }
    }

    /// A call of `say` at `echo` with these headers in place of the usual ones.
    async fn call_with(&self, change: impl FnOnce(&mut HeaderMap)) -> Answer {
        let params = json!({ "name": "say", "arguments": {} });
        let mut headers = modern_headers("tools/call", &params);
        headers.extend(bearer(&self.session));
        change(&mut headers);
        let body = modern_body("tools/call", params).to_string();
        self.broker.send(Method::POST, &self.broker.mcp_url("echo"), headers, body).await
    }

    fn metadata(&self, upstream: &str) -> String {
        format!("{}/.well-known/oauth-protected-resource/mcp/{upstream}", self.broker.public_url())
    }

    async fn end(self) {
        assert!(self.upstream.received().is_empty(), "{:?}", self.upstream.received());
        // The positive control: the same stage lets a good call through.
        let answer = self.broker.call_tool("echo", &self.session, "say", json!({})).await;
        assert_eq!((answer.status.as_u16(), self.upstream.received().len()), (200, 1), "{answer:?}");
        self.broker.finish().await;
    }
}

#[tokio::test]
async fn a_caller_without_a_good_token_is_told_where_to_get_one() {
    let stage = Stage::set(|setup| setup).await;
    let metadata = stage.metadata("echo");
    let answer = stage.call_with(|headers| drop(headers.remove("authorization"))).await;
    assert_refused_at_the_door(&answer, 401, "token_required", "send a session token; the token endpoint issues one");
    assert_eq!(answer.header("www-authenticate"), format!("Bearer resource_metadata=\"{metadata}\""));

    let other = stage.broker.exchange(&stage.issuer.token("assistant"), &[("audience", "other")]).await;
    let other = other.json()["access_token"].as_str().expect("a token").to_owned();
    let subject = stage.issuer.token("assistant");
    let altered =
        format!("{}x{}", &stage.session[..stage.session.len() - 9], &stage.session[stage.session.len() - 8..]);
    canary::register("altered session token", &altered);
    for (token, description) in [
        ("nonsense", "the session token is not valid"),
        (subject.as_str(), "the session token is not valid"),
        (altered.as_str(), "the session token is not valid"),
        (other.as_str(), "the session token is not for this resource"),
    ] {
        let answer = stage
            .call_with(|headers| {
                drop(headers.insert("authorization", format!("Bearer {token}").parse().expect("ASCII")))
            })
            .await;
        assert_refused_at_the_door(&answer, 401, "invalid_token", description);
        let challenge = format!(
            "Bearer error=\"invalid_token\", error_description=\"{description}\", resource_metadata=\"{metadata}\""
        );
        assert_eq!(answer.header("www-authenticate"), challenge);
    }
    let session = stage.session.clone();
    let answer = stage
        .call_with(|headers| {
            headers.append("authorization", format!("Bearer {session}").parse().expect("ASCII"));
        })
        .await;
    assert_refused_at_the_door(&answer, 400, "invalid_request", "send exactly one token");
    stage.end().await;
}

#[tokio::test]
async fn the_metadata_that_a_challenge_names_leads_to_the_token_endpoint() {
    let stage = Stage::set(|setup| setup).await;
    let (broker, url) = (&stage.broker, stage.broker.public_url());
    let resource = broker.send(Method::GET, &stage.metadata("echo"), HeaderMap::new(), "").await.json();
    assert_eq!(resource["resource"], json!(broker.mcp_url("echo")));
    assert_eq!(resource["authorization_servers"], json!([url]));
    let server = format!("{url}/.well-known/oauth-authorization-server");
    let server = broker.send(Method::GET, &server, HeaderMap::new(), "").await.json();
    assert_eq!(server["issuer"], json!(url));
    for (member, path) in [
        ("token_endpoint", "/token"),
        ("introspection_endpoint", "/introspect"),
        ("revocation_endpoint", "/revoke"),
        ("jwks_uri", "/jwks"),
    ] {
        assert_eq!(server[member], json!(format!("{url}{path}")));
    }
    assert!(
        server["grant_types_supported"]
            .as_array()
            .is_some_and(|all| { all.contains(&json!("urn:ietf:params:oauth:grant-type:token-exchange")) }),
        "{server}"
    );
    let keys = broker.send(Method::GET, &format!("{url}/jwks"), HeaderMap::new(), "").await.json();
    let keys = keys["keys"].as_array().cloned().expect("keys");
    assert!(!keys.is_empty() && keys.iter().all(|key| key["alg"] == "ES256" && key.get("d").is_none()), "{keys:?}");
    let unknown = broker.send(Method::GET, &stage.metadata("nothing"), HeaderMap::new(), "").await;
    assert_eq!(unknown.status, 404);
    stage.end().await;
}

#[tokio::test]
async fn a_tool_beyond_the_session_s_scope_names_the_scope_that_is_missing() {
    let stage = Stage::set(|setup| setup).await;
    let narrow = stage.broker.exchange(&stage.issuer.token("assistant"), &[("scope", "echo:say")]).await;
    let narrow = narrow.json()["access_token"].as_str().expect("a token").to_owned();
    let answer = stage.broker.call_tool("echo", &narrow, "delete", json!({})).await;
    let description = "the session was not granted this tool";
    assert_refused(&answer, 403, -31_403, "insufficient_scope", description);
    let challenge = format!(
        "Bearer error=\"insufficient_scope\", scope=\"echo:delete\", error_description=\"{description}\", \
         resource_metadata=\"{}\"",
        stage.metadata("echo")
    );
    assert_eq!(answer.header("www-authenticate"), challenge);
    stage.end().await;
}

#[tokio::test]
async fn what_policy_forbids_is_told_to_the_model_and_recorded_with_its_rule() {
    let stage = Stage::set(|setup| setup.policy(POLICY)).await;
    for (upstream, tool, error, description, rule) in [
        ("echo", "delete", "denied_by_policy", "policy does not permit this call", Some("nobody-deletes")),
        ("other", "say", "denied_by_policy", "policy does not permit this call", None),
        (
            "other",
            "pay",
            "approval_required",
            "a person must approve this call, and no approver is configured",
            Some("a-person-approves"),
        ),
    ] {
        let answer = stage.broker.call_tool(upstream, &stage.session, tool, json!({ "all": true })).await;
        assert_refused(&answer, 200, -31_403, error, description);
        assert!(!answer.headers.contains_key("www-authenticate"), "{answer:?}");
        let denials = stage.broker.records_of("denial");
        let denial = denials.last().expect("a denial");
        assert_eq!(
            (&denial["tool"], &denial["error"], &denial["decision"]),
            (&json!(tool), &json!(error), &json!("deny"))
        );
        assert_eq!(denial["arguments_sha256"].as_str().map(str::len), Some(64));
        if let Some(rule) = rule {
            assert_eq!(denial["rule"], rule, "{denial}");
        }
    }
    let metrics = stage.broker.metrics().await;
    assert!(metrics.contains(r#"claviger_calls_total{upstream="echo",outcome="denied_by_policy"} 1"#), "{metrics}");
    stage.end().await;
}

#[tokio::test]
async fn an_upstream_or_a_page_that_is_not_there_is_not_found() {
    let stage = Stage::set(|setup| setup).await;
    for path in ["/mcp/nothing", "/mcp/", "/mcp/echo/more", "/http/echo/more", "/http/nothing/x"] {
        let url = format!("{}{path}", stage.broker.public_url());
        let answer = stage.broker.send(Method::POST, &url, bearer(&stage.session), "{}").await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        assert_eq!(
            answer.json(),
            json!({ "error": "unknown_upstream", "error_description": "no upstream is served here" }),
            "{path}"
        );
    }
    for path in ["/", "/metrics", "/healthz", "/readyz", "/admin", "/nothing"] {
        let url = format!("{}{path}", stage.broker.public_url());
        let answer = stage.broker.send(Method::GET, &url, bearer(&stage.session), "").await;
        assert_eq!((answer.status.as_u16(), answer.json()), (404, json!({ "error": "not_found" })), "{path}");
    }
    stage.end().await;
}

#[tokio::test]
async fn no_token_opens_the_operator_s_listener_to_calls() {
    let stage = Stage::set(|setup| setup).await;
    for path in ["/mcp/echo", "/token", "/introspect", "/revoke", "/jwks", "/.well-known/oauth-authorization-server"] {
        for token in [None, Some(&stage.session)] {
            let headers = token.map_or_else(HeaderMap::new, |token| bearer(token));
            let answer = stage.broker.send(Method::POST, &stage.broker.admin_url(path), headers, "{}").await;
            assert_eq!((answer.status.as_u16(), answer.body.len()), (404, 0), "{path}");
        }
    }
    stage.end().await;
}

#[tokio::test]
async fn a_page_of_another_site_does_not_get_in() {
    let stage = Stage::set(|setup| setup.server("allowed_origins = [\"https://app.test\"]")).await;
    for host in ["evil.test", "127.0.0.1:1", ""] {
        let answer = stage.call_with(|headers| drop(headers.insert("host", host.parse().expect("a host")))).await;
        assert_eq!(answer.status, 421, "{host}: {answer:?}");
        assert_eq!(
            answer.json(),
            json!({ "error": "foreign_host", "error_description": "this host name is not served here" })
        );
    }
    for origin in ["https://evil.test", "null", "https://app.test.evil.test"] {
        let answer =
            stage.call_with(|headers| drop(headers.insert("origin", origin.parse().expect("an origin")))).await;
        assert_eq!(answer.status, 403, "{origin}: {answer:?}");
        let description = "this origin may not call from a browser";
        assert_eq!(answer.json(), json!({ "error": "foreign_origin", "error_description": description }));
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{answer:?}");
    }
    let url = format!("{}/token", stage.broker.public_url());
    let form = headers(&[("host", "evil.test"), ("content-type", "application/x-www-form-urlencoded")]);
    let answer = stage.broker.send(Method::POST, &url, form, "grant_type=x").await;
    assert_eq!(answer.status, 421, "{answer:?}");
    stage.end().await;
}

#[tokio::test]
async fn a_message_that_is_malformed_in_any_way_goes_no_further() {
    let stage = Stage::set(|setup| setup).await;
    let good = modern_body("tools/call", json!({ "name": "say", "arguments": {} }));
    let text = good.to_string();
    let mut other_name = good.clone();
    other_name["params"]["name"] = json!("delete");
    let twice = text.replacen("\"method\"", "\"method\":\"tools/list\",\"method\"", 1);
    let deep = text.replacen(
        "\"arguments\":{}",
        &format!("\"arguments\":{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200)),
        1,
    );
    assert_ne!(deep, text);
    for (fault, body, code) in [
        ("not JSON", "{".to_owned(), -32_700),
        ("empty", String::new(), -32_700),
        ("a name twice", twice, -32_700),
        ("a byte order mark", format!("\u{feff}{text}"), -32_700),
        ("more after it", format!("{text}{text}"), -32_700),
        ("too deep", deep, -32_700),
        ("a lone surrogate", text.replacen("say", "\\ud800", 1), -32_700),
        ("a batch", format!("[{text}]"), -32_600),
        ("a number", "7".to_owned(), -32_600),
        ("no version", text.replacen("\"2.0\"", "\"1.0\"", 1), -32_600),
        ("no method", json!({ "jsonrpc": "2.0", "id": 7 }).to_string(), -32_600),
        ("a null id", text.replacen("\"id\":7", "\"id\":null", 1), -32_600),
        ("another name than the header", other_name.to_string(), -32_020),
    ] {
        let mut fields = modern_headers("tools/call", &json!({ "name": "say" }));
        fields.extend(bearer(&stage.session));
        let answer = stage.broker.send(Method::POST, &stage.broker.mcp_url("echo"), fields, body).await;
        assert_eq!(answer.status, 400, "{fault}: {answer:?}");
        let error = &answer.json()["error"];
        assert_eq!(error["code"], json!(code), "{fault}: {answer:?}");
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{fault}: {answer:?}");
    }
    let oversized = "x".repeat(5 << 20);
    let answer = stage.call_with_body(&oversized).await;
    assert_refused_without_id(&answer, 413, -31_413, "too_large", "the body is longer than this service takes");
    for (fault, name, value, status) in [
        ("another method than the body", "mcp-method", "tools/list", 400),
        ("another name than the body", "mcp-name", "delete", 400),
        ("no media type of ours", "content-type", "text/plain", 415),
        ("a revision that is unknown", "mcp-protocol-version", "2030-01-01", 400),
    ] {
        let answer = stage.call_with(|headers| drop(headers.insert(name, value.parse().expect("a value")))).await;
        assert_eq!(answer.status, status, "{fault}: {answer:?}");
    }
    stage.end().await;
}

#[tokio::test]
async fn a_caller_s_own_credentials_stay_behind() {
    let stage = Stage::set(|setup| setup).await;
    let own = canary::plain_canary("caller's own credential");
    let answer = stage.call_with(|headers| {
        for name in ["cookie", "x-api-key", "x-auth-token", "proxy-authorization", "x-forwarded-for", "x-tenant"] {
            headers.insert(name, own.parse().expect("a value"));
        }
    });
    assert_eq!(answer.await.status, 200);
    let received = stage.upstream.only();
    for (name, value) in &received.headers {
        canary::assert_clean_of(&own, name.as_str(), value.as_bytes());
    }
    stage.broker.finish().await;
}

impl Stage {
    async fn call_with_body(&self, body: &str) -> Answer {
        let mut fields = modern_headers("tools/call", &json!({ "name": "say" }));
        fields.extend(bearer(&self.session));
        self.broker.send(Method::POST, &self.broker.mcp_url("echo"), fields, body.to_owned()).await
    }
}

/// Refused before the message was read, so without JSON-RPC.
fn assert_refused_at_the_door(answer: &Answer, status: u16, error: &str, description: &str) {
    assert_error(answer, status, &json!({ "error": error, "error_description": description }));
}

fn assert_refused(answer: &Answer, status: u16, code: i64, error: &str, message: &str) {
    assert_error(
        answer,
        status,
        &json!({ "jsonrpc": "2.0", "id": 7, "error": { "code": code, "message": message, "data": { "error": error } } }),
    );
}

/// A message that was not read has no id to answer to.
fn assert_refused_without_id(answer: &Answer, status: u16, code: i64, error: &str, message: &str) {
    let body = answer.json();
    let mut expected =
        json!({ "jsonrpc": "2.0", "error": { "code": code, "message": message, "data": { "error": error } } });
    if let Some(id) = body.get("id") {
        assert!(id.is_null(), "{body}");
        expected["id"] = Value::Null;
    }
    assert_error(answer, status, &expected);
}

fn assert_error(answer: &Answer, status: u16, expected: &Value) {
    assert_eq!((answer.status.as_u16(), &answer.json()), (status, expected), "{answer:?}");
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/json", "no-store"));
}
