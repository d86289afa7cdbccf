//! Refresh tokens that the server rotates, and ends for good when one is used twice.

use std::sync::Arc;

use provider::ProviderError;
use provider_oauth2::Flow;
use serde_json::json;

use crate::scene::{Scene, Shelf};

#[tokio::test]
async fn each_use_stores_the_next_token() {
    let scene = Scene::new().await;
    let first = scene.server.refresh_token().await;
    let shelf = Shelf::with(&first);
    let provider = scene.provider(Flow::RefreshToken(Arc::clone(&shelf) as Arc<_>));
    let lease = scene.issue(&provider).await.unwrap();
    let said = scene.introspect(&lease).await;
    assert_eq!((&said["sub"], &said["scope"]), (&json!("alice"), &json!("read")));
    let second = shelf.token();
    assert_ne!(first, second);
    // A process that starts now goes on with what is stored.
    let later = scene.provider(Flow::RefreshToken(Arc::clone(&shelf) as Arc<_>));
    scene.issue(&later).await.unwrap();
    assert_ne!(second, shelf.token());
}

#[tokio::test]
async fn sessions_that_ask_at_once_use_the_token_one_after_another() {
    let scene = Scene::new().await;
    let shelf = Shelf::with(&scene.server.refresh_token().await);
    let provider = scene.provider(Flow::RefreshToken(shelf));
    // A token that is used twice ends the grant, and all after it fail.
    let (a, b, c, d) =
        tokio::join!(scene.issue(&provider), scene.issue(&provider), scene.issue(&provider), scene.issue(&provider));
    for lease in [a, b, c, d] {
        assert_eq!(scene.introspect(&lease.unwrap()).await["active"], true);
    }
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_is_stored() {
    let scene = Scene::new().await;
    let first = scene.server.refresh_token().await;
    let shelf = Shelf::with(&first);
    let provider = scene.provider(Flow::RefreshToken(Arc::clone(&shelf) as Arc<_>));
    scene.server.control("hold", &json!({})).await;
    let given_up = async {
        while scene.server.token_count().await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        issued = scene.issue(&provider) => panic!("the answer is held back: {issued:?}"),
        () = given_up => {}
    }
    scene.server.control("release", &json!({})).await;
    scene.tasks.close();
    scene.tasks.wait().await;
    assert_ne!(shelf.token(), first);
    scene.tasks.reopen();
    scene.issue(&provider).await.unwrap();
}

#[tokio::test]
async fn a_token_that_cannot_be_stored_is_kept_until_it_can() {
    let scene = Scene::new().await;
    let first = scene.server.refresh_token().await;
    let shelf = Shelf::with(&first);
    let provider = scene.provider(Flow::RefreshToken(Arc::clone(&shelf) as Arc<_>));
    shelf.fill(true);
    for _ in 0..2 {
        scene.issue(&provider).await.unwrap();
        assert_eq!(shelf.token(), first);
    }
    // An answer that brings no token stores the one in memory too.
    shelf.fill(false);
    scene.server.control("answer", &json!({ "status": 503, "body": "" })).await;
    assert!(matches!(scene.issue(&provider).await, Err(ProviderError::Unreachable)));
    assert_ne!(shelf.token(), first);
    scene.issue(&scene.provider(Flow::RefreshToken(shelf))).await.unwrap();
}

#[tokio::test]
async fn what_an_operator_stored_meanwhile_stays() {
    let scene = Scene::new().await;
    let shelf = Shelf::with(&scene.server.refresh_token().await);
    let provider = scene.provider(Flow::RefreshToken(Arc::clone(&shelf) as Arc<_>));
    shelf.fill(true);
    scene.issue(&provider).await.unwrap();
    shelf.fill(false);
    let another = scene.server.refresh_token().await;
    shelf.put(&another);
    scene.issue(&provider).await.unwrap();
    assert_eq!(shelf.token(), another);
    scene.issue(&provider).await.unwrap();
    assert_ne!(shelf.token(), another);
}

#[tokio::test]
async fn a_revoked_token_is_told_with_what_to_do() {
    let scene = Scene::new().await;
    let token = scene.server.refresh_token().await;
    let flow = || Flow::RefreshToken(Shelf::with(&token));
    scene.issue(&scene.provider(flow())).await.unwrap();
    // The shelf of another process still has the first token, which has been used.
    let refused = scene.issue(&scene.provider(flow())).await.unwrap_err().to_string();
    assert!(
        refused.ends_with("the refresh token has ended or was revoked (invalid_grant); store another one"),
        "{refused}"
    );
    assert!(!refused.contains(&token));
}
