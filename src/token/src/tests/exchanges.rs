//! Exchanges as agents make them: alone, on behalf of somebody, for some targets and scopes.

use std::{sync::Arc, time::Duration};

use model::{Actor, Timestamp};
use serde_json::{Value, json};

use super::support::{
    Answer, IDP, IdpKey, NOW, Network, OURSELVES, claims, clock, exchange, idp_config, issuers, jwks, request, rule,
    with_actor,
};
use crate::{
    AgentRules, ClaimRule, Exchange, ExchangeRefused, ExchangeResponse, Expected, Fetch, Grant, InvalidRule, Issuers,
    NoAgent, TokenType, Which,
};

struct Desk {
    key: IdpKey,
    exchange: Exchange,
}

impl Desk {
    fn new() -> Self {
        let key = IdpKey::new("k");
        let network = Network::with_idp(&[&key]);
        let rules = vec![
            rule("builder", "a:* b:x b:y", None),
            rule("short", "a:*", Some(Duration::from_secs(60))),
            rule("twin", "a:*", None),
            rule("twin", "b:*", None),
        ];
        Self { exchange: exchange(issuers(&network, &clock(), idp_config()), rules), key }
    }

    async fn ask(&self, subject: &Value, more: &str) -> Result<Grant, ExchangeRefused> {
        self.exchange.grant(&request(&self.key.sign(subject), more)).await
    }

    async fn ask_for(&self, subject: &Value, actor: &Value) -> Result<Grant, ExchangeRefused> {
        self.ask(subject, &with_actor(&self.key.sign(actor))).await
    }
}

fn summary(grant: &Grant) -> (Vec<&str>, String, u64) {
    let resources = grant.resources.iter().map(model::Resource::as_str).collect();
    (resources, grant.scopes.to_string(), grant.expires.as_seconds() - NOW)
}

const A: &str = "https://gw.example/mcp/a";
const B: &str = "https://gw.example/mcp/b";

#[tokio::test]
async fn what_is_granted_is_what_rule_and_request_share() {
    let desk = Desk::new();
    let agent = claims("agent-1", "builder");
    for (more, resources, scopes) in [
        ("", vec![A, B], "a:* b:x b:y"),
        ("&resource=https://gw.example/mcp/a", vec![A], "a:*"),
        ("&resource=https://gw.example/mcp/a/", vec![A], "a:*"),
        ("&audience=b", vec![B], "b:x b:y"),
        ("&audience=https://gw.example/mcp/b", vec![B], "b:x b:y"),
        ("&audience=a&resource=https://gw.example/mcp/b", vec![A, B], "a:* b:x b:y"),
        ("&scope=a:read+b:*+c:*", vec![A, B], "a:read b:x b:y"),
        ("&scope=b:x+b:z", vec![B], "b:x"),
        ("&scope=a:read&resource=https://gw.example/mcp/a&resource=https://gw.example/mcp/b", vec![A], "a:read"),
    ] {
        let grant = desk.ask(&agent, more).await.unwrap();
        assert_eq!(summary(&grant), (resources, scopes.to_owned(), 600), "{more}");
        assert_eq!((grant.agent.name.as_str(), grant.subject.id.as_str(), grant.actor), ("builder", "agent-1", None));
    }
    for (more, why, body) in [
        ("&audience=c", ExchangeRefused::Target, "invalid_target"),
        ("&audience=nowhere", ExchangeRefused::Target, "invalid_target"),
        ("&audience=A", ExchangeRefused::Target, "invalid_target"),
        ("&resource=https://gw.example/http/c", ExchangeRefused::Target, "invalid_target"),
        ("&resource=https://gw.example/mcp/a%23x", ExchangeRefused::Target, "invalid_target"),
        ("&resource=a", ExchangeRefused::Target, "invalid_target"),
        ("&audience=a&audience=c", ExchangeRefused::Target, "invalid_target"),
        ("&scope=c:*", ExchangeRefused::Scope, "invalid_scope"),
        ("&scope=everything", ExchangeRefused::Scope, "invalid_scope"),
        ("&scope=a:*&audience=b", ExchangeRefused::Scope, "invalid_scope"),
    ] {
        let refused = desk.ask(&agent, more).await.unwrap_err();
        assert_eq!(
            (refused.clone(), refused.code().as_str(), refused.code().status().as_u16()),
            (why, body, 400),
            "{more}"
        );
    }
}

#[tokio::test]
async fn the_session_ends_with_the_first_of_its_ends() {
    let desk = Desk::new();
    let life = |exp: u64, role: &str| {
        let mut claims = claims("agent-1", role);
        claims["exp"] = json!(NOW + exp);
        claims
    };
    for (subject, seconds) in [(life(7200, "builder"), 900), (life(7, "builder"), 7), (life(7200, "short"), 60)] {
        assert_eq!(summary(&desk.ask(&subject, "").await.unwrap()).2, seconds);
    }
    let mut user = claims("alice", "user");
    user["exp"] = json!(NOW + 50);
    assert_eq!(summary(&desk.ask_for(&user, &life(40, "builder")).await.unwrap()).2, 40);
    assert_eq!(summary(&desk.ask_for(&user, &life(400, "builder")).await.unwrap()).2, 50);
}

#[tokio::test]
async fn a_token_that_matches_no_rule_or_two_is_refused() {
    let desk = Desk::new();
    for (role, reason) in [("nobody", NoAgent::Unmapped), ("twin", NoAgent::Ambiguous), ("user", NoAgent::Unmapped)] {
        let refused = desk.ask(&claims("agent-1", role), "").await.unwrap_err();
        assert_eq!(refused, ExchangeRefused::NoAgent { which: Which::Subject, reason });
        assert_eq!(
            serde_json::to_string(&refused.body()).unwrap(),
            r#"{"error":"invalid_request","error_description":"the subject_token is refused: unmapped"}"#
        );
    }
}

#[tokio::test]
async fn an_agent_acts_only_for_whom_it_may() {
    let desk = Desk::new();
    let (alice, agent) = (claims("alice", "user"), claims("agent-1", "builder"));
    let grant = desk.ask_for(&alice, &agent).await.unwrap();
    assert_eq!(grant.subject.id, "alice");
    assert_eq!(grant.actor, Some(Actor { issuer: IDP.to_owned(), id: "agent-1".to_owned() }));
    assert_eq!(grant.agent.name.as_str(), "builder");

    let named = |may_act: Value| {
        let mut claims = alice.clone();
        claims["may_act"] = may_act;
        claims
    };
    for allowed in
        [json!({"sub": "agent-1"}), json!({"sub": "agent-1", "iss": IDP}), json!({"sub": "agent-1", "jti": "j1"})]
    {
        assert!(desk.ask_for(&named(allowed.clone()), &agent).await.is_ok(), "{allowed}");
    }
    for refused in [
        json!({"sub": "agent-2"}),
        json!({"sub": "agent-1", "iss": "https://other.example"}),
        json!({"sub": "agent-1", "client_id": "x"}),
        json!({"sub": ["agent-1"]}),
        json!({"iss": IDP}),
        json!({}),
        json!("agent-1"),
        Value::Null,
    ] {
        let answer = desk.ask_for(&named(refused.clone()), &agent).await;
        assert_eq!(answer, Err(ExchangeRefused::MayNotAct), "{refused}");
    }
    assert_eq!(
        desk.ask_for(&claims("root", "admin"), &agent).await,
        Err(ExchangeRefused::MayNotAct),
        "not in acts_for"
    );
    let mut alone = agent.clone();
    alone["may_act"] = json!({"sub": "agent-1"});
    assert_eq!(desk.ask(&alone, "").await, Err(ExchangeRefused::MayNotAct), "no actor is proven");
}

#[tokio::test]
async fn a_may_act_without_an_issuer_means_the_subjects_own() {
    let (key, other_key) = (IdpKey::new("k"), IdpKey::new("k"));
    let network = Network::with_idp(&[&key]);
    network.answer("/other-keys", Answer::Body(jwks(&[&other_key]), None));
    let mut other = idp_config();
    (other.name, other.issuer) = ("other".parse().unwrap(), "https://other.example".to_owned());
    other.jwks_uri = Some(format!("{IDP}/other-keys"));
    let mut of_other = rule("builder", "a:*", None);
    of_other.tokens.issuer = "other".parse().unwrap();
    let fetch: Arc<dyn Fetch> = network;
    let issuers = Issuers::new(OURSELVES, vec![idp_config(), other], &fetch, clock()).unwrap();
    let exchange = exchange(issuers, vec![of_other]);
    let mut agent = claims("agent-1", "builder");
    agent["iss"] = json!("https://other.example");
    let actor = with_actor(&other_key.sign(&agent));
    let mut user = claims("alice", "user");
    for (may_act, allowed) in [
        (json!({"sub": "agent-1"}), false),
        (json!({"sub": "agent-1", "iss": IDP}), false),
        (json!({"sub": "agent-1", "iss": "https://other.example"}), true),
    ] {
        user["may_act"] = may_act.clone();
        let outcome = exchange.grant(&request(&key.sign(&user), &actor)).await;
        let expected = Actor { issuer: "https://other.example".to_owned(), id: "agent-1".to_owned() };
        let expected = if allowed { Ok(Some(expected)) } else { Err(ExchangeRefused::MayNotAct) };
        assert_eq!(outcome.map(|grant| grant.actor), expected, "{may_act}");
    }
}

#[tokio::test]
async fn every_claim_of_a_rule_must_hold() {
    let claim = |path: &[&str], expected: Expected| ClaimRule {
        path: path.iter().map(|&name| name.to_owned()).collect(),
        expected,
    };
    let mut pinned = rule("builder", "a:*", None);
    pinned.tokens.claims = vec![
        claim(&["sub"], Expected::Pattern("system:serviceaccount:agents:*".parse().unwrap())),
        claim(&["kubernetes.io", "serviceaccount", "uid"], Expected::Text("u-1".to_owned())),
        claim(&["generation"], Expected::Number(7)),
        claim(&["managed"], Expected::Flag(true)),
        claim(&["groups"], Expected::Pattern("team-*".parse().unwrap())),
    ];
    let key = IdpKey::new("k");
    let exchange = exchange(issuers(&Network::with_idp(&[&key]), &clock(), idp_config()), vec![pinned]);
    let mut good = claims("system:serviceaccount:agents:builder", "x");
    good["kubernetes.io"] = json!({"serviceaccount": {"uid": "u-1"}});
    (good["generation"], good["managed"], good["groups"]) = (json!(7), json!(true), json!([1, "team-a"]));
    assert!(exchange.grant(&request(&key.sign(&good), "")).await.is_ok());
    for (name, value) in [
        ("sub", json!("system:serviceaccount:agents-2:builder")),
        ("kubernetes.io", json!({"serviceaccount": {"uid": "u-2"}})),
        ("kubernetes.io", json!({"serviceaccount": "u-1"})),
        ("kubernetes.io", json!("u-1")),
        ("generation", json!("7")),
        ("generation", json!(7.0)),
        ("generation", Value::Null),
        ("managed", json!("true")),
        ("managed", json!(1)),
        ("groups", json!(["my-team-a"])),
        ("groups", json!([])),
        ("groups", json!({"team-a": true})),
    ] {
        let mut changed = good.clone();
        changed[name] = value.clone();
        let refused = exchange.grant(&request(&key.sign(&changed), "")).await;
        let expected = ExchangeRefused::NoAgent { which: Which::Subject, reason: NoAgent::Unmapped };
        assert_eq!(refused, Err(expected), "{name} {value}");
    }
}

#[tokio::test]
async fn an_access_token_cannot_pose_as_an_id_token() {
    let key = IdpKey::new("k");
    let mut config = idp_config();
    config.typ.push("at+jwt".to_owned());
    let exchange = exchange(issuers(&Network::with_idp(&[&key]), &clock(), config), vec![rule("builder", "a:*", None)]);
    let claims = claims("agent-1", "builder").to_string();
    for (typ, token_type, outcome) in [
        ("at+jwt", "access_token", Ok(())),
        ("JWT", "id_token", Ok(())),
        ("application/at+jwt", "id_token", Err(ExchangeRefused::TypeMismatch(Which::Subject))),
    ] {
        let token = key.sign_text(&json!({"alg": "ES256", "kid": "k", "typ": typ}).to_string(), &claims);
        let body = format!(
            "grant_type={}&subject_token={token}&subject_token_type=urn:ietf:params:oauth:token-type:{token_type}",
            crate::GRANT_TYPE
        );
        let request = crate::ExchangeRequest::parse(body.as_bytes()).unwrap();
        assert_eq!(exchange.grant(&request).await.map(|_| ()), outcome, "{typ} {token_type}");
    }
}

#[tokio::test]
async fn an_actor_in_the_subject_token_is_kept_and_not_mixed() {
    let desk = Desk::new();
    let acting = |act: Value| {
        let mut claims = claims("alice", "builder");
        claims["act"] = act;
        claims
    };
    let grant = desk.ask(&acting(json!({"sub": "tool", "act": {"sub": "earlier"}})), "").await.unwrap();
    assert_eq!(grant.actor, Some(Actor { issuer: IDP.to_owned(), id: "tool".to_owned() }));
    for refused in [
        json!({}),
        json!({"sub": 7}),
        json!({"sub": ""}),
        json!({"sub": "tool", "iss": 7}),
        json!("tool"),
        json!({"sub": "a", "act": {"sub": "b", "act": {"sub": "c"}}}),
    ] {
        assert_eq!(desk.ask(&acting(refused.clone()), "").await, Err(ExchangeRefused::ActorChain), "{refused}");
    }
    let mut user = claims("alice", "user");
    user["act"] = json!({"sub": "tool"});
    assert_eq!(desk.ask_for(&user, &claims("agent-1", "builder")).await, Err(ExchangeRefused::ActorChain));
}

#[tokio::test]
async fn an_answer_says_what_was_granted() {
    let grant = Desk::new().ask(&claims("agent-1", "builder"), "&scope=b:x").await.unwrap();
    let now = Timestamp::from_seconds(NOW);
    let response = ExchangeResponse::new("canary".to_owned(), TokenType::AccessToken, &grant, now);
    assert_eq!(
        serde_json::to_string(&response).unwrap(),
        concat!(
            r#"{"access_token":"canary","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","#,
            r#""token_type":"Bearer","expires_in":600,"scope":"b:x"}"#
        )
    );
    assert!(!format!("{response:?}").contains("canary"));
}

#[test]
fn rules_that_would_match_everything_or_give_nothing_are_refused() {
    let name = || "builder".parse().unwrap();
    let mut no_claims = rule("builder", "a:*", None);
    no_claims.tokens.claims.clear();
    let mut any_subject = rule("builder", "a:*", None);
    any_subject.acts_for[0].claims.clear();
    let mut no_path = rule("builder", "a:*", None);
    no_path.tokens.claims[0].path.clear();
    for (rule, why) in [
        (no_claims, InvalidRule::NoClaims(name())),
        (any_subject, InvalidRule::NoClaims(name())),
        (no_path, InvalidRule::EmptyPath(name())),
        (rule("builder", "", None), InvalidRule::NoScopes(name())),
        (rule("builder", "a:*", Some(Duration::from_millis(999))), InvalidRule::LifeTooShort(name())),
    ] {
        assert_eq!(AgentRules::new(vec![rule]).unwrap_err(), why);
    }
}
