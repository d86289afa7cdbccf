//! The three interfaces of Google that give out tokens.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use dial::{Dialer, FetchError, FetchLimits, Fetched, Submission};
use http::{HeaderMap, HeaderValue, Method, header};
use model::{Caller, Clock, Timestamp, UpstreamName};
use provider::{ProviderError, WebIdentity};
use secret::Secret;
use serde_json::{Map, json};
use url::{Url, form_urlencoded::byte_serialize};
use zeroize::Zeroizing;

use crate::{Principal, ServiceAccount, Settings, Token, answer::Issued, key::ServiceAccountKey};

/// A call waits for two of these at the most, and is itself given up after ten seconds.
const TIMEOUT: Duration = Duration::from_secs(5);

/// An answer is a token or an error.
const ANSWER_LENGTH_MAX: usize = 256 * 1024;

/// The life that is asked for where it can be: that of the longest session.
const LIFE_SECONDS_MAX: u64 = 900;

/// Google Cloud, and Claviger there.
#[derive(Debug)]
pub(crate) struct Google {
    settings: Settings,
    dialer: Dialer,
    identity: Arc<dyn WebIdentity>,
    clock: Arc<dyn Clock>,
}

impl Google {
    pub(crate) fn new(
        settings: Settings,
        dialer: Dialer,
        identity: Arc<dyn WebIdentity>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { settings, dialer, identity, clock }
    }

    /// A token of the principal itself.
    pub(crate) async fn own(
        &self,
        caller: &Caller,
        upstream: &UpstreamName,
        token: &Token,
    ) -> Result<Issued, ProviderError> {
        match (&self.settings.principal, token) {
            (Principal::Key(key), Token::Access { scopes }) => {
                let (asked, claim) = (self.clock.now(), ("scope", json!(scopes.join(" "))));
                Issued::access_token(&self.by_key(&key.open()?, claim, asked).await?, asked)
            }
            (Principal::Key(key), Token::Id { audience }) => {
                let claim = ("target_audience", json!(audience));
                Issued::id_token(&self.by_key(&key.open()?, claim, self.clock.now()).await?)
            }
            (Principal::Federation { provider, subject_token_audience }, Token::Access { scopes }) => {
                let audience = subject_token_audience.clone().unwrap_or_else(|| format!("https:{provider}"));
                let subject = self.identity.id_token(caller, upstream, &audience, Map::new())?;
                let asked = self.clock.now();
                let form = form(&[
                    ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                    ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                    ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
                    ("audience", provider),
                    ("scope", &scopes.join(" ")),
                    ("subject_token", subject.expose()),
                ]);
                Issued::access_token(&self.post_form(&self.settings.endpoints.sts, form).await?, asked)
            }
            (Principal::Federation { .. }, Token::Id { .. }) => Err(ProviderError::Missing {
                reason: "only a service account has ID tokens; name the one to impersonate as `service_account`"
                    .to_owned(),
            }),
        }
    }

    /// A token of a service account that the owner of `shown` may impersonate. It ends with the session.
    pub(crate) async fn of_service_account(
        &self,
        account: &ServiceAccount,
        token: &Token,
        shown: &Secret,
        session_end: Timestamp,
    ) -> Result<Issued, ProviderError> {
        let life = session_end.since(self.clock.now()).as_secs().clamp(1, LIFE_SECONDS_MAX);
        let (method, wanted) = match token {
            Token::Access { scopes } => {
                ("generateAccessToken", json!({ "scope": scopes, "lifetime": format!("{life}s") }))
            }
            Token::Id { audience } => ("generateIdToken", json!({ "audience": audience, "includeEmail": true })),
        };
        let mut url = self.settings.endpoints.iam_credentials.clone();
        url.set_path(&format!("/v1/projects/-/serviceAccounts/{account}:{method}"));
        let bearer = Zeroizing::new(format!("Bearer {}", shown.expose()));
        let mut authorization = HeaderValue::from_str(&bearer).map_err(|_| unusable())?;
        authorization.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (header::AUTHORIZATION, authorization),
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]);
        let answer = self.submit(&url, headers, wanted.to_string().into()).await?;
        match token {
            Token::Access { .. } => Issued::generated_access_token(&answer),
            Token::Id { .. } => Issued::generated_id_token(&answer),
        }
    }

    /// Asks in the name of a key (RFC 7523, section 2.1).
    async fn by_key(
        &self,
        key: &Secret,
        claim: (&str, serde_json::Value),
        now: Timestamp,
    ) -> Result<Fetched, ProviderError> {
        let url = &self.settings.endpoints.token;
        let assertion = ServiceAccountKey::read(key)?.assertion(claim, url.as_str(), now)?;
        let form =
            form(&[("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.expose())]);
        self.post_form(url, form).await
    }

    async fn post_form(&self, url: &Url, form: Bytes) -> Result<Fetched, ProviderError> {
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        self.submit(url, HeaderMap::from_iter([(header::CONTENT_TYPE, form_type)]), form).await
    }

    async fn submit(&self, url: &Url, mut headers: HeaderMap, body: Bytes) -> Result<Fetched, ProviderError> {
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let limits = FetchLimits { body_length_max: ANSWER_LENGTH_MAX, timeout: TIMEOUT };
        let submission = Submission { method: Method::POST, url, headers, body };
        self.dialer.submit(submission, limits, &self.settings.reach).await.map_err(|error| {
            tracing::debug!(%error, "Google did not answer");
            match error {
                FetchError::UrlRefused => unusable(),
                FetchError::Send(_) | FetchError::Body(_) | FetchError::TooLong { .. } | FetchError::Timeout => {
                    ProviderError::Unreachable
                }
            }
        })
    }
}

/// A form whose memory is wiped when it has been sent.
fn form(fields: &[(&str, &str)]) -> Bytes {
    let mut text = Zeroizing::new(Vec::with_capacity(16 * 1024));
    for (name, value) in fields {
        if !text.is_empty() {
            text.push(b'&');
        }
        text.extend_from_slice(name.as_bytes());
        text.push(b'=');
        text.extend(byte_serialize(value.as_bytes()).flat_map(str::bytes));
    }
    Bytes::from_owner(text)
}

fn unusable() -> ProviderError {
    ProviderError::Refused {
        reason: "an endpoint of Google's cannot be used as it is configured; it must be https".to_owned(),
    }
}
