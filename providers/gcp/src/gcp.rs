//! The provider: a token of the principal, or of the service account that it impersonates for the session.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use dial::Dialer;
use model::{Clock, CredentialName, LeaseId};
use provider::{CredentialRequest, Lease, Material, Provider, ProviderError, WebIdentity, lease_id};
use secret::Secret;

use crate::{Grant, Settings, Token, google::Google};

/// What the provider stands on.
#[derive(Debug)]
pub struct Surroundings {
    /// Opens connections.
    pub dialer: Dialer,
    /// Signs who asks, for a principal without a key.
    pub identity: Arc<dyn WebIdentity>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Issues tokens of Google Cloud service accounts.
#[derive(Debug)]
pub struct Gcp {
    google: Google,
    grants: HashMap<CredentialName, Grant>,
}

/// What a principal needs to impersonate a service account. The principal has no other role, so the scope's width is of no use.
const IMPERSONATION_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

impl Gcp {
    /// A provider of these credentials. Nothing is asked before the first is needed.
    #[must_use]
    pub fn new(settings: Settings, grants: Vec<Grant>, surroundings: Surroundings) -> Self {
        let Surroundings { dialer, identity, clock } = surroundings;
        let grants = grants.into_iter().map(|grant| (grant.binding.credential.clone(), grant)).collect();
        Self { google: Google::new(settings, dialer, identity, clock), grants }
    }
}

#[async_trait]
impl Provider for Gcp {
    /// Nothing is journaled: what is made here can be ended by nobody, and ends by itself.
    async fn issue(&self, request: CredentialRequest<'_>) -> Result<Lease, ProviderError> {
        let CredentialRequest { binding, caller, .. } = request;
        let name = &binding.credential;
        let grant = self.grants.get(name).filter(|known| known.binding == *binding);
        let grant = grant.ok_or_else(|| ProviderError::Missing {
            reason: format!("the credential {name} is not configured for this upstream, destination and slot"),
        })?;
        let issued = match &grant.service_account {
            None => self.google.own(caller, &binding.upstream, &grant.token).await?,
            Some(account) => {
                let impersonation = Token::Access { scopes: vec![IMPERSONATION_SCOPE.to_owned()] };
                let own = self.google.own(caller, &binding.upstream, &impersonation).await?;
                let shown = Secret::new(own.token);
                self.google.of_service_account(account, &grant.token, &shown, caller.session_end).await?
            }
        };
        let id = lease_id("gcp", name, issued.end)?;
        let material = Material::Token(Secret::new(issued.token));
        Ok(Lease { id, material, expiry: Some(issued.end.min(caller.session_end)), renewable: false })
    }

    async fn revoke(&self, _lease: &LeaseId) -> Result<(), ProviderError> {
        Err(ProviderError::CannotRevoke)
    }
}
