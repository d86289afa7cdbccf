//! A secret that a provider itself needs, out of the vault.

use std::sync::Arc;

use model::{Binding, ProviderName};
use provider::{ProviderError, StoredSecret};
use secret::Secret;
use vault::Vault;

/// Opens one stored secret whenever it is asked for.
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
        let (name, provider) = (&self.binding.credential, &self.provider);
        let missing = |error| ProviderError::Missing {
            reason: format!("{error}; store it with `claviger secret set {name} --provider {provider}`"),
        };
        opened.map(|opened| opened.secret).map_err(missing)
    }
}
