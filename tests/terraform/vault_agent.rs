//! The whole way: Terraform sets Vault up for a running Claviger, and an agent reads a row as a user that lives for its session.

use std::time::{Duration, Instant};

use serde_json::json;

use super::vault_minting::{EXAMPLE, prepare};
use crate::support::{
    broker::{Broker, BrokerSetup},
    database,
    issuer::Issuer,
    openbao::OpenBao,
    peers::{self, or_skip},
    postgres::Postgres,
    terraform::Terraform,
};

/// What is promised.
const GONE_MAX: Duration = Duration::from_secs(1);

#[tokio::test]
async fn an_agent_reads_a_row_through_the_vault_that_terraform_set_up() {
    or_skip!(peers::postgres());
    let (python, terraform) = (or_skip!(peers::python()), or_skip!(peers::terraform()));
    let (postgres, vault, issuer) = (Postgres::start(), OpenBao::start(&[]), Issuer::start().await);
    let (_database, url) = database::start(&python, &postgres).await;

    // Vault reads Claviger's keys when it is set up, so Claviger comes first, with what Terraform will print.
    let provider = format!(
        "[[providers.vault]]\nname = \"vault\"\nurl = \"{url}\"\n\
         auth = {{ jwt = {{ mount = \"claviger\", role = \"claviger\", audience = \"{url}\" }} }}\ntoken_role = \"claviger\"\n",
        url = vault.url()
    );
    let credential = "[upstreams.credential.vault]\npolicies = [\"claviger-app-reader\"]\n\
                      database = { mount = \"claviger-database\", role = \"app-reader\" }\n";
    let setup = BrokerSetup::trusting(issuer.issuer())
        .mcp("items", &url, "2026-07-28")
        .minted("vault", "basic = true", credential)
        .more(&format!("{provider}addresses = \"loopback\"\n"));
    let broker = Broker::start(setup).await;
    let terraform = Terraform::new(&terraform)
        .with("VAULT_ADDR", &vault.url())
        .with("VAULT_TOKEN", vault.root_token())
        .with("TF_VAR_public_url", broker.public_url())
        .with("TF_VAR_vault_url", &vault.url());
    let terraform = prepare(&postgres)
        .into_iter()
        .fold(terraform, |terraform, (name, value)| terraform.with(&format!("TF_VAR_{name}"), &value));
    let outputs = terraform.apply(EXAMPLE).await;
    assert_eq!(outputs["claviger_toml"].as_str(), Some(&*format!("{provider}\n{credential}")));

    let session = broker.token(&issuer.token("assistant")).await;
    let query = async |sql: &str| {
        let answer = broker.call_tool("items", &session, "query", json!({ "sql": sql })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["result"]["structuredContent"]["result"].clone()
    };
    assert_eq!(query("SELECT name FROM item").await, json!(["first"]));
    let user = query("SELECT current_user").await[0].as_str().expect("a name").to_owned();
    assert!(postgres.knows(&user));

    broker.revoke(&session).await;
    let began = Instant::now();
    while postgres.knows(&user) {
        assert!(began.elapsed() < GONE_MAX, "{user} is still there");
    }
    broker.finish().await;
}
