//! An answer is closed up: a status is all that can be read of it.

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt as _;

use crate::{
    Coding,
    testing::{Call, Recorder, Rig, bearer, canary, upstream},
};

#[tokio::test]
async fn only_the_status_of_an_answer_is_in_sight() {
    let text = canary();
    let echoed = text.clone();
    let recorder = Recorder::start(move |_| {
        let head = Response::builder().status(418).header("x-echo", &echoed).header("content-encoding", "gzip");
        head.body(Bytes::from(echoed.clone())).unwrap()
    })
    .await;
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    let response = Rig::stored(&text).carry(Call::get(&api, "/")).await.unwrap();
    assert_eq!(response.status(), 418);
    assert!(response.headers().is_empty() && response.extensions().is_empty());
    let shown = format!("{response:?}");
    assert!(!shown.contains(&text) && !shown.contains("x-echo"), "{shown}");

    let parts = response.into_body().into_parts();
    assert!(!format!("{parts:?} {:?}", parts.body).contains(&text));
    assert_eq!(parts.headers["x-echo"], text);
    assert_eq!(parts.coding, Coding::Gzip);
    assert_eq!(parts.body.collect().await.unwrap().to_bytes(), text);
    assert!(parts.fingerprints.confirm(&text.as_bytes()[..16]).is_some());
}
