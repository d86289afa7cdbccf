//! The contract that all providers keep.

use model::{Clock as _, SystemClock};
use provider::conformance::{
    Case, Life, check,
    parts::{others, secret},
};

use crate::scene::{Scene, binding};

#[tokio::test]
async fn it_keeps_the_contract() {
    let (scene, good) = (Scene::new().await, binding());
    let case = Case {
        caller: &scene.caller,
        good: &good,
        bad: &others(&good),
        life: Life::Minted,
        now: SystemClock.now(),
        canaries: &[secret(&scene.pem)],
    };
    check(&scene.provider(), &case).await.unwrap();
    assert_eq!(scene.live_tokens(), Vec::<String>::new(), "what was revoked no longer lives");
}
