//! MCP sessions of callers of the older era. They tie requests together and prove nothing: each is bound to the principal that
//! opened it, and every request is authenticated and judged for itself.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp::{Id, LegacySessionId, Version, meta::ClientMeta};
use model::{SessionId, Timestamp, UpstreamName};
use parking_lot::{Mutex, RwLock};
use ring::rand::{SecureRandom, SystemRandom};
use tokio_util::sync::CancellationToken;

use super::lift::Lifted;
use crate::{approve::Approved, connection, denial::Denial};

/// MCP sessions that one session of ours may hold; a client opens one, and a few more when it reconnects.
const PER_SESSION_MAX: usize = 64;
/// Requests that may be in flight in one MCP session, in each direction.
const IN_FLIGHT_MAX: usize = 1024;
/// An MCP session that nobody has used for this long is forgotten; no session of ours lives longer.
const IDLE_MAX: Duration = Duration::from_secs(15 * 60);
/// Nobody finds a session id of this many random bytes by trying.
const ID_BYTES: usize = 24;

/// One MCP session of a caller, and what stands for it at the upstream.
#[derive(Debug)]
pub(crate) struct LegacySession {
    owner: SessionId,
    upstream: UpstreamName,
    /// The session of the upstream, where it has one.
    pub(crate) upstream_session: Option<LegacySessionId>,
    /// What was negotiated with the caller.
    pub(crate) version: Version,
    /// What the caller said of itself.
    pub(crate) client: Mutex<ClientMeta>,
    /// Ends with the session, however it ends.
    pub(crate) end: CancellationToken,
    /// What is held here because the upstream keeps no session.
    pub(crate) lifted: Lifted,
    in_flight: Mutex<InFlight>,
    used: Mutex<Timestamp>,
}

#[derive(Debug, Default)]
struct InFlight {
    /// Our id of a request at the upstream and the caller's, the oldest first. One whose stream broke off stays, because the
    /// caller may resume it, until newer ones need its place.
    callers: VecDeque<(Id, Id)>,
    /// Requests of the upstream that the caller has not answered.
    asked: HashSet<Id>,
}

impl LegacySession {
    /// Notes a request that goes up as `sent`.
    pub(crate) fn begin(&self, sent: Id, callers: Id) {
        let mut in_flight = self.in_flight.lock();
        if in_flight.callers.len() >= IN_FLIGHT_MAX {
            in_flight.callers.pop_front();
        }
        in_flight.callers.push_back((sent, callers));
    }

    /// The caller's id of the request that was sent as `sent`; it is answered now, so it is known no longer.
    pub(crate) fn answered(&self, sent: &Id) -> Option<Id> {
        let mut in_flight = self.in_flight.lock();
        let at = in_flight.callers.iter().position(|(known, _)| known == sent)?;
        in_flight.callers.remove(at).map(|(_, callers)| callers)
    }

    /// Our id of the request that the caller knows as `callers`.
    pub(crate) fn sent_for(&self, callers: &Id) -> Option<Id> {
        let in_flight = self.in_flight.lock();
        in_flight.callers.iter().find(|(_, id)| id == callers).map(|(sent, _)| sent.clone())
    }

    /// Notes a request of the upstream to the caller. Whether there was room for it.
    pub(crate) fn ask(&self, id: Id) -> bool {
        let mut in_flight = self.in_flight.lock();
        in_flight.asked.len() < IN_FLIGHT_MAX && in_flight.asked.insert(id)
    }

    /// Whether the caller answers something that it was asked, for the first time.
    pub(crate) fn answers(&self, id: &Id) -> bool {
        self.in_flight.lock().asked.remove(id)
    }
}

/// The MCP sessions of callers of the older era.
#[derive(Debug, Default)]
pub(crate) struct LegacySessions {
    by_id: RwLock<HashMap<String, Arc<LegacySession>>>,
}

/// What an MCP session begins with.
pub(crate) struct Opening {
    pub(crate) upstream_session: Option<LegacySessionId>,
    pub(crate) version: Version,
    pub(crate) client: ClientMeta,
}

impl LegacySessions {
    /// Opens a session for the caller of a judged `initialize`.
    pub(crate) fn open(
        &self,
        approved: &Approved,
        opening: Opening,
        now: Timestamp,
    ) -> Result<LegacySessionId, Denial> {
        let mut bytes = [0; ID_BYTES];
        let random = SystemRandom::new().fill(&mut bytes);
        random.map_err(|_| Denial::Internal { reason: "no randomness".to_owned() })?;
        let id = URL_SAFE_NO_PAD.encode(bytes);
        let owner = approved.session().facts().id.clone();
        let session = LegacySession {
            owner: owner.clone(),
            upstream: approved.upstream().name().clone(),
            upstream_session: opening.upstream_session,
            version: opening.version,
            client: Mutex::new(opening.client),
            end: approved.session().end().child_token(),
            lifted: Lifted::default(),
            in_flight: Mutex::default(),
            used: Mutex::new(now),
        };
        let mut by_id = self.by_id.write();
        by_id.retain(|_, session| !session.end.is_cancelled() && now.since(*session.used.lock()) < IDLE_MAX);
        if by_id.values().filter(|session| session.owner == owner).count() >= PER_SESSION_MAX {
            return Err(Denial::Overloaded);
        }
        by_id.insert(id.clone(), Arc::new(session));
        LegacySessionId::parse(&id).map_err(|fault| Denial::Internal { reason: fault.to_string() })
    }

    /// The caller's own session at this upstream. Another principal's is as unknown as one that never was.
    pub(crate) fn find(
        &self,
        approved: &Approved,
        id: Option<&LegacySessionId>,
        now: Timestamp,
    ) -> Result<Arc<LegacySession>, Denial> {
        let id = id.ok_or(Denial::NoMcpSession)?;
        let session = self.by_id.read().get(id.as_str()).cloned();
        let is_callers = |session: &Arc<LegacySession>| {
            session.owner == approved.session().facts().id
                && session.upstream == *approved.upstream().name()
                && !session.end.is_cancelled()
        };
        let session = session.filter(is_callers).ok_or(Denial::UnknownMcpSession)?;
        *session.used.lock() = now;
        if connection::opens_urls(&session.client.lock()) {
            approved.facts().note_opens_urls();
        }
        Ok(session)
    }

    /// Ends a session of the caller.
    pub(crate) fn close(&self, id: &LegacySessionId) {
        if let Some(session) = self.by_id.write().remove(id.as_str()) {
            session.end.cancel();
        }
    }
}
