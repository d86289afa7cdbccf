//! A refresh token in the vault, which all sessions share and which changes with each use.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use egress::LiveSecrets;
use model::{Binding, Clock, ProviderName, Subject};
use provider::ProviderError;
use provider_oauth2::{CannotStore, RefreshTokens, Stored};
use secret::Secret;
use vault::Vault;
use zeroize::Zeroizing;

use super::{Means, stored::refusal};

/// The place of one refresh token.
pub(super) struct StoredRefreshToken {
    vault: Arc<Vault>,
    live: Arc<LiveSecrets>,
    clock: Arc<dyn Clock>,
    provider: ProviderName,
    binding: Binding,
}

impl StoredRefreshToken {
    pub(super) fn new(means: &Means<'_>, provider: &ProviderName, binding: Binding) -> Self {
        let (vault, live, clock) = (Arc::clone(means.vault), Arc::clone(means.live), Arc::clone(means.clock));
        Self { vault, live, clock, provider: provider.clone(), binding }
    }
}

#[async_trait]
impl RefreshTokens for StoredRefreshToken {
    async fn load(&self, _: Option<&Subject>) -> Result<Stored, ProviderError> {
        let opened = self.vault.open_secret(&self.binding);
        let opened = opened.map_err(|error| refusal(&error, &self.binding, &self.provider))?;
        Ok(Stored { token: opened.secret, version: opened.generation.as_u64() })
    }

    async fn replace(&self, _: Option<&Subject>, version: u64, rotated: &Secret) -> Result<(), CannotStore> {
        if self.live.learn(&self.binding.credential, rotated).is_err() {
            // It is stored nevertheless: a token that is lost is worse than one that no answer is searched for.
            tracing::error!(credential = %self.binding.credential, "a refresh token cannot be masked");
        }
        let rotated = Secret::new(Zeroizing::new(rotated.expose().to_owned()));
        let (vault, binding, now) = (Arc::clone(&self.vault), self.binding.clone(), self.clock.now());
        // The vault blocks while it writes, and what has begun there goes on when nobody waits for it.
        let written = tokio::task::spawn_blocking(move || {
            let failed = |error: &dyn std::error::Error| {
                tracing::warn!(credential = %binding.credential, %error, "a refresh token was not stored");
                CannotStore
            };
            // Another one may have been entered meanwhile, by `claviger secret set` in another process.
            vault.reload().map_err(|error| failed(&error))?;
            let found = vault.open_secret(&binding).map_err(|error| failed(&error))?;
            if found.generation.as_u64() != version {
                return Ok(());
            }
            vault.put(&binding, rotated, now).map(drop).map_err(|error| failed(&error))
        });
        written.await.unwrap_or(Err(CannotStore))
    }
}

impl fmt::Debug for StoredRefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredRefreshToken").field("binding", &self.binding).finish_non_exhaustive()
    }
}
