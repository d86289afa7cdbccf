//! The policies of a moment: immutable, and exchanged as a whole when the files change.

use std::{fmt, path::PathBuf, sync::Arc};

use model::Agent;

use crate::{Action, AgentPolicy, Decision, LoadError, Problem, Question, Reach, Target, load, memo::Memo, rule::Rule};

/// How many agents are remembered; more are worked out again in turn.
const AGENTS_MAX: usize = 512;

/// The decision point. Pure and synchronous: the same question has the same answer as long as the revision is the same.
pub trait Policy: Send + Sync + fmt::Debug {
    /// Answers a question. What no rule permits is denied.
    fn decide(&self, question: &Question<'_>) -> Decision;

    /// How far an agent reaches a thing before the circumstances of a call are known.
    fn reach(&self, agent: &Agent, action: Action, target: &Target<'_>) -> Reach;

    /// A number that changes when the policies do; every decision carries it.
    fn revision(&self) -> u64;
}

/// The text of a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it comes from; it names the rules that carry no `@id`.
    pub path: PathBuf,
    /// The policies.
    pub text: String,
}

/// Checked policies.
#[derive(Debug)]
pub struct Policies {
    rules: Vec<Arc<Rule>>,
    warnings: Vec<Problem>,
    agents: Memo<AgentPolicy>,
    revision: u64,
}

impl Policies {
    /// Reads policy files, and the `*.cedar` files that lie directly in directories, in the order of their names.
    ///
    /// # Errors
    /// Everything that is wrong in any of them: unreadable, not Cedar, a name that the schema does not know, a rule that can
    /// never apply, an unknown annotation, an id that is taken.
    pub fn load(paths: &[PathBuf]) -> Result<Self, LoadError> {
        let mut problems = Vec::new();
        let sources = load::read(paths, &mut problems);
        Self::checked(&sources, problems)
    }

    /// Checks policies that are in memory.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_sources(sources: &[Source]) -> Result<Self, LoadError> {
        Self::checked(sources, Vec::new())
    }

    fn checked(sources: &[Source], mut problems: Vec<Problem>) -> Result<Self, LoadError> {
        let mut loaded = load::check(sources);
        problems.append(&mut loaded.problems);
        if !problems.is_empty() {
            return Err(LoadError::new(problems));
        }
        if loaded.rules.is_empty() {
            let what = "there are no policies, so every call is denied; write a permit into a *.cedar file";
            let path = sources.first().map_or_else(PathBuf::new, |source| source.path.clone());
            loaded.warnings.push(Problem::of_file(&path, what));
        }
        let rules = loaded.rules.into_iter().map(Arc::new).collect();
        Ok(Self { rules, warnings: loaded.warnings, agents: Memo::new(AGENTS_MAX), revision: revision(sources) })
    }

    /// What is allowed and yet looks wrong, such as having no policies at all.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// How many rules there are.
    #[must_use]
    pub fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// The rules of one agent, to keep with its session.
    #[must_use]
    pub fn for_agent(&self, agent: &Agent) -> Arc<AgentPolicy> {
        let hash = self.agents.hash(agent);
        let known = self.agents.find(hash, |one| one.agent() == agent);
        known.and_then(|guard| guard.as_ref().map(Arc::clone)).unwrap_or_else(|| self.learn(hash, agent))
    }

    fn with_agent<T>(&self, agent: &Agent, answer: impl Fn(&AgentPolicy) -> T) -> T {
        let hash = self.agents.hash(agent);
        let known = self.agents.find(hash, |one| one.agent() == agent);
        match known.as_ref().and_then(|guard| guard.as_ref()) {
            Some(known) => answer(known),
            None => answer(&self.learn(hash, agent)),
        }
    }

    fn learn(&self, hash: u64, agent: &Agent) -> Arc<AgentPolicy> {
        let learned = Arc::new(AgentPolicy::new(agent, &self.rules, self.revision));
        self.agents.keep(hash, Arc::clone(&learned));
        learned
    }

    /// Rules of a set that was not checked, numbered by their ids.
    #[cfg(test)]
    pub(crate) fn unchecked(set: &cedar_policy::PolicySet) -> Self {
        let number = |id: &str| id.trim_start_matches("policy").parse().unwrap();
        let rule = |policy: &cedar_policy::Policy| Rule::read(policy, "unnamed", number(policy.id().as_ref())).unwrap();
        let mut rules: Vec<_> = set.policies().map(rule).map(Arc::new).collect();
        rules.sort_by_key(|rule| rule.order);
        Self { rules, warnings: Vec::new(), agents: Memo::new(AGENTS_MAX), revision: 0 }
    }

    #[cfg(test)]
    pub(crate) fn rules_mut(&mut self) -> impl Iterator<Item = &mut Rule> {
        self.rules.iter_mut().filter_map(Arc::get_mut)
    }

    #[cfg(test)]
    pub(crate) fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }
}

impl Policy for Policies {
    fn decide(&self, question: &Question<'_>) -> Decision {
        self.with_agent(question.agent, |agent| agent.decide(question))
    }

    fn reach(&self, agent: &Agent, action: Action, target: &Target<'_>) -> Reach {
        self.with_agent(agent, |agent| agent.reach(action, target))
    }

    fn revision(&self) -> u64 {
        self.revision
    }
}

/// FNV-1a over the texts in load order: the same on every replica and after a restart. It tells revisions apart and is no proof
/// of content.
fn revision(sources: &[Source]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for source in sources {
        for byte in source.text.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash
}

#[cfg(test)]
#[path = "policies_tests.rs"]
mod tests;
