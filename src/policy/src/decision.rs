//! What policy answers: permit or deny, the rule that decided, and what a permit obliges to.

use std::sync::LazyLock;

use model::RuleId;

use crate::Obligations;

/// An answer. It names the rule and the revision of the policies, so that a record can be checked against them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The call may go on, once the obligations are met.
    Permit {
        /// The first rule, in load order, of those that permit.
        rule: RuleId,
        /// What all of them together oblige to.
        obligations: Obligations,
        /// See [`crate::Policy::revision`].
        revision: u64,
    },
    /// The call ends here.
    Deny {
        /// The rule that forbids or that could not be evaluated; `default-deny` or `malformed-question` where no rule did.
        rule: RuleId,
        /// Why that is a denial.
        reason: Reason,
        /// See [`crate::Policy::revision`].
        revision: u64,
    },
}

impl Decision {
    /// Whether the call may go on.
    #[must_use]
    pub const fn is_permit(&self) -> bool {
        matches!(self, Self::Permit { .. })
    }

    /// The rule that decided.
    #[must_use]
    pub const fn rule(&self) -> &RuleId {
        match self {
            Self::Permit { rule, .. } | Self::Deny { rule, .. } => rule,
        }
    }
}

/// Why a decision denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No rule permits.
    NotPermitted,
    /// A rule forbids.
    Forbidden,
    /// A rule that applies could not be evaluated, such as one that reads an argument that the call lacks.
    EvaluationFailed,
    /// A rule looks at an argument that has no exact value in Cedar: `null`, a fraction, a number beyond 64 bits, too deep, too many.
    ArgumentsUnreadable,
    /// The question makes no sense: another agent's policy was asked, or the action is never done to such a thing.
    MalformedQuestion,
}

/// How far an agent reaches a thing before the circumstances of a call are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// No call will be permitted.
    Never,
    /// The circumstances of the call decide.
    Depends,
    /// Every call is permitted.
    Always,
}

/// The rule of a denial that no rule asked for.
pub(crate) static DEFAULT_DENY: LazyLock<RuleId> = LazyLock::new(|| fixed("default-deny"));
/// The rule of a denial of a question that makes no sense.
pub(crate) static MALFORMED_QUESTION: LazyLock<RuleId> = LazyLock::new(|| fixed("malformed-question"));

/// The rule under which a message passes that only serves a call which was judged: a notification, an answer to the server.
pub static SERVES_A_JUDGED_CALL: LazyLock<RuleId> = LazyLock::new(|| fixed("serves-a-judged-call"));

/// Whether a policy file must not use the id for a rule of its own.
pub(crate) fn is_reserved(id: &RuleId) -> bool {
    [&*DEFAULT_DENY, &*MALFORMED_QUESTION, &*SERVES_A_JUDGED_CALL].contains(&id)
}

fn fixed(word: &str) -> RuleId {
    word.parse().expect("the words above are visible ASCII")
}
