//! Which session a revocation request ends (RFC 7009).

use model::{SessionId, Timestamp};

use crate::{introspection::TokenParameter, session_token::SessionTokens};

/// The session that the token belongs to, or `None` for a token that is unknown, forged or already over. The answer to the caller
/// is 200 with an empty body either way, so that it tells nothing about the token (RFC 7009, section 2.2).
///
/// Whoever holds a token may end it: possession is the authentication of a public client (RFC 7009, section 2.1).
#[must_use]
pub fn revoked_session(tokens: &SessionTokens, parameter: &TokenParameter, now: Timestamp) -> Option<SessionId> {
    tokens.verify(parameter.as_str(), now).ok().map(|claims| claims.session)
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use model::{Agent, ManualClock, Subject};

    use super::*;
    use crate::{Grant, KeyRing, tests::support::MemoryKeys};

    #[test]
    fn a_live_token_names_its_session_and_any_other_names_none() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let store = Box::new(Arc::new(MemoryKeys::default()));
        let ring = KeyRing::open(store, Arc::new(ManualClock::at(now)), Duration::from_secs(86_400)).unwrap();
        let tokens = SessionTokens::new("https://gw.example".to_owned(), Arc::new(ring));
        let grant = Grant {
            agent: Agent { name: "builder".parse().unwrap(), groups: Vec::new() },
            subject: Subject { issuer: "https://idp.example".to_owned(), id: "alice".to_owned() },
            actor: None,
            resources: vec!["https://gw.example/mcp/a".parse().unwrap()],
            scopes: "a:*".parse().unwrap(),
            expires: now.plus(Duration::from_secs(60)),
        };
        let claims = tokens.claims(&grant, now).unwrap();
        let request = |token: &str| TokenParameter::parse(format!("token={token}").as_bytes()).unwrap();
        let live = request(&tokens.issue(&claims).unwrap());
        assert_eq!(revoked_session(&tokens, &live, now), Some(claims.session));
        assert_eq!(revoked_session(&tokens, &live, grant.expires), None);
        assert_eq!(revoked_session(&tokens, &request("unknown"), now), None);
    }
}
