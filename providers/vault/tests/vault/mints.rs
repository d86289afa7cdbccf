//! What else Vault gives: certificates, stored values, and whatever has a lease.

use std::time::Duration;

use model::{Clock as _, SystemClock};
use provider::{Material, Provider as _, ProviderError};
use provider_vault::Mint;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use serde_json::json;

use crate::scene::{SERVERS, Scene, provider, reason, soon, token};

#[tokio::test]
async fn a_certificate_names_the_agent_and_ends_with_the_session_and_its_key_fits() {
    let scene = Scene::new();
    let provider = provider(scene.certificates(&json!({})));
    let lease = scene.issue(&provider).await.unwrap();
    let Material::Certificate { chain, private_key } = &lease.material else { panic!("{lease:?}") };
    let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let [leaf, above @ ..] = &chain[..] else { panic!("the chain is empty") };

    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(private_key.expose()));
    let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
    rustls::sign::CertifiedKey::new(chain.clone(), key).keys_match().unwrap();

    let mut roots = rustls::RootCertStore::empty();
    roots.add(above.last().unwrap().clone()).unwrap();
    let builder = rustls::client::WebPkiServerVerifier::builder_with_provider(
        roots.into(),
        rustls::crypto::ring::default_provider().into(),
    );
    let verifier = builder.build().unwrap();
    let is_good_at = |seconds: u64| {
        use rustls::client::danger::ServerCertVerifier as _;
        let name = ServerName::try_from("agent.warehouse.example").unwrap();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        verifier.verify_server_cert(leaf, above, &name, &[], at).is_ok()
    };
    let (now, session_end) = (SystemClock.now().as_seconds(), scene.caller.session_end.as_seconds());
    assert!(is_good_at(now) && !is_good_at(session_end + 5), "it ends with the session");
    assert!(lease.id.as_str().starts_with("certificate/") && !lease.renewable, "{lease:?}");
    assert!(matches!(provider.revoke(&lease.id).await, Err(ProviderError::CannotRevoke)));
}

#[tokio::test]
async fn a_certificate_with_a_lease_is_revoked_with_it() {
    let scene = Scene::new();
    let provider = provider(scene.certificates(&json!({ "generate_lease": true })));
    let lease = scene.issue(&provider).await.unwrap();
    let mount = scene.mount("pki");
    let revoked = || SERVERS.bao.ask("LIST", &format!("{mount}/certs/revoked"), &json!(null)).0 == 200;
    assert!(!revoked());
    provider.revoke(&lease.id).await.unwrap();
    assert!(soon(revoked));
}

#[tokio::test]
async fn a_stored_value_is_read_in_the_version_that_is_asked_for() {
    let scene = Scene::new();
    for value in ["first", "second"] {
        SERVERS.bao.done("POST", "secret/data/versions", &json!({ "data": { "key": value, "other": 7 } }));
    }
    for (version, value) in [(None, "second"), (Some(1), "first"), (Some(2), "second")] {
        let grant = scene.grant("secret/data/versions", Mint::Stored { field: "key".to_owned(), version });
        let lease = scene.issue(&provider(grant)).await.unwrap();
        assert_eq!((token(&lease), lease.expiry), (value, Some(scene.caller.session_end)));
        assert!(lease.id.as_str().starts_with("value/") && !lease.renewable, "{lease:?}");
    }
    for (path, field) in
        [("secret/data/versions", "nothing"), ("secret/data/versions", "other"), ("secret/data/none", "key")]
    {
        let grant = scene.grant(path, Mint::Stored { field: field.to_owned(), version: None });
        let refused = scene.issue(&provider(grant)).await.unwrap_err();
        assert!(reason(&refused, &["second"]).starts_with(&format!("reading {path}: ")), "{refused}");
    }
}

#[tokio::test]
async fn a_path_that_answers_with_a_lease_gives_the_field_that_is_named() {
    let scene = Scene::new();
    let mut grant = scene.database(&json!({}));
    grant.mint = Mint::Token { field: "password".to_owned() };
    let provider = provider(grant);
    let lease = scene.issue(&provider).await.unwrap();
    assert!(!token(&lease).is_empty() && lease.id.as_str().starts_with("lease/"), "{lease:?}");
    assert_eq!(scene.leases(&format!("{}/creds/ro", scene.mount("database"))), 1);
    provider.revoke(&lease.id).await.unwrap();
    assert_eq!(scene.leases(&format!("{}/creds/ro", scene.mount("database"))), 0);
}

#[tokio::test]
async fn what_has_no_lease_and_could_not_be_ended_is_refused() {
    let scene = Scene::new();
    SERVERS.bao.done("POST", "sys/mounts/plain", &json!({ "type": "kv", "options": { "version": "1" } }));
    SERVERS.bao.done("POST", "plain/key", &json!({ "key": "stored-0c55e1" }));
    let grant = scene.grant("plain/key", Mint::Token { field: "key".to_owned() });
    let refused = scene.issue(&provider(grant)).await.unwrap_err();
    assert!(reason(&refused, &["stored-0c55e1"]).contains("no usable id"), "{refused}");
}
