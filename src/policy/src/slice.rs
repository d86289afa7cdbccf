//! The rules that apply to one agent, action and thing, with everything decided that the circumstances of a call cannot change.

use std::sync::Arc;

use cedar_policy::{
    Authorizer, Context as CedarContext, Decision as Verdict, Effect, Entities, PolicyId, PolicySet, Request,
};
use model::RuleId;

use crate::{
    Context, Decision, Obligations, Reach, Reason,
    decision::DEFAULT_DENY,
    entity::{Placed, entities},
    looks::{ArgumentLooks, Looks},
    rule::Rule,
    value::{Unreadable, context},
};

/// What a question comes down to. The rules here all match the question with their heads.
#[derive(Debug)]
pub(crate) struct Slice {
    /// The answer of the rules that do not look at the context.
    settled: Outcome,
    /// The rules that do; `None` where there are none, or where they can change nothing.
    open: Option<Open>,
    revision: u64,
}

/// What a set of rules says.
#[derive(Debug, Clone)]
enum Outcome {
    Denied(RuleId, Reason),
    /// The place of the first rule that permits, its id, and what all that permit oblige to.
    Permitted(usize, RuleId, Obligations),
    Silent,
}

#[derive(Debug)]
struct Open {
    rules: Vec<Arc<Rule>>,
    looks: Looks,
    asked: Asked,
}

/// A set of conditional rules, ready for Cedar.
#[derive(Debug)]
struct Asked {
    policies: PolicySet,
    entities: Entities,
    uids: [cedar_policy::EntityUid; 3],
}

impl Slice {
    /// Settles what can be settled. `rules` are those whose heads cover the question, in load order.
    pub(crate) fn new(rules: &[Arc<Rule>], who: &Placed, what: &Placed, which: &Placed, revision: u64) -> Self {
        let (open, fixed): (Vec<_>, Vec<_>) = rules.iter().cloned().partition(|rule| !rule.looks.is_empty());
        let settled = settle(&fixed, [who, what, which]);
        // Nothing that an open rule says turns a denial around.
        if open.is_empty() || matches!(settled, Outcome::Denied(..)) {
            return Self { settled, open: None, revision };
        }
        let mut looks = Looks::default();
        open.iter().for_each(|rule| looks.add(&rule.looks));
        match Asked::new(&open, [who, what, which]) {
            Some(asked) => Self { settled, open: Some(Open { rules: open, looks, asked }), revision },
            None => Self { settled: Outcome::doubt(), open: None, revision },
        }
    }

    /// Answers a call.
    pub(crate) fn decide(&self, circumstances: &Context<'_>) -> Decision {
        let Some(open) = &self.open else { return self.settled.to_decision(self.revision) };
        let opened = match context(circumstances, &open.looks) {
            Ok(context) => open.asked.ask(&open.rules, context),
            Err(unreadable) => Outcome::Denied(open.reader_of(&unreadable), Reason::ArgumentsUnreadable),
        };
        Outcome::and(&self.settled, opened).to_decision(self.revision)
    }

    /// How far the agent gets before the circumstances are known.
    pub(crate) fn reach(&self) -> Reach {
        let may_permit = |open: &Open| open.rules.iter().any(|rule| rule.effect == Effect::Permit);
        match (&self.settled, &self.open) {
            (Outcome::Denied(..), _) | (Outcome::Silent, None) => Reach::Never,
            (Outcome::Silent, Some(open)) if !may_permit(open) => Reach::Never,
            (Outcome::Silent | Outcome::Permitted(..), Some(_)) => Reach::Depends,
            (Outcome::Permitted(..), None) => Reach::Always,
        }
    }
}

/// The answer of rules that do not look at the context. A rule without a condition has said all with its head.
fn settle(rules: &[Arc<Rule>], placed: [&Placed; 3]) -> Outcome {
    let (conditional, plain): (Vec<_>, Vec<_>) = rules.iter().cloned().partition(|rule| rule.conditional);
    let said = Outcome::of(plain.iter());
    if conditional.is_empty() {
        return said;
    }
    let asked = Asked::new(&conditional, placed);
    Outcome::and(&said, asked.map_or_else(Outcome::doubt, |asked| asked.ask(&conditional, CedarContext::empty())))
}

impl Outcome {
    /// Cedar could not be asked: deny.
    fn doubt() -> Self {
        Self::Denied(DEFAULT_DENY.clone(), Reason::EvaluationFailed)
    }

    /// What rules say that are all satisfied.
    fn of<'a>(satisfied: impl Iterator<Item = &'a Arc<Rule>> + Clone) -> Self {
        if let Some(forbid) = satisfied.clone().find(|rule| rule.effect == Effect::Forbid) {
            return Self::Denied(forbid.id.clone(), Reason::Forbidden);
        }
        satisfied.fold(Self::Silent, |all, rule| {
            Self::and(&all, Self::Permitted(rule.order, rule.id.clone(), rule.obligations.clone()))
        })
    }

    /// Both together: a denial stands, and permits add up.
    fn and(first: &Self, second: Self) -> Self {
        match (first, second) {
            (Self::Denied(rule, reason), _) => Self::Denied(rule.clone(), *reason),
            (_, second @ Self::Denied(..)) | (Self::Silent, second) => second,
            (first @ Self::Permitted(..), Self::Silent) => first.clone(),
            (Self::Permitted(at, rule, obliged), Self::Permitted(other_at, other_rule, other_obliged)) => {
                if *at <= other_at {
                    Self::Permitted(*at, rule.clone(), obliged.and(&other_obliged))
                } else {
                    Self::Permitted(other_at, other_rule, other_obliged.and(obliged))
                }
            }
        }
    }

    fn to_decision(&self, revision: u64) -> Decision {
        match self {
            Self::Denied(rule, reason) => Decision::Deny { rule: rule.clone(), reason: *reason, revision },
            Self::Permitted(_, rule, obligations) => {
                Decision::Permit { rule: rule.clone(), obligations: obligations.clone(), revision }
            }
            Self::Silent => Decision::Deny { rule: DEFAULT_DENY.clone(), reason: Reason::NotPermitted, revision },
        }
    }
}

impl Open {
    /// The first rule that looks at what cannot be read.
    fn reader_of(&self, unreadable: &Unreadable) -> RuleId {
        let reads = |rule: &&Arc<Rule>| match unreadable {
            Unreadable::Member(name) => rule.looks.arguments.covers(name),
            Unreadable::Arguments => rule.looks.arguments != ArgumentLooks::None,
        };
        self.rules.iter().find(reads).map_or_else(|| DEFAULT_DENY.clone(), |rule| rule.id.clone())
    }
}

impl Asked {
    /// `None` is never seen: ids are unique since loading, and the entities cannot clash.
    fn new(rules: &[Arc<Rule>], placed: [&Placed; 3]) -> Option<Self> {
        Some(Self {
            policies: PolicySet::from_policies(rules.iter().map(|rule| rule.policy.clone())).ok()?,
            entities: entities(placed)?,
            uids: placed.map(|one| one.uid.clone()),
        })
    }

    /// Asks Cedar. A rule that cannot be evaluated denies, where Cedar alone would pass over it.
    fn ask(&self, rules: &[Arc<Rule>], context: CedarContext) -> Outcome {
        let [who, what, which] = self.uids.clone();
        let Ok(request) = Request::new(who, what, which, context, None) else {
            return Outcome::doubt();
        };
        let response = Authorizer::new().is_authorized(&request, &self.policies, &self.entities);
        let diagnostics = response.diagnostics();
        let among = |ids: &[&PolicyId], rule: &Rule| ids.iter().any(|id| AsRef::<str>::as_ref(*id) == rule.id.as_str());
        let reasons: Vec<_> = diagnostics.reason().collect();
        let failed: Vec<_> = diagnostics
            .errors()
            .map(|error| match error {
                cedar_policy::AuthorizationError::PolicyEvaluationError(error) => error.policy_id(),
            })
            .collect();
        let decided = rules.iter().filter(|rule| among(&reasons, rule));
        match response.decision() {
            Verdict::Deny if !reasons.is_empty() => Outcome::of(decided),
            _ if !failed.is_empty() => {
                let rule = rules.iter().find(|rule| among(&failed, rule));
                let id = rule.map_or_else(|| DEFAULT_DENY.clone(), |rule| rule.id.clone());
                Outcome::Denied(id, Reason::EvaluationFailed)
            }
            Verdict::Deny => Outcome::Silent,
            Verdict::Allow => Outcome::of(decided),
        }
    }
}
