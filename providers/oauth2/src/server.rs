//! One authorization server: a form goes there, and what it answers comes back.

use std::{sync::Arc, time::Duration};

use dial::{Dialer, FetchError, FetchLimits, Fetched, Reach, SendError, Submission};
use http::{HeaderValue, Method, StatusCode, header};
use model::{Clock, Timestamp};
use provider::ProviderError;
use secret::Secret;
use url::Url;

use crate::{
    Client, Settings,
    answer::{Asked, Issued, refusal},
    form::Form,
    metadata::{Directory, Located},
};

/// A call waits for the answer and is itself given up after ten seconds; a refresh goes on without it.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A token answer with two long tokens is a tenth of it.
const ANSWER_LENGTH_MAX: usize = 256 * 1024;

/// A server, and Claviger as its client.
#[derive(Debug)]
pub(crate) struct Server {
    directory: Directory,
    reach: Reach,
    client: Client,
    dialer: Dialer,
    clock: Arc<dyn Clock>,
}

impl Server {
    pub(crate) fn new(settings: Settings, dialer: Dialer, clock: Arc<dyn Clock>) -> Self {
        let Settings { endpoints, reach, client } = settings;
        Self { directory: Directory::new(endpoints), reach, client, dialer, clock }
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client.id
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn locate(&self) -> Result<Arc<Located>, ProviderError> {
        self.directory.locate(&self.dialer, &self.reach).await
    }

    /// Asks for a token.
    pub(crate) async fn ask(&self, form: Form, asked: Asked<'_>) -> Result<Issued, ProviderError> {
        let located = self.locate().await?;
        let answer = self.submit(&located.token, form, &located.audience).await?;
        Issued::read(&answer, asked)
    }

    /// Ends a token (RFC 7009, section 2).
    pub(crate) async fn end(&self, token: &Secret) -> Result<(), ProviderError> {
        let located = self.locate().await?;
        let url = located.revocation.as_ref().ok_or(ProviderError::CannotRevoke)?;
        let form = Form::default().secret("token", token).field("token_type_hint", "access_token");
        let answer = self.submit(url, form, &located.audience).await?;
        if answer.status == StatusCode::OK { Ok(()) } else { Err(refusal(&answer, Asked::End)) }
    }

    async fn submit(&self, url: &Url, form: Form, audience: &str) -> Result<Fetched, ProviderError> {
        let (form, mut headers) = self.client.authenticate(form, audience, self.now())?;
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let submission = Submission { method: Method::POST, url, headers, body: form.into_body() };
        let limits = FetchLimits { body_length_max: ANSWER_LENGTH_MAX, timeout: TIMEOUT };
        self.dialer.submit(submission, limits, &self.reach).await.map_err(|error| {
            tracing::debug!(%error, "an authorization server did not answer");
            match error {
                FetchError::UrlRefused => ProviderError::Refused {
                    reason: "an endpoint of the authorization server is not one that a secret may be sent to; it must be https"
                        .to_owned(),
                },
                FetchError::TooLong { .. } | FetchError::Send(SendError::BadHead(_)) => ProviderError::Refused {
                    reason: "the authorization server answered with something other than a token".to_owned(),
                },
                FetchError::Send(_) | FetchError::Body(_) | FetchError::Timeout => ProviderError::Unreachable,
            }
        })
    }
}
