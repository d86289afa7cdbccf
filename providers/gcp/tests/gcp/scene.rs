//! Google, a provider in front of it, and a session that asks.

use std::{sync::Arc, time::Duration};

use dial::{DialOptions, Dialer, Reach};
use model::{AddressClass, Binding, Caller, SystemClock, TraceContext, UpstreamName};
use provider::{
    CredentialRequest, Lease, Provider as _, ProviderError, WebIdentity, WebIdentityFailed,
    conformance::{
        Notes,
        parts::{bearer, caller, canary, secret, stored, token},
    },
};
use provider_gcp::{Endpoints, Gcp, Grant, Principal, Settings, Surroundings, Token};
use secret::Secret;
use serde_json::{Map, Value};
use url::Url;

use crate::google::{Google, POOL, READER, service_account_key};

pub(crate) const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_only";

pub(crate) struct Scene {
    pub(crate) google: Google,
    pub(crate) key: String,
    pub(crate) caller: Caller,
    identity: Arc<Identity>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let (key, public_key) = service_account_key();
        let subject_token = canary();
        let google = Google::start(public_key, subject_token.clone()).await;
        Self { google, key, caller: caller(Duration::from_secs(600)), identity: Arc::new(Identity(subject_token)) }
    }

    pub(crate) fn by_key(&self) -> Principal {
        Principal::Key(stored(&self.key))
    }

    pub(crate) fn provider(&self, principal: Principal, grant: Grant) -> Gcp {
        let url = |path: &str| Url::parse(&format!("{}{path}", self.google.url)).unwrap();
        let endpoints = Endpoints { token: url("/token"), sts: url("/v1/token"), iam_credentials: url("") };
        let reach = Reach { class: AddressClass::Loopback, anchors: None };
        let identity = Arc::clone(&self.identity) as Arc<dyn WebIdentity>;
        let (dialer, clock) = (Dialer::new(DialOptions::default()), Arc::new(SystemClock));
        Gcp::new(Settings { endpoints, reach, principal }, vec![grant], Surroundings { dialer, identity, clock })
    }

    pub(crate) async fn issue(&self, principal: Principal, grant: Grant) -> Result<Lease, ProviderError> {
        let (binding, trace, journal) = (binding(), TraceContext::new([7; 16], [7; 8], 0), Notes::default());
        let request = CredentialRequest { binding: &binding, caller: &self.caller, trace, journal: &journal };
        self.provider(principal, grant).issue(request).await
    }

    /// What Google gave the token of a lease for.
    pub(crate) fn given(&self, lease: &Lease) -> Value {
        let state = self.google.state.lock();
        state.tokens.iter().find(|(given, _)| given == token(lease)).expect("Google gave it out").1.clone()
    }
}

pub(crate) fn by_pool() -> Principal {
    Principal::Federation { provider: POOL.to_owned(), subject_token_audience: None }
}

pub(crate) fn access_token() -> Token {
    Token::Access { scopes: vec![SCOPE.to_owned()] }
}

pub(crate) fn id_token() -> Token {
    Token::Id { audience: "https://service.run.app".to_owned() }
}

pub(crate) fn own(token: Token) -> Grant {
    Grant { binding: binding(), service_account: None, token }
}

pub(crate) fn impersonating(token: Token) -> Grant {
    Grant { service_account: Some(READER.parse().unwrap()), ..own(token) }
}

pub(crate) fn binding() -> Binding {
    bearer("storage-token", "storage", "https://storage.googleapis.com")
}

/// Gives out one token, for the audience that a pool expects by default.
#[derive(Debug)]
struct Identity(String);

impl WebIdentity for Identity {
    fn id_token(
        &self,
        _: &Caller,
        _: &UpstreamName,
        audience: &str,
        _: Map<String, Value>,
    ) -> Result<Secret, WebIdentityFailed> {
        let is_expected = audience.strip_prefix("https:") == Some(POOL);
        Ok(secret(if is_expected { &self.0 } else { "for another audience" }))
    }

    fn own_token(&self, _: &str) -> Result<Secret, WebIdentityFailed> {
        Err(WebIdentityFailed)
    }
}
