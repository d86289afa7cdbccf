//! Tokens with one fault each, and the whole answer to each of them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::support::{
    Answer, IDP, IdpKey, NOW, Network, OURSELVES, claims, clock, exchange, idp_config, issuers, request, rule,
    with_actor,
};
use crate::{Exchange, FetchError, TokenRefused};

/// What a caller sees, and what the log says.
async fn answer(exchange: &Exchange, token: &str) -> (u16, String, String) {
    let refused = exchange.grant(&request(token, "")).await.unwrap_err();
    (refused.code().status().as_u16(), serde_json::to_string(&refused.body()).unwrap(), refused.to_string())
}

fn refused(code: &str) -> String {
    format!(r#"{{"error":"invalid_request","error_description":"the subject_token is refused: {code}"}}"#)
}

/// The claims with some replaced; `null` takes one away.
fn with(changes: Value) -> String {
    let mut claims = claims("agent-1", "builder");
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims.to_string()
}

#[tokio::test]
async fn a_token_with_one_fault_is_refused_with_its_reason() {
    let (key, stranger) = (IdpKey::new("k"), IdpKey::new("k"));
    let network = Network::with_idp(&[&key]);
    let exchange = exchange(issuers(&network, &clock(), idp_config()), vec![rule("builder", "a:* b:x", None)]);
    let header = r#"{"alg":"ES256","kid":"k","typ":"JWT"}"#;
    let good = with(json!({}));
    assert!(exchange.grant(&request(&key.sign_text(header, &good), "")).await.is_ok(), "the positive control");

    let duplicate = good.replacen('{', r#"{"sub":"admin","#, 1);
    let text = |name: &str, to: &str| {
        good.replace(&format!(r#""{name}":{}"#, claims("agent-1", "builder")[name]), &format!(r#""{name}":{to}"#))
    };
    let mut faults: Vec<(String, &str, &str)> = Vec::new();
    for (changes, code, why) in [
        (json!({"exp": NOW - 30}), "expired", "the token has expired"),
        (json!({"exp": null}), "malformed", "the claim exp is missing"),
        (json!({"exp": (NOW + 600).to_string()}), "malformed", "the claim exp is malformed"),
        (json!({"exp": -1}), "malformed", "the claim exp is malformed"),
        (json!({"exp": 253_402_300_800_u64}), "malformed", "the claim exp is malformed"),
        (json!({"nbf": NOW + 31}), "not_yet_valid", "the token is not yet valid"),
        (json!({"nbf": "soon"}), "malformed", "the claim nbf is malformed"),
        (json!({"iat": NOW + 31}), "not_yet_valid", "the token is not yet valid"),
        (
            json!({"iat": NOW - 3631}),
            "too_old",
            "the token was issued too long ago; see the issuer's `max_age_seconds`",
        ),
        (json!({"iat": null}), "malformed", "the claim iat is missing"),
        (json!({"iss": null}), "malformed", "the claim iss is missing"),
        (json!({"iss": [IDP]}), "malformed", "the claim iss is malformed"),
        (json!({"iss": format!("{IDP}/")}), "untrusted", "the issuer is not configured"),
        (json!({"iss": IDP.to_uppercase()}), "untrusted", "the issuer is not configured"),
        (
            json!({"iss": OURSELVES}),
            "untrusted",
            "the token was issued by this server; session tokens cannot be exchanged",
        ),
        (json!({"aud": null}), "malformed", "the claim aud is missing"),
        (json!({"aud": []}), "wrong_audience", "the token is for another audience; see the issuer's `audience`"),
        (
            json!({"aud": "Claviger"}),
            "wrong_audience",
            "the token is for another audience; see the issuer's `audience`",
        ),
        (
            json!({"aud": "claviger/"}),
            "wrong_audience",
            "the token is for another audience; see the issuer's `audience`",
        ),
        (
            json!({"aud": ["claviger", "https://other.example"]}),
            "wrong_audience",
            "the token is for other audiences too; request one for this server alone",
        ),
        (json!({"aud": [["claviger"]]}), "malformed", "the claim aud is malformed"),
        (json!({"aud": {"claviger": true}}), "malformed", "the claim aud is malformed"),
        (json!({"sub": null}), "malformed", "the claim sub is missing"),
        (json!({"sub": ""}), "malformed", "the claim sub is malformed"),
        (json!({"sub": "a\nb"}), "malformed", "the claim sub is malformed"),
        (json!({"sub": 7}), "malformed", "the claim sub is malformed"),
        (json!({"sub": "x".repeat(513)}), "malformed", "the claim sub is malformed"),
        (json!({"roles": ["nobody"]}), "unmapped", "no agent rule matches the token's claims"),
    ] {
        faults.push((key.sign_text(header, &with(changes)), code, why));
    }
    for (claims, code, why) in [
        (duplicate, "malformed", "the claims: a member stands twice in one JSON object"),
        (text("exp", "1800000600.0"), "malformed", "the claim exp is malformed"),
        (text("exp", "1.8e9"), "malformed", "the claim exp is malformed"),
        (text("exp", "1e400"), "malformed", "the claims: not one JSON text"),
        (format!("{good} {{}}"), "malformed", "the claims: not one JSON text"),
        (format!("\u{feff}{good}"), "malformed", "the claims: not one JSON text"),
        ("[]".to_owned(), "malformed", "the claims: not a JSON object"),
        (with(json!({"pad": "x".repeat(16_000)})), "malformed", "the token is longer than 16 KiB"),
    ] {
        faults.push((key.sign_text(header, &claims), code, why));
    }
    for (header, code, why) in [
        (
            r#"{"alg":"ES256","kid":"k","typ":"at+jwt"}"#,
            "wrong_type",
            "the type is not allowed for this issuer; see its `token_types`",
        ),
        (
            r#"{"alg":"ES256","kid":"k","typ":"dpop+jwt"}"#,
            "wrong_type",
            "the type is not allowed for this issuer; see its `token_types`",
        ),
        (r#"{"alg":"none","kid":"k"}"#, "malformed", "the header names no supported signature algorithm"),
        (r#"{"alg":"HS256","kid":"k"}"#, "malformed", "the header names no supported signature algorithm"),
        (
            r#"{"alg":"ES384","kid":"k"}"#,
            "untrusted",
            "the algorithm is not allowed for this issuer; see its `algorithms`",
        ),
        (r#"{"alg":"RS256","kid":"k"}"#, "untrusted", "the key is not for the token's algorithm"),
        (r#"{"alg":"ES256","kid":"K"}"#, "untrusted", "the issuer publishes no such key"),
        (r#"{"alg":"ES256","kid":"../k"}"#, "untrusted", "the issuer publishes no such key"),
        (r#"{"alg":"ES256","kid":"k","kid":"k"}"#, "malformed", "the header: a member stands twice in one JSON object"),
        (
            r#"{"alg":"ES256","kid":"k","crit":["b64"],"b64":false}"#,
            "malformed",
            "the header holds crit, b64, zip or enc",
        ),
    ] {
        faults.push((key.sign_text(header, &good), code, why));
    }
    // The embedded key would verify; it is ignored.
    let embedded =
        json!({"alg": "ES256", "kid": "k", "jwk": stranger.jwk(), "jku": "https://evil.example/keys"}).to_string();
    faults.push((stranger.sign_text(&embedded, &good), "untrusted", "the signature does not verify"));
    faults.push((
        stranger.sign_text(header, &with(json!({"exp": NOW - 9999}))),
        "untrusted",
        "the signature does not verify",
    ));
    let signed = key.sign_text(header, &good);
    let (message, signature) = signed.rsplit_once('.').unwrap();
    let zero = URL_SAFE_NO_PAD.encode([0; 64]);
    let swapped = key.sign_text(header, &with(json!({"sub": "other"})));
    let swapped = format!("{}.{signature}", swapped.rsplit_once('.').unwrap().0);
    faults.push((format!("{message}.{zero}"), "untrusted", "the signature does not verify"));
    faults.push((swapped, "untrusted", "the signature does not verify"));
    faults.push((format!("{message}."), "malformed", "the token is not a signed token in compact form"));
    faults.push((format!("{signed}.x"), "malformed", "the token is not a signed token in compact form"));
    faults.push((format!("{signed}="), "malformed", "the token is not a signed token in compact form"));
    faults.push(("canary".to_owned(), "malformed", "the token is not a signed token in compact form"));

    for (token, code, why) in &faults {
        let seen = answer(&exchange, token).await;
        assert_eq!(seen, (400, refused(code), format!("subject token: {why}")));
    }
    println!("{} single-fault tokens refused, each with its reason", faults.len());
    assert!(network.all_fetches() <= 3, "no header made us fetch from anywhere else");
}

#[tokio::test]
async fn the_leeway_is_for_clocks_and_not_for_life() {
    let key = IdpKey::new("k");
    let network = Network::with_idp(&[&key]);
    let exchange = exchange(issuers(&network, &clock(), idp_config()), vec![rule("builder", "a:*", None)]);
    let sign = |changes| key.sign_text(r#"{"alg":"ES256","kid":"k"}"#, &with(changes));
    for accepted in
        [json!({"nbf": NOW + 30}), json!({"iat": NOW + 30}), json!({"iat": NOW - 3630}), json!({"nbf": null})]
    {
        assert!(exchange.grant(&request(&sign(accepted.clone()), "")).await.is_ok(), "{accepted}");
    }
    assert!(exchange.issuers().verify(&sign(json!({"exp": NOW - 29}))).await.is_ok(), "accepted in its leeway");
    let over = exchange.issuers().verify(&sign(json!({"exp": NOW - 30}))).await;
    assert_eq!(over.unwrap_err(), TokenRefused::Expired, "and not a second longer");
    let seen = answer(&exchange, &sign(json!({"exp": NOW - 29}))).await;
    assert_eq!(
        seen,
        (400, refused("expired"), "subject token: the token has expired".to_owned()),
        "and nothing to grant"
    );
}

#[tokio::test]
async fn an_issuer_that_is_down_is_no_fault_of_the_caller() {
    let key = IdpKey::new("k");
    let network = Network::with_idp(&[&key]);
    network.answer("/keys", Answer::Fails(FetchError::Unreachable));
    let exchange = exchange(issuers(&network, &clock(), idp_config()), vec![rule("builder", "a:*", None)]);
    let seen = answer(&exchange, &key.sign(&claims("agent-1", "builder"))).await;
    let body =
        r#"{"error":"temporarily_unavailable","error_description":"the subject_token is refused: issuer_unavailable"}"#;
    assert_eq!(seen, (503, body.to_owned(), "subject token: the issuer's keys could not be fetched".to_owned()));
}

#[tokio::test]
async fn the_answer_says_which_token_it_was() {
    let key = IdpKey::new("k");
    let network = Network::with_idp(&[&key]);
    let exchange = exchange(issuers(&network, &clock(), idp_config()), vec![rule("builder", "a:*", None)]);
    let subject = key.sign(&claims("alice", "user"));
    let refused = exchange.grant(&request(&subject, &with_actor("canary"))).await.unwrap_err();
    assert_eq!(
        serde_json::to_string(&refused.body()).unwrap(),
        r#"{"error":"invalid_request","error_description":"the actor_token is refused: malformed"}"#
    );
}
