//! Every way in which a link, an answer or a browser is not the right one: nothing is connected.

use super::scene::{Scene, stranger, text};
use crate::support::{
    peers::{self, or_skip},
    people::Browser,
};

#[tokio::test]
async fn a_link_is_for_its_user_and_for_one_time() {
    let node = or_skip!(peers::node());
    let scene = Scene::new(&node).await;
    let link = scene.link("alice").await;
    // Bob gets the link of alice's agent, and signs in as himself.
    let page = scene.sign_in(&mut Browser::default(), &link, "bob").await;
    assert!(page.status == 403 && text(&page).contains("another person"), "{page:?}");
    for refused in ["alice", "bob"] {
        scene.link(refused).await;
    }
    // It is still alice's.
    scene.follow(&link, "alice").await;
    assert_eq!(scene.call("alice").await.status, 200);
    scene.link("bob").await;
    // Used, and made up.
    for stale in [link.clone(), format!("{}/connect/{}", scene.broker.public_url(), "a".repeat(43))] {
        let page = Browser::default().visit(&stale).await;
        assert!(page.status == 410 && text(&page).contains("too old"), "{page:?}");
    }
    assert_eq!(scene.recorded(), ["signed_in_as_another", "connected"]);
    scene.finish().await;
}

#[tokio::test]
async fn two_who_opened_one_link_connect_once() {
    let node = or_skip!(peers::node());
    let scene = Scene::new(&node).await;
    let link = scene.link("alice").await;
    let home = scene.broker.public_url().to_owned();
    let (mut one, mut other) = (Browser::default(), Browser::default());
    let (first, second) = (one.errand(&link, &home, "alice").await, other.errand(&link, &home, "alice").await);
    assert_eq!(one.visit(&first).await.status, 200);
    assert_eq!(other.visit(&second).await.status, 410);
    assert_eq!(scene.recorded(), ["stale"]);
    scene.finish().await;
}

#[tokio::test]
async fn an_answer_is_for_its_browser_place_and_for_one_time() {
    let node = or_skip!(peers::node());
    let scene = Scene::new(&node).await;
    let home = scene.broker.public_url().to_owned();
    let mut browser = Browser::default();
    let made_up = |back: &str| {
        let (before, after) = back.split_once("state=").expect("an answer has a state");
        let after = after.split_once('&').map_or("", |(_, after)| after);
        format!("{before}state={}&{after}", "a".repeat(43))
    };
    // Of signing in.
    let link = scene.link("alice").await;
    let back = browser.errand(&link, &home, "alice").await;
    assert_eq!(browser.visit(&made_up(&back)).await.status, 400, "a state that nobody gave out");
    assert_eq!(stranger(&back).await.status, 400, "no cookie");
    assert_eq!(browser.visit(&back).await.status, 400, "it was seen elsewhere, so it is used up");
    let back = browser.errand(&link, &home, "alice").await;
    assert_eq!(browser.visit(&back.replace("/login/idp", "/account/crm-login")).await.status, 400, "another place");
    let (back, mut other) = (browser.errand(&link, &home, "alice").await, Browser::default());
    other.visit(&link).await;
    assert_eq!(other.visit(&back).await.status, 400, "a browser that is on an errand of its own");
    // Of saying yes.
    let page = scene.sign_in(&mut browser, &link, "alice").await;
    let yes = scene.yes(&page);
    assert_eq!(other.visit(&yes).await.status, 400, "another browser");
    assert_eq!(browser.visit(&yes).await.status, 400, "and then nobody");
    // Of consenting.
    for _ in 0..2 {
        let link = scene.link("alice").await;
        let page = scene.sign_in(&mut browser, &link, "alice").await;
        let back = scene.consent(&mut browser, &page).await;
        assert_eq!(browser.visit(&made_up(&back)).await.status, 400);
        assert_eq!(other.visit(&back).await.status, 400);
        assert_eq!(browser.visit(&back).await.status, 400);
    }
    scene.link("alice").await;
    // The control.
    scene.connect("alice").await;
    assert_eq!(scene.call("alice").await.status, 200);
    assert_eq!(scene.recorded(), ["foreign", "connected"]);
    scene.finish().await;
}

#[tokio::test]
async fn an_answer_names_the_server_that_was_asked_and_a_person_may_decline() {
    let node = or_skip!(peers::node());
    let scene = Scene::new(&node).await;
    let home = scene.broker.public_url().to_owned();
    type Change = fn(&str) -> String;
    let changes: [(Change, u16, &str); 3] = [
        (|back| back.replace("iss=http", "iss=https"), 502, "other_server"),
        (|back| back.replace("iss=", "x="), 502, "other_server"),
        (|back| back.replace("code=", "error=access_denied&x="), 403, "declined"),
    ];
    let mut expected = Vec::new();
    for (change, status, word) in changes {
        let (mut browser, link) = (Browser::default(), scene.link("alice").await);
        let back = browser.errand(&link, &home, "alice").await;
        assert_eq!(browser.visit(&change(&back)).await.status.as_u16(), status, "signing in: {word}");
        let page = scene.sign_in(&mut browser, &link, "alice").await;
        let back = scene.consent(&mut browser, &page).await;
        assert_eq!(browser.visit(&change(&back)).await.status.as_u16(), status, "consenting: {word}");
        expected.extend([word, word]);
    }
    assert_eq!(scene.recorded(), expected);
    scene.link("alice").await;
    scene.finish().await;
}
