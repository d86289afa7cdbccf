//! `examples/vault-postgres-agent`: a row is read as a database user that Vault makes for the session, and that ends with it.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::folder::Example;
use crate::support::{
    canary, database,
    openbao::OpenBao,
    peers::{self, or_skip},
    ports::free_port,
    postgres::Postgres,
    process::Process,
    terraform::Terraform,
};

/// What is promised.
const GONE_MAX: Duration = Duration::from_secs(1);

/// Where the README runs Terraform.
const MODULE: &str = "modules/vault-trust/examples/postgres";

#[tokio::test]
async fn the_analyst_reads_a_row_as_a_user_that_is_gone_after_the_session() {
    or_skip!(peers::postgres());
    let (node, python, terraform) = (or_skip!(peers::node()), or_skip!(peers::python()), or_skip!(peers::terraform()));
    let (postgres, vault) = (Postgres::start(), OpenBao::start(&[]));
    let example = Example::copy("vault-postgres-agent");
    let identity_provider = example.log_in(&node, "analyst").await;
    let server = format!("127.0.0.1:{}", free_port());
    let mut example = example
        .outside("https://idp.example", identity_provider.issuer())
        .outside("https://vault.example:8200", &vault.url())
        .outside("db.example:5432/app", &format!("127.0.0.1:{}/postgres?sslmode=disable", postgres.port()))
        .outside("127.0.0.1:8000", &server)
        .outside("https://orders.example/mcp", &format!("http://{server}/mcp"))
        .with_programs(python.folder());

    let password = canary::plain_canary("password of Vault's own database user");
    postgres.query("CREATE TABLE item (name text); INSERT INTO item VALUES ('first')");
    postgres.query(&example.block("1. PostgreSQL.", "sql").replace('…', &password));
    let (_server, _) = Process::start("database", example.commands("2. The MCP server."), "", database::endpoint).await;
    example.serve("3. Claviger.").await;
    let terraform = Terraform::new(&terraform)
        .with("VAULT_ADDR", &vault.url())
        .with("VAULT_TOKEN", vault.root_token())
        .with("TF_VAR_database_password", &password);
    let printed = terraform.shell(MODULE, &example.commands_text("4. Vault.")).await;
    let (_, blocks) = printed.rsplit_once("[[providers.vault]]\n").expect("Terraform prints a provider");
    let config = example.config().replace("addresses = \"loopback\"\n", "");
    for block in blocks.split("\n\n") {
        assert!(config.contains(block.trim()), "Terraform prints what is not in the example: {block}");
    }

    let said = example.run("5. The agent.").await;
    let [row, user] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert!(row == "first" && user.starts_with("v-token-cl-") && postgres.knows(user), "{said}");
    let outcomes = example.broker.records_of("outcome");
    let leases: BTreeSet<_> = outcomes.iter().map(|outcome| outcome["lease"].as_str()).collect();
    assert!(leases.len() == 1 && !leases.contains(&None), "one lease for the whole session: {outcomes:#?}");

    example.run("6. The end.").await;
    let began = Instant::now();
    while postgres.knows(user) {
        assert!(began.elapsed() < GONE_MAX, "{user} is still there");
    }
    example.finish().await;
}
