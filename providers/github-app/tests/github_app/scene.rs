//! GitHub, a provider in front of it, and a session that asks.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use dial::{DialOptions, Dialer, Reach};
use model::{
    AddressClass, Agent, Binding, Caller, Clock, Injection, LeaseId, Scopes, Subject, SystemClock, Timestamp,
    TraceContext,
};
use provider::{
    CredentialRequest, Journal, JournalFailed, Lease, Material, Provider as _, ProviderError, StoredSecret,
    conformance::Notes,
};
use provider_github_app::{Access, GitHubApp, Grant, Settings, Surroundings};
use ring::rand::{SecureRandom as _, SystemRandom};
use secret::Secret;
use url::Url;

use crate::github::{APP, GitHub, INSTALLATION, app_key};

pub(crate) struct Scene {
    pub(crate) github: GitHub,
    pub(crate) pem: String,
    pub(crate) caller: Caller,
    pub(crate) notes: Notes,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let (pem, public_key) = app_key();
        let caller = Caller {
            agent: Agent { name: "agent".parse().unwrap(), groups: Vec::new() },
            subject: Subject { issuer: "https://idp.example".to_owned(), id: "alice".to_owned() },
            actor: None,
            session: "s1".parse().unwrap(),
            session_end: Timestamp::from_seconds(SystemClock.now().as_seconds() + 900),
            scopes: Scopes::default(),
        };
        Self { github: GitHub::start(public_key).await, pem, caller, notes: Notes::default() }
    }

    pub(crate) fn provider(&self) -> GitHubApp {
        self.provider_of(self.settings(), grant())
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            api: Url::parse(&format!("{}/api/v3/", self.github.url)).unwrap(),
            reach: Reach { class: AddressClass::Loopback, anchors: None },
            app: APP.to_owned(),
            key: stored(&self.pem),
        }
    }

    pub(crate) fn provider_of(&self, settings: Settings, grant: Grant) -> GitHubApp {
        self.provider_by(settings, grant, Arc::new(SystemClock))
    }

    pub(crate) fn provider_by(&self, settings: Settings, grant: Grant, clock: Arc<dyn Clock>) -> GitHubApp {
        let dialer = Dialer::new(DialOptions::default());
        GitHubApp::new(settings, vec![grant], Surroundings { dialer, clock })
    }

    pub(crate) async fn issue(&self, provider: &GitHubApp) -> Result<Lease, ProviderError> {
        self.issue_with(provider, &self.notes).await
    }

    pub(crate) async fn issue_with(&self, provider: &GitHubApp, journal: &dyn Journal) -> Result<Lease, ProviderError> {
        let (binding, trace) = (binding(), TraceContext::new([7; 16], [7; 8], 0));
        provider.issue(CredentialRequest { binding: &binding, caller: &self.caller, trace, journal }).await
    }

    pub(crate) fn live_tokens(&self) -> Vec<String> {
        self.github.state.lock().tokens.clone()
    }
}

pub(crate) fn grant() -> Grant {
    Grant {
        binding: binding(),
        installation: INSTALLATION,
        repositories: vec!["website".to_owned()],
        permissions: BTreeMap::from([("contents".to_owned(), Access::Read), ("issues".to_owned(), Access::Write)]),
    }
}

pub(crate) fn binding() -> Binding {
    Binding {
        credential: "github-token".parse().unwrap(),
        upstream: "github".parse().unwrap(),
        destination: "https://api.github.com".parse().unwrap(),
        injection: Injection::Header { name: "authorization".parse().unwrap(), prefix: "Bearer ".to_owned() },
    }
}

pub(crate) fn token(lease: &Lease) -> &str {
    let Material::Token(secret) = &lease.material else { panic!("{lease:?}") };
    secret.expose()
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned().into())
}

#[derive(Debug)]
struct Kept(Secret);

impl StoredSecret for Kept {
    fn open(&self) -> Result<Secret, ProviderError> {
        Ok(secret(self.0.expose()))
    }
}

pub(crate) fn stored(text: &str) -> Arc<dyn StoredSecret> {
    Arc::new(Kept(secret(text)))
}

/// A disk that is full.
#[derive(Debug)]
pub(crate) struct FullJournal;

#[async_trait]
impl Journal for FullJournal {
    async fn made(&self, _: &LeaseId) -> Result<(), JournalFailed> {
        Err(JournalFailed)
    }
}

pub(crate) fn random() -> String {
    let mut bytes = [0; 24];
    SystemRandom::new().fill(&mut bytes).unwrap();
    URL_SAFE_NO_PAD.encode(bytes)
}
