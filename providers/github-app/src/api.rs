//! GitHub's REST API, as far as it is needed here: make a token, end a token.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use dial::{Dialer, FetchError, FetchLimits, Fetched, Submission};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use model::{Clock, Timestamp};
use provider::{ProviderError, sign_jwt};
use secret::{PrivateKey, Secret};
use serde_json::{Map, json};
use zeroize::Zeroizing;

use crate::{
    Grant, Settings,
    answer::{Issued, refusal},
};

/// A call waits for it.
const TIMEOUT: Duration = Duration::from_secs(8);

/// The answer names the repositories, each with all that is known of it: some kilobytes.
const ANSWER_LENGTH_MAX: usize = 4 * 1024 * 1024;

/// GitHub refuses one that was signed in the future or lives longer than ten minutes; clocks differ.
const CLOCK_SKEW: u64 = 60;
const APP_TOKEN_LIFE: Duration = Duration::from_secs(300);

/// GitHub, and Claviger as an App there.
#[derive(Debug)]
pub(crate) struct Api {
    settings: Settings,
    dialer: Dialer,
    clock: Arc<dyn Clock>,
}

impl Api {
    pub(crate) fn new(settings: Settings, dialer: Dialer, clock: Arc<dyn Clock>) -> Self {
        Self { settings, dialer, clock }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Makes a token of an installation.
    pub(crate) async fn make(&self, grant: &Grant) -> Result<Issued, ProviderError> {
        let path = format!("/app/installations/{}/access_tokens", grant.installation);
        let wanted = json!({ "repositories": grant.repositories, "permissions": grant.permissions });
        let answer = self.submit(Method::POST, &path, &self.app_token()?, wanted.to_string().into()).await?;
        Issued::read(&answer, grant)
    }

    /// Ends the token that is shown.
    pub(crate) async fn end(&self, token: &Secret) -> Result<(), ProviderError> {
        let answer = self.submit(Method::DELETE, "/installation/token", token, Bytes::new()).await?;
        match answer.status {
            // A token that has ended no longer authenticates.
            StatusCode::NO_CONTENT | StatusCode::UNAUTHORIZED => Ok(()),
            _ => Err(refusal(&answer)),
        }
    }

    /// What proves the App for one request.
    fn app_token(&self) -> Result<Secret, ProviderError> {
        let Settings { app, key, .. } = &self.settings;
        let key = PrivateKey::from_pem(&key.open()?).map_err(|why| ProviderError::Missing {
            reason: format!("the stored private key of the App {app} cannot be used: {why}; store it again"),
        })?;
        let now = self.now();
        let claims = json!({
            "iss": app, "iat": now.as_seconds().saturating_sub(CLOCK_SKEW), "exp": now.plus(APP_TOKEN_LIFE).as_seconds(),
        });
        let none = Map::new();
        sign_jwt(&key, None, claims.as_object().unwrap_or(&none))
            .map_err(|why| ProviderError::Refused { reason: why.to_string() })
    }

    async fn submit(&self, method: Method, path: &str, bearer: &Secret, body: Bytes) -> Result<Fetched, ProviderError> {
        let unusable =
            || ProviderError::Refused { reason: "the URL of GitHub's API cannot be used; it must be https".to_owned() };
        let mut url = self.settings.api.clone();
        url.set_path(&format!("{}{path}", self.settings.api.path().trim_end_matches('/')));
        let text = Zeroizing::new(format!("Bearer {}", bearer.expose()));
        let mut authorization = HeaderValue::from_str(&text).map_err(|_| unusable())?;
        authorization.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (header::AUTHORIZATION, authorization),
            (header::ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (header::USER_AGENT, HeaderValue::from_static("claviger")),
            (header::HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28")),
        ]);
        let limits = FetchLimits { body_length_max: ANSWER_LENGTH_MAX, timeout: TIMEOUT };
        let submission = Submission { method, url: &url, headers, body };
        self.dialer.submit(submission, limits, &self.settings.reach).await.map_err(|error| {
            tracing::debug!(%error, "GitHub did not answer");
            match error {
                FetchError::UrlRefused => unusable(),
                FetchError::Send(_) | FetchError::Body(_) | FetchError::TooLong { .. } | FetchError::Timeout => {
                    ProviderError::Unreachable
                }
            }
        })
    }
}
