//! The secrets that a provider itself needs, from the vault.

use std::sync::Arc;

use model::{Binding, ProviderName};
use provider::{ProviderError, StoredSecret};
use secret::Secret;
use vault::{OpenSecretError, Vault};

/// A secret of a provider, bound to its source.
#[derive(Debug)]
pub(super) struct Stored {
    vault: Arc<Vault>,
    provider: ProviderName,
    binding: Binding,
}

impl Stored {
    pub(super) fn new(vault: &Arc<Vault>, provider: &ProviderName, binding: Binding) -> Arc<Self> {
        Arc::new(Self { vault: Arc::clone(vault), provider: provider.clone(), binding })
    }
}

impl StoredSecret for Stored {
    fn open(&self) -> Result<Secret, ProviderError> {
        let opened = self.vault.open_secret(&self.binding);
        opened.map(|opened| opened.secret).map_err(|error| refusal(&error, &self.binding, &self.provider))
    }
}

/// A secret of a provider that does not open, as the provider's own refusal.
pub(super) fn refusal(error: &OpenSecretError, binding: &Binding, provider: &ProviderName) -> ProviderError {
    let reason = why_unusable(error, binding, provider);
    match error {
        OpenSecretError::Damaged => ProviderError::Refused { reason },
        OpenSecretError::Missing { .. }
        | OpenSecretError::BoundElsewhere { .. }
        | OpenSecretError::MissingKey { .. } => ProviderError::Missing { reason },
    }
}

/// Why a secret of a provider does not open, and what to do.
pub(crate) fn why_unusable(error: &OpenSecretError, binding: &Binding, provider: &ProviderName) -> String {
    let command = format!("`claviger secret set {} --provider {provider}`", binding.credential);
    match error {
        OpenSecretError::Missing { credential, .. } => {
            format!("nothing is stored as {credential} for the provider {provider}; enter it with {command}")
        }
        OpenSecretError::BoundElsewhere { credential, .. } => {
            format!(
                "what is stored as {credential} is for another server than that of the provider {provider}; enter it again with {command}"
            )
        }
        OpenSecretError::MissingKey { .. } | OpenSecretError::Damaged => error.to_string(),
    }
}
