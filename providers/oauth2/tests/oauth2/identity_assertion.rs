//! Two servers that trust each other's word: one gives a grant, the other a token for it.

use provider::conformance::parts::{canary, token};
use provider_oauth2::{Endpoints, Flow, IdentityAssertion, OAuth2, Proof, Settings};
use serde_json::json;

use crate::{
    scene::{RESOURCE, Scene, grant, session},
    server::Server,
};

impl Scene {
    /// Tokens of `relying`, for grants of the scene's own server.
    fn through(&self, relying: &Server, proof: Proof) -> OAuth2 {
        let assertion = IdentityAssertion { identity_provider: self.settings(), proof };
        let settings =
            Settings { endpoints: Endpoints::Discovered { issuer: relying.issuer.clone() }, ..self.settings() };
        self.provider_of(settings, grant(Flow::IdentityAssertion(Box::new(assertion))))
    }
}

#[tokio::test]
async fn a_grant_of_the_identity_provider_becomes_a_token() {
    let scene = Scene::new().await;
    let relying = scene.relying().await;
    let provider = scene.through(&relying, session(None));
    let lease = scene.issue(&provider).await.unwrap();
    let said = relying.introspect(token(&lease), &scene.secret).await;
    assert_eq!((&said["active"], &said["aud"], &said["scope"]), (&json!(true), &json!(RESOURCE), &json!("read")));
    let seen = relying.control("seen", &json!({})).await["claims"][0].clone();
    for (claim, value) in [
        ("iss", &*scene.server.issuer),
        ("aud", &relying.issuer),
        ("sub", "agent:agent:upstream:api"),
        ("client_id", "basic"),
        ("resource", RESOURCE),
        ("scope", "read"),
    ] {
        assert_eq!(seen[claim], value, "{seen}");
    }
    // Each token has a grant of its own: the server takes none twice.
    scene.issue(&provider).await.unwrap();
}

#[tokio::test]
async fn each_of_the_two_can_say_no() {
    let scene = Scene::new().await;
    let relying = scene.relying().await;
    let refused = scene.issue(&scene.through(&relying, session(Some("https://other.test")))).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("at the identity provider: ") && refused.contains("(invalid_grant)"), "{refused}");
    assert_eq!(relying.token_count().await, 0);

    // An access token of the identity provider is no grant, and goes nowhere.
    let canary = "canary-of-an-access-token";
    let body = json!({ "access_token": canary, "token_type": "Bearer", "issued_token_type": "urn:ietf:params:oauth:token-type:access_token" });
    let answer = json!({ "status": 200, "body": body.to_string() });
    scene.server.control("answer", &answer).await;
    let refused = scene.issue(&scene.through(&relying, session(None))).await.unwrap_err().to_string();
    assert!(refused.ends_with("answered without a grant for another server") && !refused.contains(canary), "{refused}");
    assert_eq!(relying.token_count().await, 0);

    let stranger = Scene::new().await;
    let refused = stranger.issue(&stranger.through(&relying, session(None))).await.unwrap_err().to_string();
    assert!(refused.contains("(invalid_client)") && !refused.contains("identity provider"), "{refused}");
}

#[tokio::test]
async fn a_token_in_a_file_is_read_for_each_use() {
    let scene = Scene::new().await;
    let relying = scene.relying().await;
    let file = std::env::temp_dir().join(format!("claviger-proof-{}", canary()));
    let provider = scene.through(&relying, Proof::File(file.clone()));
    let missing = scene.issue(&provider).await.unwrap_err().to_string();
    assert!(missing.contains("cannot be opened"), "{missing}");
    for (text, said) in [(" \n".to_owned(), "is empty"), ("not-a-token\n".to_owned(), "(invalid_grant)")] {
        std::fs::write(&file, text).unwrap();
        let refused = scene.issue(&provider).await.unwrap_err().to_string();
        assert!(refused.contains(said) && !refused.contains("not-a-token"), "{refused}");
    }
    std::fs::write(&file, format!("{}\n", scene.own_token().expose())).unwrap();
    scene.issue(&provider).await.unwrap();
    std::fs::remove_file(&file).unwrap();
}
