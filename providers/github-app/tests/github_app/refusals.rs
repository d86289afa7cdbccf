//! Each way to be refused, with words of our own.

use std::{collections::BTreeMap, sync::Arc};

use model::{Clock as _, ManualClock, SystemClock, Timestamp};
use provider::{ProviderError, conformance::parts::stored};
use provider_github_app::{Access, Grant, Settings};
use serde_json::json;

use crate::{
    github::app_key,
    scene::{Scene, grant},
};

impl Scene {
    async fn refusal(&self, settings: Settings, grant: Grant) -> ProviderError {
        let refused = self.issue(&self.provider_of(settings, grant)).await.unwrap_err();
        assert_eq!((self.live_tokens().len(), self.notes.all().len()), (0, 0), "nothing was made");
        refused
    }
}

#[tokio::test]
async fn an_app_that_github_does_not_know_is_told_so() {
    let scene = Scene::new().await;
    let (other, _) = app_key();
    for settings in
        [Settings { key: stored(&other), ..scene.settings() }, Settings { app: "1".to_owned(), ..scene.settings() }]
    {
        let refused = scene.refusal(settings, grant()).await.to_string();
        assert!(refused.contains("GitHub does not accept the App (401)"), "{refused}");
    }
    let settings = Settings { key: stored("no key"), ..scene.settings() };
    assert!(matches!(scene.refusal(settings, grant()).await, ProviderError::Missing { .. }));
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_so() {
    let scene = Scene::new().await;
    let now = SystemClock.now().as_seconds();
    for (off, is_accepted) in [(now - 3600, false), (now + 3600, false), (now + 50, true)] {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(off)));
        let issued = scene.issue(&scene.provider_by(scene.settings(), grant(), clock)).await;
        match issued {
            Ok(_) => assert!(is_accepted, "{off} at {now}"),
            Err(refused) => {
                let refused = refused.to_string();
                assert!(!is_accepted && refused.ends_with("look at this machine's clock"), "{refused}");
            }
        }
    }
}

#[tokio::test]
async fn an_installation_that_has_less_is_told_so() {
    let scene = Scene::new().await;
    let wide = BTreeMap::from([("administration".to_owned(), Access::Read)]);
    for (grant, said) in [
        (Grant { installation: 1, ..grant() }, "does not know this installation"),
        (Grant { repositories: vec!["payroll".to_owned()], ..grant() }, "does not have all of these repositories"),
        (Grant { permissions: wide, ..grant() }, "does not have all of these repositories and permissions"),
    ] {
        let refused = scene.refusal(scene.settings(), grant).await.to_string();
        assert!(refused.contains(said), "{refused}");
    }
}

#[tokio::test]
async fn a_github_that_is_busy_is_not_blamed_on_the_app() {
    let scene = Scene::new().await;
    for (status, header) in [
        (500, None),
        (503, None),
        (429, None),
        (403, Some(("x-ratelimit-remaining", "0"))),
        (403, Some(("retry-after", "60"))),
    ] {
        scene.github.state.lock().forced = Some((status, header, "canary".to_owned()));
        let refused = scene.refusal(scene.settings(), grant()).await;
        assert!(matches!(refused, ProviderError::Unreachable), "{status}: {refused}");
    }
    scene.github.state.lock().forced = Some((403, None, "canary".to_owned()));
    let refused = scene.refusal(scene.settings(), grant()).await.to_string();
    assert!(refused.contains("may be suspended") && !refused.contains("canary"), "{refused}");
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let scene = Scene::new().await;
    let good = json!({ "token": "ghs_canary", "expires_at": "2100-01-01T00:00:00Z", "permissions": {},
        "repository_selection": "selected" });
    let with = |member: &str, value: serde_json::Value| {
        let mut changed = good.clone();
        changed[member] = value;
        changed.to_string()
    };
    for body in [
        String::new(),
        "[]".to_owned(),
        with("token", json!("")),
        with("token", json!("a\nb")),
        with("expires_at", json!("soon")),
        with("permissions", json!({ "contents": "everything" })),
    ] {
        scene.github.state.lock().forced = Some((201, None, body.clone()));
        let refused = scene.refusal(scene.settings(), grant()).await.to_string();
        assert!(refused.ends_with("GitHub answered without a usable token"), "{body}: {refused}");
    }
    scene.github.state.lock().forced = Some((302, Some(("location", "https://evil.test")), String::new()));
    let refused = scene.refusal(scene.settings(), grant()).await.to_string();
    assert!(refused.ends_with("status 302"), "{refused}");
}
