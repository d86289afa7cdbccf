//! The token endpoint: what it grants, and every token that it refuses with the whole answer.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::support::{
    broker::{Broker, BrokerSetup, headers},
    canary,
    echo::{Echo, Reply},
    http_client::Answer,
    identity_provider::{IdentityProvider, Setup},
    issuer::{AUDIENCE, Issuer},
    now_seconds,
    peers::{node, or_skip},
};

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

#[tokio::test]
async fn a_good_token_becomes_a_session_token() {
    let issuer = Issuer::start().await;
    let broker = Broker::start(two_upstreams(&issuer)).await;
    let answer = broker.exchange(&issuer.token("assistant"), &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    let body = answer.json();
    let expires_in = body["expires_in"].as_u64().expect("seconds");
    assert!((290..=300).contains(&expires_in), "{expires_in}");
    let expected = json!({
        "access_token": body["access_token"], "issued_token_type": ACCESS_TOKEN, "token_type": "Bearer",
        "expires_in": expires_in, "scope": "one:* two:read",
    });
    assert_eq!(body, expected);

    let (header, claims) = opened(body["access_token"].as_str().expect("a token"));
    assert_eq!(header, json!({ "alg": "ES256", "typ": "at+jwt", "kid": header["kid"] }));
    let url = broker.public_url();
    assert_eq!(claims["aud"], json!([format!("{url}/http/two"), format!("{url}/mcp/one")]));
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!(url), &json!("assistant")));
    assert_eq!(claims["exp"].as_u64().zip(claims["iat"].as_u64()).map(|(end, start)| end - start), Some(expires_in));
    assert_eq!(claims["act"]["sub"], "assistant");
    assert_eq!(claims["scope"], "one:* two:read");

    let narrowed = [("audience", "one"), ("scope", "one:say"), ("requested_token_type", JWT)];
    let answer = broker.exchange(&issuer.token("assistant"), &narrowed).await;
    let body = answer.json();
    assert_eq!((&body["scope"], &body["issued_token_type"]), (&json!("one:say"), &json!(JWT)), "{answer:?}");
    let (_, claims) = opened(body["access_token"].as_str().expect("a token"));
    assert_eq!(claims["aud"], json!([format!("{url}/mcp/one")]));
    broker.finish().await;
}

#[tokio::test]
async fn a_token_with_any_fault_is_refused_and_told_which_kind() {
    let issuer = Issuer::start().await;
    let stranger = Issuer::start().await;
    let broker = Broker::start(two_upstreams(&issuer)).await;
    let now = now_seconds();
    let header = Issuer::header().to_string();
    let payload = issuer.payload("assistant");
    let good = issuer.token("assistant");
    let session = broker.token(&issuer.token("assistant")).await;
    let twice = payload.to_string().replacen('{', "{\"sub\":\"administrator\",", 1);
    let with_header = |name: &str, value: Value| {
        let mut header = Issuer::header();
        header[name] = value;
        issuer.sign(&header.to_string(), &payload.to_string())
    };
    let faults = [
        ("expired", issuer.token_with("assistant", json!({ "iat": now - 400, "exp": now - 120 })), "expired"),
        ("expires this second", issuer.token_with("assistant", json!({ "exp": now })), "expired"),
        ("not yet valid", issuer.token_with("assistant", json!({ "nbf": now + 600 })), "not_yet_valid"),
        (
            "issued tomorrow",
            issuer.token_with("assistant", json!({ "iat": now + 86_400, "exp": now + 90_000 })),
            "not_yet_valid",
        ),
        ("issued long ago", issuer.token_with("assistant", json!({ "iat": now - 7200 })), "too_old"),
        ("no expiry", issuer.token_with("assistant", json!({ "exp": null })), "malformed"),
        ("expiry as text", issuer.token_with("assistant", json!({ "exp": "tomorrow" })), "malformed"),
        ("another's issuer", stranger.token("assistant"), "untrusted"),
        ("our issuer, another's key", stranger.token_with("assistant", json!({ "iss": issuer.issuer() })), "untrusted"),
        (
            "issuer with a slash",
            issuer.token_with("assistant", json!({ "iss": format!("{}/", issuer.issuer()) })),
            "untrusted",
        ),
        ("another audience", issuer.token_with("assistant", json!({ "aud": "https://other.test/" })), "wrong_audience"),
        (
            "a second audience",
            issuer.token_with("assistant", json!({ "aud": [AUDIENCE, "https://other.test/"] })),
            "wrong_audience",
        ),
        ("no audience", issuer.token_with("assistant", json!({ "aud": null })), "malformed"),
        ("another type", with_header("typ", json!("dpop+jwt")), "wrong_type"),
        ("another algorithm", with_header("alg", json!("ES384")), "untrusted"),
        ("a symmetric algorithm", with_header("alg", json!("HS256")), "malformed"),
        ("an unknown key", with_header("kid", json!("unknown")), "untrusted"),
        ("a critical extension", with_header("crit", json!(["exp"])), "malformed"),
        ("a key of its own", with_own_key(&stranger, &payload), "untrusted"),
        ("unsigned", unsigned(&payload), "malformed"),
        ("signature of another", format!("{}x{}", &good[..good.len() - 9], &good[good.len() - 8..]), "untrusted"),
        ("a name twice in its claims", issuer.sign(&header, &twice), "malformed"),
        (
            "a name twice in its header",
            issuer.sign(&header.replacen('{', "{\"alg\":\"none\",", 1), &payload.to_string()),
            "malformed",
        ),
        ("claims that are a list", issuer.sign(&header, "[]"), "malformed"),
        ("oversized", issuer.token_with("assistant", json!({ "more": "m".repeat(20_000) })), "malformed"),
        ("a session token", session, "untrusted"),
        ("nobody's subject", issuer.token("somebody"), "unmapped"),
        ("no token", "not a token".to_owned(), "malformed"),
    ];
    let mut refused = 0;
    for (fault, token, code) in &faults {
        let answer = broker.exchange(token, &[]).await;
        assert_refused(fault, &answer, "invalid_request", &format!("the subject_token is refused: {code}"));
        refused += 1;
    }
    let records = broker.records_of("exchange");
    let denials: Vec<_> = records.iter().filter(|entry| entry["decision"] == "deny").collect();
    assert_eq!(denials.len(), refused);
    let expected = json!({
        "version": 1, "kind": "exchange", "time_ms": denials[0]["time_ms"], "decision": "deny", "error": "invalid_request",
    });
    assert_eq!(*denials[0], expected);
    broker.finish().await;
}

#[tokio::test]
async fn a_request_with_any_fault_is_refused() {
    let issuer = Issuer::start().await;
    let broker = Broker::start(two_upstreams(&issuer)).await;
    let token = issuer.token("assistant");
    let target = "a resource or audience is unknown or not allowed";
    let scope = "the scope is malformed or not allowed";
    for (more, error, description) in [
        (&[("audience", "three")][..], "invalid_target", target),
        (&[("audience", "one"), ("audience", "three")], "invalid_target", target),
        (&[("resource", "https://elsewhere.test/mcp/one")], "invalid_target", target),
        (&[("resource", "one")], "invalid_target", target),
        (&[("scope", "three:*")], "invalid_scope", scope),
        (&[("scope", "two:write")], "invalid_scope", scope),
        (&[("audience", "one"), ("scope", "two:read")], "invalid_scope", scope),
        (
            &[("scope", "one:* \u{7}")],
            "invalid_request",
            "the request body is not valid application/x-www-form-urlencoded",
        ),
        (&[("subject_token", "another")], "invalid_request", "a parameter is included more than once"),
        (&[("actor_token", "another")], "invalid_request", "the parameter actor_token_type is missing"),
    ] {
        let answer = broker.exchange(&token, more).await;
        assert_refused(&format!("{more:?}"), &answer, error, description);
    }
    let grant = [("grant_type", "client_credentials"), ("subject_token", &token), ("subject_token_type", JWT)];
    let answer = broker.post_form("/token", &grant).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]),
        (400, &json!("unsupported_grant_type")),
        "{answer:?}"
    );
    let url = format!("{}/token", broker.public_url());
    let answer = broker.send(Method::POST, &url, headers(&[("content-type", "application/json")]), "{}").await;
    assert_refused("JSON", &answer, "invalid_request", "send application/x-www-form-urlencoded");
    let answer = broker.send(Method::GET, &url, HeaderMap::new(), "").await;
    assert_eq!(answer.status, 405, "{answer:?}");
    let answer = broker.post_form("/token", &[("subject_token", &"t".repeat(70_000))]).await;
    assert_eq!(answer.status, 413, "{answer:?}");
    broker.finish().await;
}

#[tokio::test]
async fn an_issuer_that_is_down_or_slow_is_not_the_caller_s_fault() {
    let issuer = Issuer::start().await;
    let slow = Echo::start(|_| Reply::never()).await;
    let more = format!(
        "[[issuers]]\nname = \"slow\"\nissuer = \"{}\"\naudience = \"{AUDIENCE}\"\nalgorithms = [\"ES256\"]\n\
         addresses = \"loopback\"\n",
        slow.url()
    );
    let broker = Broker::start(two_upstreams(&issuer).more(&more)).await;
    let tokens = [issuer.token("assistant"), issuer.token_with("assistant", json!({ "iss": slow.url() }))];
    drop(issuer);
    for token in tokens {
        let answer = broker.exchange(&token, &[]).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.header("retry-after"), "1");
        let description = "the subject_token is refused: issuer_unavailable";
        assert_eq!(answer.json(), json!({ "error": "temporarily_unavailable", "error_description": description }));
    }
    assert_eq!(slow.received().len(), 1);
    broker.finish().await;
}

#[tokio::test]
async fn a_certified_provider_is_trusted_its_faulty_tokens_are_not() {
    let node = or_skip!(node());
    let fault = |end: &str| format!("https://claviger.test/{end}");
    let setup = Setup::default()
        .client("ci", &canary::plain_canary("client secret"), json!({}))
        .resource(AUDIENCE, json!({ "algorithm": "RS256", "ttl_seconds": 120 }))
        .resource(&fault("es"), json!({ "algorithm": "ES256", "payload": { "aud": AUDIENCE } }))
        .resource(&fault("expired"), json!({ "payload": { "aud": AUDIENCE }, "expires_in_seconds": -90 }))
        .resource(&fault("early"), json!({ "payload": { "aud": AUDIENCE }, "not_before_in_seconds": 600 }))
        .resource(&fault("typ"), json!({ "payload": { "aud": AUDIENCE }, "header": { "typ": "logout+jwt" } }))
        .resource(&fault("iss"), json!({ "payload": { "aud": AUDIENCE, "iss": "https://other.test" } }));
    let provider = IdentityProvider::start(&node, setup).await;
    let agents = "[[agents]]\nname = \"ci\"\nissuer = \"idp\"\nclaims = { sub = \"ci\" }\nscopes = [\"one:*\"]\n";
    let setup =
        BrokerSetup::trusting(provider.issuer()).mcp("one", "http://127.0.0.1:9/mcp", "2026-07-28").agents(agents);
    let mut broker = Broker::start(setup).await;
    for audience in [AUDIENCE, &fault("es")] {
        let answer = broker.exchange(&watched(&provider, audience).await, &[]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.json()["expires_in"].as_u64().is_some_and(|seconds| seconds <= 300), "{answer:?}");
    }
    for (end, code) in [("expired", "expired"), ("early", "not_yet_valid"), ("typ", "wrong_type"), ("iss", "untrusted")]
    {
        let answer = broker.exchange(&watched(&provider, &fault(end)).await, &[]).await;
        assert_refused(end, &answer, "invalid_request", &format!("the subject_token is refused: {code}"));
    }
    // The provider's keys change. What was fetched a moment ago is not fetched again for each of a flood of unknown keys …
    provider.rotate().await;
    let fetched = provider.count("jwks").await;
    let rotated = watched(&provider, AUDIENCE).await;
    for _ in 0..20 {
        let answer = broker.exchange(&rotated, &[]).await;
        assert_refused("rotated", &answer, "invalid_request", "the subject_token is refused: untrusted");
    }
    assert_eq!(provider.count("jwks").await, fetched);
    // … and a broker that holds no keys fetches the new ones.
    broker.restart().await;
    let answer = broker.exchange(&rotated, &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(provider.count("jwks").await, fetched + 1);
    broker.finish().await;
}

fn two_upstreams(issuer: &Issuer) -> BrokerSetup {
    BrokerSetup::trusting(issuer.issuer())
        .mcp("one", "http://127.0.0.1:9/mcp", "2026-07-28")
        .http("two", "http://127.0.0.1:9")
        .operation("read", &["GET"], "/read")
        .scopes(&["one:*", "two:read"])
}

/// A token of the provider, which may stand nowhere else.
async fn watched(provider: &IdentityProvider, audience: &str) -> String {
    let token = provider.token("ci", audience).await;
    canary::register("token of the provider", &token);
    token
}

fn assert_refused(fault: &str, answer: &Answer, error: &str, description: &str) {
    assert_eq!(answer.status, 400, "{fault}: {answer:?}");
    assert_eq!(answer.json(), json!({ "error": error, "error_description": description }), "{fault}");
    assert_eq!((answer.header("cache-control"), answer.header("content-type")), ("no-store", "application/json"));
}

/// Signed by a key that the token brings along.
fn with_own_key(stranger: &Issuer, payload: &Value) -> String {
    let mut header = Issuer::header();
    header["jwk"] = stranger.jwk();
    stranger.sign(&header.to_string(), &payload.to_string())
}

fn unsigned(payload: &Value) -> String {
    let header = json!({ "alg": "none", "typ": "JWT" });
    let token =
        format!("{}.{}.", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload.to_string()));
    canary::register("unsigned token", &token);
    token
}

/// The header and the claims of a token, unverified.
fn opened(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let json = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        serde_json::from_slice(&json).unwrap_or_default()
    });
    (parts.next().expect("a header"), parts.next().expect("claims"))
}
