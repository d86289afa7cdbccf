//! What the operator says is done with finds: in answers, in calls, by upstream; and what the operator sees of it.

use std::{fs, sync::Arc};

use http::Method;
use serde_json::json;
use tokio::sync::Semaphore;

use super::MARKER;
use crate::support::{
    broker::{Broker, BrokerSetup, bearer},
    canary::{canary, plain_canary},
    echo::{Echo, Piece, Reply},
    issuer::Issuer,
    streamed::Streamed,
};

const CARD: &str = "4539 1488 0343 6467";

/// A broker before an upstream that answers what it was sent, with such lines for the upstream's table.
async fn broker(issuer: &Issuer, upstream: &Echo, lines: &str, more: &str) -> Broker {
    let setup = BrokerSetup::trusting(issuer.issuer())
        .http("api", upstream.url())
        .upstream_line(lines)
        .operation("all", &["POST"], "/**")
        .more(more);
    Broker::start(setup).await
}

async fn mirror() -> Echo {
    Echo::start(|request| Reply::json(&json!({ "said": String::from_utf8_lossy(&request.body) }))).await
}

#[tokio::test]
async fn personal_data_is_masked_in_answers_and_the_operator_sees_how_often() {
    let (issuer, upstream) = (Issuer::start().await, mirror().await);
    let more = "
[masking.answers]
personal_data = \"detect\"
kinds = { CREDIT_CARD = \"mask\", ACCOUNT = \"mask\" }
[[masking.patterns]]
name = \"ACCOUNT\"
pattern = 'ACCT-\\d{6,10}'
[[masking.allow]]
text = \"ACCT-00000000\"
owner = \"support\"
until = 2099-12-31
[[masking.allow]]
text = \"none, ask\"
class = \"named_field\"
owner = \"support\"
until = 2099-12-31
";
    let broker = broker(&issuer, &upstream, "", more).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let text = format!("card {CARD} of ACCT-12345678 not ACCT-00000000, ask ann@corp.example");
    let answer = broker.send(Method::POST, &broker.http_url("api", "/say"), bearer(&session), text).await;
    let expected = "card (masked-credit-card) of (masked-account) not ACCT-00000000, ask ann@corp.example";
    assert_eq!(answer.json()["said"], expected, "{answer:?}");
    let outcome = broker.records_of("outcome").remove(0);
    assert_eq!(outcome["masked"], json!({ "CREDIT_CARD": 1, "ACCOUNT": 1 }), "{outcome}");
    assert_eq!(outcome["detected"], json!({ "EMAIL_ADDRESS": 1 }), "{outcome}");
    let text = "{\"password\": \"none, ask\", \"token\": \"none, ask.\"}";
    let answer = broker.send(Method::POST, &broker.http_url("api", "/say"), bearer(&session), text).await;
    assert_eq!(answer.json()["said"], format!("{{\"password\": \"none, ask\", \"token\": \"{MARKER}\"}}"));
    let metrics = broker.metrics().await;
    let line = r#"claviger_masked_total{class="ACCOUNT",upstream="api",direction="answer"} 1"#;
    assert!(metrics.lines().any(|known| known == line), "{metrics}");
    let found = broker.command(&["audit", "findings", "--json"], "").await;
    let row = found.stdout.lines().map(|row| serde_json::from_str::<serde_json::Value>(row).expect("a row"));
    let row = row.into_iter().find(|row| row["class"] == "CREDIT_CARD" && row["direction"] == "answer");
    assert_eq!(row.map(|row| (row["masked"].clone(), row["upstream"].clone())), Some((json!(1), json!("api"))));
    broker.finish().await;
}

#[tokio::test]
async fn what_agents_send_is_masked_or_refused_where_the_operator_says_so() {
    let (issuer, upstream) = (Issuer::start().await, mirror().await);
    let lines = "masking = { calls = { kinds = { CREDIT_CARD = \"mask\", US_SSN = \"block\" } } }";
    let broker = broker(&issuer, &upstream, lines, "").await;
    let session = broker.token(&issuer.token("assistant")).await;
    let url = broker.http_url("api", "/say");
    let answer = broker.send(Method::POST, &url, bearer(&session), format!("pay {CARD}")).await;
    assert_eq!((answer.status.as_u16(), upstream.only().body.as_ref()), (200, &b"pay (masked-credit-card)"[..]));
    let refused = broker.send(Method::POST, &url, bearer(&session), "my SSN is 536-90-4399").await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (403, &json!("call_blocked")), "{refused:?}");
    let refused = broker.send(Method::POST, &format!("{url}?card=4539148803436467"), bearer(&session), "").await;
    assert_eq!(refused.json()["error"], "call_blocked", "{refused:?}");
    assert_eq!(upstream.received().len(), 1);
    let intent = broker.records_of("intent").remove(0);
    assert_eq!(intent["masked"], json!({ "CREDIT_CARD": 1 }), "{intent}");
    broker.finish().await;
}

#[tokio::test]
async fn an_answer_with_what_is_blocked_is_withheld() {
    let (issuer, upstream) = (Issuer::start().await, mirror().await);
    let lines = "masking = { answers = { kinds = { CREDIT_CARD = \"block\" } } }";
    let broker = broker(&issuer, &upstream, lines, "").await;
    let session = broker.token(&issuer.token("assistant")).await;
    let url = broker.http_url("api", "/say");
    let refused = broker.send(Method::POST, &url, bearer(&session), format!("pay {CARD}")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (502, &json!("answer_blocked")), "{refused:?}");
    let passed = broker.send(Method::POST, &url, bearer(&session), "pay nobody").await;
    assert_eq!(passed.json()["said"], "pay nobody");
    let endings: Vec<_> = broker.records_of("outcome").iter().map(|outcome| outcome["ending"].clone()).collect();
    assert_eq!(endings, ["answer_blocked", "complete"]);
    broker.finish().await;
}

#[tokio::test]
async fn a_session_ends_when_a_credential_comes_back_and_the_operator_wants_it() {
    let secret = canary("credential");
    let issuer = Issuer::start().await;
    let upstream = Echo::start(|request| Reply::text(format!("{:?}", request.headers))).await;
    let setup = BrokerSetup::trusting(issuer.issuer())
        .http("api", upstream.url())
        .upstream_line("masking = { answers = { live_secrets = \"end_session\" } }")
        .operation("all", &["POST"], "/**")
        .credential("header = \"X-Api-Key\"", &secret);
    let broker = Broker::start(setup).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let url = broker.http_url("api", "/say");
    let answer = broker.send(Method::POST, &url, bearer(&session), "").await;
    assert!(!String::from_utf8_lossy(&answer.body).contains(&secret), "{answer:?}");
    let refused = broker.send(Method::POST, &url, bearer(&session), "").await;
    assert_eq!((refused.status.as_u16(), upstream.received().len()), (401, 1), "{refused:?}");
    broker.wait_until(|_| !broker.records_of("revocation").is_empty()).await;
    assert_eq!(broker.records_of("revocation")[0]["cause"], "a credential came back");
    broker.finish().await;
}

#[tokio::test]
async fn a_file_is_scanned_with_the_same_rules_and_nothing_of_a_find_is_printed() {
    let (issuer, upstream) = (Issuer::start().await, mirror().await);
    let broker = broker(&issuer, &upstream, "", "").await;
    let text = format!("one\ncard {CARD}\n");
    let scanned = broker.command(&["scan", "-c", "claviger.toml", "--explain", "-"], &text).await;
    assert_eq!(scanned.code, Some(3), "{scanned:?}");
    assert!(scanned.stdout.starts_with("standard input:2:6: CREDIT_CARD"), "{scanned:?}");
    let printed = format!("{}{}", scanned.stdout, scanned.stderr);
    assert!(!printed.contains("6467") && printed.contains("masking.allow"), "{printed}");
    let masked = broker.command(&["scan", "--mask", "-"], &text).await;
    assert_eq!(masked.stdout, "one\ncard (masked-credit-card)\n", "{masked:?}");
    let clean = broker.command(&["scan", "-"], "nothing here\n").await;
    assert_eq!((clean.code, clean.stdout.as_str()), (Some(0), ""), "{clean:?}");
    broker.finish().await;
}

#[tokio::test]
async fn rules_of_the_operator_hold_in_answers_and_a_wrong_one_is_told_with_what_to_do() {
    let (issuer, upstream) = (Issuer::start().await, mirror().await);
    let setup = BrokerSetup::trusting(issuer.issuer())
        .http("api", upstream.url())
        .operation("all", &["POST"], "/**")
        .more("[masking]\nrules = [\"rules/*.toml\"]\n");
    let mut broker = Broker::prepare_empty(setup);
    fs::create_dir(broker.path("rules")).expect("a folder of ours");
    let write = |rules: &str| fs::write(broker.path("rules/own.toml"), rules).expect("a file of ours");
    for (rules, why) in [
        ("key = { shapes = [\"'a' alnum{20}\"] }", "begin it with four bytes that are known"),
        ("key = { shapes = [\"'corp_' alnum{20}\"], after = [\"ab\"] }", "write 4 to 24 ASCII characters"),
        ("key = { shapes = [\"'corp_' letter{20}\"] }", "the class at byte 8 is none of those in docs/detection.md"),
        ("key = { shape = \"'corp_' alnum{20}\" }", "unknown field `shape`"),
        ("github-token = { shapes = [\"'corp_' alnum{20}\"] }", "take another name"),
    ] {
        write(rules);
        let checked = broker.command(&["check", "-c", "claviger.toml"], "").await;
        let said = format!("{}{}", checked.stdout, checked.stderr);
        assert!(checked.code != Some(0) && said.contains(why) && said.contains("own.toml"), "{checked:?}");
    }
    write("corp-key = { shapes = [\"'corp_' alnum{20}\"] }");
    broker.serve().await;
    let session = broker.token(&issuer.token("assistant")).await;
    let random = plain_canary("of the operator's kind");
    let text = format!("use corp_{}", random.rsplit('-').next().and_then(|hex| hex.get(..20)).expect("32 digits"));
    let answer = broker.send(Method::POST, &broker.http_url("api", "/say"), bearer(&session), text.clone()).await;
    assert_eq!(answer.json()["said"], format!("use {MARKER}"), "{answer:?}");
    let scanned = broker.command(&["scan", "-c", "claviger.toml", "-"], &text).await;
    assert!(scanned.stdout.contains("by the rule corp-key"), "{scanned:?}");
    broker.finish().await;
}

#[tokio::test]
async fn a_plain_answer_that_waits_comes_up_to_the_word_that_may_go_on() {
    let (issuer, secret) = (Issuer::start().await, plain_canary("credential"));
    let gate = Arc::new(Semaphore::new(0));
    let (half, rest) = secret.split_at(secret.len() / 2);
    let (half, rest) = (format!("one line\nand then {half}"), format!("{rest} to the end"));
    let opened = Arc::clone(&gate);
    let upstream = Echo::start(move |_| {
        let [half, rest] = [&half, &rest].map(|text| Piece::Bytes(text.clone().into()));
        Reply::stream("text/plain", vec![half, Piece::Gate(Arc::clone(&opened)), rest])
    })
    .await;
    let setup = BrokerSetup::trusting(issuer.issuer()).http("api", upstream.url());
    let broker =
        Broker::start(setup.operation("all", &["GET"], "/**").credential("header = \"X-Api-Key\"", &secret)).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let url = broker.http_url("api", "/page");
    let mut stream = Streamed::begin(Method::GET, &url, bearer(&session), "").await;
    let first = stream.next().await.expect("what there is").expect("whole");
    // A recognizer may wait for more of the last words, and for no more than that.
    assert!(first.starts_with(b"one line\n") && b"one line\nand then ".starts_with(&first), "{first:?}");
    gate.add_permits(1);
    let whole = format!("one line\nand then {MARKER} to the end");
    assert_eq!(String::from_utf8_lossy(stream.read_to_end().await), whole);
    drop(stream);
    broker.finish().await;
}

#[tokio::test]
async fn a_credential_that_could_be_guessed_is_not_stored() {
    let (issuer, upstream) = (Issuer::start().await, mirror().await);
    let setup = BrokerSetup::trusting(issuer.issuer())
        .http("api", upstream.url())
        .operation("all", &["POST"], "/**")
        .credential("header = \"X-Api-Key\"", &canary("credential"));
    let broker = Broker::prepare(setup).await;
    let refused = broker.command(&["secret", "set", "api-key", "--upstream", "api"], "hunter22\n").await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("not stored") && refused.stderr.contains("longer"), "{refused:?}");
    assert!(!refused.stderr.contains("hunter22"), "{refused:?}");
}
