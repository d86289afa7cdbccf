//! Accounts that users connect: from the link in the answer to a call, through a sign-in at the identity provider and a consent at
//! the upstream's authorization server, to calls with the user's own tokens.

mod elicitation;
mod refusals;
mod scene;

use http::StatusCode;

use self::scene::{Scene, text};
use crate::support::{
    canary,
    peers::{self, or_skip},
    people::Browser,
};

#[tokio::test]
async fn a_user_connects_once_and_the_agent_goes_on() {
    let node = or_skip!(peers::node());
    let mut scene = Scene::new(&node).await;
    let link = scene.link("alice").await;
    let mut browser = Browser::default();
    // A program that looks at the link first uses nothing up.
    assert_eq!(Browser::default().visit(&link).await.status, StatusCode::SEE_OTHER);
    let page = scene.sign_in(&mut browser, &link, "alice").await;
    let asked = text(&page);
    assert!(asked.contains("signed in as <b>alice</b>") && asked.contains("The agent <b>alice-agent</b>"), "{asked}");
    for (header, value) in [
        ("content-security-policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(page.header(header), value);
    }
    let back = scene.consent(&mut browser, &page).await;
    let connected = browser.visit(&back).await;
    assert!(connected.status == 200 && text(&connected).contains("go back to your agent"), "{connected:?}");
    for _ in 0..2 {
        let answer = scene.call("alice").await;
        assert_eq!((answer.status.as_u16(), answer.body.as_ref()), (200, &b"Bearer (masked-secret)"[..]));
        assert_eq!(scene.last_owner().await.as_deref(), Some("alice-at-crm"));
        // It is sealed on disk, and changes with each use.
        scene.broker.kill().await;
        scene.broker.serve().await;
    }
    assert_eq!(scene.call("alice").await.status, 200);
    // What alice connected is nobody else's.
    assert_ne!(scene.link("bob").await, link);
    let recorded = scene.broker.records_of("connection");
    assert_eq!(recorded.len(), 1, "{recorded:?}");
    let entry = &recorded[0];
    assert_eq!((&entry["decision"], &entry["agent"]), (&"permit".into(), &"alice-agent".into()));
    assert_eq!((&entry["subject"]["sub"], &entry["upstream"]), (&"alice".into(), &"crm".into()));
    let refused =
        scene.broker.records_of("outcome").into_iter().filter(|entry| entry["ending"] == "connection_required");
    assert_eq!(refused.count(), 2);
    scene.finish().await;
}

#[tokio::test]
async fn a_consent_that_was_taken_back_is_asked_for_again() {
    let node = or_skip!(peers::node());
    let scene = Scene::new(&node).await;
    scene.connect("alice").await;
    assert_eq!(scene.call("alice").await.status, 200);
    scene.accounts.end().await;
    scene.link("alice").await;
    scene.connect("alice").await;
    assert_eq!(scene.call("alice").await.status, 200);
    scene.finish().await;
}

#[tokio::test]
async fn a_user_who_reconnects_uses_the_other_account() {
    let node = or_skip!(peers::node());
    let scene = Scene::new(&node).await;
    let links = [scene.link("alice").await, scene.link("alice").await];
    for (link, account) in links.iter().zip(["first-account", "second-account"]) {
        let mut browser = Browser::default();
        let page = scene.sign_in(&mut browser, link, "alice").await;
        let back = scene.consent_as(&mut browser, &page, account).await;
        assert_eq!(browser.visit(&back).await.status, 200);
        assert_eq!(scene.call("alice").await.status, 200);
        assert_eq!(scene.last_owner().await.as_deref(), Some(account));
    }
    scene.finish().await;
}

#[tokio::test]
async fn the_vault_of_another_destination_has_no_connection() {
    let node = or_skip!(peers::node());
    let mut scene = Scene::new(&node).await;
    scene.connect("alice").await;
    assert_eq!(scene.call("alice").await.status, 200);
    scene.broker.stop().await;
    // Whoever may write the configuration sends the calls elsewhere.
    let path = scene.broker.path("claviger.toml");
    let config = std::fs::read_to_string(&path).expect("the configuration");
    let elsewhere = format!("{}/elsewhere", scene.upstream.url());
    std::fs::write(&path, config.replace(scene.upstream.url(), &elsewhere)).expect("the configuration");
    scene.broker.serve().await;
    let count = scene.upstream.received().len();
    scene.link("alice").await;
    assert_eq!(scene.upstream.received().len(), count);
    canary::assert_clean("the output", scene.broker.printed().as_bytes());
    scene.finish().await;
}
