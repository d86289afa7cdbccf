//! A token that an upstream issued is used by its handle: in its session, at its upstream, and nowhere else.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use model::Injection;

use crate::{
    Capture, EgressError, Handle, Issued, IssuedTokenAction, Place, Presented, StandIn, UpstreamParts, UpstreamTarget,
    testing::{Call, Recorder, Rig, bearer, canary, parts, upstream},
};

fn key(name: &str) -> Injection {
    Injection::Header { name: name.parse().unwrap(), prefix: String::new() }
}

/// Where the answer to a call keeps tokens.
async fn capture(rig: &Rig, call: Call) -> Arc<Capture> {
    match rig.carry(call).await.unwrap().into_body().into_parts().issued {
        Issued::Capture(capture) => capture,
        issued => panic!("{issued:?}"),
    }
}

fn showing(call: Call, handle: &Handle, place: Place) -> Call {
    Call { stand_ins: vec![Presented { stand_in: StandIn::Handle(handle.clone()), place }], ..call }
}

fn in_authorization() -> Place {
    Place::Header { name: AUTHORIZATION, before: "Bearer ".to_owned() }
}

/// A request whose body is this text around the handle, and where in it the handle stands.
fn around(api: &Arc<UpstreamTarget>, before: &'static str, handle: &Handle, after: &str) -> (Call, usize) {
    let body = [before.as_bytes(), handle.as_bytes(), after.as_bytes()].concat();
    (Call { body: crate::Outbound::bytes(body.into()), ..Call::post(api, "/", "") }, before.len())
}

#[tokio::test]
async fn the_token_stands_where_its_handle_stood() {
    let (recorder, rig) = (Recorder::ok().await, Rig::stored(&canary()));
    let api = upstream(&format!("http://127.0.0.1:{}/v1", recorder.port), key("x-key"));
    let token = format!("{}/\"=", canary());
    let handle = capture(&rig, Call::get(&api, "/")).await.keep(token.as_bytes()).unwrap();
    let encoded = token.replace('/', "%2F").replace('"', "%22").replace('=', "%3D");
    let path: &'static str = format!("/a?token={}&b=1", str::from_utf8(handle.as_bytes()).unwrap()).leak();
    let (json, at_json) = around(&api, "{\"token\": \"", &handle, "\",\"a\":1.50}");
    let (form, at_form) = around(&api, "a=1&token=", &handle, "&b=2");
    for (call, place, expected) in [
        (Call::get(&api, "/"), in_authorization(), format!("authorization: Bearer {token}\n")),
        (Call::get(&api, path), Place::Query { at: "/a?token=".len() }, format!("GET /v1/a?token={encoded}&b=1\n")),
        (json, Place::Json { at: at_json }, format!("{{\"token\": \"{}\",\"a\":1.50}}", token.replace('"', "\\\""))),
        (form, Place::Form { at: at_form }, format!("a=1&token={encoded}&b=2")),
    ] {
        rig.carry(showing(call, &handle, place.clone())).await.unwrap();
        let text = recorder.received().pop().unwrap().text();
        assert!(text.contains(&expected) && text.contains("x-key: "), "{place:?}: {text}");
        assert!(!text.contains(Handle::PREFIX), "{place:?}: {text}");
    }
}

#[tokio::test]
async fn a_handle_opens_nothing_elsewhere() {
    let (recorder, rig) = (Recorder::ok().await, Rig::stored(&canary()));
    let url = format!("http://127.0.0.1:{}", recorder.port);
    let api = upstream(&url, key("x-key"));
    let mut elsewhere = parts(&url, key("x-key"));
    elsewhere.name = "other".parse().unwrap();
    elsewhere.credential = None;
    let other = Arc::new(UpstreamTarget::new(elsewhere).unwrap());
    let kept = capture(&rig, Call::get(&api, "/")).await;
    let (handle, token) = (kept.keep(canary().as_bytes()).unwrap(), canary());
    let stranger = capture(&Rig::stored(&canary()), Call::get(&api, "/")).await.keep(token.as_bytes()).unwrap();
    let reached = recorder.count();
    let show = |call| rig.carry(showing(call, &handle, in_authorization()));
    assert_eq!(show(Call::get(&other, "/")).await.unwrap_err(), EgressError::HandleRefused, "another upstream");
    let call = Call::get(&api, "/").in_session("session-2");
    assert_eq!(show(call).await.unwrap_err(), EgressError::HandleRefused, "another session");
    let unknown = rig.carry(showing(Call::get(&api, "/"), &stranger, in_authorization())).await;
    assert_eq!(unknown.unwrap_err(), EgressError::HandleRefused);
    let misplaced = rig.carry(showing(Call::post(&api, "/", "{}"), &handle, Place::Json { at: 1 })).await;
    assert_eq!(misplaced.unwrap_err(), EgressError::HandleRefused, "it stands elsewhere than was said");
    rig.egress.end_session(&"session-1".parse().unwrap());
    assert_eq!(show(Call::get(&api, "/")).await.unwrap_err(), EgressError::HandleRefused, "the session is over");
    assert_eq!(rig.carry(Call::get(&api, "/")).await.unwrap_err(), EgressError::SessionEnded);
    assert!(kept.keep(token.as_bytes()).is_none(), "an answer that is late keeps nothing");
    assert_eq!(recorder.count(), reached, "nothing was sent");
}

#[tokio::test]
async fn a_token_in_the_slot_of_the_credential_is_sent_in_its_place() {
    let (recorder, stored) = (Recorder::ok().await, canary());
    let rig = Rig::stored(&stored);
    let token = canary();
    for slot in [bearer(), Injection::Basic { username: "me".to_owned() }] {
        let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), slot);
        let handle = capture(&rig, Call::get(&api, "/")).await.keep(token.as_bytes()).unwrap();
        let response = rig.carry(showing(Call::get(&api, "/"), &handle, in_authorization())).await.unwrap();
        assert_eq!(response.body().credential(), None);
        let received = recorder.received().pop().unwrap();
        assert_eq!(received.values("authorization"), [format!("Bearer {token}")]);
        assert!(!received.text().contains(&stored));
    }
}

#[tokio::test]
async fn a_token_and_a_credential_stand_in_one_body() {
    let (recorder, stored, token) = (Recorder::ok().await, canary(), canary());
    let rig = Rig::stored(&stored);
    let slot = Injection::Body { pointer: "/key".to_owned() };
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), slot);
    let handle = capture(&rig, Call::post(&api, "/", "{}")).await.keep(token.as_bytes()).unwrap();
    let (call, at) = around(&api, "{\"token\":\"", &handle, "\"}");
    rig.carry(showing(call, &handle, Place::Json { at })).await.unwrap();
    let expected = format!("{{\"key\":\"{stored}\",\"token\":\"{token}\"}}");
    assert_eq!(str::from_utf8(&recorder.received().pop().unwrap().body), Ok(expected.as_str()));
}

#[tokio::test]
async fn a_kept_token_is_live_in_its_session_and_has_one_handle_there() {
    let (recorder, token) = (Recorder::ok().await, canary());
    let rig = Rig::stored(&canary());
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    let kept = capture(&rig, Call::get(&api, "/")).await;
    let handle = kept.keep(token.as_bytes()).unwrap();
    assert_eq!(kept.keep(token.as_bytes()).unwrap(), handle);
    assert_eq!(kept.handles(), [handle.id()]);
    let elsewhere = capture(&rig, Call::get(&api, "/").in_session("session-2")).await;
    assert_ne!(elsewhere.keep(token.as_bytes()).unwrap(), handle);
    let is_live = async |session: &str| {
        let response = rig.carry(Call::get(&api, "/").in_session(session)).await.unwrap();
        response.into_body().into_parts().fingerprints.confirm(&token.as_bytes()[..16]).is_some()
    };
    assert!(is_live("session-1").await && is_live("session-2").await);
    assert!(!is_live("session-3").await && kept.stored().confirm(&token.as_bytes()[..16]).is_none());
}

#[tokio::test]
async fn what_cannot_be_masked_later_is_not_kept_and_neither_is_too_much() {
    let recorder = Recorder::ok().await;
    let rig = Rig::stored(&canary());
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    let kept = capture(&rig, Call::get(&api, "/")).await;
    let handle = kept.keep(canary().as_bytes()).unwrap();
    for token in [&b"short"[..], b"aaaaaaaaaaaaaaaaaaaaaa", b"\xff\xfe3Kd8s0wQx7Lp", handle.as_bytes()] {
        assert_eq!(kept.keep(token), None, "{token:?}");
    }
    let in_one_answer = (0..100).filter(|_| kept.keep(canary().as_bytes()).is_some()).count();
    assert_eq!(in_one_answer, 15);
    let mut in_session = 16;
    for _ in 0..10 {
        let kept = capture(&rig, Call::get(&api, "/")).await;
        in_session += (0..16).filter(|_| kept.keep(canary().as_bytes()).is_some()).count();
    }
    assert_eq!(in_session, 64);
    let parts = UpstreamParts {
        issued_tokens: IssuedTokenAction::Mask,
        ..parts(&format!("http://127.0.0.1:{}", recorder.port), bearer())
    };
    let masks = Arc::new(UpstreamTarget::new(parts).unwrap());
    let response = rig.carry(Call::get(&masks, "/")).await.unwrap();
    assert!(matches!(response.into_body().into_parts().issued, Issued::Mask));
}
