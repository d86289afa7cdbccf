//! The tokens that a provider minted, by lease: a source that ends a token wants to be shown it.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{CredentialName, LeaseId, Timestamp};
use parking_lot::Mutex;
use ring::rand::{SecureRandom as _, SystemRandom};
use secret::Secret;

use crate::ProviderError;

/// Minted tokens until they end, in memory alone: when the process has died nobody holds them any more.
#[derive(Debug)]
pub struct MintedTokens {
    kind: &'static str,
    tokens: Mutex<HashMap<LeaseId, Minted>>,
}

#[derive(Debug)]
struct Minted {
    /// `None` once it was ended.
    token: Option<Arc<Secret>>,
    end: Timestamp,
}

/// Tokens that are kept at once: as many as leases are kept for calls. Those past it end by themselves only.
const COUNT_MAX: usize = 16_384;

impl MintedTokens {
    /// None yet, of the provider whose leases begin with `kind`.
    #[must_use]
    pub fn new(kind: &'static str) -> Self {
        Self { kind, tokens: Mutex::default() }
    }

    /// Keeps a token until its end.
    pub fn keep(&self, lease: LeaseId, token: Secret, end: Timestamp, now: Timestamp) {
        let mut all = self.tokens.lock();
        if all.len() >= COUNT_MAX {
            all.retain(|_, minted| minted.end > now);
        }
        if all.len() < COUNT_MAX {
            all.insert(lease, Minted { token: Some(Arc::new(token)), end });
        }
    }

    /// Ends a lease by showing its token to `end`.
    ///
    /// # Errors
    /// That of `end`; [`ProviderError::CannotRevoke`] for the lease of a process that is gone: nobody holds its token any more, and
    /// nobody can show it to the source.
    pub async fn end<F>(
        &self,
        lease: &LeaseId,
        now: Timestamp,
        end: impl FnOnce(Arc<Secret>) -> F,
    ) -> Result<(), ProviderError>
    where
        F: Future<Output = Result<(), ProviderError>>,
    {
        let end_of_lease = end_of(self.kind, lease)
            .ok_or_else(|| ProviderError::Missing { reason: "no lease of this provider".to_owned() })?;
        if end_of_lease <= now {
            return Ok(());
        }
        let token = match self.tokens.lock().get(lease) {
            Some(Minted { token: Some(token), .. }) => Arc::clone(token),
            Some(Minted { token: None, .. }) => return Ok(()),
            None => return Err(ProviderError::CannotRevoke),
        };
        end(token).await?;
        if let Some(minted) = self.tokens.lock().get_mut(lease) {
            minted.token = None;
        }
        Ok(())
    }
}

/// An id for a new lease: `KIND/CREDENTIAL/END/RANDOM`. The end stands in it, so that a later process knows when there is nothing
/// left to end.
///
/// # Errors
/// The operating system gave no random bytes.
pub fn lease_id(kind: &str, credential: &CredentialName, end: Timestamp) -> Result<LeaseId, ProviderError> {
    let id = format!("{kind}/{credential}/{}/{}", end.as_seconds(), random_text()?);
    id.parse().map_err(|_| ProviderError::Refused { reason: "the kind of a lease is a short word".to_owned() })
}

/// 128 random bits as text, for what must not be guessed and must not repeat.
///
/// # Errors
/// The operating system gave no random bytes.
pub fn random_text() -> Result<String, ProviderError> {
    let mut bytes = [0; 16];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| ProviderError::Refused { reason: "the operating system gives no random bytes".to_owned() })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The first full second at which a lease has ended.
fn end_of(kind: &str, lease: &LeaseId) -> Option<Timestamp> {
    let mut parts = lease.as_str().strip_prefix(kind)?.strip_prefix('/')?.split('/');
    let (_credential, end) = (parts.next()?, parts.next()?);
    end.parse::<u64>().ok().map(|seconds| Timestamp::from_seconds(seconds.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);
    const LATER: Timestamp = Timestamp::from_seconds(2_000);

    fn secret() -> Secret {
        Secret::new("token".to_owned().into())
    }

    async fn is_shown(tokens: &MintedTokens, lease: &LeaseId, now: Timestamp) -> Result<bool, ProviderError> {
        let mut shown = false;
        tokens
            .end(lease, now, |token| {
                shown = token.expose() == "token";
                async { Ok(()) }
            })
            .await?;
        Ok(shown)
    }

    #[tokio::test]
    async fn a_token_is_shown_to_its_source_once() {
        let (tokens, lease) = (MintedTokens::new("a"), lease_id("a", &"key".parse().unwrap(), LATER).unwrap());
        assert!(matches!(is_shown(&tokens, &lease, NOW).await, Err(ProviderError::CannotRevoke)));
        tokens.keep(lease.clone(), secret(), LATER, NOW);
        let failed = tokens.end(&lease, NOW, |_| async { Err(ProviderError::Unreachable) }).await;
        assert!(matches!(failed, Err(ProviderError::Unreachable)));
        assert!(is_shown(&tokens, &lease, NOW).await.unwrap());
        assert!(!is_shown(&tokens, &lease, NOW).await.unwrap());
    }

    #[tokio::test]
    async fn what_has_ended_by_itself_needs_no_source() {
        let (tokens, lease) = (MintedTokens::new("a"), lease_id("a", &"key".parse().unwrap(), LATER).unwrap());
        assert!(matches!(is_shown(&tokens, &lease, LATER).await, Err(ProviderError::CannotRevoke)));
        assert!(!is_shown(&tokens, &lease, LATER.plus(Duration::from_secs(1))).await.unwrap());
        for foreign in ["b/key/1/x", "a/key", "a/key/soon/x", "ab/key/1/x"] {
            let ended = is_shown(&tokens, &foreign.parse().unwrap(), NOW).await;
            assert!(matches!(ended, Err(ProviderError::Missing { .. })), "{foreign}");
        }
    }

    #[tokio::test]
    async fn what_has_ended_makes_place() {
        let tokens = MintedTokens::new("a");
        let id = |number: usize| format!("a/key/2000/{number}").parse::<LeaseId>().unwrap();
        for number in 0..COUNT_MAX {
            tokens.keep(id(number), secret(), if number == 0 { NOW } else { LATER }, NOW);
        }
        for number in [COUNT_MAX, COUNT_MAX + 1] {
            tokens.keep(id(number), secret(), LATER, NOW);
        }
        assert!(is_shown(&tokens, &id(COUNT_MAX), NOW).await.unwrap(), "one has ended");
        assert!(is_shown(&tokens, &id(COUNT_MAX + 1), NOW).await.is_err(), "none other has");
    }
}
