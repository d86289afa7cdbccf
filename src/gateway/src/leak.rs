//! What follows when a credential that Claviger holds came back from an upstream: an alarm, and where the operator wants it the
//! end of the session.

use std::sync::Arc;

use model::Clock;

use crate::{
    approve::Approved,
    record::Recorder,
    session::{LiveSession, Sessions},
    upstream::Upstream,
};

/// Raises the alarm for one exchange, once.
pub(crate) struct LeakAlarm {
    watch: Arc<LeakWatch>,
    session: Arc<LiveSession>,
    upstream: Arc<Upstream>,
    is_raised: bool,
}

/// What an alarm acts on.
pub(crate) struct LeakWatch {
    sessions: Arc<Sessions>,
    recorder: Recorder,
    clock: Arc<dyn Clock>,
}

impl LeakWatch {
    pub(crate) fn new(sessions: Arc<Sessions>, recorder: Recorder, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { sessions, recorder, clock })
    }

    pub(crate) fn over(self: &Arc<Self>, approved: &Approved) -> LeakAlarm {
        LeakAlarm {
            watch: Arc::clone(self),
            session: Arc::clone(approved.session()),
            upstream: Arc::clone(approved.upstream()),
            is_raised: false,
        }
    }
}

impl LeakAlarm {
    pub(crate) const fn session(&self) -> &Arc<LiveSession> {
        &self.session
    }

    pub(crate) const fn upstream(&self) -> &Arc<Upstream> {
        &self.upstream
    }

    /// A live secret was found in the answer. When this returns, a session that is to end admits no further call.
    pub(crate) fn raise(&mut self) {
        if std::mem::replace(&mut self.is_raised, true) {
            return;
        }
        let session = self.session.facts();
        tracing::error!(session = %session.id, agent = %session.agent.name, upstream = %self.upstream.name(),
            "a credential came back from an upstream and was masked; replace it there");
        if !self.upstream.ends_leaking_sessions() || !self.watch.sessions.cut(&session.id) {
            return;
        }
        let (watch, id) = (Arc::clone(&self.watch), session.id.clone());
        self.watch.recorder.tasks().spawn(async move {
            watch.recorder.revoked(&id, "a credential came back").await;
            if let Err(error) = watch.sessions.forget(&id, watch.clock.now()).await {
                tracing::error!(%error, session = %id, "the end of a session could not be stored");
            }
        });
    }
}

impl std::fmt::Debug for LeakAlarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeakAlarm").field("raised", &self.is_raised).finish_non_exhaustive()
    }
}
