//! A database user for each session, from OpenBao, of which the agent sees nothing.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use crate::support::{
    broker::{Broker, BrokerSetup, bearer, modern_body, modern_headers},
    canary, database,
    gate::{Gate, Way},
    http_client,
    issuer::Issuer,
    openbao::OpenBao,
    peers::{self, Missing, or_skip},
    postgres::Postgres,
    process::Process,
    readers,
};

/// What is promised.
const GONE_MAX: Duration = Duration::from_secs(1);

/// A source that answers at once that it is out of service is not waited for.
const REFUSED_MAX: Duration = Duration::from_secs(5);

/// A source that does not answer is given up after ten seconds; this is far above what the rest of a call takes.
const GIVEN_UP_MAX: Duration = Duration::from_secs(13);

/// Everything between an agent and its database.
struct Stage {
    postgres: Postgres,
    bao: OpenBao,
    gate: Gate,
    issuer: Issuer,
    broker: Broker,
    _database: Process,
}

/// A database server that has no user of its own, and an OpenBao that trusts whatever the broker signs about itself.
async fn stage() -> Result<Stage, Missing> {
    let (python, ()) = (peers::python()?, peers::postgres()?);
    let (bao, postgres, issuer) = (OpenBao::start(&[]), Postgres::start(), Issuer::start().await);
    let gate = Gate::start(&bao.url()).await;
    canary::register("password of the database's owner", postgres.owner().1);
    canary::register("root token of OpenBao", bao.root_token());
    readers::mint(&bao, &postgres);
    let (database, url) = database::start(&python, &postgres).await;
    let setup = BrokerSetup::trusting(issuer.issuer())
        .mcp("orders", &url, "2026-07-28")
        .minted("bao", "basic = true", readers::CREDENTIAL)
        .more(&readers::provider(gate.url()));
    let broker = Broker::start(setup).await;
    readers::trust(&bao, broker.public_url());
    Ok(Stage { postgres, bao, gate, issuer, broker, _database: database })
}

impl Stage {
    async fn session(&self) -> String {
        self.broker.token(&self.issuer.token("assistant")).await
    }

    /// The rows of one statement, as the session's own user.
    async fn query(&self, session: &str, sql: &str) -> Value {
        let answer = self.broker.call_tool("orders", session, "query", json!({ "sql": sql })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["result"]["structuredContent"]["result"].clone()
    }

    fn users(&self) -> Vec<String> {
        readers::users(&self.postgres)
    }

    fn leases(&self) -> usize {
        readers::leases(&self.bao).len()
    }
}

#[tokio::test]
async fn an_agent_reads_a_row_as_a_user_that_is_gone_a_second_after_its_session() {
    let stage = or_skip!(stage().await);
    let (session, other) = (stage.session().await, stage.session().await);
    assert_eq!(stage.users(), Vec::<String>::new(), "nothing is minted before it is needed");
    assert_eq!(stage.query(&session, "SELECT name FROM fruit").await, json!(["quince"]));
    let [user] = &stage.users()[..] else { panic!("{:?}", stage.users()) };
    assert_eq!(stage.query(&session, "SELECT current_user").await, json!([user]), "one user for the whole session");
    let others = stage.query(&other, "SELECT current_user").await;
    assert!(stage.users().len() == 2 && others != json!([user]), "{others}");

    stage.broker.revoke(&session).await;
    let began = Instant::now();
    while stage.postgres.knows(user) {
        assert!(began.elapsed() < GONE_MAX, "{user} is still there");
    }
    assert_eq!((stage.users().len(), stage.leases()), (1, 1), "only the other session's");
    assert_eq!(stage.query(&other, "SELECT current_user").await, others, "which goes on");
    let outcomes = stage.broker.records_of("outcome");
    let lease = outcomes.iter().find_map(|outcome| outcome["lease"].as_str());
    assert!(lease.is_some_and(|lease| lease.starts_with("lease/")), "{outcomes:#?}");
    stage.broker.finish().await;
}

#[tokio::test]
async fn a_user_whose_broker_was_killed_is_gone_after_its_next_start() {
    let mut stage = or_skip!(stage().await);
    let session = stage.session().await;
    stage.query(&session, "SELECT name FROM fruit").await;
    let [before] = &stage.users()[..] else { panic!("{:?}", stage.users()) };
    stage.broker.kill().await;
    assert!(stage.postgres.knows(before));
    stage.broker.serve().await;
    stage.broker.wait_until_async(async || !stage.postgres.knows(before)).await;
    assert_eq!(
        stage.query(&session, "SELECT name FROM fruit").await,
        json!(["quince"]),
        "the session goes on as another user"
    );
    assert_eq!((stage.users().len(), stage.leases()), (1, 1));
    stage.broker.finish().await;
}

#[tokio::test]
async fn while_vault_is_sealed_sessions_go_on_with_what_they_have_and_others_hear_so_at_once() {
    let stage = or_skip!(stage().await);
    let (session, other) = (stage.session().await, stage.session().await);
    let user = stage.query(&session, "SELECT current_user").await;
    stage.bao.done("POST", "sys/seal", &Value::Null);
    assert_eq!(stage.query(&session, "SELECT current_user").await, user);
    let began = Instant::now();
    let refused = stage.broker.call_tool("orders", &other, "query", json!({ "sql": "SELECT 1" })).await;
    assert!(began.elapsed() < REFUSED_MAX, "{refused:?}");
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(stage.broker.printed().contains("Vault is sealed"), "{}", stage.broker.printed());

    stage.bao.done("POST", "sys/unseal", &json!({ "key": stage.bao.unseal_key() }));
    let works = async || {
        let answer = stage.broker.call_tool("orders", &other, "query", json!({ "sql": "SELECT 1" })).await;
        answer.status == 200 && answer.json()["result"]["structuredContent"]["result"] == json!(["1"])
    };
    stage.broker.wait_until_async(works).await;
    assert_eq!(stage.query(&session, "SELECT current_user").await, user);
    stage.broker.finish().await;
}

#[tokio::test]
async fn while_vault_does_not_answer_sessions_go_on_until_their_lease_ends_and_others_do_not_pile_up() {
    const LIFE_SECONDS: u64 = 15;
    const CALLERS: usize = 100;
    let stage = or_skip!(stage().await);
    readers::live(&stage.bao, LIFE_SECONDS);
    let mut others = Vec::new();
    for _ in 0..CALLERS {
        others.push(stage.session().await);
    }
    let session = stage.session().await;
    let user = stage.query(&session, "SELECT current_user").await;
    let minted = Instant::now();
    stage.gate.turn(Way::Barred);

    let mut calls = JoinSet::new();
    for other in &others {
        let params = json!({ "name": "query", "arguments": { "sql": "SELECT 1" } });
        let mut headers = modern_headers("tools/call", &params);
        headers.extend(bearer(other));
        let (url, body) = (stage.broker.mcp_url("orders"), modern_body("tools/call", params).to_string());
        calls.spawn(async move { http_client::send(Method::POST, &url, headers, body).await });
    }
    assert_eq!(stage.query(&session, "SELECT current_user").await, user, "it does not wait for the others");
    let began = Instant::now();
    for answer in calls.join_all().await {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(String::from_utf8_lossy(&answer.body).contains("credential_source_unreachable"), "{answer:?}");
    }
    assert!(began.elapsed() < GIVEN_UP_MAX, "{:?}", began.elapsed());

    sleep(Duration::from_secs(LIFE_SECONDS).saturating_sub(minted.elapsed())).await;
    let after = stage.broker.call_tool("orders", &session, "query", json!({ "sql": "SELECT 1" })).await;
    assert_eq!(after.status, 503, "past the end of its lease: {after:?}");

    stage.gate.turn(Way::Open);
    let works = async || {
        let answer = stage.broker.call_tool("orders", &others[0], "query", json!({ "sql": "SELECT 1" })).await;
        answer.status == 200 && answer.json()["result"]["structuredContent"]["result"] == json!(["1"])
    };
    stage.broker.wait_until_async(works).await;
    assert_eq!(stage.query(&session, "SELECT name FROM fruit").await, json!(["quince"]), "as another user");
    stage.broker.finish().await;
}
