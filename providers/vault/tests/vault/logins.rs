//! How Claviger logs in, and what it says when it cannot.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use model::{Clock, SystemClock, Timestamp};
use provider::{Provider as _, ProviderError, StoredSecret};
use provider_vault::{Auth, Grant, SecretId};
use secret::Secret;
use serde_json::{Value, json};

use crate::{
    identity::OffClock,
    proxy::answers,
    scene::{
        AUDIENCE, SERVERS, Scene, by_jwt, jwt_role, pair, provider_at, provider_by, provider_of, reason, settings,
        soon, trust,
    },
};

/// A secret in memory, or none.
#[derive(Debug)]
struct Stored(Option<Secret>);

impl Stored {
    fn new(text: &str) -> Arc<Self> {
        Arc::new(Self(Some(Secret::new(text.to_owned().into()))))
    }
}

impl StoredSecret for Stored {
    fn open(&self) -> Result<Secret, ProviderError> {
        let missing = || ProviderError::Missing { reason: "store it with `claviger secret set`".to_owned() };
        self.0.as_ref().map(|secret| Secret::new(secret.expose().to_owned().into())).ok_or_else(missing)
    }
}

async fn issues_and_revokes(scene: &Scene, auth: Auth, grant: Grant) {
    let provider = provider_at(&SERVERS.bao.url(), auth, grant);
    let lease = scene.issue(&provider).await.unwrap();
    assert!(SERVERS.postgres.knows(pair(&lease).0));
    provider.revoke(&lease.id).await.unwrap();
    assert!(!SERVERS.postgres.knows(pair(&lease).0));
}

async fn refused(auth: Auth) -> (Scene, ProviderError) {
    let scene = Scene::new();
    let grant = scene.database(&json!({}));
    let refused = scene.issue(&provider_at(&SERVERS.bao.url(), auth, grant)).await.unwrap_err();
    (scene, refused)
}

#[tokio::test]
async fn a_jwt_for_another_audience_or_role_is_refused_with_the_reason() {
    let (_, wrong_audience) = refused(by_jwt("claviger", "https://elsewhere.test")).await;
    let said = reason(&wrong_audience, &["eyJ"]);
    assert!(
        said.starts_with("logging in by JWT as claviger: Vault answered 400: ") && said.contains("audience"),
        "{said}"
    );
    let (_, unknown_role) = refused(by_jwt("nobody", AUDIENCE)).await;
    assert!(reason(&unknown_role, &["eyJ"]).contains("Vault answered 400: "), "{unknown_role}");
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_so() {
    for (seconds, word) in [(3600, "not yet valid"), (-3600, "expired")] {
        let identity = Arc::new(OffClock(SERVERS.identity.clone(), seconds));
        let (mount, role) = ("jwt".parse().unwrap(), "claviger".parse().unwrap());
        let (scene, off) = refused(Auth::Jwt { mount, role, audience: AUDIENCE.to_owned(), identity }).await;
        let said = reason(&off, &["eyJ"]);
        assert!(matches!(off, ProviderError::Refused { .. }), "{off:?}");
        assert!(said.contains(word) && said.ends_with("and both clocks"), "{said}");
        assert_eq!(scene.tokens(), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_role_that_may_not_make_tokens_is_denied_and_says_which_policy_to_look_at() {
    let role = jwt_role(&json!({ "token_policies": ["default"] }));
    SERVERS.bao.done("POST", "auth/jwt/role/powerless", &role);
    let (scene, denied) = refused(by_jwt("powerless", AUDIENCE)).await;
    let said = reason(&denied, &[]);
    assert!(matches!(denied, ProviderError::Refused { .. }), "{denied:?}");
    assert!(said.contains("auth/token/create/claviger: Vault answered 403: ") && said.contains("policy"), "{said}");
    assert_eq!(scene.tokens(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_session_gets_no_policy_that_the_token_role_does_not_allow() {
    let scene = Scene::new();
    let mut grant = scene.database(&json!({}));
    grant.policies = vec!["claviger".to_owned()];
    let refused = scene.issue(&crate::scene::provider(grant)).await.unwrap_err();
    assert!(reason(&refused, &[]).contains("subset"), "{refused}");
}

#[tokio::test]
async fn the_end_of_claviger_s_own_token_ends_no_lease_and_it_logs_in_again() {
    let scene = Scene::new();
    let role = format!("short-{}", scene.number);
    let short = jwt_role(&json!({ "token_ttl": "2s", "token_explicit_max_ttl": "2s" }));
    SERVERS.bao.done("POST", &format!("auth/jwt/role/{role}"), &short);
    let provider = provider_at(&SERVERS.bao.url(), by_jwt(&role, AUDIENCE), scene.database(&json!({})));
    let lease = scene.issue(&provider).await.unwrap();
    assert!(lease.expiry.unwrap() > SystemClock.now().plus(Duration::from_secs(60)), "{lease:?}");
    assert!(soon(|| tokens_of(&role).is_empty()), "its token has ended");
    assert!(SERVERS.postgres.knows(pair(&lease).0));
    provider.revoke(&lease.id).await.unwrap();
    assert!(!SERVERS.postgres.knows(pair(&lease).0));
}

/// The accessors of the tokens that a role of the JWT method has.
fn tokens_of(role: &str) -> Vec<Value> {
    let accessors = SERVERS.bao.done("LIST", "auth/token/accessors", &Value::Null);
    let accessors = accessors["data"]["keys"].as_array().unwrap().iter().cloned();
    let of_role = accessors.filter(|accessor| {
        let (_, answer) = SERVERS.bao.ask("POST", "auth/token/lookup-accessor", &json!({ "accessor": accessor }));
        answer["data"]["meta"]["role"] == role
    });
    of_role.collect()
}

/// The machine's clock, some time ahead.
#[derive(Debug, Default)]
struct Ahead(AtomicU64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(Duration::from_secs(self.0.load(Ordering::Relaxed)))
    }
}

#[tokio::test]
async fn a_token_of_claviger_s_own_that_was_revoked_is_replaced() {
    let scene = Scene::new();
    let role = format!("revoked-{}", scene.number);
    SERVERS.bao.done("POST", &format!("auth/jwt/role/{role}"), &jwt_role(&json!({})));
    let clock = Arc::new(Ahead::default());
    let settings = settings(&SERVERS.bao.url(), by_jwt(&role, AUDIENCE));
    let provider = provider_by(settings, scene.database(&json!({})), clock.clone());
    scene.issue(&provider).await.unwrap();
    let [own] = &tokens_of(&role)[..] else { panic!() };
    SERVERS.bao.done("POST", "auth/token/revoke-accessor", &json!({ "accessor": own }));
    clock.0.store(60, Ordering::Relaxed);
    let lease = scene.issue(&provider).await.unwrap();
    provider.revoke(&lease.id).await.unwrap();
    assert_eq!(tokens_of(&role).len(), 1, "another one");
}

/// A role of AppRole, and its id.
fn app_role(name: &str) -> String {
    SERVERS.bao.ask("POST", "sys/auth/approle", &json!({ "type": "approle" }));
    let role = json!({ "token_policies": ["claviger"], "token_ttl": "30m" });
    SERVERS.bao.done("POST", &format!("auth/approle/role/{name}"), &role);
    let id = SERVERS.bao.done("GET", &format!("auth/approle/role/{name}/role-id"), &Value::Null);
    id["data"]["role_id"].as_str().unwrap().to_owned()
}

/// What a path answers, behind a wrapping token.
fn wrapped(path: &str) -> String {
    let body = json!({ "secret_id": "forged" });
    let body = if path.ends_with("/wrap") { body } else { json!({}) };
    let (status, answer) = SERVERS.bao.ask_with("x-vault-wrap-ttl: 60s\r\n", "POST", path, &body);
    assert_eq!(status, 200, "{answer}");
    answer["wrap_info"]["token"].as_str().unwrap().to_owned()
}

fn by_app_role(role_id: &str, secret_id: SecretId) -> Auth {
    Auth::AppRole { mount: "approle".parse().unwrap(), role_id: role_id.to_owned(), secret_id }
}

#[tokio::test]
async fn an_app_role_logs_in_with_its_stored_secret() {
    let role_id = app_role("plain");
    let made = SERVERS.bao.done("POST", "auth/approle/role/plain/secret-id", &json!({}));
    let secret_id = made["data"]["secret_id"].as_str().unwrap();
    let scene = Scene::new();
    let auth = by_app_role(&role_id, SecretId::Plain(Stored::new(secret_id)));
    issues_and_revokes(&scene, auth, scene.database(&json!({}))).await;

    let wrong = "0b9a1a3e-1111-2222-3333-444455556666";
    let (_, refused) = refused(by_app_role(&role_id, SecretId::Plain(Stored::new(wrong)))).await;
    assert!(reason(&refused, &[wrong, secret_id]).contains("invalid role or secret ID"), "{refused}");
}

#[tokio::test]
async fn a_secret_that_nobody_stored_is_missing() {
    let (_, refused) = refused(by_app_role("any", SecretId::Plain(Arc::new(Stored(None))))).await;
    assert_eq!(reason(&refused, &[]), "store it with `claviger secret set`");
}

#[tokio::test]
async fn a_wrapped_secret_is_unwrapped_once_and_a_second_use_raises_the_alarm() {
    let role_id = app_role("wrapped");
    let wrapping = wrapped("auth/approle/role/wrapped/secret-id");
    let auth = || by_app_role(&role_id, SecretId::Wrapped(Stored::new(&wrapping)));
    let scene = Scene::new();
    issues_and_revokes(&scene, auth(), scene.database(&json!({}))).await;

    let (_, second) = refused(auth()).await;
    let said = reason(&second, &[&wrapping]);
    assert!(said.contains("Vault answered 400: ") && said.contains("take it for stolen"), "{said}");
}

#[tokio::test]
async fn a_wrapping_token_that_was_made_elsewhere_is_not_unwrapped() {
    let role_id = app_role("forged");
    let wrapping = wrapped("sys/wrapping/wrap");
    let (_, refused) = refused(by_app_role(&role_id, SecretId::Wrapped(Stored::new(&wrapping)))).await;
    assert!(reason(&refused, &[&wrapping]).contains("take it for forged"), "{refused}");
    let (status, _) = SERVERS.bao.ask("POST", "sys/wrapping/lookup", &json!({ "token": wrapping }));
    assert_eq!(status, 200, "it is still wrapped");
}

#[tokio::test]
async fn a_token_of_a_file_is_read_again_at_every_login() {
    let made = |ttl: &str| {
        let token = SERVERS.bao.done("POST", "auth/token/create", &json!({ "policies": ["claviger"], "ttl": ttl }));
        token["auth"]["client_token"].as_str().unwrap().to_owned()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let scene = Scene::new();
    let grant = scene.database(&json!({}));
    let provider = provider_at(&SERVERS.bao.url(), Auth::TokenFile(file.clone()), grant);
    let missing = scene.issue(&provider).await.unwrap_err();
    assert!(
        matches!(&missing, ProviderError::Missing { reason } if reason.ends_with("cannot be opened")),
        "{missing:?}"
    );
    let ended = made("1s");
    fs::write(&file, &ended).unwrap();
    assert!(soon(|| SERVERS.bao.ask("POST", "auth/token/lookup", &json!({ "token": ended })).0 != 200));
    let refused = scene.issue(&provider).await.unwrap_err();
    assert!(reason(&refused, &[&ended]).contains("Vault answered 403: "), "{refused}");
    fs::write(&file, format!("{}\n", made("30m"))).unwrap();
    let lease = scene.issue(&provider).await.unwrap();
    provider.revoke(&lease.id).await.unwrap();
}

/// What a cluster of Kubernetes says of every token that it is shown: it is one of this service account.
async fn cluster() -> String {
    let user = json!({ "username": "system:serviceaccount:agents:claviger", "uid": "u1" });
    let status = json!({ "authenticated": true, "user": user, "audiences": ["vault"] });
    let review =
        json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status }).to_string();
    let length = review.len();
    answers(format!(
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{review}"
    ))
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_account_of_kubernetes_logs_in_with_the_token_of_its_pod() {
    SERVERS.bao.done("POST", "sys/auth/kubernetes", &json!({ "type": "kubernetes" }));
    // Its certificate is not looked at: the stand-in for the cluster speaks plain HTTP.
    let mount = Scene::new().certificates(&json!({})).path.to_string().replace("/issue/agents", "");
    let authority = SERVERS.bao.done("GET", &format!("{mount}/cert/ca"), &Value::Null)["data"]["certificate"].clone();
    let config = json!({
        "kubernetes_host": cluster().await, "disable_local_ca_jwt": true, "token_reviewer_jwt": "a.b.c", "kubernetes_ca_cert": authority,
    });
    SERVERS.bao.done("POST", "auth/kubernetes/config", &config);
    let role = json!({
        "bound_service_account_names": ["claviger"], "bound_service_account_namespaces": ["agents"], "audience": "vault",
        "token_policies": ["claviger"], "token_ttl": "30m",
    });
    SERVERS.bao.done("POST", "auth/kubernetes/role/claviger", &role);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let (now, account) = (SystemClock.now().as_seconds(), json!({ "name": "claviger", "uid": "u1" }));
    let claims = json!({
        "iss": "https://kubernetes.default.svc", "sub": "system:serviceaccount:agents:claviger", "aud": ["vault"],
        "nbf": now - 10, "iat": now - 10, "exp": now + 300,
        "kubernetes.io": { "namespace": "agents", "serviceaccount": account },
    });
    fs::write(&file, format!("{}\n", SERVERS.identity.sign(&claims))).unwrap();
    let by_kubernetes = |role: &str| Auth::Kubernetes {
        mount: "kubernetes".parse().unwrap(),
        role: role.parse().unwrap(),
        token_file: file.clone(),
    };
    let scene = Scene::new();
    issues_and_revokes(&scene, by_kubernetes("claviger"), scene.database(&json!({}))).await;
    let (_, refused) = refused(by_kubernetes("nobody")).await;
    assert!(reason(&refused, &["eyJ"]).contains("Vault answered 400: "), "{refused}");
}

#[tokio::test]
async fn everything_happens_in_the_namespace() {
    SERVERS.bao.done("POST", "sys/namespaces/team", &json!({}));
    trust(&SERVERS.bao, "team/", &SERVERS.identity);
    SERVERS.bao.done("POST", "team/sys/mounts/secret", &json!({ "type": "kv", "options": { "version": "2" } }));
    let policy = json!({ "policy": "path \"secret/data/app\" { capabilities = [\"read\"] }" });
    SERVERS.bao.done("POST", "team/sys/policies/acl/read-app", &policy);
    let stored = json!({ "data": { "key": "of the team" } });
    while SERVERS.bao.ask("POST", "team/secret/data/app", &stored).0 != 200 {}
    let scene = Scene::new();
    let mint = provider_vault::Mint::Stored { field: "key".to_owned(), version: None };
    let grant = Grant { policies: vec!["read-app".to_owned()], ..scene.grant("secret/data/app", mint) };
    let mut inside = settings(&SERVERS.bao.url(), by_jwt("claviger", AUDIENCE));
    inside.namespace = Some("team".parse().unwrap());
    let lease = scene.issue(&provider_of(inside.clone(), grant.clone())).await.unwrap();
    assert_eq!(crate::scene::token(&lease), "of the team");
    inside.namespace = Some("nobody".parse().unwrap());
    let refused = scene.issue(&provider_of(inside, grant)).await.unwrap_err();
    assert!(matches!(refused, ProviderError::Missing { .. }), "{refused:?}");
}
