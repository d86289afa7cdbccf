//! What stands for something else in a session: handles for the tokens that upstreams issue in their answers, and pseudonyms for
//! personal values.
//!
//! | | a handle | a pseudonym |
//! |---|---|---|
//! | is | random | derived from the value, under a key of the session |
//! | may stand | where a token may | in any text |
//! | at another upstream, in another session | is refused | goes as it is |
//! | and what it stands for | is looked for in answers | is not |
//!
//! Tokens and values are in memory alone: nothing of them outlives the session, let alone the process.

mod capture;
mod handle;
mod in_session;
mod pseudonym;
mod pseudonyms;
mod values;

use std::{collections::HashMap, fmt, sync::Arc};

use model::{Caller, SessionId, Timestamp};
use parking_lot::RwLock;
use secret::{FingerprintSet, Secret};

use self::in_session::SessionStandIns;
pub use self::{
    capture::Capture,
    handle::{Handle, HandleId},
    pseudonym::Pseudonym,
    pseudonyms::Pseudonyms,
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

/// A text that stands for another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandIn {
    /// For a token that an upstream issued.
    Handle(Handle),
    /// For a personal value.
    Pseudonym(Pseudonym),
}

impl StandIn {
    /// The text.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Handle(handle) => handle.as_bytes(),
            Self::Pseudonym(pseudonym) => pseudonym.as_str().as_bytes(),
        }
    }
}

/// What stands for something in all sessions.
pub(crate) struct StandIns {
    sessions: RwLock<HashMap<SessionId, Arc<SessionStandIns>>>,
    live: Arc<LiveSecrets>,
}

impl StandIns {
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
        let session = self.of(caller, now, has_ended)?;
        Ok(Capture::new(session, upstream.name().clone(), Arc::clone(&self.live)))
    }

    /// Where the personal values go that an answer of `upstream` tells `caller`.
    ///
    /// # Errors
    /// The session has ended.
    pub(crate) fn pseudonyms(
        &self,
        caller: &Caller,
        upstream: &UpstreamTarget,
        now: Timestamp,
        has_ended: impl FnOnce(&SessionId) -> bool,
    ) -> Result<Pseudonyms, EgressError> {
        Ok(Pseudonyms::new(self.of(caller, now, has_ended)?, upstream.name().clone()))
    }

    fn of(
        &self,
        caller: &Caller,
        now: Timestamp,
        has_ended: impl FnOnce(&SessionId) -> bool,
    ) -> Result<Arc<SessionStandIns>, EgressError> {
        let known = self.sessions.read().get(&caller.session).cloned();
        known.map_or_else(|| self.begin(caller, now, has_ended), Ok)
    }

    fn begin(
        &self,
        caller: &Caller,
        now: Timestamp,
        has_ended: impl FnOnce(&SessionId) -> bool,
    ) -> Result<Arc<SessionStandIns>, EgressError> {
        let mut sessions = self.sessions.write();
        // Asked behind the lock, so that a session that ends meanwhile is found by who ends it.
        if has_ended(&caller.session) {
            return Err(EgressError::SessionEnded);
        }
        sessions.retain(|_, session| now < session.session_end());
        let new = || Arc::new(SessionStandIns::new(caller.session_end, &self.live));
        Ok(Arc::clone(sessions.entry(caller.session.clone()).or_insert_with(new)))
    }

    /// What stands behind a stand-in: given to this session, by this upstream. `None` for a pseudonym of which that is not so.
    ///
    /// # Errors
    /// [`EgressError::HandleRefused`] for a handle, whatever of it is not so.
    pub(crate) fn redeem(
        &self,
        session: &SessionId,
        upstream: &UpstreamTarget,
        stand_in: &StandIn,
    ) -> Result<Option<Arc<Secret>>, EgressError> {
        let session = self.sessions.read().get(session).cloned();
        match stand_in {
            StandIn::Handle(handle) => {
                let token = session.and_then(|session| session.find_token(handle, upstream.name()));
                token.map(Some).ok_or(EgressError::HandleRefused)
            }
            StandIn::Pseudonym(pseudonym) => {
                Ok(session.and_then(|session| session.find_value(pseudonym, upstream.name())))
            }
        }
    }

    /// Wipes what a session kept.
    pub(crate) fn end_session(&self, session: &SessionId) {
        let ended = self.sessions.write().remove(session);
        if let Some(ended) = ended {
            ended.end();
        }
    }
}

impl fmt::Debug for StandIns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandIns").field("sessions", &self.sessions.read().len()).finish_non_exhaustive()
    }
}
