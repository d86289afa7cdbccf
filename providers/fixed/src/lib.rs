//! A credential that an operator stored: opened from the vault, never minted.
//!
//! `README.md` beside this crate says what an operator gets, for how long, and how it is revoked.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use model::LeaseId;
use provider::{CredentialRequest, Lease, Material, Provider, ProviderError};
use vault::{OpenSecretError, Vault};

/// Opens stored credentials. Neither mints nor revokes: what it gives lives until an operator replaces or removes it.
pub struct Fixed {
    vault: Arc<Vault>,
}

impl Fixed {
    /// A provider of what is in `vault`.
    #[must_use]
    pub const fn new(vault: Arc<Vault>) -> Self {
        Self { vault }
    }
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixed").field("vault", &self.vault).finish()
    }
}

#[async_trait]
impl Provider for Fixed {
    /// Answers from memory, at once. The session's end does not matter: the credential was there before it and stays after it.
    async fn issue(&self, request: CredentialRequest<'_>) -> Result<Lease, ProviderError> {
        let opened = self.vault.open_secret(request.binding).map_err(|error| refusal(&error))?;
        let id: LeaseId = format!("fixed/{}/{}", request.binding.credential, opened.generation)
            .parse()
            .expect("a name of at most 64 characters and a number are within the limit");
        Ok(Lease { id, material: Material::Token(opened.secret), expiry: None, renewable: false })
    }

    async fn revoke(&self, _lease: &LeaseId) -> Result<(), ProviderError> {
        Err(ProviderError::CannotRevoke)
    }
}

/// The vault's reasons name credentials and destinations, and never a value.
fn refusal(error: &OpenSecretError) -> ProviderError {
    let reason = error.to_string();
    match error {
        OpenSecretError::Missing { .. }
        | OpenSecretError::BoundElsewhere { .. }
        | OpenSecretError::MissingKey { .. } => ProviderError::Missing { reason },
        OpenSecretError::Damaged => ProviderError::Refused { reason },
    }
}
