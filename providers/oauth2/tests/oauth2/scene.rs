//! A server, a provider in front of it, and a session that asks.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use dial::{DialOptions, Dialer};
use model::{Binding, Caller, Clock as _, Subject, SystemClock, TraceContext, UpstreamName};
use parking_lot::Mutex;
use provider::{
    CredentialRequest, Lease, Provider as _, ProviderError, WebIdentity, WebIdentityFailed,
    conformance::{
        Notes,
        parts::{bearer, caller, canary, secret, stored, token},
    },
    sign_jwt,
};
use provider_oauth2::{
    CannotStore, Client, ClientAuthentication, Endpoints, Flow, Grant, OAuth2, Proof, RefreshTokens, Settings, Stored,
    Surroundings,
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use secret::{PrivateKey, Secret};
use serde_json::{Map, Value, json};
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use crate::server::{Server, reach};

pub(crate) const RESOURCE: &str = "https://api.test/v1";
const BROKER: &str = "https://claviger.test";

pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) secret: String,
    pub(crate) client_key: String,
    pub(crate) caller: Caller,
    pub(crate) notes: Notes,
    pub(crate) tasks: TaskTracker,
    identity: Arc<Identity>,
    /// The public key of the grants that the server gives for others.
    assertions: Value,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let (secret, (client_key, client_jwk), (own_key, own_jwk), assertions) = (canary(), key(), key(), key());
        let trusted = json!({ "issuer": BROKER, "jwk": own_jwk });
        let (signing, _) = &assertions;
        let server = json!({ "secret": secret, "jwk": client_jwk, "trusted": trusted, "signing": signing });
        let server = Server::start(&server).await;
        let caller = caller(Duration::from_secs(200));
        let identity = Arc::new(Identity(own_key));
        let (notes, tasks) = (Notes::default(), TaskTracker::new());
        Self { server, secret, client_key, caller, notes, tasks, identity, assertions: assertions.1 }
    }

    /// A server of somebody else's that takes grants of the scene's, and knows the same clients.
    pub(crate) async fn relying(&self) -> Server {
        let trusted = json!({ "issuer": self.server.issuer, "jwk": self.assertions });
        let (_, jwk) = key();
        let other = json!({ "secret": self.secret, "jwk": jwk, "trusted": trusted, "takes_id_jags": true });
        Server::start(&other).await
    }

    /// The client `basic`, at the server that its metadata describes.
    pub(crate) fn settings(&self) -> Settings {
        let authentication = ClientAuthentication::Basic(stored(&self.secret));
        self.settings_as("basic", authentication)
    }

    pub(crate) fn settings_as(&self, id: &str, authentication: ClientAuthentication) -> Settings {
        let endpoints = Endpoints::Discovered { issuer: self.server.issuer.clone() };
        Settings { endpoints, reach: reach(), client: Some(Client { id: id.to_owned(), authentication }) }
    }

    pub(crate) fn provider(&self, flow: Flow) -> OAuth2 {
        self.provider_of(self.settings(), grant(flow))
    }

    pub(crate) fn provider_of(&self, settings: Settings, grant: Grant) -> OAuth2 {
        let identity = Arc::clone(&self.identity) as Arc<dyn WebIdentity>;
        let (dialer, tasks) = (Dialer::new(DialOptions::default()), self.tasks.clone());
        OAuth2::new(settings, vec![grant], Surroundings { dialer, identity, clock: Arc::new(SystemClock), tasks })
    }

    pub(crate) async fn issue(&self, provider: &OAuth2) -> Result<Lease, ProviderError> {
        let (binding, trace) = (binding(), TraceContext::new([7; 16], [7; 8], 0));
        let request = CredentialRequest { binding: &binding, caller: &self.caller, trace, journal: &self.notes };
        provider.issue(request).await
    }

    /// What the broker would sign for the server about a session.
    pub(crate) fn own_token(&self) -> Secret {
        self.identity.id_token(&self.caller, &binding().upstream, &self.server.issuer, Map::new()).unwrap()
    }

    /// What the server says of the token of a lease.
    pub(crate) async fn introspect(&self, lease: &Lease) -> Value {
        self.server.introspect(token(lease), &self.secret).await
    }
}

pub(crate) fn grant(flow: Flow) -> Grant {
    let (resource, scope) = (Some(RESOURCE.to_owned()), Some("read".to_owned()));
    Grant { binding: binding(), flow, resource, audience: None, scope }
}

/// A token about the session, which the scene's broker signs.
pub(crate) fn session(audience: Option<&str>) -> Proof {
    Proof::Session { audience: audience.map(str::to_owned) }
}

pub(crate) fn binding() -> Binding {
    bearer("api-token", "api", "https://api.test/v1")
}

/// A place for one refresh token that can be full.
#[derive(Debug)]
pub(crate) struct Shelf(Mutex<Content>);

#[derive(Debug)]
struct Content {
    token: Zeroizing<String>,
    version: u64,
    is_full: bool,
}

impl Shelf {
    pub(crate) fn with(token: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Content { token: token.to_owned().into(), version: 1, is_full: false })))
    }

    pub(crate) fn token(&self) -> String {
        self.0.lock().token.to_string()
    }

    pub(crate) fn fill(&self, is_full: bool) {
        self.0.lock().is_full = is_full;
    }

    /// As an operator does.
    pub(crate) fn put(&self, token: &str) {
        let mut content = self.0.lock();
        content.token = token.to_owned().into();
        content.version += 1;
    }
}

#[async_trait]
impl RefreshTokens for Shelf {
    async fn load(&self, _: Option<&Subject>) -> Result<Stored, ProviderError> {
        let content = self.0.lock();
        Ok(Stored { token: secret(&content.token), version: content.version })
    }

    async fn replace(&self, _: Option<&Subject>, version: u64, rotated: &Secret) -> Result<(), CannotStore> {
        let mut content = self.0.lock();
        if content.is_full {
            return Err(CannotStore);
        }
        if content.version == version {
            content.token = rotated.expose().to_owned().into();
            content.version += 1;
        }
        Ok(())
    }
}

/// Signs as the broker would.
#[derive(Debug)]
struct Identity(String);

impl WebIdentity for Identity {
    fn id_token(
        &self,
        caller: &Caller,
        upstream: &UpstreamName,
        audience: &str,
        _: Map<String, Value>,
    ) -> Result<Secret, WebIdentityFailed> {
        let now = SystemClock.now().as_seconds();
        let claims = json!({
            "iss": BROKER, "sub": format!("agent:{}:upstream:{upstream}", caller.agent.name), "aud": audience,
            "iat": now, "exp": now + 60,
        });
        let key = PrivateKey::from_pem(&secret(&self.0)).unwrap();
        Ok(sign_jwt(&key, Some("own"), claims.as_object().unwrap()).unwrap())
    }

    fn own_token(&self, _: &str) -> Result<Secret, WebIdentityFailed> {
        Err(WebIdentityFailed)
    }
}

/// A new P-256 key as PEM, and its public half as a JWK.
pub(crate) fn key() -> (String, Value) {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y), "kid": "own",
        "alg": "ES256", "use": "sig",
    });
    (format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(document.as_ref())), jwk)
}
