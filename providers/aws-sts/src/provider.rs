//! Answers a request for a credential with keys of a role.

use std::{collections::HashMap, fmt};

use async_trait::async_trait;
use model::{CredentialName, LeaseId};
use provider::{CredentialRequest, Lease, Provider, ProviderError};

use crate::{
    Authentication, Grant, Settings,
    client::{Ask, Client},
    marks::Marks,
    policy::session_policy,
};

/// Mints keys of AWS roles, each for one session.
pub struct AwsSts {
    client: Client,
    settings: Settings,
    grants: HashMap<CredentialName, Grant>,
}

impl AwsSts {
    /// A provider of these credentials. Nothing is asked of AWS before the first of them is needed.
    #[must_use]
    pub fn new(settings: Settings, grants: impl IntoIterator<Item = Grant>) -> Self {
        let grants = grants.into_iter().map(|grant| (grant.binding.credential.clone(), grant)).collect();
        Self { client: Client::new(&settings), settings, grants }
    }
}

impl fmt::Debug for AwsSts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsSts").field("settings", &self.settings).field("credentials", &self.grants.keys()).finish()
    }
}

#[async_trait]
impl Provider for AwsSts {
    /// Nothing goes into the journal: AWS ends a key by itself, and nobody can end it sooner.
    async fn issue(&self, request: CredentialRequest<'_>) -> Result<Lease, ProviderError> {
        let credential = &request.binding.credential;
        let grant = self.grants.get(credential).filter(|grant| grant.binding == *request.binding);
        let grant = grant.ok_or_else(|| ProviderError::Missing {
            reason: format!("{credential} is not configured for this upstream, destination and slot"),
        })?;
        let policy = session_policy(grant, request.caller)?;
        let ask = Ask { grant, policy, marks: Marks::of(&request) };
        let minted = match &self.settings.authentication {
            Authentication::Ambient(_) => self.client.assume_role(ask).await?,
            Authentication::WebIdentity { identity, audience } => {
                let claims = ask.marks.claims();
                let token = identity.id_token(request.caller, &request.binding.upstream, audience, claims)?;
                self.client.assume_role_with_web_identity(ask, &token).await?
            }
        };
        let id: Result<LeaseId, _> = format!("aws-sts/{credential}/{}", minted.access_key_id).parse();
        let id =
            id.map_err(|_| ProviderError::Refused { reason: "STS answered with an id that is none".to_owned() })?;
        let expiry = minted.expiry.min(request.caller.session_end);
        Ok(Lease { id, material: minted.material, expiry: Some(expiry), renewable: false })
    }

    async fn revoke(&self, _lease: &LeaseId) -> Result<(), ProviderError> {
        Err(ProviderError::CannotRevoke)
    }
}
