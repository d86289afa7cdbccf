//! A personal value goes back to the upstream that sent it, and stays a pseudonym for everybody else.

use std::sync::Arc;

use crate::{
    EgressError, Outbound, Place, Presented, Pseudonym, Pseudonyms, StandIn, UpstreamTarget,
    testing::{Call, Recorder, Rig, bearer, canary, parts, upstream},
};

const VALUE: &str = "ann+new@mail.example";

/// Where the answer to a call keeps values.
async fn pseudonyms(rig: &Rig, call: Call) -> Pseudonyms {
    rig.carry(call).await.unwrap().into_body().into_parts().pseudonyms.unwrap()
}

fn showing(call: Call, pseudonym: &Pseudonym, place: Place) -> Call {
    Call { stand_ins: vec![Presented { stand_in: StandIn::Pseudonym(pseudonym.clone()), place }], ..call }
}

/// A request whose body says the pseudonym in a sentence, and where in it the pseudonym stands.
fn saying(api: &Arc<UpstreamTarget>, pseudonym: &Pseudonym) -> Call {
    let body = format!("{{\"text\":\"mail to {}!\"}}", pseudonym.as_str());
    let call = Call { body: Outbound::bytes(body.into()), ..Call::post(api, "/", "") };
    showing(call, pseudonym, Place::Json { at: "{\"text\":\"mail to ".len() })
}

#[tokio::test]
async fn the_value_stands_where_its_pseudonym_stood() {
    let (recorder, rig) = (Recorder::ok().await, Rig::stored(&canary()));
    let api = upstream(&format!("http://127.0.0.1:{}/v1", recorder.port), bearer());
    let pseudonym = pseudonyms(&rig, Call::get(&api, "/")).await.keep("EMAIL_ADDRESS", VALUE.as_bytes()).unwrap();
    let text = pseudonym.as_str();
    let path: &'static str = format!("/a?q=to:{text}&b=1").leak();
    let form: &'static str = format!("a=1&to={text}").leak();
    let encoded = "ann%2Bnew%40mail.example";
    for (call, place, expected) in [
        (Call::get(&api, path), Place::Query { at: "/a?q=to:".len() }, format!("GET /v1/a?q=to:{encoded}&b=1\n")),
        (Call::post(&api, "/", form), Place::Form { at: "a=1&to=".len() }, format!("a=1&to={encoded}")),
    ] {
        rig.carry(showing(call, &pseudonym, place.clone())).await.unwrap();
        let sent = recorder.received().pop().unwrap().text();
        assert!(sent.contains(&expected) && !sent.contains(text), "{place:?}: {sent}");
    }
    rig.carry(saying(&api, &pseudonym)).await.unwrap();
    let sent = recorder.received().pop().unwrap();
    assert_eq!(sent.body, format!("{{\"text\":\"mail to {VALUE}!\"}}"));
}

#[tokio::test]
async fn what_a_header_says_again_agrees_with_the_body() {
    let (recorder, rig) = (Recorder::ok().await, Rig::stored(&canary()));
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    let pseudonym = pseudonyms(&rig, Call::get(&api, "/")).await.keep("PERSON", "Zoë".as_bytes()).unwrap();
    let text = format!("{0} and {0}", pseudonym.as_str());
    let place = |at| Place::Mirrored { name: "mcp-param-who".parse().unwrap(), text: text.clone(), at };
    let second = pseudonym.as_str().len() + " and ".len();
    let stand_in = || StandIn::Pseudonym(pseudonym.clone());
    let stand_ins = [0, second].map(|at| Presented { stand_in: stand_in(), place: place(at) }).to_vec();
    let call = Call::post(&api, "/", "{}").with(&[("mcp-param-who", &text)]);
    rig.carry(Call { stand_ins, ..call }).await.unwrap();
    let sent = recorder.received().pop().unwrap();
    // "Zoë and Zoë", in base64.
    assert_eq!(sent.values("mcp-param-who"), ["=?base64?Wm/DqyBhbmQgWm/Dqw==?="]);
}

#[tokio::test]
async fn a_pseudonym_goes_as_it_is_to_everybody_else() {
    let (recorder, rig) = (Recorder::ok().await, Rig::stored(&canary()));
    let url = format!("http://127.0.0.1:{}", recorder.port);
    let api = upstream(&url, bearer());
    let mut elsewhere = parts(&url, bearer());
    (elsewhere.name, elsewhere.credential) = ("other".parse().unwrap(), None);
    let other = Arc::new(UpstreamTarget::new(elsewhere).unwrap());
    let kept = pseudonyms(&rig, Call::get(&api, "/")).await;
    let pseudonym = kept.keep("EMAIL_ADDRESS", VALUE.as_bytes()).unwrap();
    for call in [saying(&other, &pseudonym), saying(&api, &pseudonym).in_session("session-2")] {
        rig.carry(call).await.unwrap();
        let sent = recorder.received().pop().unwrap();
        assert_eq!(sent.body, format!("{{\"text\":\"mail to {}!\"}}", pseudonym.as_str()));
    }
    let strangers = pseudonyms(&rig, Call::get(&api, "/").in_session("session-2")).await;
    assert_ne!(strangers.keep("EMAIL_ADDRESS", VALUE.as_bytes()).unwrap(), pseudonym);
    // From there on the other upstream knows it too.
    let learned = pseudonyms(&rig, Call::get(&other, "/")).await.keep("EMAIL_ADDRESS", VALUE.as_bytes());
    assert_eq!(learned.as_ref(), Some(&pseudonym));
    rig.carry(saying(&other, &pseudonym)).await.unwrap();
    assert_eq!(recorder.received().pop().unwrap().body, format!("{{\"text\":\"mail to {VALUE}!\"}}"));
    rig.egress.end_session(&"session-1".parse().unwrap());
    assert_eq!(kept.keep("EMAIL_ADDRESS", VALUE.as_bytes()), None, "an answer that is late keeps nothing");
    assert_eq!(rig.carry(saying(&api, &pseudonym)).await.unwrap_err(), EgressError::SessionEnded);
}

#[tokio::test]
async fn an_upstream_without_pseudonyms_has_nowhere_to_keep_values() {
    let (recorder, rig) = (Recorder::ok().await, Rig::stored(&canary()));
    let mut masks = parts(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    masks.gives_pseudonyms = false;
    let masks = Arc::new(UpstreamTarget::new(masks).unwrap());
    let answer = rig.carry(Call::get(&masks, "/")).await.unwrap();
    assert!(answer.into_body().into_parts().pseudonyms.is_none());
}
