//! Who logs in at a Vault that trusts Claviger through the module `vault-trust`, and what its token may do there.

use std::{collections::BTreeSet, fs};

use http::StatusCode;
use serde_json::json;

use super::vault::Vault;
use crate::support::{
    canary,
    issuer::Issuer,
    peers::{self, or_skip},
    terraform::source,
};

const MODULE: &str = "modules/vault-trust";
const ONE_SECRET: (&str, &str) = ("secrets", r#"{ app = { path = "team/app" } }"#);

#[tokio::test]
async fn claviger_logs_in_at_vault_and_nobody_else_does() {
    let vault = Vault::set_up(&or_skip!(peers::terraform()), MODULE, &[ONE_SECRET]).await;

    let auth = vault.login(&vault.claviger, json!({})).await.expect("Claviger logs in");
    assert_eq!(auth["policies"], json!(["claviger"]));
    assert_eq!((&auth["lease_duration"], &auth["renewable"]), (&json!(3600), &json!(true)));

    let another = Issuer::start().await;
    for (issuer, claims) in [
        (&vault.claviger, json!({ "sub": "agent:assistant:upstream:app" })),
        (&vault.claviger, json!({ "aud": "https://another-vault.example" })),
        (&vault.claviger, json!({ "iss": "https://claviger.example" })),
        (&vault.claviger, json!({ "exp": 1_000_000_000 })),
        (&another, json!({})),
        (&another, json!({ "iss": vault.claviger.issuer() })),
    ] {
        assert_eq!(vault.login(issuer, claims.clone()).await, Err(StatusCode::BAD_REQUEST), "{claims}");
    }
}

#[tokio::test]
async fn a_token_at_vault_does_what_was_listed_and_no_more() {
    let vault = Vault::set_up(&or_skip!(peers::terraform()), MODULE, &[ONE_SECRET]).await;
    for path in ["secret/data/team/app", "secret/data/team/other"] {
        vault.server.done("POST", path, &json!({ "data": { "value": canary::plain_canary(path) } }));
    }
    let own = vault.own_token().await;

    let (session, accessor) = vault.session_token(&own, "claviger-app").await;
    assert_eq!(vault.read("secret/data/team/app", &session).await.status, StatusCode::OK);
    assert_eq!(vault.read("secret/data/team/other", &session).await.status, StatusCode::FORBIDDEN);
    assert_eq!(vault.write("auth/token/create/claviger", &session, json!({})).await.status, StatusCode::FORBIDDEN);

    let named = json!({ "accessor": accessor });
    assert_eq!(vault.write("auth/token/renew-accessor", &own, named.clone()).await.status, StatusCode::OK);
    assert_eq!(vault.write("auth/token/revoke-accessor", &own, named).await.status, StatusCode::NO_CONTENT);
    assert_eq!(vault.read("secret/data/team/app", &session).await.status, StatusCode::FORBIDDEN);
    assert_eq!(vault.write("auth/token/renew-self", &own, json!({})).await.status, StatusCode::OK);

    assert_eq!(vault.read("secret/data/team/app", &own).await.status, StatusCode::FORBIDDEN);
    for (path, body) in [
        ("auth/token/create/claviger", json!({ "policies": ["root"] })),
        ("auth/token/create/claviger", json!({ "policies": ["claviger"] })),
        ("auth/token/create/claviger", json!({ "policies": ["default"] })),
        ("auth/token/create", json!({})),
        ("auth/token/create-orphan", json!({})),
        ("auth/token/roles/claviger", json!({ "allowed_policies": ["root"] })),
        ("auth/claviger/role/claviger", json!({ "role_type": "jwt", "user_claim": "sub", "bound_subject": "anybody" })),
        ("sys/policies/acl/claviger", json!({ "policy": "path \"*\" { capabilities = [\"sudo\"] }" })),
        ("sys/mounts/mine", json!({ "type": "kv" })),
        ("secret/data/team/app", json!({ "data": { "value": "mine" } })),
    ] {
        let answer = vault.write(path, &own, body.clone()).await;
        assert!(matches!(answer.status.as_u16(), 400 | 403), "{path} {body}: {answer:?}");
    }
}

#[tokio::test]
async fn the_module_grants_what_the_provider_asks_for() {
    let vault = Vault::set_up(&or_skip!(peers::terraform()), MODULE, &[]).await;
    let granted = vault.server.done("GET", "sys/policies/acl/claviger", &json!(null));
    let asked = fs::read_to_string(source().join("../providers/vault/policy.hcl")).expect("the provider's policy");
    assert_eq!(rules(granted["data"]["policy"].as_str().expect("a policy")), rules(&asked));
}

/// Each path of a policy, with what may be done there.
fn rules(policy: &str) -> BTreeSet<String> {
    let rules = policy.split("path \"").skip(1).map(|rule| rule.split_whitespace().collect::<Vec<_>>().join(" "));
    let found: BTreeSet<_> = rules.collect();
    assert!(found.len() > 3, "{policy}");
    found
}
