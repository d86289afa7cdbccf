//! The provider: makes a token for the session, no wider than its credential, and ends it.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use dial::Dialer;
use model::{Clock, CredentialName, LeaseId};
use provider::{CredentialRequest, Lease, Material, MintedTokens, Provider, ProviderError, lease_id};
use secret::Secret;

use crate::{Grant, Settings, answer::Issued, api::Api};

/// What the provider stands on.
#[derive(Debug)]
pub struct Surroundings {
    /// Opens connections.
    pub dialer: Dialer,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Issues installation tokens of one GitHub App.
#[derive(Debug)]
pub struct GitHubApp {
    api: Api,
    grants: HashMap<CredentialName, Grant>,
    minted: MintedTokens,
}

/// How its leases begin.
const KIND: &str = "github-app";

impl GitHubApp {
    /// A provider of these credentials. Nothing is asked before the first is needed.
    #[must_use]
    pub fn new(settings: Settings, grants: Vec<Grant>, surroundings: Surroundings) -> Self {
        let Surroundings { dialer, clock } = surroundings;
        let grants = grants.into_iter().map(|grant| (grant.binding.credential.clone(), grant)).collect();
        Self { api: Api::new(settings, dialer, clock), grants, minted: MintedTokens::new(KIND) }
    }

    /// Ends a token that is not used, and says why it is not.
    async fn give_up(&self, token: &Secret, why: ProviderError) -> ProviderError {
        match self.api.end(token).await {
            Ok(()) => why,
            Err(error) => {
                tracing::error!(%error, "an installation token that is not used could not be ended; it ends within the hour");
                why
            }
        }
    }
}

#[async_trait]
impl Provider for GitHubApp {
    async fn issue(&self, request: CredentialRequest<'_>) -> Result<Lease, ProviderError> {
        let name = &request.binding.credential;
        let grant = self.grants.get(name).filter(|known| known.binding == *request.binding);
        let grant = grant.ok_or_else(|| ProviderError::Missing {
            reason: format!("the credential {name} is not configured for this upstream, destination and slot"),
        })?;
        let Issued { token, end, fits } = self.api.make(grant).await?;
        let shown = Secret::new(token.clone());
        if !fits {
            let reason = "GitHub made a token that may do more than was asked for; it was ended".to_owned();
            return Err(self.give_up(&shown, ProviderError::Refused { reason }).await);
        }
        let id = lease_id(KIND, name, end)?;
        if let Err(failed) = request.journal.made(&id).await {
            return Err(self.give_up(&shown, failed.into()).await);
        }
        self.minted.keep(id.clone(), shown, end, self.api.now());
        let material = Material::Token(Secret::new(token));
        Ok(Lease { id, material, expiry: Some(end.min(request.caller.session_end)), renewable: false })
    }

    async fn revoke(&self, lease: &LeaseId) -> Result<(), ProviderError> {
        let end = |token: Arc<Secret>| async move { self.api.end(&token).await };
        self.minted.end(lease, self.api.now(), end).await
    }
}
