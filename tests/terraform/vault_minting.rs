//! What Vault mints that the example of the module `vault-trust` set up, and how long it lives; PostgreSQL is asked.

use std::fs;

use http::StatusCode;
use serde_json::json;

use super::vault::Vault;
use crate::support::{
    canary,
    peers::{self, or_skip},
    postgres::Postgres,
};

pub(super) const EXAMPLE: &str = "modules/vault-trust/examples/postgres";

#[tokio::test]
async fn vault_makes_a_database_user_for_a_session_and_drops_it() {
    or_skip!(peers::postgres());
    let terraform = or_skip!(peers::terraform());
    let postgres = Postgres::start();
    let vault = set_up(&postgres, &terraform).await;
    let own = vault.own_token().await;
    let (session, accessor) = vault.session_token(&own, "claviger-app-reader").await;

    let user = vault.read("claviger-database/creds/app-reader", &session).await.json();
    assert_eq!((&user["lease_duration"], &user["renewable"]), (&json!(900), &json!(true)), "{user}");
    let [name, password] =
        ["username", "password"].map(|field| user["data"][field].as_str().expect("a user").to_owned());
    canary::register("password of a minted user", &password);
    assert_eq!(postgres.query_as(&name, &password, "SELECT name FROM item").as_deref(), Some("first"));
    assert_eq!(postgres.query_as(&name, &password, "DELETE FROM item"), None);

    // The end of a token ends its leases soon after; `sync` waits until the user is gone.
    let lease = json!({ "lease_id": user["lease_id"], "sync": true });
    assert_eq!(vault.write("sys/leases/revoke", &own, lease).await.status, StatusCode::NO_CONTENT);
    assert!(!postgres.knows(&name));
    let ended = vault.write("auth/token/revoke-accessor", &own, json!({ "accessor": accessor })).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert_eq!(vault.read("claviger-database/creds/app-reader", &session).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn vault_issues_the_one_name_of_a_certificate() {
    or_skip!(peers::postgres());
    let terraform = or_skip!(peers::terraform());
    let postgres = Postgres::start();
    let vault = set_up(&postgres, &terraform).await;
    let own = vault.own_token().await;
    let (session, _) = vault.session_token(&own, "claviger-billing-client").await;

    let authority = vault.outputs["client_authority"].as_str().expect("a certificate");
    let issue = async |name: &str| {
        let asked = json!({ "common_name": name, "ttl": "15m" });
        vault.write("claviger-pki/issue/billing-client", &session, asked).await
    };
    let issued = issue("claviger.agents.example").await.json();
    assert_eq!(issued["data"]["issuing_ca"].as_str().map(str::trim), Some(authority.trim()));
    assert!(issued["lease_id"].as_str().is_some_and(|id| id.starts_with("claviger-pki/issue/")), "{issued}");
    for name in ["other.agents.example", "sub.claviger.agents.example", "*.claviger.agents.example"] {
        assert_eq!(issue(name).await.status, StatusCode::BAD_REQUEST, "{name}");
    }
    assert_eq!(vault.read("claviger-database/creds/app-reader", &session).await.status, StatusCode::FORBIDDEN);
}

/// Applies the example; no password that it was given may be in Terraform's state.
async fn set_up(postgres: &Postgres, terraform: &peers::Terraform) -> Vault {
    let variables = prepare(postgres);
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let vault = Vault::set_up(terraform, EXAMPLE, &variables).await;
    let state = fs::read(vault.terraform.path(EXAMPLE).join("terraform.tfstate")).expect("Terraform keeps a state");
    canary::assert_clean("the state of Terraform", &state);
    vault
}

/// A table, who may read it, and a user for Vault; the example's variables about them.
pub(super) fn prepare(postgres: &Postgres) -> [(&'static str, String); 2] {
    let password = canary::plain_canary("password of Vault's own database user");
    for sql in [
        "CREATE TABLE item (name text)",
        "INSERT INTO item VALUES ('first')",
        "CREATE ROLE app_reader",
        "GRANT SELECT ON item TO app_reader",
        &format!("CREATE ROLE vault LOGIN CREATEROLE PASSWORD '{password}'"),
        "GRANT app_reader TO vault WITH ADMIN OPTION",
    ] {
        postgres.query(sql);
    }
    let database = format!("127.0.0.1:{}/postgres?sslmode=disable", postgres.port());
    [("database", database), ("database_password", password)]
}
