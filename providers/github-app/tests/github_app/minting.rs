//! A token is as narrow as its credential, and ends with its lease.

use provider::{Provider as _, ProviderError, conformance::parts::token};
use serde_json::json;

use crate::scene::{FullJournal, Scene};

#[tokio::test]
async fn a_token_is_asked_for_by_repository_and_permission() {
    let scene = Scene::new().await;
    let lease = scene.issue(&scene.provider()).await.unwrap();
    let asked = json!({ "repositories": ["website"], "permissions": { "contents": "read", "issues": "write" } });
    assert_eq!(scene.github.state.lock().asked, [asked]);
    assert_eq!(scene.live_tokens(), [token(&lease).to_owned()]);
    // The token has an hour; the session has a quarter of one.
    assert_eq!(lease.expiry, Some(scene.caller.session_end));
    assert_eq!(scene.notes.all(), [lease.id]);
}

#[tokio::test]
async fn a_revoked_lease_ends_its_token_and_no_other() {
    let scene = Scene::new().await;
    let provider = scene.provider();
    let [first, second] = [scene.issue(&provider).await.unwrap(), scene.issue(&provider).await.unwrap()];
    provider.revoke(&first.id).await.unwrap();
    assert_eq!(scene.live_tokens(), [token(&second).to_owned()]);
    provider.revoke(&first.id).await.unwrap();
    scene.github.state.lock().tokens.clear();
    // GitHub ended it by itself.
    provider.revoke(&second.id).await.unwrap();
}

#[tokio::test]
async fn a_revocation_that_fails_can_be_tried_again() {
    let scene = Scene::new().await;
    let provider = scene.provider();
    let lease = scene.issue(&provider).await.unwrap();
    scene.github.state.lock().forced = Some((502, None, String::new()));
    assert!(matches!(provider.revoke(&lease.id).await, Err(ProviderError::Unreachable)));
    assert_eq!(scene.live_tokens().len(), 1);
    provider.revoke(&lease.id).await.unwrap();
    assert_eq!(scene.live_tokens().len(), 0);
}

#[tokio::test]
async fn after_a_crash_a_token_that_nobody_holds_ends_by_itself() {
    let scene = Scene::new().await;
    let lease = scene.issue(&scene.provider()).await.unwrap();
    assert!(matches!(scene.provider().revoke(&lease.id).await, Err(ProviderError::CannotRevoke)));
}

#[tokio::test]
async fn what_cannot_be_journaled_is_ended() {
    let scene = Scene::new().await;
    let refused = scene.issue_with(&scene.provider(), &FullJournal).await;
    assert!(matches!(refused, Err(ProviderError::Journal(_))));
    assert_eq!((scene.live_tokens().len(), scene.github.state.lock().asked.len()), (0, 1));
}

#[tokio::test]
async fn a_token_that_may_do_more_is_ended_and_not_used() {
    let scene = Scene::new().await;
    for (member, value) in [
        ("permissions", json!({ "contents": "write", "metadata": "read" })),
        ("permissions", json!({ "contents": "read", "administration": "read" })),
        ("permissions", json!({ "metadata": "write" })),
        ("repository_selection", json!("all")),
        ("repositories", json!([{ "name": "website" }, { "name": "payroll" }])),
    ] {
        scene.github.state.lock().changed.insert(member.to_owned(), value.clone());
        let refused = scene.issue(&scene.provider()).await.unwrap_err().to_string();
        assert!(refused.ends_with("may do more than was asked for; it was ended"), "{member} {value}: {refused}");
        assert_eq!(scene.live_tokens().len(), 0, "{member} {value}");
    }
    let narrower = json!({ "contents": "read", "issues": "read" });
    scene.github.state.lock().changed.insert("permissions".to_owned(), narrower);
    scene.issue(&scene.provider()).await.unwrap();
}
