//! Which agent a verified token is: rules over issuer and claims, of which exactly one must match.

use std::time::Duration;

use model::{Agent, IssuerName, Scopes};
use serde_json::Value;

use crate::{issuer::VerifiedToken, pattern::Pattern};

/// What a claim must be. Where the claim is an array, one of its elements must be it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// This text, exactly.
    Text(String),
    /// This whole number.
    Number(i64),
    /// This truth value.
    Flag(bool),
    /// A text that fits.
    Pattern(Pattern),
}

/// A claim, as a path of member names, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRule {
    /// The path, such as `["kubernetes.io", "serviceaccount", "uid"]`; claim names may hold dots, so a path is not one text.
    pub path: Vec<String>,
    /// What stands there.
    pub expected: Expected,
}

/// Tokens of one issuer whose claims are as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenMatch {
    /// The issuer.
    pub issuer: IssuerName,
    /// Every one must hold.
    pub claims: Vec<ClaimRule>,
}

/// One agent: whose tokens are its, and what it may ask for.
#[derive(Debug, Clone)]
pub struct AgentRule {
    /// The agent's name and groups.
    pub agent: Agent,
    /// The tokens that prove to be this agent.
    pub tokens: TokenMatch,
    /// The subjects that the agent may act for with a token of theirs beside its own; none where this is empty.
    pub acts_for: Vec<TokenMatch>,
    /// The most that a session may allow.
    pub scopes: Scopes,
    /// The longest life of a session, where it shall be shorter than the server's.
    pub life_max: Option<Duration>,
}

/// Why the rules are not used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidRule {
    /// A rule without claims would take every token of its issuer.
    #[error("agent {0}: a rule needs at least one claim; without one, every token of the issuer would match")]
    NoClaims(model::AgentName),
    /// A claim without a name.
    #[error("agent {0}: a claim needs a name")]
    EmptyPath(model::AgentName),
    /// The agent may ask for nothing.
    #[error("agent {0}: `scopes` is empty, so the agent could ask for nothing")]
    NoScopes(model::AgentName),
    /// A session would end before it begins.
    #[error("agent {0}: `life_max` must be at least one second")]
    LifeTooShort(model::AgentName),
}

/// Why a verified token is no agent of ours.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum NoAgent {
    /// No rule matches.
    #[error("no agent rule matches the token's claims")]
    Unmapped,
    /// Several rules match, and none is the better one.
    #[error("several agent rules match the token's claims; make them exclude each other")]
    Ambiguous,
}

/// The rules of every agent.
#[derive(Debug)]
pub struct AgentRules(Vec<AgentRule>);

impl AgentRules {
    /// Checks the rules.
    ///
    /// # Errors
    /// [`InvalidRule`] says which agent and what to change.
    pub fn new(rules: Vec<AgentRule>) -> Result<Self, InvalidRule> {
        for rule in &rules {
            let name = || rule.agent.name.clone();
            let matches = || std::iter::once(&rule.tokens).chain(&rule.acts_for);
            if matches().any(|one| one.claims.is_empty()) {
                return Err(InvalidRule::NoClaims(name()));
            }
            if matches().flat_map(|one| &one.claims).any(|claim| claim.path.is_empty()) {
                return Err(InvalidRule::EmptyPath(name()));
            }
            if rule.scopes.is_empty() {
                return Err(InvalidRule::NoScopes(name()));
            }
            if rule.life_max.is_some_and(|life| life < Duration::from_secs(1)) {
                return Err(InvalidRule::LifeTooShort(name()));
            }
        }
        Ok(Self(rules))
    }

    /// The one rule that a token matches.
    ///
    /// # Errors
    /// [`NoAgent`] where none or several match.
    pub fn agent_of(&self, token: &VerifiedToken) -> Result<&AgentRule, NoAgent> {
        let mut matching = self.0.iter().filter(|rule| rule.tokens.matches(token));
        match (matching.next(), matching.next()) {
            (Some(rule), None) => Ok(rule),
            (Some(_), Some(_)) => Err(NoAgent::Ambiguous),
            (None, _) => Err(NoAgent::Unmapped),
        }
    }
}

impl TokenMatch {
    /// Whether the token is of the issuer and every claim as expected.
    #[must_use]
    pub fn matches(&self, token: &VerifiedToken) -> bool {
        *token.issuer() == self.issuer && self.claims.iter().all(|claim| claim.matches(token))
    }
}

impl ClaimRule {
    fn matches(&self, token: &VerifiedToken) -> bool {
        match token.claim(self.path.iter().map(String::as_str)) {
            Some(Value::Array(elements)) => elements.iter().any(|element| self.expected.is(element)),
            Some(value) => self.expected.is(value),
            None => false,
        }
    }
}

impl Expected {
    fn is(&self, value: &Value) -> bool {
        match self {
            Self::Text(text) => value.as_str() == Some(text),
            Self::Number(number) => value.as_i64() == Some(*number),
            Self::Flag(flag) => value.as_bool() == Some(*flag),
            Self::Pattern(pattern) => value.as_str().is_some_and(|text| pattern.matches(text)),
        }
    }
}

/// Whether the subject lets this actor act for it: where the subject's token has `may_act`, every member of it must be a claim of
/// the actor, and without `iss` the actor must be of the subject's own issuer (RFC 8693, section 4.4).
pub(crate) fn may_act(subject: &VerifiedToken, actor: &VerifiedToken) -> bool {
    let Some(may_act) = subject.claim(["may_act"]) else { return true };
    let Some(members) = may_act.as_object() else { return false };
    let same_issuer = members.contains_key("iss") || subject.subject().issuer == actor.subject().issuer;
    same_issuer
        && members.contains_key("sub")
        && members.iter().all(|(name, value)| value.is_string() && actor.claim([name.as_str()]) == Some(value))
}
