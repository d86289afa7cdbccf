//! An identity provider without a network, and a key store without a disk.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use jsonwebtoken::EncodingKey;
use model::{Agent, Clock, ManualClock, Timestamp};
use parking_lot::Mutex;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use secret::SecretBytes;
use serde_json::{Value, json};
use url::Url;
use zeroize::Zeroizing;

use crate::{
    AgentRule, AgentRules, ClaimRule, Exchange, ExchangeRequest, Expected, Fetch, FetchError, Fetched, IssuerConfig,
    Issuers, KeyStore, KeyStoreError, SignatureAlgorithm, StoredKey, TokenMatch, Upstreams, jose,
};

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const IDP: &str = "https://idp.example";
pub(crate) const OURSELVES: &str = "https://gw.example";

/// One ES256 key of an identity provider.
pub(crate) struct IdpKey {
    pub(crate) id: String,
    private: EncodingKey,
    public: Vec<u8>,
}

impl IdpKey {
    pub(crate) fn new(id: &str) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let private = EncodingKey::from_ec_der(pkcs8.as_ref());
        Self { id: id.to_owned(), private, public: pair.public_key().as_ref().to_vec() }
    }

    pub(crate) fn jwk(&self) -> Value {
        let coordinate = |range| URL_SAFE_NO_PAD.encode(&self.public[range]);
        json!({"kty": "EC", "crv": "P-256", "x": coordinate(1..33), "y": coordinate(33..65), "kid": self.id, "use": "sig"})
    }

    /// A token with this header and these claims as they stand, so that a test can write any fault.
    pub(crate) fn sign_text(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = jose::sign_es256(&self.private, message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_text(&json!({"alg": "ES256", "kid": self.id, "typ": "JWT"}).to_string(), &claims.to_string())
    }
}

pub(crate) fn jwks(keys: &[&IdpKey]) -> String {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()}).to_string()
}

/// What the network answers.
#[derive(Clone)]
pub(crate) enum Answer {
    Body(String, Option<Duration>),
    Fails(FetchError),
    Hangs,
}

/// The network of a test: answers by URL, and counts.
#[derive(Default)]
pub(crate) struct Network {
    answers: Mutex<HashMap<String, Answer>>,
    calls: Mutex<Vec<String>>,
}

impl Network {
    /// A network on which `IDP` publishes this key set.
    pub(crate) fn with_idp(keys: &[&IdpKey]) -> Arc<Self> {
        let network = Arc::new(Self::default());
        let document = json!({"issuer": IDP, "jwks_uri": format!("{IDP}/keys")}).to_string();
        network.answer("/.well-known/openid-configuration", Answer::Body(document, None));
        network.answer("/keys", Answer::Body(jwks(keys), Some(Duration::from_secs(3600))));
        network
    }

    pub(crate) fn answer(&self, path: &str, answer: Answer) {
        self.answers.lock().insert(format!("{IDP}{path}"), answer);
    }

    /// How often the key set was fetched.
    pub(crate) fn key_fetches(&self) -> usize {
        self.calls.lock().iter().filter(|url| url.ends_with("/keys")).count()
    }

    pub(crate) fn all_fetches(&self) -> usize {
        self.calls.lock().len()
    }
}

#[async_trait]
impl Fetch for Network {
    async fn fetch(&self, url: &Url) -> Result<Fetched, FetchError> {
        self.calls.lock().push(url.to_string());
        let answer = self.answers.lock().get(url.as_str()).cloned();
        // A real fetch gives way at least once, so that others run meanwhile.
        tokio::task::yield_now().await;
        match answer {
            Some(Answer::Body(body, age_max)) => Ok(Fetched { body: Bytes::from(body), age_max }),
            Some(Answer::Fails(error)) => Err(error),
            Some(Answer::Hangs) => std::future::pending().await,
            None => Err(FetchError::Status(404)),
        }
    }
}

pub(crate) fn idp_config() -> IssuerConfig {
    IssuerConfig {
        name: "idp".parse().unwrap(),
        issuer: IDP.to_owned(),
        jwks_uri: None,
        audiences: vec!["claviger".to_owned()],
        algorithms: vec![SignatureAlgorithm::Es256, SignatureAlgorithm::Rs256],
        typ: vec!["JWT".to_owned()],
        typ_may_be_absent: true,
        leeway: Duration::from_secs(30),
        age_max: Some(Duration::from_secs(3600)),
    }
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_seconds(NOW)))
}

pub(crate) fn issuers(network: &Arc<Network>, clock: &Arc<ManualClock>, config: IssuerConfig) -> Issuers {
    let fetch: Arc<dyn Fetch> = Arc::clone(network) as _;
    Issuers::new(OURSELVES, vec![config], &fetch, Arc::clone(clock) as Arc<dyn Clock>).unwrap()
}

/// Claims that are accepted, as an agent of the role `role`.
pub(crate) fn claims(sub: &str, role: &str) -> Value {
    json!({"iss": IDP, "sub": sub, "aud": "claviger", "exp": NOW + 600, "nbf": NOW - 5, "iat": NOW - 5,
           "roles": ["other", role], "jti": "j1"})
}

pub(crate) fn role(role: &str) -> TokenMatch {
    let expected = Expected::Text(role.to_owned());
    TokenMatch { issuer: "idp".parse().unwrap(), claims: vec![ClaimRule { path: vec!["roles".to_owned()], expected }] }
}

pub(crate) fn rule(name: &str, scopes: &str, life_max: Option<Duration>) -> AgentRule {
    AgentRule {
        agent: Agent { name: name.parse().unwrap(), groups: vec!["agents".parse().unwrap()] },
        tokens: role(name),
        acts_for: vec![role("user")],
        scopes: scopes.parse().unwrap(),
        life_max,
    }
}

pub(crate) fn exchange(issuers: Issuers, rules: Vec<AgentRule>) -> Exchange {
    let upstream =
        |kind: &str, name: &str| (format!("{OURSELVES}/{kind}/{name}").parse().unwrap(), name.parse().unwrap());
    let upstreams: Upstreams =
        [upstream("mcp", "a"), upstream("mcp", "b"), upstream("http", "c")].into_iter().collect();
    Exchange::new(issuers, AgentRules::new(rules).unwrap(), upstreams)
}

/// A request for a subject token of type `jwt`, and `more` parameters.
pub(crate) fn request(subject_token: &str, more: &str) -> ExchangeRequest {
    let body = format!(
        "grant_type={}&subject_token={subject_token}&subject_token_type=urn:ietf:params:oauth:token-type:jwt{more}",
        crate::GRANT_TYPE
    );
    ExchangeRequest::parse(body.as_bytes()).unwrap()
}

pub(crate) fn with_actor(actor_token: &str) -> String {
    format!("&actor_token={actor_token}&actor_token_type=urn:ietf:params:oauth:token-type:jwt")
}

/// A key store that can fail.
#[derive(Default)]
pub(crate) struct MemoryKeys {
    keys: Mutex<Vec<(Vec<u8>, Timestamp)>>,
    fails: Mutex<bool>,
}

impl MemoryKeys {
    pub(crate) fn fail(&self, fails: bool) {
        *self.fails.lock() = fails;
    }

    pub(crate) fn damage(&self) {
        self.keys.lock()[0].0[0] ^= 1;
    }
}

impl KeyStore for Arc<MemoryKeys> {
    fn load(&self) -> Result<Vec<StoredKey>, KeyStoreError> {
        let stored = |(pkcs8, signs_from): &(Vec<u8>, Timestamp)| StoredKey {
            pkcs8: SecretBytes::new(Zeroizing::new(pkcs8.clone())),
            signs_from: *signs_from,
        };
        Ok(self.keys.lock().iter().map(stored).collect())
    }

    fn save(&self, keys: &[StoredKey]) -> Result<(), KeyStoreError> {
        if *self.fails.lock() {
            return Err(KeyStoreError { what: "written", reason: "the disk is full".to_owned() });
        }
        *self.keys.lock() = keys.iter().map(|key| (key.pkcs8.expose().to_vec(), key.signs_from)).collect();
        Ok(())
    }
}
