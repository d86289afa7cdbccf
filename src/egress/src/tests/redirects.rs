//! A redirect is an answer. Nobody goes where it points.

use bytes::Bytes;
use http::Response;

use crate::testing::{Call, Recorder, Rig, bearer, canary, upstream};

#[tokio::test]
async fn no_redirect_is_followed() {
    for code in [300, 301, 302, 303, 305, 307, 308] {
        let second = Recorder::ok().await;
        let elsewhere = format!("http://127.0.0.1:{}/stolen", second.port);
        let first = Recorder::start(move |_| {
            let head = Response::builder().status(code).header("location", &elsewhere);
            let head = head.header("refresh", format!("0; url={elsewhere}")).header("alt-svc", "h2=\":1\"");
            head.body(Bytes::new()).unwrap()
        })
        .await;
        let (secret, rig) = (canary(), Rig::stored(&canary()));
        let api = upstream(&format!("http://127.0.0.1:{}", first.port), bearer());
        for call in [Call::get(&api, "/"), Call::post(&api, "/", "{}")] {
            assert_eq!(rig.carry(call).await.unwrap().status(), code);
        }
        assert_eq!((first.count(), second.count()), (2, 0), "{code}");

        let asked = upstream(&format!("http://127.0.0.1:{}", second.port), bearer());
        Rig::stored(&secret).carry(Call::get(&asked, "/")).await.unwrap();
        assert_eq!(second.count(), 1, "the second upstream answers when it is asked");
    }
}
