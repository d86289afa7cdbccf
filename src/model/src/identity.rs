//! On whose behalf, and who acts.

use crate::{AgentName, GroupName, Scopes, SessionId, Timestamp};

/// On whose behalf a call is made: the issuer's `iss` and `sub`, verified (RFC 8693, section 1.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The issuer, exactly as its tokens spell it.
    pub issuer: String,
    /// The subject within that issuer.
    pub id: String,
}

/// Who acts for the subject: the party of the actor token, or the agent itself (RFC 8693, section 4.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor {
    /// The issuer that vouches for the actor.
    pub issuer: String,
    /// The actor within that issuer.
    pub id: String,
}

/// What the configuration makes of a verified token: a known agent with its groups.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Agent {
    /// The agent's name.
    pub name: AgentName,
    /// The groups that policies may speak of.
    pub groups: Vec<GroupName>,
}

/// Who calls: an agent, on whose behalf, and the session that the call belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The agent, with the groups that it had when the session began.
    pub agent: Agent,
    /// On whose behalf.
    pub subject: Subject,
    /// Who acts for the subject; `None` where the agent acts for itself.
    pub actor: Option<Actor>,
    /// The session.
    pub session: SessionId,
    /// When the session ends by itself.
    pub session_end: Timestamp,
    /// The tools that the session may use.
    pub scopes: Scopes,
}
