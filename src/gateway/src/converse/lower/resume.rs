//! A caller comes back with the answers that an upstream waits for: they go up, and the parked stream goes on.

use std::sync::Arc;

use http::{HeaderMap, Response, StatusCode};
use mcp::{Fault, Json, Object, Outcome, Rejected, Request, meta::ClientMeta};

use super::{
    answering::Answering,
    call::log_at,
    drive::Talk,
    line::{InFlight, Line},
    mirrored,
    parked::{Binding, ParkedCall, park},
    questions,
    script::scripted,
};
use crate::{
    Gateway,
    approve::Approved,
    converse::{event_stream, json},
    denial::Denial,
    mask::Clean,
};

/// Goes on with a parked call. The request was judged like any other; the state only says which call it goes on with.
pub(super) async fn resume(
    gateway: &Arc<Gateway>,
    approved: Approved,
    request: Request,
    client: ClientMeta,
    callers_headers: &HeaderMap,
) -> Result<Response<Clean>, Denial> {
    mirrored::check(gateway, &approved, &request, &client, callers_headers).await?;
    let rejected = |fault| Denial::Malformed(Rejected::new(fault, Some(request.id().clone())));
    let (state, responses) = state_of(&request).map_err(rejected)?;
    let binding = Binding::of(&approved);
    let parked = gateway.conversations.lower.parked.take(state, &binding, gateway.clock.now())?;
    let ParkedCall { events, mut in_flight, questions } = parked;
    let sent = in_flight.sent().clone();
    let answering = Answering::new(gateway, &approved, &request, client, sent.clone()).map_err(rejected)?;
    let Some(answers) = questions::answers(&questions, responses) else {
        let asked = questions::requests(&questions);
        let state = park(gateway, &approved, binding, ParkedCall { events, in_flight, questions })?;
        let result = Outcome::Result(questions::input_required(asked, Some(&state)));
        return Ok(json(StatusCode::OK, Clean::ours(answering.message(result))));
    };
    let upstream = in_flight.upstream().map(Arc::clone).ok_or(Denial::RequestState)?;
    let line = Line { gateway: Arc::clone(gateway), approved, upstream };
    // From here on the call is this request's: it names the exchanges in the record, and its end is the call's.
    in_flight.answered();
    let in_flight = InFlight::new(line.clone(), sent);
    log_at(&line, &answering).await;
    for answer in answers {
        line.tell(answer.method.as_str(), answer.message).await?;
    }
    let talk = Talk { line, answering, binding, events, in_flight };
    Ok(event_stream(scripted(|stage| talk.run(stage))))
}

/// What a caller comes back with. Without any answers it is asked again.
fn state_of(request: &Request) -> Result<(&str, Option<&Object>), Fault> {
    let param = |name| request.params().and_then(|params| params.member(name));
    let state = param("requestState").and_then(Json::as_str);
    let state = state.ok_or(Fault::Param { name: "requestState", expected: "a string" })?;
    let responses = param("inputResponses")
        .map(|responses| responses.as_object().ok_or(Fault::Param { name: "inputResponses", expected: "an object" }));
    Ok((state, responses.transpose()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_text_and_the_answers_are_an_object() {
        let request = |params: Object| Request::new(1.into(), "tools/call", Some(params));
        let full = request(Object::new().with("requestState", "s").with("inputResponses", Object::new()));
        assert!(matches!(state_of(&full), Ok(("s", Some(responses))) if responses.is_empty()));
        assert!(matches!(state_of(&request(Object::new().with("requestState", "s"))), Ok(("s", None))));
        let mistyped = request(Object::new().with("requestState", 7_u64));
        assert!(matches!(state_of(&mistyped), Err(Fault::Param { name: "requestState", .. })));
        let mistyped = request(Object::new().with("requestState", "s").with("inputResponses", "x"));
        assert!(matches!(state_of(&mistyped), Err(Fault::Param { name: "inputResponses", .. })));
    }
}
