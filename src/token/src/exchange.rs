//! The exchange itself: verified tokens and a request in, a grant out that is never wider or longer than any of them (RFC 8693).

use std::{collections::BTreeMap, fmt, time::Duration};

use model::{Actor, Agent, Resource, Scope, Scopes, Subject, Timestamp, UpstreamName};
use serde::Serialize;

use crate::{
    agent::{self, AgentRule, AgentRules, NoAgent},
    exchange_request::{ExchangeRequest, PresentedToken, RequestRefused, TokenType},
    issuer::{Issuers, VerifiedToken},
    oauth_error::{ErrorBody, ErrorCode},
    refused::TokenRefused,
};

/// The longest life of a session.
pub const SESSION_LIFE_MAX: Duration = Duration::from_secs(15 * 60);

/// What a session may be: the outcome of an exchange, before anything is stored or signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The agent that acts.
    pub agent: Agent,
    /// On whose behalf.
    pub subject: Subject,
    /// Who acts by the tokens: the actor token's party, or the outermost `act` of the subject token; `None` where the subject
    /// acts for itself.
    pub actor: Option<Actor>,
    /// The upstreams' resources, in order; never empty.
    pub resources: Vec<Resource>,
    /// What may be called at them; never empty, and each scope is of one of the resources.
    pub scopes: Scopes,
    /// When the session ends at the latest.
    pub expires: Timestamp,
}

/// Which of the two tokens of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// `subject_token`.
    Subject,
    /// `actor_token`.
    Actor,
}

impl Which {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Actor => "actor",
        }
    }
}

/// Why there is no grant. The text is for the log; the caller reads [`ExchangeRefused::body`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeRefused {
    /// The request is not one that we do.
    #[error(transparent)]
    Request(#[from] RequestRefused),
    /// A token is refused.
    #[error("{} token: {reason}", which.as_str())]
    Token {
        /// The token.
        which: Which,
        /// The reason.
        reason: TokenRefused,
    },
    /// An ID token was declared, and the token says that it is an access token.
    #[error("{} token: declared as an ID token, and its typ is at+jwt", .0.as_str())]
    TypeMismatch(Which),
    /// The token is no agent of ours.
    #[error("{} token: {reason}", which.as_str())]
    NoAgent {
        /// The token.
        which: Which,
        /// The reason.
        reason: NoAgent,
    },
    /// The agent may not act for the subject: its rule's `acts_for` or the `may_act` of the subject's token says no.
    #[error("the agent may not act for this subject; see its rule's `acts_for` and the token's `may_act`")]
    MayNotAct,
    /// The subject token is itself the result of a delegation, in a form that we cannot vouch for.
    #[error("an act claim is malformed, deeper than two, or stands beside an actor token")]
    ActorChain,
    /// A target is unknown, or not the agent's.
    #[error("a requested resource or audience is unknown, or not one that the agent's rule allows")]
    Target,
    /// Nothing is left of the scope.
    #[error("the requested scope is malformed, or nothing of it is allowed to the agent at the requested targets")]
    Scope,
}

impl ExchangeRefused {
    /// The error code and with it the status.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Request(refused) => refused.code(),
            Self::Token { reason: TokenRefused::IssuerUnavailable, .. } => ErrorCode::TemporarilyUnavailable,
            Self::Token { .. } | Self::TypeMismatch(_) | Self::NoAgent { .. } | Self::MayNotAct | Self::ActorChain => {
                ErrorCode::InvalidRequest
            }
            Self::Target => ErrorCode::InvalidTarget,
            Self::Scope => ErrorCode::InvalidScope,
        }
    }

    /// What the caller reads.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        let description = match self {
            Self::Request(refused) => refused.to_string(),
            Self::Token { which, reason } => format!("the {}_token is refused: {}", which.as_str(), reason.code()),
            Self::TypeMismatch(which) => format!("the {}_token is refused: wrong_type", which.as_str()),
            Self::NoAgent { which, .. } => format!("the {}_token is refused: unmapped", which.as_str()),
            Self::MayNotAct => "the actor_token is refused: may_not_act".to_owned(),
            Self::ActorChain => "the subject_token is refused: act".to_owned(),
            Self::Target => "a resource or audience is unknown or not allowed".to_owned(),
            Self::Scope => "the scope is malformed or not allowed".to_owned(),
        };
        ErrorBody::new(self.code(), &description)
    }
}

/// The resources that can be named, and the upstream of each.
#[derive(Debug, Clone, Default)]
pub struct Upstreams(BTreeMap<Resource, UpstreamName>);

impl FromIterator<(Resource, UpstreamName)> for Upstreams {
    fn from_iter<I: IntoIterator<Item = (Resource, UpstreamName)>>(upstreams: I) -> Self {
        Self(upstreams.into_iter().collect())
    }
}

/// Exchanges tokens of trusted issuers for grants.
#[derive(Debug)]
pub struct Exchange {
    issuers: Issuers,
    rules: AgentRules,
    upstreams: Upstreams,
}

impl Exchange {
    /// An exchange over these issuers, rules and upstreams.
    #[must_use]
    pub const fn new(issuers: Issuers, rules: AgentRules, upstreams: Upstreams) -> Self {
        Self { issuers, rules, upstreams }
    }

    /// The trusted issuers.
    #[must_use]
    pub const fn issuers(&self) -> &Issuers {
        &self.issuers
    }

    /// Verifies the tokens of a request and works out what may be granted. Nothing is stored or signed here, so an exchange that
    /// is cancelled or fails leaves nothing behind.
    ///
    /// # Errors
    /// [`ExchangeRefused`], with the answer for the caller.
    pub async fn grant(&self, request: &ExchangeRequest) -> Result<Grant, ExchangeRefused> {
        let subject = self.verify(Which::Subject, &request.subject).await?;
        let actor = match &request.actor {
            Some(actor) => Some(self.verify(Which::Actor, actor).await?),
            None => None,
        };
        let rule = self.rule(&subject, actor.as_ref())?;
        let acting = acting_party(&subject, actor.as_ref())?;
        let targets = self.targets(request, rule)?;
        let scopes = granted_scopes(request, rule, &targets)?;
        let has_scope = |upstream: &UpstreamName| scopes.iter().any(|scope| scope.upstream == *upstream);
        let resources = targets
            .iter()
            .filter(|(_, upstream)| has_scope(upstream))
            .map(|(resource, _)| (*resource).clone())
            .collect();
        let now = self.issuers.clock().now();
        let expires = earliest_end(now, rule, &subject, actor.as_ref())?;
        Ok(Grant {
            agent: rule.agent.clone(),
            subject: subject.subject().clone(),
            actor: acting,
            resources,
            scopes,
            expires,
        })
    }

    async fn verify(&self, which: Which, presented: &PresentedToken) -> Result<VerifiedToken, ExchangeRefused> {
        let verified = self.issuers.verify(&presented.token).await;
        let verified = verified.map_err(|reason| ExchangeRefused::Token { which, reason })?;
        if presented.token_type == TokenType::IdToken && verified.typ() == Some("at+jwt") {
            return Err(ExchangeRefused::TypeMismatch(which));
        }
        Ok(verified)
    }

    /// The agent is the party of the actor token where there is one, and else the subject itself.
    fn rule(&self, subject: &VerifiedToken, actor: Option<&VerifiedToken>) -> Result<&AgentRule, ExchangeRefused> {
        let (which, token) = actor.map_or((Which::Subject, subject), |actor| (Which::Actor, actor));
        let rule = self.rules.agent_of(token).map_err(|reason| ExchangeRefused::NoAgent { which, reason })?;
        let may_act = match actor {
            Some(actor) => {
                rule.acts_for.iter().any(|subjects| subjects.matches(subject)) && agent::may_act(subject, actor)
            }
            // `may_act` names somebody who is not proven here.
            None => subject.claim(["may_act"]).is_none(),
        };
        if may_act { Ok(rule) } else { Err(ExchangeRefused::MayNotAct) }
    }

    /// The requested targets, or all of the rule where none is requested. A target that does not exist and one that is not the
    /// agent's are refused alike.
    fn targets(&self, request: &ExchangeRequest, rule: &AgentRule) -> Result<Targets<'_>, ExchangeRefused> {
        let is_allowed = |upstream: &UpstreamName| rule.scopes.iter().any(|scope| scope.upstream == *upstream);
        let allowed = || self.upstreams.0.iter().filter(|(_, upstream)| is_allowed(upstream));
        let mut targets = Targets::new();
        for requested in &request.resources {
            let requested: Resource = requested.parse().map_err(|_| ExchangeRefused::Target)?;
            targets.extend([allowed().find(|(known, _)| **known == requested).ok_or(ExchangeRefused::Target)?]);
        }
        for requested in &request.audiences {
            let named = |(known, upstream): &(&Resource, &UpstreamName)| {
                known.as_str() == requested || upstream.as_str() == requested
            };
            allowed().find(named).ok_or(ExchangeRefused::Target)?;
            targets.extend(allowed().filter(named));
        }
        if request.resources.is_empty() && request.audiences.is_empty() {
            targets.extend(allowed());
        }
        if targets.is_empty() { Err(ExchangeRefused::Target) } else { Ok(targets) }
    }
}

type Targets<'a> = BTreeMap<&'a Resource, &'a UpstreamName>;

/// Who acts: the actor token's party, or the outermost `act` of the subject token; what is nested inside is history and decides
/// nothing (RFC 8693, section 4.1).
fn acting_party(subject: &VerifiedToken, actor: Option<&VerifiedToken>) -> Result<Option<Actor>, ExchangeRefused> {
    let Some(actor) = actor else {
        let Some(act) = subject.claim(["act"]) else { return Ok(None) };
        let text =
            |name: &str| act.get(name).map(|value| value.as_str().ok_or(ExchangeRefused::ActorChain)).transpose();
        let issuer = text("iss")?.unwrap_or(&subject.subject().issuer).to_owned();
        let id = text("sub")?.filter(|id| !id.is_empty()).ok_or(ExchangeRefused::ActorChain)?.to_owned();
        // One earlier actor is carried by the subject's own log; a longer chain is nothing that we can vouch for.
        let is_deep = act.get("act").is_some_and(|earlier| earlier.get("act").is_some());
        return if is_deep { Err(ExchangeRefused::ActorChain) } else { Ok(Some(Actor { issuer, id })) };
    };
    if subject.claim(["act"]).is_some() || actor.claim(["act"]).is_some() {
        return Err(ExchangeRefused::ActorChain);
    }
    Ok(Some(Actor { issuer: actor.subject().issuer.clone(), id: actor.subject().id.clone() }))
}

/// What both the rule and the request allow, at the targets.
fn granted_scopes(
    request: &ExchangeRequest,
    rule: &AgentRule,
    targets: &Targets<'_>,
) -> Result<Scopes, ExchangeRefused> {
    let allowed = match &request.scope {
        Some(requested) => rule.scopes.intersection(&requested.parse().map_err(|_| ExchangeRefused::Scope)?),
        None => rule.scopes.clone(),
    };
    let at_target = |scope: &&Scope| targets.values().any(|upstream| **upstream == scope.upstream);
    let scopes: Scopes = allowed.iter().filter(at_target).cloned().collect();
    if scopes.is_empty() { Err(ExchangeRefused::Scope) } else { Ok(scopes) }
}

/// The earliest of every end. A token that is accepted in its leeway only has no whole second left to give.
fn earliest_end(
    now: Timestamp,
    rule: &AgentRule,
    subject: &VerifiedToken,
    actor: Option<&VerifiedToken>,
) -> Result<Timestamp, ExchangeRefused> {
    let mut end = now.plus(rule.life_max.unwrap_or(SESSION_LIFE_MAX).min(SESSION_LIFE_MAX));
    for (which, token) in [(Which::Subject, Some(subject)), (Which::Actor, actor)] {
        let Some(token) = token else { continue };
        if token.expires().as_seconds() <= now.as_seconds() {
            return Err(ExchangeRefused::Token { which, reason: TokenRefused::Expired });
        }
        end = end.min(token.expires());
    }
    Ok(end)
}

/// The body of a successful answer (RFC 8693, section 2.2.1). Send it with `Cache-Control: no-store`.
#[derive(Serialize)]
pub struct ExchangeResponse {
    access_token: String,
    issued_token_type: &'static str,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
}

impl ExchangeResponse {
    /// The answer that hands over `session_token`, which stands for `grant` and was asked for as `issued_type`.
    #[must_use]
    pub fn new(session_token: String, issued_type: TokenType, grant: &Grant, now: Timestamp) -> Self {
        Self {
            access_token: session_token,
            issued_token_type: issued_type.as_str(),
            token_type: "Bearer",
            expires_in: grant.expires.as_seconds().saturating_sub(now.as_seconds()),
            scope: grant.scopes.to_string(),
        }
    }
}

impl fmt::Debug for ExchangeResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeResponse").field("scope", &self.scope).finish_non_exhaustive()
    }
}
