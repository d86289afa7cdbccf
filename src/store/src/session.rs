//! A session, and the trait of whatever keeps sessions.

use std::{fmt, str::FromStr, sync::Arc};

use async_trait::async_trait;
use model::{Actor, Agent, Caller, Resource, Scopes, SessionId, Subject, Timestamp};

use crate::StoreError;

/// A session: what an agent may reach, on whose behalf, and until when. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The `sid` of the session token.
    pub id: SessionId,
    /// The agent, with the groups that it had when the session began.
    pub agent: Agent,
    /// On whose behalf.
    pub subject: Subject,
    /// Who acts for the subject; `None` where the agent acts for itself.
    pub actor: Option<Actor>,
    /// The upstreams, as resource indicators: the `aud` of the token.
    pub resources: Vec<Resource>,
    /// The tools.
    pub scopes: Scopes,
    /// The `jti` of the session token.
    pub token_id: TokenId,
    /// When it began.
    pub created: Timestamp,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// When it was ended early.
    pub revoked: Option<Timestamp>,
}

impl Session {
    /// Whether a call may be made in it: not revoked, and not yet at its end.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.expires
    }

    /// Who calls in it.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller {
            agent: self.agent.clone(),
            subject: self.subject.clone(),
            actor: self.actor.clone(),
            session: self.id.clone(),
            session_end: self.expires,
            scopes: self.scopes.clone(),
        }
    }
}

/// The id of a token: its `jti` (RFC 7519, section 4.1.7).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(Arc<str>);

/// Why a text is not the id of a token.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the id of a token is 1 to {TOKEN_ID_LENGTH_MAX} characters of visible ASCII")]
pub struct InvalidTokenId;

/// We make these ids ourselves; a longer one is not ours.
const TOKEN_ID_LENGTH_MAX: usize = 128;

impl TokenId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenId {
    type Err = InvalidTokenId;

    fn from_str(text: &str) -> Result<Self, InvalidTokenId> {
        let fits = (1..=TOKEN_ID_LENGTH_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.into())) } else { Err(InvalidTokenId) }
    }
}

/// Keeps sessions. When a call returns without error, what it did survives the end of the process. Each call ends within a bounded
/// time; one that was given up or timed out may still take effect.
#[async_trait]
pub trait SessionStore: Send + Sync + fmt::Debug {
    /// Keeps a new session.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where its id or its token's id is known; otherwise the store cannot be written.
    async fn insert(&self, session: &Session) -> Result<(), StoreError>;

    /// Ends a session early. Answers whether this call did it: `false` where there is no such session or it was revoked before,
    /// and then the earlier time stands.
    ///
    /// # Errors
    /// The store cannot be written.
    async fn revoke(&self, id: &SessionId, at: Timestamp) -> Result<bool, StoreError>;

    /// The sessions that are live at `now`, in the order of their ids: what is read at start-up.
    ///
    /// # Errors
    /// The store cannot be read, or holds a session that makes no sense.
    async fn live(&self, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Forgets the sessions that ended before `expired_before`, and answers how many there were.
    ///
    /// # Errors
    /// The store cannot be written.
    async fn purge(&self, expired_before: Timestamp) -> Result<u64, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_id_is_short_visible_ascii() {
        assert!("9f86d081-884c".parse::<TokenId>().is_ok());
        for refused in ["", "a b", "é", &"x".repeat(129)] {
            assert_eq!(refused.parse::<TokenId>(), Err(InvalidTokenId), "{refused:?}");
        }
    }
}
