//! Tokens that upstreams issued in their answers, each kept for the session that it was issued to, behind a handle.
//!
//! They are in memory alone: nothing of them outlives the session, let alone the process.

mod capture;
mod handle;
mod in_session;

use std::{collections::HashMap, fmt, sync::Arc};

use model::{Caller, SessionId, Timestamp};
use parking_lot::RwLock;
use secret::FingerprintSet;

pub(crate) use self::in_session::IssuedToken;
use self::in_session::SessionTokens;
pub use self::{
    capture::Capture,
    handle::{Handle, HandleId},
};
use crate::{EgressError, LiveSecrets, UpstreamTarget};

/// What becomes of the tokens that an answer issues.
#[derive(Debug, Clone)]
pub enum Issued {
    /// They are masked like everything under a telling name.
    Mask,
    /// They are kept here, and their handles take their place.
    Capture(Arc<Capture>),
    /// The answer is withheld.
    Deny,
}

/// The tokens of all sessions.
pub(crate) struct IssuedTokens {
    sessions: RwLock<HashMap<SessionId, Arc<SessionTokens>>>,
    live: Arc<LiveSecrets>,
}

impl IssuedTokens {
    pub(crate) fn new(live: Arc<LiveSecrets>) -> Self {
        Self { sessions: RwLock::default(), live }
    }

    /// Everything that is looked for in answers to this session.
    pub(crate) fn fingerprints(&self, session: &SessionId) -> Arc<FingerprintSet> {
        let tokens = self.sessions.read().get(session).cloned();
        tokens.map_or_else(|| self.live.current(), |tokens| tokens.fingerprints(&self.live))
    }

    /// Where the tokens go that an answer of `upstream` issues to `caller`. `has_ended` is asked whether the session has, after
    /// which nothing of it is kept.
    ///
    /// # Errors
    /// The session has ended.
    pub(crate) fn capture(
        &self,
        caller: &Caller,
        upstream: &UpstreamTarget,
        now: Timestamp,
        has_ended: impl FnOnce(&SessionId) -> bool,
    ) -> Result<Capture, EgressError> {
        let known = self.sessions.read().get(&caller.session).cloned();
        let tokens = match known {
            Some(tokens) => tokens,
            None => self.begin(caller, now, has_ended)?,
        };
        Ok(Capture::new(tokens, upstream.name().clone(), Arc::clone(&self.live)))
    }

    fn begin(
        &self,
        caller: &Caller,
        now: Timestamp,
        has_ended: impl FnOnce(&SessionId) -> bool,
    ) -> Result<Arc<SessionTokens>, EgressError> {
        let mut sessions = self.sessions.write();
        // Asked behind the lock, so that a session that ends meanwhile is found by who ends it.
        if has_ended(&caller.session) {
            return Err(EgressError::SessionEnded);
        }
        sessions.retain(|_, tokens| now < tokens.session_end());
        let new = || Arc::new(SessionTokens::new(caller.session_end, &self.live));
        Ok(Arc::clone(sessions.entry(caller.session.clone()).or_insert_with(new)))
    }

    /// The token that a handle stands for: issued to this session, by this upstream.
    ///
    /// # Errors
    /// [`EgressError::HandleRefused`], whatever of it is not so.
    pub(crate) fn redeem(
        &self,
        session: &SessionId,
        upstream: &UpstreamTarget,
        handle: &Handle,
    ) -> Result<Arc<IssuedToken>, EgressError> {
        let tokens = self.sessions.read().get(session).cloned();
        let token = tokens.and_then(|tokens| tokens.find(handle));
        token.filter(|token| token.upstream() == upstream.name()).ok_or(EgressError::HandleRefused)
    }

    /// Wipes the tokens of a session.
    pub(crate) fn end_session(&self, session: &SessionId) {
        let ended = self.sessions.write().remove(session);
        if let Some(ended) = ended {
            ended.end();
        }
    }
}

impl fmt::Debug for IssuedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedTokens").field("sessions", &self.sessions.read().len()).finish_non_exhaustive()
    }
}
