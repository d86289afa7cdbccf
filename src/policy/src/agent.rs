//! The rules of one agent, with a bounded memory of what was asked before.

use std::{collections::HashMap, sync::Arc};

use cedar_policy::EntityUid;
use model::Agent;

use crate::{
    Action, Decision, Question, Reach, Reason, Target, decision::MALFORMED_QUESTION, entity::Placed, memo::Memo,
    question::Kind, rule::Rule, slice::Slice,
};

/// How many pairs of action and thing are remembered for an agent: several upstreams with a hundred tools each.
const SLICES_MAX: usize = 2048;
/// Names come from callers; a longer one is worked out each time, so that a full memory stays below two megabytes.
const NAME_LENGTH_MAX: usize = 256;

/// The rules whose heads cover one agent. Cheap to ask: what does not depend on a call's circumstances is worked out once.
#[derive(Debug)]
pub struct AgentPolicy {
    agent: Agent,
    placed: Placed,
    /// The rules that name a thing, by it, and those that name none.
    by_anchor: HashMap<EntityUid, Vec<Arc<Rule>>>,
    anywhere: Vec<Arc<Rule>>,
    memo: Memo<Entry>,
    revision: u64,
}

#[derive(Debug)]
struct Entry {
    action: Action,
    kind: Kind,
    upstream: Box<str>,
    name: Box<str>,
    slice: Slice,
}

impl Entry {
    fn is_for(&self, action: Action, target: &Target<'_>) -> bool {
        self.action == action
            && self.kind == target.kind()
            && *self.name == *target.name()
            && *self.upstream == *target.upstream().as_str()
    }
}

impl AgentPolicy {
    pub(crate) fn new(agent: &Agent, rules: &[Arc<Rule>], revision: u64) -> Self {
        let placed = Placed::agent(agent);
        let mut by_anchor: HashMap<_, Vec<_>> = HashMap::new();
        let mut anywhere = Vec::new();
        for rule in rules.iter().filter(|rule| rule.principal.covers(&placed)) {
            match rule.resource.anchor() {
                Some(anchor) => by_anchor.entry(anchor.clone()).or_default().push(Arc::clone(rule)),
                None => anywhere.push(Arc::clone(rule)),
            }
        }
        Self { agent: agent.clone(), placed, by_anchor, anywhere, memo: Memo::new(SLICES_MAX), revision }
    }

    /// The agent that this is about.
    #[must_use]
    pub const fn agent(&self) -> &Agent {
        &self.agent
    }

    /// Answers a question about this agent; one about another is denied.
    #[must_use]
    pub fn decide(&self, question: &Question<'_>) -> Decision {
        if *question.agent != self.agent || !makes_sense(question.action, &question.target) {
            let rule = MALFORMED_QUESTION.clone();
            return Decision::Deny { rule, reason: Reason::MalformedQuestion, revision: self.revision };
        }
        self.with_slice(question.action, &question.target, |slice| slice.decide(&question.context))
    }

    /// How far the agent reaches a thing before the circumstances of a call are known: for lists, and for minting a session.
    #[must_use]
    pub fn reach(&self, action: Action, target: &Target<'_>) -> Reach {
        if !makes_sense(action, target) {
            return Reach::Never;
        }
        self.with_slice(action, target, Slice::reach)
    }

    fn with_slice<T>(&self, action: Action, target: &Target<'_>, answer: impl Fn(&Slice) -> T) -> T {
        let hash = self.memo.hash((action, target.kind(), target.upstream().as_str(), target.name()));
        let known = self.memo.find(hash, |entry| entry.is_for(action, target));
        if let Some(entry) = known.as_ref().and_then(|guard| guard.as_ref()) {
            return answer(&entry.slice);
        }
        let slice = self.slice(action, target);
        let answered = answer(&slice);
        if target.name().len() <= NAME_LENGTH_MAX {
            let (upstream, name) = (target.upstream().as_str().into(), target.name().into());
            self.memo.keep(hash, Arc::new(Entry { action, kind: target.kind(), upstream, name, slice }));
        }
        answered
    }

    /// The rules whose heads cover the question. What a head anchors to is the thing or what it lies in, so nothing is missed.
    fn slice(&self, action: Action, target: &Target<'_>) -> Slice {
        let (what, which) = (Placed::action(action), Placed::target(target));
        let anchors = std::iter::once(&which.uid).chain(&which.parents);
        let anchored = anchors.filter_map(|anchor| self.by_anchor.get(anchor)).flatten();
        let covers = |rule: &&Arc<Rule>| rule.action.covers(&what) && rule.resource.covers(&which);
        let mut rules: Vec<_> = anchored.chain(&self.anywhere).filter(covers).cloned().collect();
        rules.sort_unstable_by_key(|rule| rule.order);
        Slice::new(&rules, &self.placed, &what, &which, self.revision)
    }

    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.memo.len()
    }
}

fn makes_sense(action: Action, target: &Target<'_>) -> bool {
    action.kinds().contains(&target.kind())
}
