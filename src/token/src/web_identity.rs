//! ID tokens about sessions and about ourselves, for sources of credentials that trust us as an OpenID provider.

use std::{sync::Arc, time::Duration};

use model::{Caller, Clock, GroupName, Timestamp, UpstreamName};
use secret::Secret;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::{
    jose::SigningFailed,
    keyring::KeyRing,
    session_token::{TOKEN_ID_BYTES, random_text},
};

/// The type of an ID token. A session token has another one, so that neither is taken for the other.
const TYP: &str = "JWT";
/// Long enough to be shown once, at a source whose clock differs a little.
const LIFE_MAX: Duration = Duration::from_secs(5 * 60);
/// The subject of what we do on our own behalf. No agent has this name, for a session's subject begins with `agent:`.
const OURSELVES: &str = "claviger";
/// Every claim of ours, for our metadata: what a trust policy can ask for.
pub const WEB_IDENTITY_CLAIMS: [&str; 15] = [
    "iss",
    "sub",
    "aud",
    "iat",
    "exp",
    "jti",
    "agent",
    "agent_groups",
    "upstream",
    "subject",
    "subject_issuer",
    "actor",
    "actor_issuer",
    "session",
    "scope",
];

/// Signs ID tokens (OpenID Connect Core 1.0, section 2). Their claims are flat, one fact each: trust policies compare single claims.
#[derive(Debug)]
pub struct WebIdentityTokens {
    issuer: String,
    ring: Arc<KeyRing>,
    clock: Arc<dyn Clock>,
}

impl WebIdentityTokens {
    /// Tokens of `issuer`, which is our issuer identifier, signed by `ring`.
    #[must_use]
    pub fn new(issuer: String, ring: Arc<KeyRing>, clock: Arc<dyn Clock>) -> Self {
        Self { issuer, ring, clock }
    }

    /// A token about a session, for what is done for it at `audience` on the way to `upstream`. It lives five minutes at the most and
    /// not longer than the session. `claims` are added to it; of those that stand in every token, none can be replaced.
    ///
    /// # Errors
    /// [`SigningFailed`], also for a session that has ended and for an audience that is ourselves: nothing of ours takes such a token.
    pub fn of_session(
        &self,
        caller: &Caller,
        upstream: &UpstreamName,
        audience: &str,
        claims: Map<String, Value>,
    ) -> Result<Secret, SigningFailed> {
        let mut claims = claims;
        let agent = &caller.agent.name;
        let groups = caller.agent.groups.iter().map(GroupName::as_str);
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("agent", agent.as_str().into());
        put("agent_groups", groups.collect());
        put("upstream", upstream.as_str().into());
        put("subject", caller.subject.id.as_str().into());
        put("subject_issuer", caller.subject.issuer.as_str().into());
        put("actor", caller.actor.as_ref().map(|actor| actor.id.as_str()).into());
        put("actor_issuer", caller.actor.as_ref().map(|actor| actor.issuer.as_str()).into());
        put("session", caller.session.as_str().into());
        put("scope", caller.scopes.to_string().into());
        // An agent that acts for itself has no actor, and a claim that is null is one too many.
        claims.retain(|_, value| !value.is_null());
        self.sign(&format!("agent:{agent}:upstream:{upstream}"), audience, caller.session_end, claims)
    }

    /// A token about ourselves, for what is done at `audience` on our own behalf.
    ///
    /// # Errors
    /// [`SigningFailed`].
    pub fn of_ourselves(&self, audience: &str) -> Result<Secret, SigningFailed> {
        self.sign(OURSELVES, audience, self.clock.now().plus(LIFE_MAX), Map::new())
    }

    fn sign(
        &self,
        subject: &str,
        audience: &str,
        end: Timestamp,
        mut claims: Map<String, Value>,
    ) -> Result<Secret, SigningFailed> {
        let now = self.clock.now();
        let expires = end.min(now.plus(LIFE_MAX));
        if expires <= now || audience == self.issuer {
            return Err(SigningFailed);
        }
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("iss", self.issuer.as_str().into());
        put("sub", subject.into());
        put("aud", audience.into());
        put("iat", now.as_seconds().into());
        put("exp", expires.as_seconds().into());
        put("jti", random_text::<TOKEN_ID_BYTES>()?.into());
        let payload = serde_json::to_vec(&claims).map_err(|_| SigningFailed)?;
        Ok(Secret::new(Zeroizing::new(self.ring.sign(TYP, &payload)?)))
    }
}

#[cfg(test)]
mod tests {
    use model::{Actor, Agent, ManualClock, Subject};
    use serde_json::json;

    use super::*;
    use crate::{
        ExchangeRefused, GRANT_TYPE, SessionTokenRefused, SessionTokens, TokenParameter, TokenRefused, Which,
        introspection_response,
        jws::Jws,
        revoked_session,
        tests::support::{self, IdpKey, MemoryKeys, NOW, Network, OURSELVES as ISSUER, rule},
    };

    struct Rig {
        tokens: WebIdentityTokens,
        sessions: SessionTokens,
        clock: Arc<ManualClock>,
    }

    fn rig() -> Rig {
        let clock = support::clock();
        let store = Box::new(Arc::new(MemoryKeys::default()));
        let ring = KeyRing::open(store, Arc::clone(&clock) as _, Duration::from_secs(86_400)).unwrap();
        let ring = Arc::new(ring);
        let sessions = SessionTokens::new(ISSUER.to_owned(), Arc::clone(&ring));
        let tokens = WebIdentityTokens::new(ISSUER.to_owned(), ring, Arc::clone(&clock) as _);
        Rig { tokens, sessions, clock }
    }

    fn caller(life_seconds: u64) -> Caller {
        Caller {
            agent: Agent { name: "builder".parse().unwrap(), groups: vec!["ci".parse().unwrap()] },
            subject: Subject { issuer: "https://idp.example".to_owned(), id: "alice \"\u{e9}".to_owned() },
            actor: None,
            session: "sid-1".parse().unwrap(),
            session_end: Timestamp::from_seconds(NOW + life_seconds),
            scopes: "db:read".parse().unwrap(),
        }
    }

    fn signed(rig: &Rig, caller: &Caller, claims: Value) -> String {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        let token = rig.tokens.of_session(caller, &"db".parse().unwrap(), "sts.example", claims).unwrap();
        token.expose().to_owned()
    }

    fn payload(token: &str) -> Value {
        serde_json::from_slice(&Jws::parse(token).unwrap().payload).unwrap()
    }

    #[test]
    fn a_token_says_who_asks_for_what_and_is_signed_by_a_published_key() {
        let rig = rig();
        let token = signed(&rig, &caller(900), json!({"https://aws.example/tags": {"a": ["b"]}}));
        let mut said = payload(&token);
        assert_eq!(said["jti"].as_str().unwrap().len(), 22);
        said["jti"] = Value::Null;
        assert_eq!(
            said,
            json!({
                "iss": ISSUER, "sub": "agent:builder:upstream:db", "aud": "sts.example", "iat": NOW, "exp": NOW + 300, "jti": null,
                "agent": "builder", "agent_groups": ["ci"], "upstream": "db", "session": "sid-1", "scope": "db:read",
                "subject": "alice \"\u{e9}", "subject_issuer": "https://idp.example",
                "https://aws.example/tags": {"a": ["b"]},
            })
        );
        let jws = Jws::parse(&token).unwrap();
        let published = rig.tokens.ring.jwks();
        assert_eq!(jws.key_id.as_deref(), published["keys"][0]["kid"].as_str());
        assert_eq!(jws.typ.as_deref(), Some("jwt"), "as it is compared, without its case");
        assert!(rig.tokens.ring.verifies(&jws));
    }

    #[test]
    fn each_claim_of_ours_is_listed_and_none_is_replaced() {
        let rig = rig();
        let actor = Some(Actor { issuer: "https://ci.example".to_owned(), id: "job".to_owned() });
        let caller = Caller { actor, ..caller(900) };
        let own = payload(&signed(&rig, &caller, json!({})));
        let mut listed: Vec<&str> = WEB_IDENTITY_CLAIMS.to_vec();
        let mut said: Vec<&str> = own.as_object().unwrap().keys().map(String::as_str).collect();
        listed.sort_unstable();
        said.sort_unstable();
        assert_eq!(said, listed);
        let forged: Map<String, Value> = listed.iter().map(|name| ((*name).to_owned(), json!("forged"))).collect();
        let kept = payload(&signed(&rig, &caller, Value::Object(forged)));
        assert!(listed.iter().all(|name| kept[*name] != json!("forged")), "{kept}");
        assert_eq!((&kept["actor"], &kept["actor_issuer"]), (&json!("job"), &json!("https://ci.example")));
        let without = payload(&signed(&rig, &Caller { actor: None, ..caller }, json!({"actor": "forged"})));
        assert!(without.get("actor").is_none() && without.get("actor_issuer").is_none());
    }

    #[test]
    fn a_token_ends_with_its_session_and_a_session_that_is_over_has_none() {
        let rig = rig();
        assert_eq!(payload(&signed(&rig, &caller(60), json!({})))["exp"], NOW + 60);
        let upstream = "db".parse().unwrap();
        assert!(rig.tokens.of_session(&caller(0), &upstream, "sts.example", Map::new()).is_err());
        rig.clock.advance(Duration::from_secs(60));
        assert!(rig.tokens.of_session(&caller(60), &upstream, "sts.example", Map::new()).is_err());
    }

    #[test]
    fn a_token_about_ourselves_has_a_subject_that_no_agent_has() {
        let rig = rig();
        let said = payload(rig.tokens.of_ourselves("vault").unwrap().expose());
        assert_eq!(
            (&said["sub"], &said["aud"], &said["exp"]),
            (&json!("claviger"), &json!("vault"), &json!(NOW + 300))
        );
        assert_eq!(said.as_object().unwrap().len(), 6);
    }

    #[tokio::test]
    async fn no_endpoint_of_ours_takes_such_a_token() {
        let rig = rig();
        let resource = format!("{ISSUER}/mcp/a");
        let token = rig.tokens.of_session(&caller(900), &"db".parse().unwrap(), &resource, Map::new()).unwrap();
        let now = rig.clock.now();
        assert_eq!(rig.sessions.verify(token.expose(), now), Err(SessionTokenRefused::Malformed), "as a session token");
        let parameter = TokenParameter::parse(format!("token={}", token.expose()).as_bytes()).unwrap();
        assert_eq!(revoked_session(&rig.sessions, &parameter, now), None, "at revocation");
        let live = rig.sessions.verify(parameter.as_str(), now).ok();
        let inactive = introspection_response(live.as_ref().map(|claims| (claims, ISSUER)));
        assert_eq!(inactive, json!({"active": false}), "at introspection");

        let idp = IdpKey::new("k");
        let network = Network::with_idp(&[&idp]);
        let issuers = support::issuers(&network, &rig.clock, support::idp_config());
        let exchange = support::exchange(issuers, vec![rule("builder", "a:*", None)]);
        for parameter in ["jwt", "id_token", "access_token"] {
            let form = format!(
                "grant_type={GRANT_TYPE}&subject_token={}&subject_token_type=urn:ietf:params:oauth:token-type:{parameter}",
                token.expose()
            );
            let request = crate::ExchangeRequest::parse(form.as_bytes()).unwrap();
            let refused = exchange.grant(&request).await.unwrap_err();
            let reason = TokenRefused::OwnToken;
            assert_eq!(refused, ExchangeRefused::Token { which: Which::Subject, reason }, "as a subject token");
        }
        assert!(rig.tokens.of_ourselves(ISSUER).is_err(), "and none is meant for us");
    }
}
