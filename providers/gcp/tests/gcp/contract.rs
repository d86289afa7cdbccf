//! The contract that all providers keep.

use model::{Clock as _, SystemClock};
use provider::conformance::{
    Case, Life, check,
    parts::{others, secret},
};

use crate::scene::{Scene, access_token, binding, by_pool, id_token, impersonating, own};

#[tokio::test]
async fn it_keeps_the_contract() {
    let (scene, good) = (Scene::new().await, binding());
    for (principal, grant) in [
        (scene.by_key(), own(access_token())),
        (scene.by_key(), own(id_token())),
        (by_pool(), own(access_token())),
        (by_pool(), impersonating(access_token())),
    ] {
        let case = Case {
            caller: &scene.caller,
            good: &good,
            bad: &others(&good),
            life: Life::Minted,
            now: SystemClock.now(),
            canaries: &[secret(&scene.key)],
        };
        check(&scene.provider(principal, grant), &case).await.unwrap();
    }
}
