//! The session token: a signed access token (RFC 9068) that names the session, whose store decides whether it still lives.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{Actor, AgentName, Resource, Scopes, SessionId, Subject, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    exchange::Grant,
    issuer::LEEWAY_MAX,
    jose::SigningFailed,
    jws::{self, Jws},
    keyring::KeyRing,
    strict,
};

/// The type of an access token (RFC 9068, section 2.1).
const TYP: &str = "at+jwt";
/// Random bytes of a session id: nobody finds one by trying.
const SESSION_ID_BYTES: usize = 32;
/// Random bytes of a token id; it names, and opens nothing.
pub(crate) const TOKEN_ID_BYTES: usize = 16;

/// What a session token says. The claims of one that was verified, or is to be issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionClaims {
    /// The session, `sid`.
    pub session: SessionId,
    /// This token, `jti`.
    pub token_id: String,
    /// The agent, `client_id`.
    pub agent: AgentName,
    /// On whose behalf: `sub`, and with its issuer `sub_id` (RFC 9493, section 3.2.2), since two issuers may know one name.
    pub subject: Subject,
    /// Who acts, `act`. Always there: where no party is named by a token, it is the agent itself, for whom we vouch.
    pub actor: Actor,
    /// The resources that the token is for, `aud`; at least one.
    pub resources: Vec<Resource>,
    /// What may be called, `scope`.
    pub scopes: Scopes,
    /// `iat`.
    pub issued: Timestamp,
    /// `exp`.
    pub expires: Timestamp,
}

/// Why a text is no session token. Every reason is one answer to the caller: 401 `invalid_token` (RFC 6750, section 3.1).
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum SessionTokenRefused {
    /// Not a signed access token of the form that we issue.
    #[error("not a session token")]
    Malformed,
    /// Not signed by a key of ours.
    #[error("not signed by this server, or its key is gone")]
    Signature,
    /// Issued by another server.
    #[error("issued by another server")]
    Issuer,
    /// The time is over.
    #[error("the session token has expired")]
    Expired,
    /// Issued in the future; a clock of a replica is wrong.
    #[error("the session token was issued in the future; compare the clocks of the replicas")]
    NotYetValid,
}

/// Issues and verifies session tokens.
#[derive(Debug)]
pub struct SessionTokens {
    issuer: String,
    ring: Arc<KeyRing>,
}

impl SessionTokens {
    /// Tokens of `issuer`, which is our issuer identifier, signed by `ring`.
    #[must_use]
    pub fn new(issuer: String, ring: Arc<KeyRing>) -> Self {
        Self { issuer, ring }
    }

    /// The claims of a new session for a grant. Times are whole seconds, rounded down, as the token can hold no more.
    ///
    /// # Errors
    /// [`SigningFailed`] where the system has no randomness.
    pub fn claims(&self, grant: &Grant, now: Timestamp) -> Result<SessionClaims, SigningFailed> {
        let session = random_text::<SESSION_ID_BYTES>()?.parse().map_err(|_| SigningFailed)?;
        let itself = || Actor { issuer: self.issuer.clone(), id: grant.agent.name.as_str().to_owned() };
        Ok(SessionClaims {
            session,
            token_id: random_text::<TOKEN_ID_BYTES>()?,
            agent: grant.agent.name.clone(),
            subject: grant.subject.clone(),
            actor: grant.actor.clone().unwrap_or_else(itself),
            resources: grant.resources.clone(),
            scopes: grant.scopes.clone(),
            issued: Timestamp::from_seconds(now.as_seconds()),
            expires: Timestamp::from_seconds(grant.expires.as_seconds()),
        })
    }

    /// Signs a session token. Call it last, when the session is stored.
    ///
    /// # Errors
    /// [`SigningFailed`].
    pub fn issue(&self, claims: &SessionClaims) -> Result<String, SigningFailed> {
        let wire = Wire {
            iss: &self.issuer,
            sub: &claims.subject.id,
            sub_id: WireSubject { format: "iss_sub", iss: &claims.subject.issuer, sub: &claims.subject.id },
            act: WireActor { iss: &claims.actor.issuer, sub: &claims.actor.id },
            aud: claims.resources.iter().map(Resource::as_str).collect(),
            client_id: claims.agent.as_str(),
            scope: claims.scopes.to_string(),
            sid: claims.session.as_str(),
            jti: &claims.token_id,
            iat: claims.issued.as_seconds(),
            exp: claims.expires.as_seconds(),
        };
        let payload = serde_json::to_vec(&wire).map_err(|_| SigningFailed)?;
        self.ring.sign(TYP, &payload)
    }

    /// Verifies a session token. The caller still asks the store whether the session lives, and the claims whether they are
    /// for the resource that is called.
    ///
    /// # Errors
    /// [`SessionTokenRefused`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<SessionClaims, SessionTokenRefused> {
        let jws = Jws::parse(token).map_err(|_| SessionTokenRefused::Malformed)?;
        if !self.ring.verifies(&jws) {
            return Err(SessionTokenRefused::Signature);
        }
        if jws.typ.as_deref() != Some(TYP) {
            return Err(SessionTokenRefused::Malformed);
        }
        let payload =
            strict::object(&jws.payload, jws::TOKEN_LENGTH_MAX).map_err(|_| SessionTokenRefused::Malformed)?;
        let payload = Value::Object(payload);
        let wire = Wire::deserialize(&payload).map_err(|_| SessionTokenRefused::Malformed)?;
        if wire.iss != self.issuer {
            return Err(SessionTokenRefused::Issuer);
        }
        let claims = wire.to_claims().ok_or(SessionTokenRefused::Malformed)?;
        // No leeway at the end: it is our own clock that set it.
        if now >= claims.expires {
            return Err(SessionTokenRefused::Expired);
        }
        if claims.issued > now.plus(LEEWAY_MAX) {
            return Err(SessionTokenRefused::NotYetValid);
        }
        Ok(claims)
    }
}

impl SessionClaims {
    /// Whether the token is for this resource.
    #[must_use]
    pub fn is_for(&self, resource: &Resource) -> bool {
        self.resources.contains(resource)
    }
}

/// The claims as they stand in the token.
#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    iss: &'a str,
    sub: &'a str,
    #[serde(borrow)]
    sub_id: WireSubject<'a>,
    #[serde(borrow)]
    act: WireActor<'a>,
    #[serde(borrow)]
    aud: Vec<&'a str>,
    client_id: &'a str,
    scope: String,
    sid: &'a str,
    jti: &'a str,
    iat: u64,
    exp: u64,
}

#[derive(Serialize, Deserialize)]
struct WireSubject<'a> {
    format: &'a str,
    iss: &'a str,
    sub: &'a str,
}

#[derive(Serialize, Deserialize)]
struct WireActor<'a> {
    iss: &'a str,
    sub: &'a str,
}

impl Wire<'_> {
    fn to_claims(&self) -> Option<SessionClaims> {
        let resources: Vec<Resource> = self.aud.iter().map(|aud| aud.parse().ok()).collect::<Option<_>>()?;
        if resources.is_empty() || self.sub_id.format != "iss_sub" || self.sub_id.sub != self.sub {
            return None;
        }
        Some(SessionClaims {
            session: self.sid.parse().ok()?,
            token_id: self.jti.to_owned(),
            agent: self.client_id.parse().ok()?,
            subject: Subject { issuer: self.sub_id.iss.to_owned(), id: self.sub.to_owned() },
            actor: Actor { issuer: self.act.iss.to_owned(), id: self.act.sub.to_owned() },
            resources,
            scopes: self.scope.parse().ok()?,
            issued: Timestamp::from_seconds(self.iat),
            expires: Timestamp::from_seconds(self.exp),
        })
    }
}

/// Random bytes in base64url, which every name type of ours takes.
pub(crate) fn random_text<const N: usize>() -> Result<String, SigningFailed> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SigningFailed)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::{Agent, Clock, ManualClock};
    use serde_json::json;

    use super::*;
    use crate::tests::support::MemoryKeys;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_700);

    fn tokens() -> SessionTokens {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
        let ring =
            KeyRing::open(Box::new(Arc::new(MemoryKeys::default())), clock, Duration::from_secs(86_400)).unwrap();
        SessionTokens::new("https://gw.example".to_owned(), Arc::new(ring))
    }

    fn grant() -> Grant {
        Grant {
            agent: Agent { name: "builder".parse().unwrap(), groups: Vec::new() },
            subject: Subject { issuer: "https://idp.example".to_owned(), id: "alice \"\u{e9}".to_owned() },
            actor: None,
            resources: vec!["https://gw.example/mcp/a".parse().unwrap(), "https://gw.example/http/b".parse().unwrap()],
            scopes: "a:read b:*".parse().unwrap(),
            expires: NOW.plus(Duration::from_secs(900)),
        }
    }

    /// Signs any claims with our own key, to see that a signature alone is not enough.
    fn resigned(tokens: &SessionTokens, typ: &str, change: impl FnOnce(&mut Value)) -> String {
        let token = tokens.issue(&tokens.claims(&grant(), NOW).unwrap()).unwrap();
        let mut claims = serde_json::from_slice(&Jws::parse(&token).unwrap().payload).unwrap();
        change(&mut claims);
        tokens.ring.sign(typ, &serde_json::to_vec(&claims).unwrap()).unwrap()
    }

    #[test]
    fn an_issued_token_verifies_to_the_same_claims() {
        let tokens = tokens();
        let claims = tokens.claims(&grant(), NOW).unwrap();
        assert_eq!(claims.actor, Actor { issuer: "https://gw.example".to_owned(), id: "builder".to_owned() });
        assert_eq!(
            (claims.expires.as_seconds() - claims.issued.as_seconds(), claims.session.as_str().len()),
            (900, 43)
        );
        let token = tokens.issue(&claims).unwrap();
        assert_eq!(tokens.verify(&token, NOW), Ok(claims.clone()));
        assert!(claims.is_for(&claims.resources[1]));
        assert!(!claims.is_for(&"https://gw.example/mcp/b".parse().unwrap()));
        let jws = Jws::parse(&token).unwrap();
        let payload: Value = serde_json::from_slice(&jws.payload).unwrap();
        assert_eq!(
            payload,
            json!({
                "iss": "https://gw.example",
                "sub": "alice \"\u{e9}",
                "sub_id": {"format": "iss_sub", "iss": "https://idp.example", "sub": "alice \"\u{e9}"},
                "act": {"iss": "https://gw.example", "sub": "builder"},
                "aud": ["https://gw.example/mcp/a", "https://gw.example/http/b"],
                "client_id": "builder",
                "scope": "a:read b:*",
                "sid": claims.session.as_str(),
                "jti": claims.token_id,
                "iat": 1_800_000_000,
                "exp": 1_800_000_900,
            })
        );
        assert_eq!(jws.typ.as_deref(), Some("at+jwt"));
    }

    #[test]
    fn a_token_ends_at_its_second_and_another_servers_token_is_none_of_ours() {
        let (tokens, others) = (tokens(), tokens());
        let claims = tokens.claims(&grant(), NOW).unwrap();
        let token = tokens.issue(&claims).unwrap();
        let last = Timestamp::from_millis(claims.expires.as_millis() - 1);
        assert!(tokens.verify(&token, last).is_ok());
        assert_eq!(tokens.verify(&token, claims.expires), Err(SessionTokenRefused::Expired));
        let early = Timestamp::from_seconds(claims.issued.as_seconds() - 61);
        assert_eq!(tokens.verify(&token, early), Err(SessionTokenRefused::NotYetValid));
        assert_eq!(others.verify(&token, NOW), Err(SessionTokenRefused::Signature));
        let (message, _) = token.rsplit_once('.').unwrap();
        let unsigned = format!("{message}.{}", "A".repeat(86));
        assert_eq!(tokens.verify(&unsigned, NOW), Err(SessionTokenRefused::Signature));
        assert_eq!(tokens.verify("canary", NOW), Err(SessionTokenRefused::Malformed));
    }

    #[test]
    fn our_own_signature_over_other_claims_is_not_enough() {
        let tokens = tokens();
        assert!(tokens.verify(&resigned(&tokens, "at+jwt", |_| {}), NOW).is_ok());
        assert_eq!(tokens.verify(&resigned(&tokens, "JWT", |_| {}), NOW), Err(SessionTokenRefused::Malformed));
        let other = resigned(&tokens, "at+jwt", |claims| claims["iss"] = json!("https://gw.example/"));
        assert_eq!(tokens.verify(&other, NOW), Err(SessionTokenRefused::Issuer));
        for member in ["iss", "sub", "sub_id", "act", "aud", "client_id", "scope", "sid", "jti", "iat", "exp"] {
            let missing = resigned(&tokens, "at+jwt", |claims| {
                claims.as_object_mut().unwrap().remove(member);
            });
            assert_eq!(tokens.verify(&missing, NOW), Err(SessionTokenRefused::Malformed), "{member}");
        }
        for (member, value) in [
            ("aud", json!([])),
            ("aud", json!("https://gw.example/mcp/a")),
            ("aud", json!(["urn:a"])),
            ("exp", json!(1_900_000_000.5)),
            ("iat", json!(-1)),
            ("client_id", json!("Not A Slug")),
            ("scope", json!("everything")),
            ("sid", json!("")),
            ("sub", json!("mallory")),
        ] {
            let changed = resigned(&tokens, "at+jwt", |claims| claims[member] = value.clone());
            assert_eq!(tokens.verify(&changed, NOW), Err(SessionTokenRefused::Malformed), "{member} {value}");
        }
    }

    #[test]
    fn an_actor_of_the_grant_is_the_actor_of_the_session() {
        let actor = Actor { issuer: "https://ci.example".to_owned(), id: "job-7".to_owned() };
        let claims = tokens().claims(&Grant { actor: Some(actor.clone()), ..grant() }, NOW).unwrap();
        assert_eq!(claims.actor, actor);
    }
}
