//! One request of a caller, sent in the session that is held for it; one answer, as JSON or as a stream.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use mcp::{Answer, Era, Kind, Object, Rejected, Request, envelope, meta, skim};

use super::{
    answering::Answering,
    drive::Talk,
    events::Events,
    line::{InFlight, Line, Sent},
    mirrored,
    parked::Binding,
    script::scripted,
};
use crate::{
    Gateway,
    approve::Approved,
    converse::{AnswerKind, MESSAGE_BYTES_MAX, event_stream, json, kind_of},
    denial::Denial,
    mask::{Clean, Interrupted},
};

/// How much of a JSON answer is read before any of it goes on: errors are short, and each is translated whole.
const READ_AHEAD_BYTES_MAX: usize = 64 * 1024;
/// How long the head of an answer that streams waits for the first message: an error that comes at once is told by its status too.
const OPENING_WAIT_MAX: Duration = Duration::from_millis(250);
/// A session that the upstream has forgotten is opened again, once.
const ATTEMPTS_MAX: usize = 2;

/// Sends a request and answers its caller.
pub(super) async fn call(
    gateway: &Arc<Gateway>,
    approved: Approved,
    request: Request,
    client: meta::ClientMeta,
    callers_headers: &HeaderMap,
) -> Result<Response<Clean>, Denial> {
    mirrored::check(gateway, &approved, &request, &client, callers_headers).await?;
    let callers = request.id().clone();
    let sent = gateway.new_request_id();
    let answering = Answering::new(gateway, &approved, &request, client, sent.clone())
        .map_err(|fault| Denial::Malformed(Rejected::new(fault, Some(callers))))?;
    let binding = Binding::of(&approved);
    let traceparent = approved.facts().trace.child(gateway.new_span()).to_string();
    let message = as_sent(request, &answering, &traceparent);
    let held = &gateway.conversations.lower;
    for _ in 0..ATTEMPTS_MAX {
        let (key, upstream) = Box::pin(held.session(gateway, &approved, &answering.client)).await?;
        let line = Line { gateway: Arc::clone(gateway), approved: approved.clone(), upstream };
        log_at(&line, &answering).await;
        let mut in_flight = InFlight::new(line.clone(), sent.clone());
        match line.send(message.clone(), &traceparent).await {
            Ok(Sent::Answered(response)) => return answer(line, answering, binding, in_flight, response).await,
            Ok(Sent::Forgotten) => {
                in_flight.answered();
                held.forget(&key, &line.upstream);
            }
            Err(denial) => {
                in_flight.failed(&denial);
                return Err(denial);
            }
        }
    }
    Err(Denial::UpstreamProtocol { reason: "the upstream forgets each session that it opens" })
}

/// Tells the upstream how much to log, where the caller says and it has changed. The call does not depend on it.
pub(super) async fn log_at(line: &Line, answering: &Answering) {
    let Some(level) = answering.level().filter(|level| line.upstream.needs_level(level)) else { return };
    match line.ask(mcp::Method::SetLevel, Object::new().with("level", level)).await {
        Ok(_) => line.upstream.note_level(level),
        Err(denial) => tracing::info!(reason = denial.reason(), "an upstream could not be told how much to log"),
    }
}

/// The request as the upstream gets it: our id and token, `_meta` rebuilt, nothing that only this era has.
fn as_sent(request: Request, answering: &Answering, traceparent: &str) -> Vec<u8> {
    let mut request = request.with_id(answering.sent.clone());
    let ours =
        meta::Ours { traceparent: Some(traceparent), progress_token: answering.token_sent(), ..meta::Ours::default() };
    let meta = meta::rebuild(meta::of_params(request.params()), &answering.client, Era::Legacy, ours);
    let params = request.params_mut();
    for member in ["inputResponses", "requestState"] {
        params.remove(member);
    }
    params.set("_meta", meta);
    request.to_vec()
}

async fn answer(
    line: Line,
    answering: Answering,
    binding: Binding,
    mut in_flight: InFlight,
    response: Response<Clean>,
) -> Result<Response<Clean>, Denial> {
    let kind = kind_of(&response).inspect_err(|_| in_flight.answered())?;
    match kind {
        AnswerKind::Accepted => {
            in_flight.answered();
            Err(Denial::UpstreamProtocol { reason: "a request was accepted without an answer" })
        }
        AnswerKind::Json => json_answer(answering, in_flight, response.into_body()).await,
        AnswerKind::Events => {
            let mut events = Events::new(response.into_body());
            let first = events.first(OPENING_WAIT_MAX).await;
            let first = first.map_err(Denial::Interrupted).inspect_err(|_| in_flight.answered())?;
            if let Some(error) = first.filter(|first| is_error_answer(&answering, first)) {
                in_flight.answered();
                events.conclude().await.map_err(Denial::Interrupted)?;
                let (status, message) =
                    answering.response(&error, true, &Object::new()).map_err(Denial::Interrupted)?;
                return Ok(json(status, Clean::ours(message)));
            }
            let talk = Talk { line, answering, binding, events, in_flight };
            Ok(event_stream(scripted(|stage| talk.run(stage))))
        }
    }
}

fn is_error_answer(answering: &Answering, message: &Bytes) -> bool {
    matches!(skim(message), Ok(Kind::Response { id, is_error: true }) if answering.is_answer(id.as_ref(), true))
}

/// An answer that is one message. A short one is translated whole; of a long one only a result goes on, as it streams by.
async fn json_answer(
    answering: Answering,
    mut in_flight: InFlight,
    mut body: Clean,
) -> Result<Response<Clean>, Denial> {
    let ahead_max = if answering.is_list() { MESSAGE_BYTES_MAX } else { READ_AHEAD_BYTES_MAX };
    let (ahead, is_whole) = read_ahead(&mut body, ahead_max).await.inspect_err(|_| in_flight.answered())?;
    if is_whole {
        in_flight.answered();
        let invalid = Denial::UpstreamProtocol { reason: "the answer is not the response to the request" };
        return match skim(&ahead) {
            Ok(Kind::Response { id, is_error }) if answering.is_answer(id.as_ref(), is_error) => {
                let translated = answering.response(&ahead, is_error, &body.told());
                translated.map(|(status, message)| json(status, Clean::ours(message))).map_err(|_| invalid)
            }
            _ => Err(invalid),
        };
    }
    if answering.is_list() {
        return Err(Denial::UpstreamProtocol { reason: "a message that must be read whole is too long" });
    }
    let script = scripted(async move |stage| {
        let mut envelope = answering.envelope();
        let mut next = Some(Ok(ahead));
        while let Some(bytes) = next {
            let pushed = envelope.push(&bytes?, |piece| stage.bytes(piece));
            pushed.map_err(protocol)?;
            stage.taken().await;
            next = body.next().await;
        }
        in_flight.answered();
        match envelope.finish().map_err(protocol)? {
            Answer::Result { .. } => Ok(()),
            // Its code means something else in this era, and it is on its way already.
            Answer::Error { .. } => Err(Interrupted::Protocol),
        }
    });
    Ok(json(StatusCode::OK, script))
}

/// Reads until the end, or until there is more than `bytes_max`. Whether it was the end.
async fn read_ahead(body: &mut Clean, bytes_max: usize) -> Result<(Bytes, bool), Denial> {
    let Some(first) = body.next().await.transpose().map_err(Denial::Interrupted)? else {
        return Ok((Bytes::new(), true));
    };
    let mut rest = Vec::new();
    while first.len() + rest.len() <= bytes_max {
        match body.next().await.transpose().map_err(Denial::Interrupted)? {
            Some(more) => rest.extend_from_slice(&more),
            None if rest.is_empty() => return Ok((first, true)),
            None => return Ok(([first.as_ref(), rest.as_slice()].concat().into(), true)),
        }
    }
    Ok(([first.as_ref(), rest.as_slice()].concat().into(), false))
}

fn protocol(error: envelope::EnvelopeError) -> Interrupted {
    tracing::warn!(%error, "an upstream's answer is not one of the protocol");
    Interrupted::Protocol
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ahead(pieces: &'static [&'static str], bytes_max: usize) -> (Bytes, bool, Vec<Bytes>) {
        let mut body = scripted(async move |stage: super::super::script::Stage| {
            for piece in pieces {
                stage.bytes(piece.as_bytes());
                stage.taken().await;
            }
            Ok(())
        });
        let (ahead, is_whole) = read_ahead(&mut body, bytes_max).await.unwrap();
        let mut rest = Vec::new();
        while let Some(bytes) = body.next().await {
            rest.push(bytes.unwrap());
        }
        (ahead, is_whole, rest)
    }

    #[tokio::test]
    async fn what_is_read_ahead_is_the_start_of_the_answer_and_nothing_is_lost() {
        assert_eq!(ahead(&[], 3).await, (Bytes::new(), true, vec![]));
        assert_eq!(ahead(&["abc"], 3).await, ("abc".into(), true, vec![]));
        assert_eq!(ahead(&["a", "b", "c"], 3).await, ("abc".into(), true, vec![]));
        assert_eq!(ahead(&["a", "bcd", "e", "f"], 3).await, ("abcd".into(), false, vec!["e".into(), "f".into()]));
        assert_eq!(ahead(&["abcd", "e"], 3).await, ("abcd".into(), false, vec!["e".into()]));
    }
}
