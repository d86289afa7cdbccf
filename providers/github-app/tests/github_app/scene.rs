//! GitHub, a provider in front of it, and a session that asks.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use dial::{DialOptions, Dialer, Reach};
use model::{AddressClass, Binding, Caller, Clock, LeaseId, SystemClock, TraceContext};
use provider::{
    CredentialRequest, Journal, JournalFailed, Lease, Provider as _, ProviderError,
    conformance::{
        Notes,
        parts::{bearer, caller, stored},
    },
};
use provider_github_app::{Access, GitHubApp, Grant, Settings, Surroundings};
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
        Self {
            github: GitHub::start(public_key).await,
            pem,
            caller: caller(Duration::from_secs(900)),
            notes: Notes::default(),
        }
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
    bearer("github-token", "github", "https://api.github.com")
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
