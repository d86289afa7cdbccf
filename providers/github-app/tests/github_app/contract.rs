//! The contract that all providers keep.

use model::{Binding, Clock as _, Injection, SystemClock};
use provider::conformance::{Case, Life, check};

use crate::scene::{Scene, binding, secret};

#[tokio::test]
async fn it_keeps_the_contract() {
    let (scene, good) = (Scene::new().await, binding());
    let case = Case {
        caller: &scene.caller,
        good: &good,
        bad: &[
            Binding { credential: "unknown".parse().unwrap(), ..good.clone() },
            Binding { destination: "https://evil.test".parse().unwrap(), ..good.clone() },
            Binding { injection: Injection::Query { parameter: "key".to_owned() }, ..good.clone() },
        ],
        life: Life::Minted,
        now: SystemClock.now(),
        canaries: &[secret(&scene.pem)],
    };
    check(&scene.provider(), &case).await.unwrap();
    assert_eq!(scene.live_tokens(), Vec::<String>::new(), "what was revoked no longer lives");
}
