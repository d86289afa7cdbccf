//! Each way to ask for a token, and how a token ends.

use model::Clock as _;
use provider::{
    Provider as _, ProviderError,
    conformance::parts::{stored, token},
};
use provider_oauth2::{ClientAuthentication, Flow};
use serde_json::json;

use crate::scene::{RESOURCE, Scene, grant, session};

#[tokio::test]
async fn each_client_gets_a_token_for_its_resource_and_scope() {
    let scene = Scene::new().await;
    let key = ClientAuthentication::PrivateKey { key: stored(&scene.client_key), key_id: Some("own".to_owned()) };
    for (id, authentication) in [
        ("basic", ClientAuthentication::Basic(stored(&scene.secret))),
        ("post", ClientAuthentication::Body(stored(&scene.secret))),
        ("key", key),
    ] {
        let provider = scene.provider_of(scene.settings_as(id, authentication), grant(Flow::ClientCredentials));
        let lease = scene.issue(&provider).await.unwrap();
        let said = scene.introspect(&lease).await;
        let expected = json!({ "active": true, "client_id": id, "aud": RESOURCE, "scope": "read" });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(said[name], *value, "{id}: {said}");
        }
        // The server gives it 300 seconds; the session has 200.
        assert_eq!(lease.expiry, Some(scene.caller.session_end), "{id}");
    }
}

#[tokio::test]
async fn a_session_is_exchanged_for_a_token() {
    let scene = Scene::new().await;
    for flow in [Flow::TokenExchange(session(None)), Flow::JwtBearer(session(None))] {
        let lease = scene.issue(&scene.provider(flow)).await.unwrap();
        assert_eq!(scene.introspect(&lease).await["aud"], RESOURCE);
    }
    let seen = scene.server.control("seen", &json!({})).await;
    let claims = seen["claims"].as_array().unwrap();
    assert_eq!(claims.len(), 2);
    for claims in claims {
        assert_eq!((&claims["sub"], &claims["aud"]), (&json!("agent:agent:upstream:api"), &json!(scene.server.issuer)));
    }
}

#[tokio::test]
async fn a_revoked_token_is_no_longer_active() {
    let scene = Scene::new().await;
    let provider = scene.provider(Flow::ClientCredentials);
    let [first, second] = [scene.issue(&provider).await.unwrap(), scene.issue(&provider).await.unwrap()];
    assert_eq!(scene.notes.all(), [first.id.clone(), second.id.clone()]);
    provider.revoke(&first.id).await.unwrap();
    assert_eq!(scene.introspect(&first).await, json!({ "active": false }));
    assert_eq!(scene.introspect(&second).await["active"], true);
    assert_ne!(token(&first), token(&second));
    provider.revoke(&first.id).await.unwrap();
}

#[tokio::test]
async fn after_a_crash_a_token_that_nobody_holds_ends_by_itself() {
    let scene = Scene::new().await;
    let lease = scene.issue(&scene.provider(Flow::ClientCredentials)).await.unwrap();
    let later = scene.provider(Flow::ClientCredentials);
    assert!(matches!(later.revoke(&lease.id).await, Err(ProviderError::CannotRevoke)));
    let ended = format!("oauth2/api-token/{}/x", model::SystemClock.now().as_seconds() - 10);
    later.revoke(&ended.parse().unwrap()).await.unwrap();
    for foreign in ["aws/role/1", "oauth2/x", "oauth2/x/soon/1"] {
        assert!(matches!(later.revoke(&foreign.parse().unwrap()).await, Err(ProviderError::Missing { .. })));
    }
}
