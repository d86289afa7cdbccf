//! What a resource server may ask about a token (RFC 7662). The caller must be authenticated before this is reached.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{
    form::{Form, FormRefused},
    session_token::SessionClaims,
};

/// A token that somebody asks about or wants to end. Wiped on drop and never printed.
pub struct TokenParameter(Zeroizing<String>);

impl TokenParameter {
    /// Reads the body of an introspection or revocation request. `token_type_hint` is only a hint, and we issue one kind of
    /// token, so it is not looked at (RFC 7009, section 2.1; RFC 7662, section 2.1).
    ///
    /// # Errors
    /// [`FormRefused`], to be answered with `invalid_request`.
    pub fn parse(body: &[u8]) -> Result<Self, FormRefused> {
        let form = Form::parse(body, &[])?;
        Ok(Self(Zeroizing::new(form.required("token")?.to_owned())))
    }

    /// The token as it was sent, for [`crate::SessionTokens::verify`].
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for TokenParameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenParameter(…)")
    }
}

/// The answer about a token: `Some` only where it verifies and its session lives. Of every other token it says that it is not
/// active and nothing else (RFC 7662, section 2.2).
#[must_use]
pub fn introspection_response(live: Option<(&SessionClaims, &str)>) -> Value {
    let Some((claims, issuer)) = live else { return json!({"active": false}) };
    json!({
        "active": true,
        "token_type": "Bearer",
        "iss": issuer,
        "sub": claims.subject.id,
        "act": {"iss": claims.actor.issuer, "sub": claims.actor.id},
        "client_id": claims.agent.as_str(),
        "aud": claims.resources.iter().map(model::Resource::as_str).collect::<Vec<_>>(),
        "scope": claims.scopes.to_string(),
        "jti": claims.token_id,
        "iat": claims.issued.as_seconds(),
        "exp": claims.expires.as_seconds(),
    })
}

#[cfg(test)]
mod tests {
    use model::{Actor, Subject, Timestamp};

    use super::*;

    #[test]
    fn an_inactive_token_is_told_nothing_about() {
        assert_eq!(introspection_response(None).to_string(), r#"{"active":false}"#);
    }

    #[test]
    fn a_live_session_is_described_without_its_id() {
        let claims = SessionClaims {
            session: "canary-session".parse().unwrap(),
            token_id: "t1".to_owned(),
            agent: "builder".parse().unwrap(),
            subject: Subject { issuer: "https://idp.example".to_owned(), id: "alice".to_owned() },
            actor: Actor { issuer: "https://gw.example".to_owned(), id: "builder".to_owned() },
            resources: vec!["https://gw.example/mcp/a".parse().unwrap()],
            scopes: "a:*".parse().unwrap(),
            issued: Timestamp::from_seconds(1),
            expires: Timestamp::from_seconds(901),
        };
        assert_eq!(
            introspection_response(Some((&claims, "https://gw.example"))),
            json!({
                "active": true, "token_type": "Bearer", "iss": "https://gw.example", "sub": "alice",
                "act": {"iss": "https://gw.example", "sub": "builder"}, "client_id": "builder",
                "aud": ["https://gw.example/mcp/a"], "scope": "a:*", "jti": "t1", "iat": 1, "exp": 901,
            })
        );
    }

    #[test]
    fn a_request_holds_one_token_and_prints_none() {
        let parameter = TokenParameter::parse(b"token=canary&token_type_hint=refresh_token").unwrap();
        assert_eq!((parameter.as_str(), format!("{parameter:?}").as_str()), ("canary", "TokenParameter(\u{2026})"));
        assert_eq!(TokenParameter::parse(b"token=").unwrap_err(), FormRefused::Missing("token"));
        assert_eq!(TokenParameter::parse(b"token=a&token=b").unwrap_err(), FormRefused::Repeated);
    }
}
