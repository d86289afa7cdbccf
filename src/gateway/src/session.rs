//! The sessions that are running, and the evidence that a call belongs to one.
//!
//! A session is looked up in memory; the store behind it makes it survive a restart. Ending one takes effect on the next call and
//! cuts the streams that are open.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::Duration,
};

use model::{Caller, Resource, SessionId, Timestamp};
use parking_lot::RwLock;
use policy::AgentPolicy;
use store::{Session, SessionStore, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{authenticate::Authenticated, denial::Denial};

/// How often expired sessions are ended, which is how long after its expiry a stream may stay open.
pub const SWEEP_INTERVAL: Duration = Duration::from_millis(500);

/// A session that is running.
#[derive(Debug)]
pub struct LiveSession {
    facts: Session,
    /// What of it goes with each call.
    caller: Arc<Caller>,
    policy: Arc<AgentPolicy>,
    ended: AtomicBool,
    /// Wakes what waits on the session: open streams, parked calls.
    end: CancellationToken,
}

impl LiveSession {
    fn new(facts: Session, policy: Arc<AgentPolicy>) -> Arc<Self> {
        let caller = Arc::new(facts.caller());
        Arc::new(Self { facts, caller, policy, ended: AtomicBool::new(false), end: CancellationToken::new() })
    }

    /// Who, for whom, for what, and until when.
    #[must_use]
    pub const fn facts(&self) -> &Session {
        &self.facts
    }

    /// Who calls in it.
    pub(crate) const fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// What policy says of this session's agent.
    pub(crate) fn policy(&self) -> &AgentPolicy {
        &self.policy
    }

    /// Completes when the session ends, for whatever reason.
    pub(crate) const fn end(&self) -> &CancellationToken {
        &self.end
    }

    fn is_running(&self, now: Timestamp) -> bool {
        now < self.facts.expires && !self.ended.load(Ordering::Acquire)
    }

    fn finish(&self) {
        self.ended.store(true, Ordering::Release);
        self.end.cancel();
    }
}

/// Evidence that a call belongs to a running session which may use the resource that was called.
#[derive(Debug)]
pub struct InSession {
    session: Arc<LiveSession>,
}

impl InSession {
    /// The session.
    #[must_use]
    pub const fn session(&self) -> &Arc<LiveSession> {
        &self.session
    }
}

/// The running sessions, in memory and in the store.
pub struct Sessions {
    running: RwLock<HashMap<SessionId, Arc<LiveSession>>>,
    store: Arc<dyn SessionStore>,
    told: Box<dyn Fn(&SessionId) + Send + Sync>,
}

impl Sessions {
    /// Takes up the sessions that were running when the program stopped.
    ///
    /// # Errors
    /// The store's.
    pub async fn resume(
        store: Arc<dyn SessionStore>,
        now: Timestamp,
        policy_of: impl Fn(&Session) -> Arc<AgentPolicy>,
    ) -> Result<Self, StoreError> {
        let running = store.live(now).await?.into_iter();
        let running =
            running.map(|facts| (facts.id.clone(), LiveSession::new(facts.clone(), policy_of(&facts)))).collect();
        Ok(Self { running: RwLock::new(running), store, told: Box::new(|_| {}) })
    }

    /// Tells of each session that ends, whatever ends it, before the store knows. `told` returns at once.
    #[must_use]
    pub fn telling(self, told: impl Fn(&SessionId) + Send + Sync + 'static) -> Self {
        Self { told: Box::new(told), ..self }
    }

    /// Starts a session. It is in the store before it can be used.
    ///
    /// # Errors
    /// The store's; then there is no session.
    pub async fn start(&self, facts: Session, policy: Arc<AgentPolicy>) -> Result<Arc<LiveSession>, StoreError> {
        self.store.insert(&facts).await?;
        let session = LiveSession::new(facts, policy);
        self.running.write().insert(session.facts.id.clone(), Arc::clone(&session));
        Ok(session)
    }

    /// The session, while it runs.
    #[must_use]
    pub fn find(&self, id: &SessionId) -> Option<Arc<LiveSession>> {
        self.running.read().get(id).cloned()
    }

    /// How many sessions run.
    #[must_use]
    pub fn count(&self) -> usize {
        self.running.read().len()
    }

    /// Ends a session: on this line for every call that follows, then in the store. Whether it was running.
    ///
    /// # Errors
    /// The store's; the session has ended in this process all the same.
    pub async fn revoke(&self, id: &SessionId, now: Timestamp) -> Result<bool, StoreError> {
        let was_running = self.cut(id);
        self.forget(id, now).await?;
        Ok(was_running)
    }

    /// Ends a session for every call that follows. Whether it was running. [`Sessions::forget`] must follow.
    pub(crate) fn cut(&self, id: &SessionId) -> bool {
        let session = self.running.write().remove(id);
        if let Some(session) = &session {
            self.finish(session);
        }
        session.is_some()
    }

    /// Ends a session in the store, so that a restart does not bring it back.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn forget(&self, id: &SessionId, now: Timestamp) -> Result<(), StoreError> {
        self.store.revoke(id, now).await.map(drop)
    }

    /// Admits a caller to its session: running, and granted for `resource`.
    ///
    /// # Errors
    /// [`Denial::SessionEnded`] or [`Denial::WrongAudience`].
    pub fn enter(caller: Authenticated, resource: &Resource, now: Timestamp) -> Result<InSession, Denial> {
        let session = caller.into_session();
        if !session.is_running(now) {
            return Err(Denial::SessionEnded);
        }
        if !session.facts.resources.contains(resource) {
            return Err(Denial::WrongAudience);
        }
        Ok(InSession { session })
    }

    /// Ends what has expired. The program calls it every [`SWEEP_INTERVAL`].
    ///
    /// # Errors
    /// The store's, which only keeps rows longer than needed.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        let expired: Vec<_> = {
            let running = self.running.read();
            running.values().filter(|session| now >= session.facts.expires).cloned().collect()
        };
        if expired.is_empty() {
            return Ok(());
        }
        for session in &expired {
            self.finish(session);
        }
        self.running.write().retain(|_, session| now < session.facts.expires);
        self.store.purge(now).await.map(drop)
    }

    fn finish(&self, session: &LiveSession) {
        session.finish();
        (self.told)(&session.facts.id);
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("running", &self.running).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use model::{Agent, Subject};
    use parking_lot::Mutex;
    use policy::{Policies, Source};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    /// Keeps nothing, and says so at the end of a session.
    #[derive(Debug)]
    struct Broken;

    #[async_trait]
    impl SessionStore for Broken {
        async fn insert(&self, _: &Session) -> Result<(), StoreError> {
            Ok(())
        }

        async fn revoke(&self, _: &SessionId, _: Timestamp) -> Result<bool, StoreError> {
            Err(StoreError::TimeOutOfRange)
        }

        async fn live(&self, _: Timestamp) -> Result<Vec<Session>, StoreError> {
            Ok(Vec::new())
        }

        async fn purge(&self, _: Timestamp) -> Result<u64, StoreError> {
            Err(StoreError::TimeOutOfRange)
        }
    }

    fn session(id: &str, life: Duration) -> Session {
        Session {
            id: id.parse().unwrap(),
            agent: Agent { name: "ci".parse().unwrap(), groups: Vec::new() },
            subject: Subject { issuer: "https://id.example".to_owned(), id: "ann".to_owned() },
            actor: None,
            resources: Vec::new(),
            scopes: model::Scopes::default(),
            token_id: format!("jti-{id}").parse().unwrap(),
            created: NOW,
            expires: NOW.plus(life),
            revoked: None,
        }
    }

    #[tokio::test]
    async fn each_session_that_ends_is_told_of_once_whatever_the_store_says() {
        let text = "permit(principal, action, resource);".to_owned();
        let policies = Policies::from_sources(&[Source { path: "all.cedar".into(), text }]).unwrap();
        let policy = |session: &Session| policies.for_agent(&session.agent);
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let sessions = Sessions::resume(Arc::new(Broken), NOW, policy).await.unwrap();
        let sessions = sessions.telling(move |id| heard.lock().push(id.to_string()));
        for (id, seconds) in [("a", 60), ("b", 60), ("c", 120)] {
            let facts = session(id, Duration::from_secs(seconds));
            let policy = policy(&facts);
            sessions.start(facts, policy).await.unwrap();
        }
        sessions.sweep(NOW).await.unwrap();
        assert!(sessions.revoke(&"b".parse().unwrap(), NOW).await.is_err());
        assert_eq!(*told.lock(), ["b"]);
        assert!(sessions.sweep(NOW.plus(Duration::from_secs(60))).await.is_err());
        assert!(sessions.revoke(&"a".parse().unwrap(), NOW).await.is_err());
        assert_eq!((told.lock().clone(), sessions.count()), (vec!["b".to_owned(), "a".to_owned()], 1));
    }
}
