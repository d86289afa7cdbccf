//! One call of a tool, from the token of an identity provider to the record.

use http::{HeaderMap, Method};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::{MARKER, mcp_echo};
use crate::support::{
    broker::{Broker, BrokerSetup},
    canary::{canary, random_hex},
    issuer::Issuer,
};

#[tokio::test]
async fn a_credential_goes_up_once_and_never_comes_back() {
    let secret = canary("credential of the upstream");
    let upstream = mcp_echo().await;
    let issuer = Issuer::start().await;
    let setup = BrokerSetup::trusting(issuer.issuer()).mcp("echo", &format!("{}/mcp", upstream.url()), "2026-07-28");
    let broker = Broker::start(setup.bearer(&secret)).await;
    let session = broker.token(&issuer.token("assistant")).await;

    let trace = random_hex(16);
    let params = json!({
        "name": "say", "arguments": { "b": 2.0, "a": "ä" },
        "_meta": { "traceparent": format!("00-{trace}-b7ad6b7169203331-01") },
    });
    let answer = broker.modern("echo", &session, "tools/call", params).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let masked = format!("Bearer {MARKER}");
    assert_eq!(
        answer.json(),
        json!({ "jsonrpc": "2.0", "id": 7, "result": {
            "resultType": "complete", "isError": false,
            "content": [{ "type": "text", "text": format!("you sent [\"{masked}\"]") }],
            "structuredContent": { "authorization": [masked] },
            "_meta": { "io.claviger/masked": { "live_secret": 2 } },
        } })
    );

    let received = upstream.only();
    assert_eq!(received.header("authorization"), Some(format!("Bearer {secret}").as_str()));
    assert_eq!(received.header("accept-encoding"), Some("identity"));
    assert!(received.header("traceparent").is_some_and(|value| value.starts_with(&format!("00-{trace}-"))));
    let sent: Value = serde_json::from_slice(&received.body).expect("JSON");
    assert_eq!(sent["params"]["arguments"], json!({ "a": "ä", "b": 2.0 }));
    assert_ne!(sent["id"], json!(7), "an upstream sees ids of the broker's own");

    assert_the_record_is_whole(&broker, &issuer, &trace, &answer.body);
    assert_it_was_counted(&broker.metrics().await);
    broker.finish().await;
}

/// The exchange, what was meant and what came of it: every field, and no other.
fn assert_the_record_is_whole(broker: &Broker, issuer: &Issuer, trace: &str, body: &[u8]) {
    let records = broker.records();
    let [exchange, intent, outcome] = records.as_slice() else { panic!("{records:#?}") };
    let (subject, actor) = (
        json!({ "iss": issuer.issuer(), "sub": "assistant" }),
        json!({ "iss": broker.public_url(), "sub": "assistant" }),
    );
    let session = &exchange["session"];
    assert!(session.as_str().is_some_and(|id| id.len() >= 32), "{exchange}");
    let expected = json!({
        "version": 1, "kind": "exchange", "time_ms": exchange["time_ms"], "agent": "assistant", "subject": subject,
        "actor": actor, "session": session, "scope": "echo:*", "expires_ms": exchange["expires_ms"], "decision": "permit",
    });
    assert_eq!(*exchange, expected);
    assert_eq!(
        *intent,
        json!({
            "version": 1, "kind": "intent", "time_ms": intent["time_ms"], "trace_id": trace, "agent": "assistant",
            "subject": subject, "actor": actor, "session": session, "upstream": "echo", "action": "tools/call", "tool": "say",
            // RFC 8785: members in order, 2.0 is 2.
            "arguments_sha256": hexadecimal(r#"{"a":"ä","b":2}"#.as_bytes()),
            "decision": "permit", "rule": "assistants-may", "credential": "echo-key",
        })
    );
    assert_eq!(
        *outcome,
        json!({
            "version": 1, "kind": "outcome", "time_ms": outcome["time_ms"], "intent": 1, "ending": "complete", "status": 200,
            "response_sha256": outcome["response_sha256"], "response_bytes": outcome["response_bytes"], "masked_secrets": 2,
            "masked_fields": 0, "lease": "fixed/echo-key/1", "latency_us": outcome["latency_us"],
        })
    );
    // The upstream's answer has another id than ours and does not say what was masked, so that the digest is of its masked bytes
    // and not of these.
    assert!(
        outcome["response_bytes"].as_u64().is_some_and(|bytes| bytes.abs_diff(body.len() as u64) < 90),
        "{outcome}"
    );
    assert!(outcome["response_sha256"].as_str().is_some_and(|digest| digest.len() == 64), "{outcome}");
    let times = [exchange, intent, outcome].map(|entry| entry["time_ms"].as_u64().expect("a time"));
    assert!(times.is_sorted() && times[0] > 1_700_000_000_000, "{times:?}");
    assert!(outcome["latency_us"].as_u64().is_some_and(|latency| latency > 0), "{outcome}");
}

fn assert_it_was_counted(metrics: &str) {
    for line in [
        r#"claviger_calls_total{upstream="echo",outcome="complete"} 1"#,
        r#"claviger_masked_total{class="live_secret",upstream="echo",direction="answer"} 2"#,
        r#"claviger_exchanges_total{outcome="granted"} 1"#,
        "claviger_call_seconds_count 1",
        "claviger_sessions 1",
    ] {
        assert!(metrics.lines().any(|known| known == line), "no {line} in\n{metrics}");
    }
}

#[tokio::test]
async fn an_upstream_without_a_credential_gets_none_not_even_the_caller_s() {
    let upstream = mcp_echo().await;
    let issuer = Issuer::start().await;
    let setup = BrokerSetup::trusting(issuer.issuer()).mcp("open", &format!("{}/mcp", upstream.url()), "2026-07-28");
    let broker = Broker::start(setup).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let answer = broker.call_tool("open", &session, "say", json!({})).await;
    assert_eq!(answer.json()["result"]["structuredContent"], json!({ "authorization": [] }), "{answer:?}");
    let received = upstream.only();
    for name in ["authorization", "cookie", "x-api-key"] {
        assert!(!received.headers.contains_key(name), "{received:?}");
    }
    broker.finish().await;
}

#[tokio::test]
async fn a_credential_that_was_never_stored_is_missed_before_anything_is_sent() {
    let upstream = mcp_echo().await;
    let issuer = Issuer::start().await;
    let setup = BrokerSetup::trusting(issuer.issuer()).mcp("echo", &format!("{}/mcp", upstream.url()), "2026-07-28");
    let mut broker = Broker::prepare(setup.bearer(&canary("credential that is removed"))).await;
    let removed = broker.command(&["secret", "rm", "echo-key"], "").await;
    assert_eq!((removed.code, removed.stdout.as_str()), (Some(0), "removed echo-key\n"), "{removed:?}");
    broker.serve().await;
    let session = broker.token(&issuer.token("assistant")).await;
    let answer = broker.call_tool("echo", &session, "say", json!({})).await;
    assert_eq!(answer.status, 502, "{answer:?}");
    assert_eq!(
        answer.json(),
        json!({ "jsonrpc": "2.0", "id": 7, "error": {
            "code": -31_502, "data": { "error": "credential_unavailable" },
            "message": "this service has no usable credential for the upstream; an operator must look",
        } })
    );
    assert!(upstream.received().is_empty());
    assert_eq!(broker.records_of("outcome")[0]["ending"], "credential_unavailable");

    // An operator stores it, and tells the broker: nothing has to restart.
    let secret = canary("credential that is stored late");
    broker.store("echo-key", "echo", &secret).await;
    broker.hang_up().await;
    let answer = broker.call_tool("echo", &session, "say", json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(upstream.only().header("authorization"), Some(format!("Bearer {secret}").as_str()));
    broker.finish().await;
}

#[tokio::test]
async fn what_was_stored_is_listed_without_its_value_and_never_shown() {
    let upstream = mcp_echo().await;
    let setup =
        BrokerSetup::trusting("http://127.0.0.1:9").mcp("echo", &format!("{}/mcp", upstream.url()), "2026-07-28");
    let broker = Broker::prepare(setup.bearer(&canary("credential that is listed"))).await;
    let listed = broker.command(&["secret", "list", "--json"], "").await;
    assert_eq!(listed.code, Some(0), "{listed:?}");
    let line: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let expected = json!({
        "name": "echo-key", "upstream": "echo", "destination": line["destination"], "generation": 1, "stored_ms": line["stored_ms"],
    });
    assert_eq!(line, expected);
    for arguments in [["secret", "get", "echo-key"], ["secret", "show", "echo-key"]] {
        assert_eq!(broker.command(&arguments, "").await.code, Some(2));
    }
}

#[tokio::test]
async fn the_operator_s_pages_say_how_it_is() {
    let setup = BrokerSetup::trusting("http://127.0.0.1:9").mcp("one", "http://127.0.0.1:9/mcp", "2026-07-28");
    let broker = Broker::start(setup).await;
    for (path, text) in [("/healthz", "alive\n"), ("/readyz", "ready\n")] {
        let answer = broker.send(Method::GET, &broker.admin_url(path), HeaderMap::new(), "").await;
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, text.as_bytes()));
    }
    broker.finish().await;
}

fn hexadecimal(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
