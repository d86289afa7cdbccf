//! One authorization server: a form goes there, and what it answers comes back.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use dial::{Dialer, FetchError, FetchLimits, Fetched, Reach, SendError, Submission};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use model::{Clock, Timestamp};
use provider::ProviderError;
use secret::Secret;
use url::Url;

use crate::{
    Client, Grant, Settings,
    answer::{Asked, Issued, refusal},
    form::Form,
    metadata::{Directory, Located},
    registration::{Registered, Wanted},
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
    client: Option<Client>,
    dialer: Dialer,
    clock: Arc<dyn Clock>,
}

impl Server {
    pub(crate) fn new(settings: Settings, dialer: Dialer, clock: Arc<dyn Clock>) -> Self {
        let Settings { endpoints, reach, client } = settings;
        Self { directory: Directory::new(endpoints), reach, client, dialer, clock }
    }

    /// Who Claviger is there: what it registered as, or the client of the configuration.
    pub(crate) fn client(&self, registered: Option<&Registered>) -> Result<Client, ProviderError> {
        let client = registered.map(Registered::client).or_else(|| self.client.clone());
        client.ok_or_else(|| ProviderError::Missing {
            reason: "Claviger is no client of the authorization server; write `client_id`".to_owned(),
        })
    }

    /// Whether nobody registered Claviger there.
    pub(crate) const fn wants_registration(&self) -> bool {
        self.client.is_none()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn locate(&self) -> Result<Arc<Located>, ProviderError> {
        self.directory.locate(&self.dialer, &self.reach).await
    }

    /// Where the server is now, of an API that may have moved to another one.
    pub(crate) async fn locate_anew(&self) -> Result<Arc<Located>, ProviderError> {
        self.directory.locate_anew(&self.dialer, &self.reach).await
    }

    /// Asks for a token, in the way of a credential.
    pub(crate) async fn ask(&self, grant: &Grant, form: Form) -> Result<Issued, ProviderError> {
        let located = self.locate().await?;
        let form = grant.narrow(form, &located);
        self.ask_as(&self.client(None)?, &located, form, Asked::Token(&grant.flow)).await
    }

    /// Asks for a token, as a client and at a place.
    pub(crate) async fn ask_as(
        &self,
        client: &Client,
        located: &Located,
        form: Form,
        asked: Asked<'_>,
    ) -> Result<Issued, ProviderError> {
        let answer = self.submit(client, &located.token, form, &located.audience).await?;
        Issued::read(&answer, asked)
    }

    /// Asks for what is no access token.
    pub(crate) async fn exchange(&self, form: Form) -> Result<Fetched, ProviderError> {
        let located = self.locate().await?;
        self.submit(&self.client(None)?, &located.token, form, &located.audience).await
    }

    /// Ends a token (RFC 7009, section 2).
    pub(crate) async fn end(&self, token: &Secret) -> Result<(), ProviderError> {
        let located = self.locate().await?;
        let url = located.revocation.as_ref().ok_or(ProviderError::CannotRevoke)?;
        let form = Form::default().secret("token", token).field("token_type_hint", "access_token");
        let answer = self.submit(&self.client(None)?, url, form, &located.audience).await?;
        if answer.status == StatusCode::OK { Ok(()) } else { Err(refusal(&answer, Asked::End)) }
    }

    /// Becomes a client.
    pub(crate) async fn register(&self, endpoint: &Url, wanted: &Wanted<'_>) -> Result<Registered, ProviderError> {
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json.clone()), (header::ACCEPT, json)]);
        wanted.read(&self.send(endpoint, headers, wanted.body().into()).await?)
    }

    async fn submit(&self, client: &Client, url: &Url, form: Form, audience: &str) -> Result<Fetched, ProviderError> {
        let (form, mut headers) = client.authenticate(form, audience, self.now())?;
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        self.send(url, headers, form.into_body()).await
    }

    async fn send(&self, url: &Url, headers: HeaderMap, body: Bytes) -> Result<Fetched, ProviderError> {
        let submission = Submission { method: Method::POST, url, headers, body };
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
