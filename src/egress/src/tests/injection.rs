//! An upstream sees its credential once, in its slot, and nothing that a caller put beside it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::Injection;

use crate::{
    EgressError, UpstreamParts, UpstreamTarget,
    testing::{Call, Recorder, Rig, bearer, canary, parts, read, upstream},
};

fn header(name: &str, prefix: &str) -> Injection {
    Injection::Header { name: name.parse().unwrap(), prefix: prefix.to_owned() }
}

#[tokio::test]
async fn a_header_slot_holds_the_prefix_and_the_credential() {
    let (recorder, secret) = (Recorder::ok().await, canary());
    let api = upstream(&format!("http://127.0.0.1:{}/v1", recorder.port), bearer());
    let response = Rig::stored(&secret).carry(Call::get(&api, "/users?a=b")).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.body().lease().unwrap().as_str(), "stored-1");
    assert_eq!(response.body().credential().unwrap().as_str(), "key");
    assert_eq!(read(response).await.unwrap(), "fine");
    let received = recorder.only();
    assert_eq!((received.method.as_str(), received.target.as_str()), ("GET", "/v1/users?a=b"));
    assert_eq!(received.values("authorization"), [format!("Bearer {secret}")]);
    assert_eq!(received.values("host"), [format!("127.0.0.1:{}", recorder.port)]);
    assert_eq!(received.values("accept-encoding"), ["identity"]);
    assert_eq!(received.headers.len(), 3);
}

#[tokio::test]
async fn every_slot_is_filled_once_and_only_that_slot() {
    let secret = canary();
    let slots = [
        (bearer(), format!("authorization: Bearer {secret}\n")),
        (header("x-api-key", ""), format!("x-api-key: {secret}\n")),
        (Injection::Query { parameter: "key".to_owned() }, format!("POST /v1/items?a=1&key={secret}\n")),
        (
            Injection::Body { pointer: "/auth/token".to_owned() },
            format!("{{\"auth\":{{\"token\":\"{secret}\"}},\"n\":1.50}}"),
        ),
    ];
    for (slot, expected) in slots {
        let recorder = Recorder::ok().await;
        let api = upstream(&format!("http://127.0.0.1:{}/v1", recorder.port), slot.clone());
        Rig::stored(&secret).carry(Call::post(&api, "/items?a=1", r#"{"n":1.50}"#)).await.unwrap();
        let text = recorder.only().text();
        assert_eq!(text.matches(&secret).count(), 1, "{slot:?}");
        assert!(text.contains(&expected), "{slot:?}: {text}");
    }
}

#[tokio::test]
async fn basic_encodes_the_user_name_and_the_credential() {
    let recorder = Recorder::ok().await;
    let slot = Injection::Basic { username: "Aladdin".to_owned() };
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), slot);
    let secret = canary();
    Rig::stored(&secret).carry(Call::get(&api, "/")).await.unwrap();
    let expected = format!("Basic {}", STANDARD.encode(format!("Aladdin:{secret}")));
    assert_eq!(recorder.only().values("authorization"), [expected]);
}

/// What a caller may try, and whether an upstream sees it.
const MATRIX: [(&str, bool); 46] = [
    ("authorization", false),
    ("proxy-authorization", false),
    ("cookie", false),
    ("x-api-key", false),
    ("X_Api_Key", false),
    ("api-key", false),
    ("x-auth-token", false),
    ("x-amz-security-token", false),
    ("dpop", false),
    ("txn-token", false),
    ("signature", false),
    ("x-forwarded-for", false),
    ("x-forwarded-host", false),
    ("x-forwarded-proto", false),
    ("forwarded", false),
    ("via", false),
    ("x-real-ip", false),
    ("x-http-method-override", false),
    ("x-method-override", false),
    ("x-original-url", false),
    ("connection", false),
    ("keep-alive", false),
    ("te", false),
    ("trailer", false),
    ("transfer-encoding", false),
    ("upgrade", false),
    ("expect", false),
    ("range", false),
    ("if-range", false),
    ("content-encoding", false),
    ("origin", false),
    ("referer", false),
    ("x-unknown", false),
    ("content-type", true),
    ("accept", true),
    ("accept-language", true),
    ("user-agent", true),
    ("if-none-match", true),
    ("if-match", true),
    ("if-modified-since", true),
    ("idempotency-key", true),
    ("mcp-session-id", true),
    ("mcp-param-region", true),
    ("traceparent", true),
    ("tracestate", true),
    ("x-tenant", true),
];

#[tokio::test]
async fn a_caller_s_field_goes_on_when_it_is_listed_and_in_no_case_into_the_slot() {
    for slot in [bearer(), header("x-api-key", "")] {
        let (recorder, secret) = (Recorder::ok().await, canary());
        let extra_headers = vec!["x-tenant".parse().unwrap()];
        let url = format!("http://127.0.0.1:{}", recorder.port);
        let target = UpstreamTarget::new(UpstreamParts { extra_headers, ..parts(&url, slot.clone()) }).unwrap();
        let (api, rig) = (std::sync::Arc::new(target), Rig::stored(&secret));
        for (name, passes) in MATRIX {
            let theirs = canary();
            let response = rig.carry(Call::post(&api, "/", "{}").with(&[(name, &theirs)])).await.unwrap();
            read(response).await.unwrap();
            let text = recorder.received().last().unwrap().text();
            assert_eq!(text.contains(&theirs), passes, "{name}");
            assert_eq!(text.matches(&secret).count(), 1, "{name}");
        }
        assert_eq!(recorder.count(), MATRIX.len());
    }
}

#[tokio::test]
async fn a_caller_cannot_take_the_credential_out_again() {
    let (recorder, secret) = (Recorder::ok().await, canary());
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), header("x-api-key", ""));
    let tricks = [("connection", "close, x-api-key, host"), ("connection", "authorization"), ("x-api-key", "mine")];
    Rig::stored(&secret).carry(Call::get(&api, "/").with(&tricks)).await.unwrap();
    let received = recorder.only();
    assert_eq!(received.values("x-api-key"), [secret]);
    assert_eq!(received.values("connection"), Vec::<&str>::new());
    assert_eq!(received.values("host").len(), 1);
}

#[tokio::test]
async fn a_slot_that_the_caller_fills_sends_nothing() {
    let recorder = Recorder::ok().await;
    let url = format!("http://127.0.0.1:{}", recorder.port);
    let query = upstream(&url, Injection::Query { parameter: "key".to_owned() });
    let body = upstream(&url, Injection::Body { pointer: "/token".to_owned() });
    let rig = Rig::stored(&canary());
    for (call, expected) in [
        (Call::get(&query, "/?key=mine"), EgressError::SlotTaken),
        (Call::get(&query, "/?a=b&%6Bey=mine"), EgressError::SlotTaken),
        (Call::post(&body, "/", r#"{"token":"mine"}"#), EgressError::SlotTaken),
        (Call::post(&body, "/", r#"{"tok\u0065n":null}"#), EgressError::SlotTaken),
        (Call::post(&body, "/", "[]"), EgressError::SlotMissing),
        (Call::post(&body, "/", ""), EgressError::SlotMissing),
        (Call::get(&body, "/"), EgressError::SlotMissing),
    ] {
        assert_eq!(rig.carry(call).await.unwrap_err(), expected);
    }
    assert_eq!(recorder.count(), 0);
    rig.carry(Call::post(&body, "/", "{}")).await.unwrap();
    assert_eq!(recorder.count(), 1);
}

#[tokio::test]
async fn an_upstream_without_a_credential_gets_none() {
    let recorder = Recorder::ok().await;
    let plain = UpstreamParts { credential: None, ..parts(&format!("http://127.0.0.1:{}", recorder.port), bearer()) };
    let api = std::sync::Arc::new(UpstreamTarget::new(plain).unwrap());
    let response =
        Rig::new(Vec::new()).carry(Call::get(&api, "/").with(&[("authorization", "Bearer session")])).await.unwrap();
    assert!(response.body().lease().is_none());
    assert_eq!(recorder.only().values("authorization"), Vec::<&str>::new());
}

#[tokio::test]
async fn a_post_without_a_body_says_so() {
    let recorder = Recorder::ok().await;
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    Rig::stored(&canary()).carry(Call::post(&api, "/", "")).await.unwrap();
    assert_eq!(recorder.only().values("content-length"), ["0"]);
}
