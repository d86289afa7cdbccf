//! A server that is sealed, silent, somewhere else, or somebody else.

use std::time::{Duration, Instant};

use dial::TrustAnchors;
use model::{AddressClass, SystemClock};
use provider::{Provider as _, ProviderError};
use provider_vault::{Auth, Mint, Settings, UrlHasPath};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    proxy::answers,
    scene::{AUDIENCE, SERVERS, Scene, by_jwt, pair, provider_at, provider_of, settings, trust},
    support::openbao::OpenBao,
};

/// Far below what a caller waits, and far above what a refusal takes.
const AT_ONCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_sealed_server_is_out_of_service_at_once_and_goes_on_where_it_was() {
    let bao = OpenBao::start(&[]);
    trust(&bao, "", &SERVERS.identity);
    bao.done("POST", "secret/data/app", &json!({ "data": { "key": "x" } }));
    let policy = json!({ "policy": "path \"secret/data/app\" { capabilities = [\"read\"] }" });
    bao.done("POST", "sys/policies/acl/read-app", &policy);
    let scene = Scene::new();
    let mut grant = scene.grant("secret/data/app", Mint::Stored { field: "key".to_owned(), version: None });
    grant.policies = vec!["read-app".to_owned()];
    let provider = provider_at(&bao.url(), by_jwt("claviger", AUDIENCE), grant);
    scene.issue(&provider).await.unwrap();

    bao.done("POST", "sys/seal", &json!(null));
    let begin = Instant::now();
    let made = scene.notes.all();
    for answer in [scene.issue(&provider).await.map(drop), provider.revoke(&made[0]).await] {
        assert!(matches!(answer, Err(ProviderError::Unreachable)), "{answer:?}");
    }
    assert!(begin.elapsed() < AT_ONCE);
    let key = json!({ "key": bao.unseal_key() });
    bao.done("POST", "sys/unseal", &key);
    scene.issue(&provider).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_down_is_unreachable_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let scene = Scene::new();
    let grant = scene.grant("secret/data/app", Mint::Stored { field: "key".to_owned(), version: None });
    let begin = Instant::now();
    let refused = scene.issue(&provider_at(&url, by_jwt("claviger", AUDIENCE), grant)).await.unwrap_err();
    assert!(matches!(refused, ProviderError::Unreachable) && begin.elapsed() < AT_ONCE, "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let scene = Scene::new();
    let grant = scene.grant("secret/data/app", Mint::Stored { field: "key".to_owned(), version: None });
    let begin = tokio::time::Instant::now();
    let refused = scene.issue(&provider_at(&url, by_jwt("claviger", AUDIENCE), grant)).await.unwrap_err();
    assert!(matches!(refused, ProviderError::Unreachable), "{refused:?}");
    assert!(begin.elapsed() <= Duration::from_secs(11), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_standby_is_not_followed() {
    let active = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = format!("http://{}/v1/auth/jwt/login", active.local_addr().unwrap());
    let redirect = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n");
    let url = answers(redirect).await;
    let scene = Scene::new();
    let grant = scene.grant("secret/data/app", Mint::Stored { field: "key".to_owned(), version: None });
    let refused = scene.issue(&provider_at(&url, by_jwt("claviger", AUDIENCE), grant)).await.unwrap_err();
    assert!(matches!(refused, ProviderError::Unreachable), "{refused:?}");
    assert!(tokio::time::timeout(Duration::from_millis(1), active.accept()).await.is_err(), "nobody came");
}

#[tokio::test]
async fn an_answer_that_is_none_of_vaults_or_without_end_is_refused() {
    let scene = Scene::new();
    let grant = scene.grant("secret/data/app", Mint::Stored { field: "key".to_owned(), version: None });
    for (body, is_unreachable) in
        [("<html>".to_owned(), false), ("{}".to_owned(), false), (" ".repeat(300 * 1024), true)]
    {
        let url = answers(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
        let refused = scene.issue(&provider_at(&url, by_jwt("claviger", AUDIENCE), grant.clone())).await.unwrap_err();
        assert_eq!(matches!(refused, ProviderError::Unreachable), is_unreachable, "{refused:?}");
    }
}

#[tokio::test]
async fn a_session_that_has_ended_gets_nothing() {
    let mut scene = Scene::new();
    let provider = crate::scene::provider(scene.database(&json!({})));
    scene.caller.session_end = model::Clock::now(&SystemClock);
    let refused = scene.issue(&provider).await.unwrap_err();
    assert!(matches!(refused, ProviderError::Refused { .. }), "{refused:?}");
    assert!(scene.tokens().is_empty());
}

#[tokio::test]
async fn without_a_token_role_a_lease_ends_with_claviger_s_own_token_and_says_so() {
    let scene = Scene::new();
    let grant = scene.database(&json!({}));
    let policies = json!([format!("read-{}", scene.number), "claviger", "make-tokens"]);
    let policy = json!({ "policy": "path \"auth/token/create\" { capabilities = [\"update\"] }" });
    SERVERS.bao.done("POST", "sys/policies/acl/make-tokens", &policy);
    let role =
        crate::scene::jwt_role(&json!({ "token_policies": policies, "token_ttl": "60s", "token_max_ttl": "60s" }));
    SERVERS.bao.done("POST", &format!("auth/jwt/role/tied-{}", scene.number), &role);
    let mut tied = settings(&SERVERS.bao.url(), by_jwt(&format!("tied-{}", scene.number), AUDIENCE));
    tied.token_role = None;
    let lease = scene.issue(&provider_of(tied, grant)).await.unwrap();
    assert!(SERVERS.postgres.knows(pair(&lease).0));
    let soon = model::Clock::now(&SystemClock).plus(Duration::from_secs(60));
    assert!(lease.expiry.unwrap() <= soon && !lease.renewable, "{lease:?}");
}

#[tokio::test]
async fn a_server_is_trusted_by_the_anchors_that_are_configured_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let bao = OpenBao::start(&["-dev-tls", &format!("-dev-tls-cert-dir={}", folder.path().display())]);
    let url = bao.url().replace("http://", "https://");
    let scene = Scene::new();
    let grant = scene.grant("secret/data/app", Mint::Stored { field: "key".to_owned(), version: None });
    let mut tls = settings(&url, by_jwt("claviger", AUDIENCE));
    let refused = scene.issue(&provider_of(tls.clone(), grant.clone())).await.unwrap_err();
    assert!(matches!(refused, ProviderError::Unreachable), "{refused:?}");
    let authority = std::fs::read(folder.path().join("vault-ca.pem")).unwrap();
    tls.anchors = Some(TrustAnchors::from_pem(&authority).unwrap());
    let refused = scene.issue(&provider_of(tls, grant)).await.unwrap_err();
    assert!(
        matches!(refused, ProviderError::Refused { .. } | ProviderError::Missing { .. }),
        "it answers: {refused:?}"
    );
}

#[test]
fn vault_is_at_the_root_of_its_server() {
    let new = |url: &str| {
        Settings::new(url.parse().unwrap(), AddressClass::Public, Auth::TokenFile("/run/token".into())).map(drop)
    };
    assert_eq!(new("https://vault.example:8200"), Ok(()));
    assert_eq!(new("https://example.com/vault"), Err(UrlHasPath));
}
