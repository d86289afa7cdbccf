//! Refresh tokens in the vault: one that all sessions share, or one of each user who connected an account.

use std::{fmt, fmt::Write as _, sync::Arc};

use async_trait::async_trait;
use config::oauth2_provider::Source;
use egress::LiveSecrets;
use model::{Binding, Clock, CredentialName, ProviderName, Subject};
use provider::ProviderError;
use provider_oauth2::{CannotStore, Connection, RefreshTokens, Stored};
use ring::digest::{Context, SHA256};
use secret::Secret;
use vault::{OpenSecretError, Vault};
use zeroize::Zeroizing;

use super::{Means, stored::refusal};

/// The refresh tokens of one credential.
pub(crate) struct RefreshTokenStore {
    vault: Arc<Vault>,
    live: Arc<LiveSecrets>,
    clock: Arc<dyn Clock>,
    provider: ProviderName,
    place: Place,
}

/// Where they are.
enum Place {
    /// At one place.
    Shared(Binding),
    /// At a place for each subject, who connects an account for what the binding says.
    OfEachUser { source: Source, binding: Binding },
}

impl RefreshTokenStore {
    /// One token, which an operator stored.
    pub(super) fn shared(means: &Means<'_>, provider: &ProviderName, binding: Binding) -> Self {
        Self::new(means, provider, Place::Shared(binding))
    }

    /// A token of each user, for one credential.
    pub(super) fn of_each_user(means: &Means<'_>, provider: &ProviderName, source: &Source, binding: &Binding) -> Self {
        Self::new(means, provider, Place::OfEachUser { source: source.clone(), binding: binding.clone() })
    }

    fn new(means: &Means<'_>, provider: &ProviderName, place: Place) -> Self {
        let (vault, live, clock) = (Arc::clone(means.vault), Arc::clone(means.live), Arc::clone(means.clock));
        Self { vault, live, clock, provider: provider.clone(), place }
    }

    /// Keeps the account that a user has just connected; one that was there before is gone.
    ///
    /// # Errors
    /// It could not be stored.
    pub(crate) async fn connect(&self, subject: &Subject, connection: &Connection) -> Result<(), CannotStore> {
        let binding = self.binding(Some(subject)).ok_or(CannotStore)?;
        self.write(binding, connection.sealed(), None).await
    }

    fn binding(&self, subject: Option<&Subject>) -> Option<Binding> {
        match &self.place {
            Place::Shared(binding) => Some(binding.clone()),
            Place::OfEachUser { source, binding } => {
                source.connection_binding(&self.provider, &connection_name(binding, subject?))
            }
        }
    }

    /// Writes a token, where `version` is given only in the place of that one. It goes on when nobody waits for it.
    async fn write(&self, binding: Binding, token: Secret, version: Option<u64>) -> Result<(), CannotStore> {
        if !learn(&self.live, &binding.credential, &token) {
            // It is stored nevertheless: a token that is lost is worse than one that no answer is searched for.
            tracing::error!(credential = %binding.credential, "a refresh token cannot be masked");
        }
        let (vault, now) = (Arc::clone(&self.vault), self.clock.now());
        let written = tokio::task::spawn_blocking(move || {
            let failed = |error: &dyn std::error::Error| {
                tracing::warn!(credential = %binding.credential, %error, "a refresh token was not stored");
                CannotStore
            };
            // Another one may have been entered meanwhile, by `claviger secret set` in another process.
            vault.reload().map_err(|error| failed(&error))?;
            if let Some(version) = version {
                let found = vault.open_secret(&binding).map_err(|error| failed(&error))?;
                if found.generation.as_u64() != version {
                    return Ok(());
                }
            }
            vault.put(&binding, token, now).map(drop).map_err(|error| failed(&error))
        });
        written.await.unwrap_or(Err(CannotStore))
    }
}

#[async_trait]
impl RefreshTokens for RefreshTokenStore {
    async fn load(&self, subject: Option<&Subject>) -> Result<Stored, ProviderError> {
        let binding = self.binding(subject).ok_or(ProviderError::NotConnected)?;
        match (self.vault.open_secret(&binding), &self.place) {
            (Ok(opened), _) => Ok(Stored { token: opened.secret, version: opened.generation.as_u64() }),
            (
                Err(OpenSecretError::Missing { .. } | OpenSecretError::BoundElsewhere { .. }),
                Place::OfEachUser { .. },
            ) => Err(ProviderError::NotConnected),
            (Err(error), _) => Err(refusal(&error, &binding, &self.provider)),
        }
    }

    async fn replace(&self, subject: Option<&Subject>, version: u64, rotated: &Secret) -> Result<(), CannotStore> {
        let binding = self.binding(subject).ok_or(CannotStore)?;
        let rotated = Secret::new(Zeroizing::new(rotated.expose().to_owned()));
        self.write(binding, rotated, Some(version)).await
    }
}

impl fmt::Debug for RefreshTokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTokenStore").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Has a stored secret looked for in answers: the tokens in a connection, and anything else whole. `false` where it cannot be.
pub(in crate::broker) fn learn(live: &LiveSecrets, name: &CredentialName, stored: &Secret) -> bool {
    match Connection::open(stored) {
        Some(connection) => connection.secrets().iter().all(|secret| live.learn(name, secret).is_ok()),
        None => live.learn(name, stored).is_ok(),
    }
}

/// The name under which a user's token is stored: a digest of the user and of all that the credential is bound to, each with its
/// length, so that no two share one. The name is part of what the token is sealed with: for another user, upstream, destination or
/// slot there is nothing to open.
fn connection_name(binding: &Binding, subject: &Subject) -> CredentialName {
    let mut context = Context::new(&SHA256);
    let binding = binding.to_associated_data();
    for part in [b"claviger-connection-v1", &*binding, subject.issuer.as_bytes(), subject.id.as_bytes()] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut name = "connection-".to_owned();
    for byte in context.finish().as_ref().iter().take(16) {
        let _written = write!(name, "{byte:02x}");
    }
    name.parse().expect("43 lowercase letters, digits and a hyphen are a name")
}

#[cfg(test)]
mod tests {
    use model::Injection;

    use super::*;

    #[test]
    fn each_user_and_binding_has_a_place_of_its_own() {
        let name = |credential: &str, upstream: &str, destination: &str, prefix: &str, issuer: &str, id: &str| {
            let binding = Binding {
                credential: credential.parse().unwrap(),
                upstream: upstream.parse().unwrap(),
                destination: destination.parse().unwrap(),
                injection: Injection::Header { name: "authorization".parse().unwrap(), prefix: prefix.to_owned() },
            };
            let subject = Subject { issuer: issuer.to_owned(), id: id.to_owned() };
            connection_name(&binding, &subject).to_string()
        };
        let all = [
            name("token", "crm", "https://crm.example", "Bearer ", "https://a", "alice"),
            name("other", "crm", "https://crm.example", "Bearer ", "https://a", "alice"),
            name("token", "wiki", "https://crm.example", "Bearer ", "https://a", "alice"),
            name("token", "crm", "https://evil.example", "Bearer ", "https://a", "alice"),
            name("token", "crm", "https://crm.example", "Token ", "https://a", "alice"),
            name("token", "crm", "https://crm.example", "Bearer ", "https://b", "alice"),
            name("token", "crm", "https://crm.example", "Bearer ", "https://a", "bob"),
            name("token", "crm", "https://crm.example", "Bearer ", "https://aa", "lice"),
        ];
        for (i, one) in all.iter().enumerate() {
            assert_eq!(one.len(), 43);
            assert!(all.iter().skip(i + 1).all(|other| other != one), "{i}");
        }
        assert_eq!(all[0], name("token", "crm", "https://crm.example", "Bearer ", "https://a", "alice"));
    }
}
