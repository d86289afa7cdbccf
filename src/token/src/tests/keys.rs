//! The cache of an issuer's keys under floods, rotation, outages and slowness.

use std::{sync::Arc, time::Duration};

use model::{Clock, ManualClock, Timestamp};
use serde_json::json;

use super::support::{Answer, IDP, IdpKey, NOW, Network, claims, clock, idp_config, issuers, jwks};
use crate::{FetchError, Issuers, KeysUnavailable, TokenRefused};

const WINDOW: Duration = Duration::from_secs(30);

/// A token of `key` that lives as long as a test needs.
fn token(key: &IdpKey, clock: &ManualClock) -> String {
    let mut claims = claims("agent-1", "builder");
    let now = clock.now().as_seconds();
    (claims["iat"], claims["nbf"], claims["exp"]) = (json!(now), json!(now), json!(now + 600));
    key.sign(&claims)
}

async fn refusal(issuers: &Issuers, token: &str) -> TokenRefused {
    issuers.verify(token).await.unwrap_err()
}

#[tokio::test]
async fn a_flood_of_unknown_keys_causes_one_fetch_a_window_and_a_rotation_amid_it_succeeds() {
    let (old, new) = (IdpKey::new("old"), IdpKey::new("new"));
    let (network, clock) = (Network::with_idp(&[&old]), clock());
    let issuers = issuers(&network, &clock, idp_config());
    assert!(issuers.verify(&token(&old, &clock)).await.is_ok());
    assert_eq!(network.all_fetches(), 2, "discovery and keys");

    clock.advance(WINDOW);
    let claims = claims("agent-1", "builder").to_string();
    for i in 0..10_000 {
        if i == 5_000 {
            network.answer("/keys", Answer::Body(jwks(&[&old, &new]), None));
            assert_eq!(
                refusal(&issuers, &token(&new, &clock)).await,
                TokenRefused::KeyUnknown,
                "the window is used up"
            );
        }
        let forged = old.sign_text(&json!({"alg": "ES256", "kid": format!("forged-{i}")}).to_string(), &claims);
        assert_eq!(refusal(&issuers, &forged).await, TokenRefused::KeyUnknown);
    }
    assert_eq!(network.key_fetches(), 2, "one for the first use, one for the flood");
    assert!(issuers.verify(&token(&old, &clock)).await.is_ok(), "known keys are served all the while");

    clock.advance(WINDOW);
    assert!(issuers.verify(&token(&new, &clock)).await.is_ok(), "the first request after the window finds the new key");
    assert_eq!((network.key_fetches(), network.all_fetches()), (3, 4), "and discovery was not repeated");
}

#[tokio::test]
async fn a_key_that_a_fetch_did_not_find_asks_for_no_other_fetch_for_a_minute() {
    let (key, gone) = (IdpKey::new("k"), IdpKey::new("gone"));
    let (network, clock) = (Network::with_idp(&[&key]), clock());
    let issuers = issuers(&network, &clock, idp_config());
    assert!(issuers.verify(&token(&key, &clock)).await.is_ok());
    for (wait, fetches) in [(30, 2), (30, 2), (29, 2), (1, 3), (1, 3)] {
        clock.advance(Duration::from_secs(wait));
        assert_eq!(refusal(&issuers, &token(&gone, &clock)).await, TokenRefused::KeyUnknown);
        assert_eq!(network.key_fetches(), fetches);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_at_once_share_one_flight() {
    let key = IdpKey::new("k");
    let (network, clock) = (Network::with_idp(&[&key]), clock());
    let issuers = Arc::new(issuers(&network, &clock, idp_config()));
    let token = Arc::new(token(&key, &clock));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (issuers, token) = (Arc::clone(&issuers), Arc::clone(&token));
        callers.spawn(async move { issuers.verify(&token).await.is_ok() });
    }
    assert!(callers.join_all().await.into_iter().all(|verified| verified));
    assert_eq!(network.all_fetches(), 2);
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_end_the_fetch_for_the_others() {
    let key = IdpKey::new("k");
    let (network, clock) = (Network::with_idp(&[&key]), clock());
    let issuers = issuers(&network, &clock, idp_config());
    let token = token(&key, &clock);
    {
        let mut hung_up = std::pin::pin!(issuers.verify(&token));
        assert!(
            std::future::poll_fn(|context| std::task::Poll::Ready(hung_up.as_mut().poll(context))).await.is_pending()
        );
    }
    assert!(issuers.verify(&token).await.is_ok());
    assert_eq!(network.key_fetches(), 1);
}

#[tokio::test]
async fn the_last_good_keys_are_served_to_the_limit_and_no_longer() {
    let key = IdpKey::new("k");
    let (network, clock) = (Network::with_idp(&[&key]), clock());
    let issuers = issuers(&network, &clock, idp_config());
    assert!(issuers.verify(&token(&key, &clock)).await.is_ok());

    network.answer("/keys", Answer::Fails(FetchError::Unreachable));
    network.answer("/.well-known/openid-configuration", Answer::Fails(FetchError::Unreachable));
    clock.advance(Duration::from_secs(24 * 60 * 60));
    assert!(issuers.verify(&token(&key, &clock)).await.is_ok(), "at the limit");
    clock.advance(Duration::from_millis(1));
    assert_eq!(refusal(&issuers, &token(&key, &clock)).await, TokenRefused::IssuerUnavailable, "past the limit");

    network.answer("/keys", Answer::Body(jwks(&[&key]), None));
    let document = json!({"issuer": IDP, "jwks_uri": format!("{IDP}/keys")}).to_string();
    network.answer("/.well-known/openid-configuration", Answer::Body(document, None));
    assert_eq!(refusal(&issuers, &token(&key, &clock)).await, TokenRefused::IssuerUnavailable, "within the window");
    clock.advance(WINDOW);
    assert!(issuers.verify(&token(&key, &clock)).await.is_ok(), "the issuer is back");
}

#[tokio::test]
async fn keys_are_fetched_again_before_their_life_ends_without_anybody_waiting() {
    let (old, new) = (IdpKey::new("old"), IdpKey::new("new"));
    let (network, clock) = (Network::with_idp(&[&old]), clock());
    let issuers = issuers(&network, &clock, idp_config());
    assert!(issuers.verify(&token(&old, &clock)).await.is_ok());
    network.answer("/keys", Answer::Body(jwks(&[&new]), None));

    clock.advance(Duration::from_secs(3600 * 8 / 10));
    assert!(issuers.verify(&token(&old, &clock)).await.is_ok());
    tokio::task::yield_now().await;
    assert_eq!(network.key_fetches(), 1, "not yet due");
    clock.advance(Duration::from_millis(1));
    assert!(issuers.verify(&token(&old, &clock)).await.is_ok(), "the caller who starts the flight does not wait");
    // The flight needs a few turns of the runtime; far fewer than these.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(network.key_fetches(), 2);
    assert_eq!(refusal(&issuers, &token(&old, &clock)).await, TokenRefused::KeyUnknown, "withdrawn keys are gone");
    assert!(issuers.verify(&token(&new, &clock)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_slow_issuer_is_answered_for_within_five_seconds() {
    let key = IdpKey::new("k");
    let (network, clock) = (Network::with_idp(&[&key]), clock());
    network.answer("/keys", Answer::Hangs);
    let issuers = issuers(&network, &clock, idp_config());
    let started = tokio::time::Instant::now();
    assert_eq!(refusal(&issuers, &token(&key, &clock)).await, TokenRefused::IssuerUnavailable);
    assert_eq!(started.elapsed().as_secs(), 5);
    assert_eq!(refusal(&issuers, &token(&key, &clock)).await, TokenRefused::IssuerUnavailable);
    assert_eq!((started.elapsed().as_secs(), network.key_fetches()), (5, 1), "the second caller is told at once");
    clock.advance(Duration::from_secs(5));
    network.answer("/keys", Answer::Body(jwks(&[&key]), None));
    assert!(issuers.verify(&token(&key, &clock)).await.is_ok(), "a first fetch is repeated sooner");
}

#[tokio::test]
async fn a_bad_answer_never_replaces_good_keys() {
    let key = IdpKey::new("k");
    let (network, clock) = (Network::with_idp(&[&key]), clock());
    let issuers = issuers(&network, &clock, idp_config());
    assert!(issuers.verify(&token(&key, &clock)).await.is_ok());
    let other = json!({"issuer": "https://evil.example", "jwks_uri": format!("{IDP}/keys")}).to_string();
    for (path, answer, why) in [
        (
            "/keys",
            Answer::Body(r#"{"keys":[]}"#.to_owned(), None),
            "the key set holds no key for the allowed algorithms",
        ),
        ("/keys", Answer::Body("<html>".to_owned(), None), "the key set: not one JSON text"),
        ("/keys", Answer::Fails(FetchError::Status(302)), "the issuer answered with status 302"),
        (
            "/.well-known/openid-configuration",
            Answer::Body(other, None),
            "the discovery document names another issuer than the configuration; they must be equal byte for byte",
        ),
    ] {
        network.answer(path, answer);
        let outcome: Vec<Result<(), KeysUnavailable>> = issuers.check().await.into_iter().map(|(_, one)| one).collect();
        assert_eq!(outcome[0].unwrap_err().to_string(), why);
        assert!(issuers.verify(&token(&key, &clock)).await.is_ok(), "{why}");
    }
}

#[tokio::test]
async fn one_issuers_keys_never_verify_anothers_token() {
    let (ours, theirs) = (IdpKey::new("same-kid"), IdpKey::new("same-kid"));
    let network = Network::with_idp(&[&ours]);
    let clock = clock();
    let mut other = idp_config();
    (other.name, other.issuer) = ("other".parse().unwrap(), format!("{IDP}/other"));
    other.jwks_uri = Some(format!("{IDP}/other-keys"));
    network.answer("/other-keys", Answer::Body(jwks(&[&theirs]), None));
    let fetch: Arc<dyn crate::Fetch> = Arc::clone(&network) as _;
    let issuers = Issuers::new("https://gw.example", vec![idp_config(), other], &fetch, clock).unwrap();
    let mut claims = claims("agent-1", "builder");
    assert!(issuers.verify(&ours.sign(&claims)).await.is_ok());
    assert_eq!(refusal(&issuers, &theirs.sign(&claims)).await, TokenRefused::Signature);
    claims["iss"] = json!(format!("{IDP}/other"));
    assert!(issuers.verify(&theirs.sign(&claims)).await.is_ok());
    assert_eq!(refusal(&issuers, &ours.sign(&claims)).await, TokenRefused::Signature);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_hold_a_refetch_up() {
    let (old, new) = (IdpKey::new("old"), IdpKey::new("new"));
    let network = Network::with_idp(&[&old]);
    let steps = Arc::new(SteppedClock::default());
    let fetch: Arc<dyn crate::Fetch> = Arc::clone(&network) as _;
    let shared: Arc<dyn Clock> = Arc::clone(&steps) as _;
    let issuers = Issuers::new("https://gw.example", vec![idp_config()], &fetch, shared).unwrap();
    let claims = claims("agent-1", "builder");
    *steps.0.lock() = NOW + 20;
    assert!(issuers.verify(&old.sign(&claims)).await.is_ok());
    *steps.0.lock() = NOW;
    network.answer("/keys", Answer::Body(jwks(&[&new]), None));
    assert!(issuers.verify(&new.sign(&claims)).await.is_ok());
}

/// A clock that a test can also set back.
#[derive(Debug, Default)]
struct SteppedClock(parking_lot::Mutex<u64>);

impl Clock for SteppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(*self.0.lock())
    }
}
