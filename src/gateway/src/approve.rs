//! Whether a person must approve first. No approver exists yet, so a call that needs one is refused.

use std::sync::Arc;

use crate::{asked::Asked, authorize::Permit, denial::Denial, facts::Facts, session::LiveSession, upstream::Upstream};
use model::RuleId;

/// Evidence that a call may be made: permitted, and approved where a rule asks for it.
#[derive(Debug, Clone)]
pub struct Approved {
    facts: Arc<Facts>,
    session: Arc<LiveSession>,
    upstream: Arc<Upstream>,
    rule: RuleId,
    durability: Option<tlog::Durability>,
}

/// Lets a permitted call go on.
///
/// # Errors
/// [`Denial::ApprovalRequired`].
pub(crate) fn approve(permit: Permit, facts: &Facts) -> Result<(Approved, Asked), Denial> {
    let Permit { session, upstream, asked, rule, obligations } = permit;
    if obligations.approval.is_some() {
        return Err(Denial::ApprovalRequired { rule });
    }
    let durability = match obligations.durability {
        None => None,
        Some(policy::Durability::Process) => Some(tlog::Durability::Process),
        Some(policy::Durability::Power) => Some(tlog::Durability::Power),
        // No witness is configured, so what must be witnessed cannot be done.
        Some(policy::Durability::Witness) => return Err(Denial::WitnessRequired { rule }),
    };
    let approved = Approved { facts: Arc::new(facts.clone()), session, upstream, rule, durability };
    Ok((approved, asked))
}

impl Approved {
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(crate) const fn session(&self) -> &Arc<LiveSession> {
        &self.session
    }

    pub(crate) const fn upstream(&self) -> &Arc<Upstream> {
        &self.upstream
    }

    pub(crate) const fn rule(&self) -> &RuleId {
        &self.rule
    }

    pub(crate) const fn durability(&self) -> Option<tlog::Durability> {
        self.durability
    }

    /// The same permission for a message that only serves this call, such as the handshake of the older era. The record
    /// names it by its own method.
    pub(crate) fn serving(&self, method: &'static str) -> Self {
        let facts = self.facts.serving(method);
        Self { facts: Arc::new(facts), ..self.clone() }
    }
}
