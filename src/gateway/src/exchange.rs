//! The token exchange: a token of an identity provider in, a session and its token out (RFC 8693).

use std::sync::Arc;

use model::{Clock, SessionId};
use policy::Policies;
use store::Session;
use token::{
    ErrorBody, ErrorCode, Exchange, ExchangeRefused, ExchangeRequest, ExchangeResponse, SessionTokens, TokenParameter,
};

use crate::{
    record::{ExchangeEntry, Recorder},
    session::Sessions,
};

/// An answer of the token endpoints that is not a success.
#[derive(Debug)]
pub struct Refused {
    /// Decides the status.
    pub code: ErrorCode,
    /// What the caller reads.
    pub body: ErrorBody,
}

impl Refused {
    fn unavailable(description: &str) -> Self {
        let code = ErrorCode::TemporarilyUnavailable;
        Self { code, body: ErrorBody::new(code, description) }
    }
}

/// The token service: exchange, introspection, revocation.
#[derive(Debug)]
pub struct TokenService {
    exchange: Exchange,
    tokens: Arc<SessionTokens>,
    sessions: Arc<Sessions>,
    policies: Arc<Policies>,
    recorder: Recorder,
    issuer: String,
    clock: Arc<dyn Clock>,
}

impl TokenService {
    /// A token service that issues as `issuer`.
    #[must_use]
    pub fn new(
        exchange: Exchange,
        tokens: Arc<SessionTokens>,
        sessions: Arc<Sessions>,
        policies: Arc<Policies>,
        recorder: Recorder,
        issuer: String,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { exchange, tokens, sessions, policies, recorder, issuer, clock }
    }

    /// What the exchange trusts.
    #[must_use]
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Exchanges the tokens of a form for a session token. The session is stored and the exchange recorded before the token
    /// exists; whatever fails leaves no token.
    ///
    /// # Errors
    /// The OAuth error to answer with.
    pub async fn exchange_form(&self, form: &[u8]) -> Result<ExchangeResponse, Refused> {
        let request = match ExchangeRequest::parse(form) {
            Ok(request) => request,
            Err(refused) => return Err(self.refuse(&refused.into()).await),
        };
        let grant = match self.exchange.grant(&request).await {
            Ok(grant) => grant,
            Err(refused) => return Err(self.refuse(&refused).await),
        };
        let now = self.clock.now();
        let claims = self.tokens.claims(&grant, now).map_err(|_| Refused::unavailable("no randomness"))?;
        let scope = grant.scopes.to_string();
        let entry = ExchangeEntry {
            at: now,
            agent: Some(grant.agent.name.as_str()),
            subject: Some(&grant.subject),
            actor: Some(&claims.actor),
            session: Some(&claims.session),
            scope: Some(&scope),
            expires: Some(claims.expires),
            error: None,
        };
        self.recorder.exchanged(&entry).await.map_err(|_| Refused::unavailable("the exchange cannot be recorded"))?;
        let session = Session {
            id: claims.session.clone(),
            agent: grant.agent.clone(),
            subject: grant.subject.clone(),
            actor: Some(claims.actor.clone()),
            resources: grant.resources.clone(),
            scopes: grant.scopes.clone(),
            token_id: claims.token_id.parse().map_err(|_| Refused::unavailable("the token has no usable id"))?,
            created: now,
            expires: claims.expires,
            revoked: None,
        };
        let policy = self.policies.for_agent(&session.agent);
        self.sessions.start(session, policy).await.map_err(|error| {
            tracing::error!(%error, "a session could not be stored");
            Refused::unavailable("the session cannot be stored")
        })?;
        let token = self.tokens.issue(&claims).map_err(|_| Refused::unavailable("the token cannot be signed"))?;
        tracing::info!(agent = %grant.agent.name, session = %claims.session, %scope, "a session began");
        Ok(ExchangeResponse::new(token, request.issued_type(), &grant, now))
    }

    /// What is true of a token (RFC 7662). The caller was authenticated by the route.
    ///
    /// # Errors
    /// The OAuth error to answer with.
    pub fn introspect(&self, form: &[u8]) -> Result<serde_json::Value, Refused> {
        let parameter = parameter(form)?;
        let claims = self.tokens.verify(parameter.as_str(), self.clock.now()).ok();
        let live = claims.filter(|claims| self.sessions.find(&claims.session).is_some());
        Ok(token::introspection_response(live.as_ref().map(|claims| (claims, self.issuer.as_str()))))
    }

    /// Ends the session of a token (RFC 7009): its next call is refused and its open streams are cut. A token that is not
    /// ours, or is over, needs no end.
    ///
    /// # Errors
    /// The OAuth error to answer with.
    pub async fn revoke(&self, form: &[u8]) -> Result<(), Refused> {
        let parameter = parameter(form)?;
        match token::revoked_session(&self.tokens, &parameter, self.clock.now()) {
            Some(session) => self.end(&session, "revoked by its holder").await,
            None => Ok(()),
        }
    }

    async fn end(&self, session: &SessionId, cause: &'static str) -> Result<(), Refused> {
        let ended = self.sessions.revoke(session, self.clock.now()).await;
        // What had ended already is not recorded again, however often it is asked for.
        if !matches!(ended, Ok(false)) {
            self.recorder.revoked(session, cause).await;
            tracing::info!(%session, cause, "a session ended");
        }
        // The session has ended here; only a restart could bring it back, so the caller must try again.
        ended.map(drop).map_err(|error| {
            tracing::error!(%error, %session, "the end of a session could not be stored");
            Refused::unavailable("the revocation could not be stored; try again")
        })
    }

    async fn refuse(&self, refused: &ExchangeRefused) -> Refused {
        tracing::info!(reason = %refused, "a token exchange was refused");
        let entry = ExchangeEntry {
            at: self.clock.now(),
            agent: None,
            subject: None,
            actor: None,
            session: None,
            scope: None,
            expires: None,
            error: Some(refused.code().as_str()),
        };
        // Nothing was given out, so a refusal stands even where it cannot be recorded; the log says that it could not.
        if let Err(denial) = self.recorder.exchanged(&entry).await {
            tracing::error!(reason = denial.reason(), "a refused exchange could not be recorded");
        }
        Refused { code: refused.code(), body: refused.body() }
    }
}

fn parameter(form: &[u8]) -> Result<TokenParameter, Refused> {
    TokenParameter::parse(form).map_err(|refused| {
        let code = ErrorCode::InvalidRequest;
        Refused { code, body: ErrorBody::new(code, &refused.to_string()) }
    })
}
