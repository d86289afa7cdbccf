//! Each principal gets each kind of token that it can have, for itself or for an account that it impersonates.

use serde_json::json;

use crate::{
    google::{KEY_ACCOUNT, READER},
    scene::{SCOPE, Scene, access_token, by_pool, id_token, impersonating, own},
};

#[tokio::test]
async fn each_way_leads_to_the_token_that_was_asked_for() {
    let scene = Scene::new().await;
    let audience = "https://service.run.app";
    for (principal, grant, expected) in [
        (scene.by_key(), own(access_token()), json!({ "of": KEY_ACCOUNT, "scope": SCOPE })),
        (scene.by_key(), own(id_token()), json!({ "of": KEY_ACCOUNT, "audience": audience })),
        (by_pool(), own(access_token()), json!({ "of": "pool", "scope": SCOPE })),
        (scene.by_key(), impersonating(id_token()), json!({ "of": READER, "audience": audience })),
        (by_pool(), impersonating(id_token()), json!({ "of": READER, "audience": audience })),
    ] {
        let lease = scene.issue(principal, grant).await.unwrap();
        assert_eq!(scene.given(&lease), expected);
        // Google gives each of them an hour; the session has ten minutes.
        assert_eq!(lease.expiry, Some(scene.caller.session_end));
    }
}

#[tokio::test]
async fn an_impersonated_token_is_asked_for_until_the_sessions_end() {
    let scene = Scene::new().await;
    for principal in [scene.by_key(), by_pool()] {
        let lease = scene.issue(principal, impersonating(access_token())).await.unwrap();
        let given = scene.given(&lease);
        assert_eq!((&given["of"], &given["scope"]), (&json!(READER), &json!([SCOPE])));
        let life = given["life"].as_u64().unwrap();
        assert!((540..=600).contains(&life), "{life}");
    }
}
