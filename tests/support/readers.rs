//! An OpenBao that mints users of a PostgreSQL, and trusts whatever a broker signs about itself.

use serde_json::{Value, json};

use super::{openbao::OpenBao, postgres::Postgres};

/// Whom the broker addresses when it logs in.
const AUDIENCE: &str = "https://vault.test";

/// What `[upstreams.credential]` says beside its name, provider and slot.
pub(crate) const CREDENTIAL: &str = "vault = { database = { role = \"reader\" }, policies = [\"read-orders\"] }";

/// The provider `bao` at a URL, as the broker's configuration names it.
pub(crate) fn provider(url: &str) -> String {
    format!(
        "[[providers.vault]]\nname = \"bao\"\nurl = \"{url}\"\naddresses = \"loopback\"\ntoken_role = \"claviger\"\n\
         auth = {{ jwt = {{ role = \"claviger\", audience = \"{AUDIENCE}\" }} }}\n"
    )
}

/// What the operator of the database sets up: one table, and a role at OpenBao whose users may read it.
pub(crate) fn mint(bao: &OpenBao, postgres: &Postgres) {
    postgres.query("CREATE TABLE fruit (name text); INSERT INTO fruit VALUES ('quince')");
    // Users become members of a role: two grants of one table at the same time would be in each other's way.
    postgres.query("CREATE ROLE reader; GRANT SELECT ON fruit TO reader");
    let (owner, password) = postgres.owner();
    bao.done("POST", "sys/mounts/database", &json!({ "type": "database" }));
    let url = format!("postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{}/postgres", postgres.port());
    let connection = json!({
        "plugin_name": "postgresql-database-plugin", "allowed_roles": "reader", "connection_url": url, "username": owner,
        "password": password, "password_authentication": "scram-sha-256",
    });
    bao.done("POST", "database/config/postgres", &connection);
    let role = json!({
        "db_name": "postgres", "default_ttl": "1h", "max_ttl": "1h",
        "creation_statements": [
            "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'", "GRANT reader TO \"{{name}}\"",
        ],
        "revocation_statements": ["DROP ROLE IF EXISTS \"{{name}}\""],
    });
    bao.done("POST", "database/roles/reader", &role);
    let policy = json!({ "policy": "path \"database/creds/reader\" { capabilities = [\"read\"] }" });
    bao.done("POST", "sys/policies/acl/read-orders", &policy);
}

/// Lets users live this long from now on, whatever is asked for.
pub(crate) fn live(bao: &OpenBao, seconds: u64) {
    bao.done(
        "POST",
        "database/roles/reader",
        &json!({ "db_name": "postgres", "default_ttl": seconds, "max_ttl": seconds }),
    );
}

/// What the README of the provider tells an operator to set up. OpenBao reads the broker's discovery document.
pub(crate) fn trust(bao: &OpenBao, broker: &str) {
    let policy = json!({ "policy": include_str!("../../providers/vault/policy.hcl") });
    bao.done("POST", "sys/policies/acl/claviger", &policy);
    let role = json!({ "allowed_policies_glob": ["read-*"], "orphan": true, "token_no_default_policy": true });
    bao.done("POST", "auth/token/roles/claviger", &role);
    bao.done("POST", "sys/auth/jwt", &json!({ "type": "jwt" }));
    bao.done("POST", "auth/jwt/config", &json!({ "oidc_discovery_url": broker, "bound_issuer": broker }));
    let role = json!({
        "role_type": "jwt", "user_claim": "sub", "bound_subject": "claviger", "bound_audiences": [AUDIENCE],
        "token_policies": ["claviger"], "token_no_default_policy": true, "token_ttl": "1h",
    });
    bao.done("POST", "auth/jwt/role/claviger", &role);
}

/// The users that OpenBao made and that PostgreSQL has.
pub(crate) fn users(postgres: &Postgres) -> Vec<String> {
    let users = postgres.query("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'");
    users.lines().map(str::to_owned).collect()
}

/// The leases of these users at OpenBao.
pub(crate) fn leases(bao: &OpenBao) -> Vec<String> {
    let (status, leases) = bao.ask("LIST", "sys/leases/lookup/database/creds/reader", &Value::Null);
    assert!(matches!(status, 200 | 404), "{status} {leases}");
    let keys = leases["data"]["keys"].as_array().into_iter().flatten();
    keys.filter_map(Value::as_str).map(str::to_owned).collect()
}
