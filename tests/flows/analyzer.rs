//! What only an analyzer finds: a real Presidio service is asked about answers and calls, and nothing passes when it is gone.

use http::Method;
use serde_json::{Value, json};

use super::mcp_echo;
use crate::support::{
    broker::{Broker, BrokerSetup, bearer},
    echo::{Echo, Reply},
    http_client::Answer,
    issuer::Issuer,
    peers::{or_skip, presidio},
    process::Process,
};

/// A license that Presidio knows by its check digit, and that Claviger knows nothing of.
const LICENSE: &str = "BB1388568";
/// An address of Bitcoin, likewise.
const WALLET: &str = "16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ";
const TEXT_BYTES_MAX: usize = 4096;

/// Begins with the slowest: a service that was just started learns its rules at the first question.
const ANALYZER: &str =
    "entities = [\"MEDICAL_LICENSE\", \"URL\", \"CRYPTO\"]\ndeadline_ms = 60000\ntext_bytes_max = 4096";

async fn service() -> (Process, String) {
    let Ok(command) = presidio() else { unreachable!("the test has looked for it") };
    Process::start("Presidio", command, "", |line| {
        line.strip_prefix("listening on ").map(|port| format!("http://127.0.0.1:{}", port.trim()))
    })
    .await
}

/// An API that says what its path asks for.
async fn api() -> Echo {
    Echo::start(|request| match request.uri.path() {
        "/doctor" => Reply::json(&json!({ LICENSE: ["Dr. Jörg", format!("medical license {LICENSE}")] })),
        "/site" => Reply::text("see https://www.example.com/x for more"),
        "/wallet" => Reply::text(format!("pay to {WALLET}")),
        "/long" => Reply::text(format!("{} medical license {LICENSE}", "words ".repeat(TEXT_BYTES_MAX / 6))),
        _ => Reply::status(404),
    })
    .await
}

async fn get(broker: &Broker, session: &str, upstream: &str, path: &str) -> Answer {
    broker.send(Method::GET, &broker.http_url(upstream, path), bearer(session), "").await
}

fn text(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), String::from_utf8_lossy(&answer.body).into_owned())
}

fn refused(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn what_presidio_alone_finds_is_masked_and_nothing_passes_without_it() {
    drop(or_skip!(presidio()));
    let ((mut service, url), issuer) = (service().await, Issuer::start().await);
    let (api, tools) = (api().await, mcp_echo().await);
    let kinds = "{ MEDICAL_LICENSE = \"mask\", URL = \"detect\", CRYPTO = \"block\" }";
    let setup = BrokerSetup::trusting(issuer.issuer())
        .http("api", api.url())
        .upstream_line(&format!("masking = {{ answers = {{ kinds = {kinds} }} }}"))
        .operation("all", &["GET"], "/**")
        .http("counted", api.url())
        .upstream_line("masking = { answers = { kinds = { MEDICAL_LICENSE = \"detect\" } } }")
        .operation("all", &["GET"], "/**")
        .http("unasked", api.url())
        .operation("all", &["GET"], "/**")
        .mcp("tools", tools.url(), "2026-07-28")
        .upstream_line("masking = { calls = { kinds = { MEDICAL_LICENSE = \"mask\" } } }")
        .more(&format!(
            "[masking.analyzer]\nkind = \"presidio\"\nurl = \"{url}\"\naddresses = \"loopback\"\n{ANALYZER}"
        ));
    let broker = Broker::start(setup).await;
    let checked = broker.command(&["check", "-c", "claviger.toml"], "").await;
    assert!(checked.stdout.contains("analyzer") && checked.code == Some(0), "{checked:?}");
    let session = broker.token(&issuer.token("assistant")).await;

    let answer = get(&broker, &session, "api", "/doctor").await;
    assert_eq!(answer.json(), json!({ LICENSE: ["Dr. Jörg", "medical license (masked-medical-license)"] }));
    let as_it_is = json!({ LICENSE: ["Dr. Jörg", format!("medical license {LICENSE}")] });
    for upstream in ["counted", "unasked"] {
        assert_eq!(get(&broker, &session, upstream, "/doctor").await.json(), as_it_is, "{upstream}");
    }
    let site = (200, "see https://www.example.com/x for more".to_owned());
    assert_eq!(text(&get(&broker, &session, "api", "/site").await), site);
    assert_eq!(refused(&get(&broker, &session, "api", "/wallet").await), (502, "answer_blocked".to_owned()));
    assert_eq!(refused(&get(&broker, &session, "api", "/long").await), (403, "too_long_to_analyze".to_owned()));
    assert_eq!(get(&broker, &session, "counted", "/long").await.status, 200);

    let arguments = json!({ "note": format!("medical license {LICENSE}") });
    let answer = broker.call_tool("tools", &session, "write", arguments.clone()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let sent: Value = serde_json::from_slice(&tools.only().body).expect("the broker sends JSON");
    assert_eq!(sent["params"]["arguments"], json!({ "note": "medical license (masked-medical-license)" }));

    let outcomes = broker.records_of("outcome");
    let found = |at: usize, how: &str, kind: &str| outcomes[at][how][kind].clone();
    assert_eq!(found(0, "masked", "MEDICAL_LICENSE"), 1, "{outcomes:?}");
    assert_eq!(found(1, "detected", "MEDICAL_LICENSE"), 1, "{outcomes:?}");
    assert_eq!(found(3, "detected", "URL"), 1, "{outcomes:?}");
    assert_eq!(found(4, "masked", "CRYPTO"), 1, "{outcomes:?}");
    assert_eq!(outcomes[5]["ending"], "too_long_to_analyze");
    let intent = broker.records_of("intent").pop().expect("the call of a tool");
    assert_eq!(intent["masked"]["MEDICAL_LICENSE"], 1, "{intent}");
    let metrics = broker.metrics().await;
    assert!(metrics.contains("class=\"MEDICAL_LICENSE\",upstream=\"tools\",direction=\"call\""), "{metrics}");

    service.kill().await;
    let gone = (503, "analyzer_unavailable".to_owned());
    for path in ["/doctor", "/site"] {
        assert_eq!(refused(&get(&broker, &session, "api", path).await), gone, "{path}");
    }
    for upstream in ["counted", "unasked"] {
        assert_eq!(get(&broker, &session, upstream, "/doctor").await.json(), as_it_is, "{upstream}");
    }
    let answer = broker.call_tool("tools", &session, "write", arguments).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]["data"]["error"]),
        (503, &json!("analyzer_unavailable"))
    );
    assert_eq!(tools.received().len(), 1, "nothing was sent");
    broker.finish().await;
}
