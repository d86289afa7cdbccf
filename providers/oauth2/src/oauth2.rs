//! The provider: asks for an access token in the way of its credential, and ends it.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use dial::Dialer;
use model::{Clock, CredentialName, LeaseId};
use provider::{CredentialRequest, Lease, Material, MintedTokens, Provider, ProviderError, WebIdentity, lease_id};
use secret::Secret;
use tokio_util::task::TaskTracker;

use crate::{
    Flow, Grant, Proof, RefreshTokens, Settings, answer::Issued, form::Form, identity_assertion::IdentityProvider,
    metadata::Located, refresh::Turns, server::Server,
};

/// What the provider stands on.
#[derive(Debug)]
pub struct Surroundings {
    /// Opens connections.
    pub dialer: Dialer,
    /// Signs who asks, for the flows that are told so.
    pub identity: Arc<dyn WebIdentity>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Where a refresh goes on when its caller is gone; shutdown waits for it.
    pub tasks: TaskTracker,
}

/// Issues access tokens of one authorization server.
#[derive(Debug)]
pub struct OAuth2 {
    server: Arc<Server>,
    grants: HashMap<CredentialName, Arc<Credential>>,
    identity: Arc<dyn WebIdentity>,
    tasks: TaskTracker,
    minted: MintedTokens,
}

#[derive(Debug)]
struct Credential {
    grant: Grant,
    /// Where the flow wants one.
    identity_provider: Option<IdentityProvider>,
    turns: Turns,
}

/// RFC 7523, section 2.1.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How its leases begin.
const KIND: &str = "oauth2";

impl OAuth2 {
    /// A provider of these credentials. Nothing is asked before the first is needed.
    #[must_use]
    pub fn new(settings: Settings, grants: Vec<Grant>, surroundings: Surroundings) -> Self {
        let Surroundings { dialer, identity, clock, tasks } = surroundings;
        let credential = |grant: Grant| {
            let name = grant.binding.credential.clone();
            let identity_provider = match &grant.flow {
                Flow::IdentityAssertion(assertion) => {
                    Some(IdentityProvider::new(assertion, dialer.clone(), Arc::clone(&clock)))
                }
                Flow::ClientCredentials
                | Flow::RefreshToken(_)
                | Flow::Connection(_)
                | Flow::TokenExchange(_)
                | Flow::JwtBearer(_) => None,
            };
            (name, Arc::new(Credential { grant, identity_provider, turns: Turns::default() }))
        };
        let grants = grants.into_iter().map(credential).collect();
        let server = Arc::new(Server::new(settings, dialer, clock));
        Self { server, grants, identity, tasks, minted: MintedTokens::new(KIND) }
    }

    /// The credential of a request, where all that it is bound to is as configured.
    fn credential(&self, request: &CredentialRequest<'_>) -> Result<&Arc<Credential>, ProviderError> {
        let name = &request.binding.credential;
        self.grants.get(name).filter(|known| known.grant.binding == *request.binding).ok_or_else(|| {
            ProviderError::Missing {
                reason: format!("the credential {name} is not configured for this upstream, destination and slot"),
            }
        })
    }

    async fn ask(
        &self,
        credential: &Arc<Credential>,
        request: &CredentialRequest<'_>,
    ) -> Result<Issued, ProviderError> {
        let form = match &credential.grant.flow {
            Flow::ClientCredentials => Form::new("client_credentials"),
            Flow::RefreshToken(tokens) => return self.refresh(credential, tokens, None).await,
            Flow::Connection(tokens) => return self.refresh(credential, tokens, Some(request)).await,
            Flow::TokenExchange(proof) => Form::new("urn:ietf:params:oauth:grant-type:token-exchange")
                .secret("subject_token", &self.shown(proof, &self.server, request).await?)
                .field("subject_token_type", "urn:ietf:params:oauth:token-type:id_token")
                .field("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            Flow::JwtBearer(proof) => {
                Form::new(JWT_BEARER).secret("assertion", &self.shown(proof, &self.server, request).await?)
            }
            Flow::IdentityAssertion(_) => {
                let provider =
                    credential.identity_provider.as_ref().expect("a credential of this flow was made with one");
                let subject = self.shown(&provider.proof, &provider.server, request).await?;
                let located = self.server.locate().await?;
                let assertion = provider.assertion(&subject, &credential.grant, &located).await?;
                Form::new(JWT_BEARER).secret("assertion", &assertion)
            }
        };
        self.server.ask(&credential.grant, form).await
    }

    /// What shows `server` who asks.
    async fn shown(
        &self,
        proof: &Proof,
        server: &Server,
        request: &CredentialRequest<'_>,
    ) -> Result<Secret, ProviderError> {
        proof.token(&server.locate().await?.audience, &*self.identity, request).await
    }

    /// In a task: what the answer brings is stored, also when nobody waits any more.
    async fn refresh(
        &self,
        credential: &Arc<Credential>,
        tokens: &Arc<dyn RefreshTokens>,
        of: Option<&CredentialRequest<'_>>,
    ) -> Result<Issued, ProviderError> {
        let (server, credential, tokens) = (Arc::clone(&self.server), Arc::clone(credential), Arc::clone(tokens));
        let subject = of.map(|request| request.caller.subject.clone());
        let refreshed = self.tasks.spawn(async move {
            let turn = credential.turns.of(subject.as_ref());
            let ask = async |kept: &Secret| match &subject {
                Some(_) => server.ask_connected(kept, &credential.grant).await,
                None => server.ask(&credential.grant, Form::new("refresh_token").secret("refresh_token", kept)).await,
            };
            turn.refresh(&*tokens, subject.as_ref(), ask).await
        });
        refreshed.await.unwrap_or(Err(ProviderError::Unreachable))
    }
}

impl Grant {
    /// Adds what a token is for: by the configuration, or else by the API itself.
    pub(crate) fn narrow(&self, form: Form, located: &Located) -> Form {
        form.optional("resource", self.resource.as_deref().or(located.resource.as_deref()))
            .optional("audience", self.audience.as_deref())
            .optional("scope", self.scope.as_deref())
    }
}

#[async_trait]
impl Provider for OAuth2 {
    async fn issue(&self, request: CredentialRequest<'_>) -> Result<Lease, ProviderError> {
        let credential = self.credential(&request)?;
        let has_revocation = self.server.locate().await?.revocation.is_some();
        let asked = self.server.now();
        let issued = self.ask(credential, &request).await?;
        // What is lent is not ours to end. A client that registered itself is kept with the account, and not here.
        let can_be_ended = has_revocation && !issued.is_lent && !self.server.wants_registration();
        let end = asked.plus(issued.life());
        let access_token = issued.access_token;
        let id = lease_id(KIND, &request.binding.credential, end)?;
        if can_be_ended {
            self.minted.keep(id.clone(), Secret::new(access_token.clone()), end, asked);
            if let Err(failed) = request.journal.made(&id).await {
                if let Err(error) = self.revoke(&id).await {
                    tracing::error!(%error, lease = %id, "a token that is not used could not be ended; it ends by itself");
                }
                return Err(failed.into());
            }
        }
        let material = Material::Token(Secret::new(access_token));
        Ok(Lease { id, material, expiry: Some(end.min(request.caller.session_end)), renewable: false })
    }

    async fn revoke(&self, lease: &LeaseId) -> Result<(), ProviderError> {
        let end = |token: Arc<Secret>| async move { self.server.end(&token).await };
        self.minted.end(lease, self.server.now(), end).await
    }
}
