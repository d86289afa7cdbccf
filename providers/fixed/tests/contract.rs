//! The provider before the contract that all providers keep, and what it does of its own.

#![expect(clippy::unwrap_used, reason = "what a test arranges may fail it")]

use std::sync::Arc;

use model::{Agent, Binding, Caller, Injection, Scopes, Subject, Timestamp, TraceContext};
use provider::{
    CredentialRequest, Material, Provider, ProviderError,
    conformance::{Case, Life, Notes, check},
};
use provider_fixed::Fixed;
use ring::rand::{SecureRandom, SystemRandom};
use secret::{FileKey, Secret};
use tempfile::TempDir;
use vault::{KeySource, Vault};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

struct Scene {
    _directory: TempDir,
    vault: Arc<Vault>,
    caller: Caller,
    notes: Notes,
    canary: String,
}

impl Scene {
    /// A vault with one credential, `stripe`.
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let source = KeySource::KeyFile(FileKey::read(random().as_slice()).unwrap());
        let vault = Arc::new(Vault::create(directory.path(), &source).unwrap());
        let caller = Caller {
            agent: Agent { name: "agent".parse().unwrap(), groups: Vec::new() },
            subject: Subject { issuer: "https://idp.example".to_owned(), id: "user".to_owned() },
            actor: None,
            session: "s1".parse().unwrap(),
            session_end: Timestamp::from_seconds(NOW.as_seconds() + 900),
            scopes: Scopes::default(),
        };
        let canary: String = random().iter().map(|b| format!("{b:02x}")).collect();
        vault.put(&binding("stripe"), secret(&canary), NOW).unwrap();
        Self { _directory: directory, vault, caller, notes: Notes::default(), canary }
    }

    fn request<'a>(&'a self, binding: &'a Binding) -> CredentialRequest<'a> {
        let trace = TraceContext::new([7; 16], [7; 8], 0);
        CredentialRequest { binding, caller: &self.caller, trace, journal: &self.notes }
    }
}

fn binding(credential: &str) -> Binding {
    Binding {
        credential: credential.parse().unwrap(),
        upstream: "payments".parse().unwrap(),
        destination: "https://api.example.com/v1".parse().unwrap(),
        injection: Injection::Header { name: "authorization".parse().unwrap(), prefix: "Bearer ".to_owned() },
    }
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).unwrap();
    bytes
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned().into())
}

fn token(material: &Material) -> &str {
    let Material::Token(secret) = material else { panic!("{material:?}") };
    secret.expose()
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let scene = Scene::new();
    let good = binding("stripe");
    let elsewhere = Binding { destination: "https://evil.example.com/v1".parse().unwrap(), ..good.clone() };
    let other_slot = Binding { injection: Injection::Query { parameter: "key".to_owned() }, ..good.clone() };
    let unknown = binding("unknown");
    let case = Case {
        caller: &scene.caller,
        good: &good,
        bad: &[unknown, elsewhere, other_slot],
        life: Life::Stored,
        now: NOW,
        canaries: &[secret(&scene.canary)],
    };
    check(&Fixed::new(Arc::clone(&scene.vault)), &case).await.unwrap();
}

#[tokio::test]
async fn a_lease_names_the_credential_and_the_generation() {
    let scene = Scene::new();
    let (fixed, good) = (Fixed::new(Arc::clone(&scene.vault)), binding("stripe"));
    let lease = fixed.issue(scene.request(&good)).await.unwrap();
    assert_eq!((lease.id.as_str(), token(&lease.material), lease.expiry), ("fixed/stripe/1", &*scene.canary, None));
    scene.vault.put(&good, secret("another"), NOW).unwrap();
    let lease = fixed.issue(scene.request(&good)).await.unwrap();
    assert_eq!((lease.id.as_str(), token(&lease.material)), ("fixed/stripe/2", "another"));
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let scene = Scene::new();
    let elsewhere = Binding { destination: "https://evil.example.com".parse().unwrap(), ..binding("stripe") };
    let refused = Fixed::new(Arc::clone(&scene.vault)).issue(scene.request(&elsewhere)).await.unwrap_err();
    let ProviderError::Missing { reason } = refused else { panic!("{refused:?}") };
    assert!(
        reason.ends_with("enter its value again with `claviger secret set stripe --upstream payments`"),
        "{reason}"
    );
}
