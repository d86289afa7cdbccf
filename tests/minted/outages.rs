//! While the source of a credential is silent or gone, sessions that have the credential go on, and others hear so in time.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;
use tokio::{process::Command, time::sleep};

use crate::support::{
    aws::AwsAccount,
    broker::{Broker, BrokerSetup, bearer},
    canary,
    echo::{Echo, Reply},
    gate::{Gate, Way},
    http_client::Answer,
    identity_provider::{IdentityProvider, Setup},
    issuer::Issuer,
    peers::{node, or_skip},
    program,
};

/// A source that does not answer is given up after ten seconds; this is far above what the rest of a call takes.
const GIVEN_UP_MAX: Duration = Duration::from_secs(13);

/// A broker whose one upstream needs a credential from behind the gate.
struct Stage {
    gate: Gate,
    issuer: Issuer,
    broker: Broker,
    path: &'static str,
}

impl Stage {
    async fn session(&self) -> String {
        self.broker.token(&self.issuer.token("assistant")).await
    }

    async fn call(&self, session: &str) -> Answer {
        self.broker.send(Method::GET, &self.broker.http_url("api", self.path), bearer(session), "").await
    }

    async fn is_served(&self, session: &str) -> bool {
        self.call(session).await.status == 200
    }

    /// Has the source go and come back. What is minted lives longer than that.
    async fn goes_and_comes(&self, way: Way) {
        let (before, during) = (self.session().await, self.session().await);
        assert!(self.is_served(&before).await, "{way:?}: {}", self.broker.printed());
        self.gate.turn(way);
        self.hears_in_time(&during, way).await;
        assert!(self.is_served(&before).await, "{way:?}: it has its credential");
        self.gate.turn(Way::Open);
        self.broker.wait_until_async(async || self.is_served(&during).await).await;
    }

    /// A session that has no credential yet.
    async fn hears_in_time(&self, session: &str, way: Way) {
        let began = Instant::now();
        let refused = self.call(session).await;
        assert!(began.elapsed() < GIVEN_UP_MAX, "{way:?}: {:?}", began.elapsed());
        let said = json!({
            "error": "credential_source_unreachable",
            "error_description": "the source of the credential does not answer; try again",
        });
        assert_eq!((refused.status.as_u16(), refused.json()), (503, said), "{way:?}");
    }
}

#[tokio::test]
async fn keys_of_aws_outlast_sts() {
    let account = or_skip!(AwsAccount::start().await);
    let (issuer, gate) = (Issuer::start().await, Gate::start(account.url()).await);
    let provider = format!(
        "[[providers.aws_sts]]\nname = \"aws\"\nregion = \"eu-central-1\"\nendpoint = \"{}\"\nauth = {{ ambient = true }}\n",
        gate.url()
    );
    let role = "aws_sts = { role = \"arn:aws:iam::123456789012:role/agent\", whole_role = true }";
    let setup = BrokerSetup::trusting(issuer.issuer())
        .http("api", account.url())
        .operation("read", &["GET"], "/**")
        .minted("aws", "aws_signature = { service = \"s3\", region = \"eu-central-1\" }", role)
        .more(&provider);
    let mut broker = Broker::prepare(setup).await;
    canary::register("AWS secret of the broker", account.environment()[1].1);
    let mut program = Command::new(program::claviger());
    program.envs(account.environment());
    broker.serve_as(program).await;
    let stage = Stage { gate, issuer, broker, path: "/reports/2026/november.txt" };
    for way in [Way::Shut, Way::Barred] {
        stage.goes_and_comes(way).await;
    }
    stage.broker.finish().await;
}

#[tokio::test]
async fn tokens_of_an_authorization_server_outlast_it_until_they_end() {
    const API: &str = "https://api.test";
    const LIFE_SECONDS: u64 = 20;
    let node = or_skip!(node());
    let secret = canary::canary("client secret");
    let setup = Setup::default().client("claviger", &secret, json!({}));
    let setup = setup.resource(API, json!({ "algorithm": "ES256", "ttl_seconds": LIFE_SECONDS, "scope": "read" }));
    let server = IdentityProvider::start(&node, setup).await;
    let (issuer, gate) = (Issuer::start().await, Gate::start(server.issuer()).await);
    let api = Echo::start(|_| Reply::text("served")).await;
    let provider = format!(
        "[[providers.oauth2]]\nname = \"login\"\ntoken_endpoint = \"{}/token\"\naddresses = \"loopback\"\n\
         client_id = \"claviger\"\nclient_secret = \"login-secret\"\n",
        gate.url()
    );
    let token = format!("oauth2 = {{ grant = \"client-credentials\", resource = \"{API}\", scopes = [\"read\"] }}");
    let setup = BrokerSetup::trusting(issuer.issuer())
        .http("api", api.url())
        .operation("read", &["GET"], "/**")
        .minted("login", "header = \"Authorization\", prefix = \"Bearer \"", &token)
        .more(&provider);
    let mut broker = Broker::prepare(setup).await;
    let arguments = ["secret", "set", "login-secret", "--provider", "login", "-c", "claviger.toml"];
    let ran = broker.command(&arguments, &secret).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    broker.serve().await;
    let stage = Stage { gate, issuer, broker, path: "/me" };
    for way in [Way::Shut, Way::Barred] {
        stage.goes_and_comes(way).await;
    }

    let session = stage.session().await;
    assert!(stage.is_served(&session).await);
    let minted = Instant::now();
    stage.gate.turn(Way::Shut);
    assert!(stage.is_served(&session).await);
    sleep(Duration::from_secs(LIFE_SECONDS).saturating_sub(minted.elapsed())).await;
    stage.hears_in_time(&session, Way::Shut).await;
    stage.gate.turn(Way::Open);
    stage.broker.wait_until_async(async || stage.is_served(&session).await).await;

    for received in api.received() {
        let token = received.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        canary::register("access token", token.expect("every call has its credential"));
    }
    stage.broker.finish().await;
}
