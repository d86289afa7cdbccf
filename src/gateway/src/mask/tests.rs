//! Answers that are analyzed, through a real socket.

use http::{
    HeaderMap,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use http_body_util::Full;
use mcp::{Dialect, Era, Limits, Message};
use policy::Obligations;
use redact::Action;
use serde_json::json;

use super::*;
use crate::{
    Masking,
    analysis::{
        Unanalyzed,
        testing::{Manner, Played, asking},
    },
    approve::approve,
    asked::{Asked, McpAsked, McpMessage},
    authorize::Permit,
    converse::{
        Leg,
        testing::{Answer, Scene, event, serve, streamed, whole},
    },
    facts::Facts,
    session::LiveSession,
};

const ANN: &str = "{\"name\":\"J\\u00f6rg, Änn\"}";
const MASKED: &str = "{\"name\":\"J\\u00f6rg, (masked-person)\"}";

/// A gateway whose answers are analyzed, in front of a server that answers so.
async fn analyzing<F>(played: Played, action: Action, answer: F) -> Scene
where
    F: Fn() -> Answer + Clone + Send + Sync + 'static,
{
    let port = serve(move |_, _| std::future::ready(answer())).await;
    let masking = Masking { profile: Arc::new(asking(action)), analyzer: Some(Arc::new(played)), ..Masking::default() };
    Scene::masking(port, Era::Modern, masking).await
}

/// One exchange of a session with the upstream.
async fn forward(scene: &Scene, session: &Arc<LiveSession>) -> Result<Response<Clean>, Denial> {
    let (gateway, upstream, session) = (&scene.gateway, scene.upstream(), Arc::clone(session));
    let mut facts = Facts::new(gateway.new_trace(), gateway.clock.now());
    (facts.session, facts.upstream) = (Some(Arc::clone(&session)), Some(Arc::clone(&upstream)));
    facts.action = Some("ping".into());
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string().into_bytes();
    let Ok(Message::Request(request)) = Message::parse(&message, &Limits::MESSAGE) else { panic!("a request") };
    let asked = McpAsked {
        dialect: Dialect::Modern,
        client: None,
        headers: HeaderMap::new(),
        message: McpMessage::Request(request),
    };
    let (rule, obligations) = ("r".parse().unwrap(), Obligations::default());
    let permit = Permit { session, upstream, asked: Asked::Mcp(Box::new(asked)), rule, obligations };
    let (approved, _asked) = approve(permit, &facts).unwrap();
    gateway.forward(&approved, Leg::post(HeaderMap::new(), message)).await
}

async fn answered(played: Played, action: Action, text: &str, is_chunked: bool) -> Result<String, Denial> {
    let text = text.to_owned();
    let scene = analyzing(played, action, move || if is_chunked { chunked(&text) } else { plain(&text) }).await;
    let (session, _token) = scene.begin().await;
    let mut body = forward(&scene, &session).await?.into_body();
    let body = Clean::collect(&mut body, 1 << 20).await?;
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

fn plain(text: &str) -> Answer {
    let mut answer = Response::new(Full::from(text.to_owned()).boxed());
    answer.headers_mut().insert(CONTENT_TYPE, "application/json".parse().unwrap());
    answer
}

/// In two pieces, without its length.
fn chunked(text: &str) -> Answer {
    let (mut answer, says) = streamed();
    let (first, second) = text.split_at(text.floor_char_boundary(text.len() / 2));
    for piece in [first, second] {
        says.try_send(piece.to_owned()).unwrap();
    }
    answer.headers_mut().insert(CONTENT_TYPE, "application/json".parse().unwrap());
    answer
}

fn told(answered: Result<String, Denial>) -> &'static str {
    answered.expect_err("a refusal").told().error
}

#[tokio::test]
async fn a_name_is_masked_whether_the_length_of_its_answer_is_known_or_not() {
    for is_chunked in [false, true] {
        assert_eq!(answered(Played::FINDS, Action::Mask, ANN, is_chunked).await.unwrap(), MASKED);
        assert_eq!(answered(Played::FINDS, Action::Detect, ANN, is_chunked).await.unwrap(), ANN);
        assert_eq!(told(answered(Played::FINDS, Action::Block, ANN, is_chunked).await), "answer_blocked");
    }
}

#[tokio::test]
async fn nothing_passes_when_the_analyzer_is_down_unless_that_is_said() {
    assert_eq!(told(answered(Played::IS_DOWN, Action::Mask, ANN, false).await), "analyzer_unavailable");
    let passing = Played { passes: true, ..Played::IS_DOWN };
    for is_chunked in [false, true] {
        assert_eq!(answered(passing, Action::Mask, ANN, is_chunked).await.unwrap(), ANN);
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_refused_or_streams_on() {
    let long = format!("[\"{}\",\"Änn\"]", "x".repeat(5000));
    for is_chunked in [false, true] {
        assert_eq!(told(answered(Played::FINDS, Action::Mask, &long, is_chunked).await), "too_long_to_analyze");
        let passing = Played { passes: true, ..Played::FINDS };
        assert_eq!(answered(passing, Action::Mask, &long, is_chunked).await.unwrap(), long);
        assert_eq!(answered(Played::FINDS, Action::Detect, &long, is_chunked).await.unwrap(), long);
    }
}

#[tokio::test]
async fn a_picture_is_not_analyzed() {
    let picture = || {
        let mut answer = plain("Änn");
        answer.headers_mut().insert(CONTENT_TYPE, "image/png".parse().unwrap());
        answer
    };
    let scene = analyzing(Played::IS_DOWN, Action::Mask, picture).await;
    let (session, _token) = scene.begin().await;
    let answer = forward(&scene, &session).await.unwrap();
    let mut body = answer.into_body();
    assert_eq!(Clean::collect(&mut body, 100).await.unwrap(), "Änn");
}

/// A stream of events, what the gateway makes of it, and who writes into it.
async fn stream(played: Played, action: Action) -> (Scene, Arc<LiveSession>, Clean, tokio::sync::mpsc::Sender<String>) {
    let (answer, says) = streamed();
    let answer = Arc::new(parking_lot::Mutex::new(Some(answer)));
    let scene = analyzing(played, action, move || answer.lock().take().expect("one call")).await;
    let (session, _token) = scene.begin().await;
    let answer = forward(&scene, &session).await.unwrap();
    assert!(!answer.headers().contains_key(CONTENT_LENGTH));
    (scene, session, answer.into_body(), says)
}

async fn next(body: &mut Clean) -> String {
    String::from_utf8(body.next().await.expect("an event").unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn each_event_is_masked_and_passed_on_as_it_comes() {
    let (scene, _session, mut body, says) = stream(Played::FINDS, Action::Mask).await;
    for name in ["Änn", "Bea", "Änn"] {
        says.send(event(&json!({ "name": name }))).await.unwrap();
        let expected = if name == "Änn" { "(masked-person)" } else { name };
        assert_eq!(next(&mut body).await, event(&json!({ "name": expected })));
    }
    says.send("data: Änn".to_owned()).await.unwrap();
    drop(says);
    assert_eq!(next(&mut body).await, "data: (masked-person)");
    assert!(body.next().await.is_none());
    assert_eq!(scene.record().await, ["ping complete"]);
}

#[tokio::test]
async fn an_event_that_nobody_can_look_at_ends_its_stream_or_passes_alone() {
    let long = event(&json!({ "name": "Änn".repeat(2000) }));
    for (played, text, expected) in [
        (Played::FINDS, &long, Interrupted::Unanalyzed(Unanalyzed::TooLong)),
        (Played::IS_DOWN, &event(&json!("Änn")), Interrupted::Unanalyzed(Unanalyzed::NoAnswer)),
    ] {
        let (_scene, _session, mut body, says) = stream(played, Action::Mask).await;
        says.send(text.clone()).await.unwrap();
        assert_eq!(body.next().await, Some(Err(expected)));
    }
    let (_scene, _session, mut body, says) = stream(Played { passes: true, ..Played::FINDS }, Action::Mask).await;
    says.send(long.clone()).await.unwrap();
    let mut passed = String::new();
    while passed.len() < long.len() {
        passed += &next(&mut body).await;
    }
    assert_eq!(passed, long);
    says.send(event(&json!("Änn"))).await.unwrap();
    assert_eq!(next(&mut body).await, "data: \"(masked-person)\"\n\n");
}

#[tokio::test]
async fn a_blocked_name_ends_its_stream() {
    let (_scene, _session, mut body, says) = stream(Played::FINDS, Action::Block).await;
    says.send(event(&json!("Änn"))).await.unwrap();
    assert!(matches!(body.next().await, Some(Err(Interrupted::Blocked(Class::Personal(_))))));
}

#[tokio::test]
async fn nobody_waits_for_an_analyzer_longer_than_for_the_session() {
    let silent = Played { manner: Manner::KeepsSilent, ..Played::FINDS };
    let (scene, session, mut body, says) = stream(silent, Action::Mask).await;
    says.send(event(&json!("Änn"))).await.unwrap();
    let (ended, ()) = tokio::join!(body.next(), scene.revoke(&session));
    assert_eq!(ended, Some(Err(Interrupted::SessionEnded)));
    let scene = analyzing(silent, Action::Mask, || whole(200, &json!("Änn"))).await;
    let (session, _token) = scene.begin().await;
    let (ended, ()) = tokio::join!(forward(&scene, &session), async {
        tokio::task::yield_now().await;
        scene.revoke(&session).await;
    });
    assert!(matches!(ended, Err(Denial::SessionEnded)));
}
