//! The contract that all providers keep, for each kind of thing that Vault gives.

use model::{Binding, Clock as _, Injection, SystemClock};
use provider::conformance::{Case, Life, check};
use provider_vault::{Grant, Mint};
use secret::Secret;
use serde_json::json;

use crate::scene::{SERVERS, Scene, binding, provider};

async fn keeps_the_contract(scene: &Scene, grant: Grant, canaries: &[Secret]) {
    let good = grant.binding.clone();
    let bad = [
        binding("unknown"),
        Binding { destination: "https://evil.example.com/mcp".parse().unwrap(), ..good.clone() },
        Binding { injection: Injection::Query { parameter: "key".to_owned() }, ..good.clone() },
        Binding { upstream: "other".parse().unwrap(), ..good.clone() },
    ];
    let (caller, now) = (&scene.caller, SystemClock.now());
    let case = Case { caller, good: &good, bad: &bad, life: Life::Minted, now, canaries };
    check(&provider(grant), &case).await.unwrap();
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned().into())
}

#[tokio::test]
async fn a_database_user_keeps_it() {
    let scene = Scene::new();
    let grant = scene.database(&json!({}));
    let (_, password) = SERVERS.postgres.owner();
    keeps_the_contract(&scene, grant, &[secret(SERVERS.bao.root_token()), secret(password)]).await;
}

#[tokio::test]
async fn a_stored_value_keeps_it() {
    let scene = Scene::new();
    SERVERS.bao.done("POST", "secret/data/contract", &json!({ "data": { "key": "stored-7f3a91c2" } }));
    let grant = scene.grant("secret/data/contract", Mint::Stored { field: "key".to_owned(), version: None });
    keeps_the_contract(&scene, grant, &[secret("stored-7f3a91c2")]).await;
}

#[tokio::test]
async fn a_certificate_keeps_it_with_a_lease_and_without() {
    for with_lease in [true, false] {
        let scene = Scene::new();
        let grant = scene.certificates(&json!({ "generate_lease": with_lease }));
        keeps_the_contract(&scene, grant, &[]).await;
    }
}
