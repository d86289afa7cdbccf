//! The rounds of a request: the upstream asks, the caller is asked on its own stream, and the request goes again with what it said.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use mcp::{Kind, Object, Outcome, Reply, fault::code, outbound, skim};

use super::{
    KEEP_ALIVE,
    call::{Said, Turn},
    lifted::Asking,
    question::InputRequired,
    reading::{Heard, Reading},
    said::{self, recoded},
    told::Tell,
};
use crate::{denial::Denial, mask::Interrupted, refuse::refuse};

/// A tool that has not got what it needs by then never will.
const ROUNDS_MAX: usize = 16;
/// How long a caller may take for the questions of one round: a person reads, thinks and types.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(300);

/// Where the rounds begin.
pub(super) enum Start {
    /// With an answer that is still to be read.
    Reading(Reading),
    /// With a question that was read already.
    Asked(InputRequired),
}

/// Why a question has no answer. The caller reads the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Unanswered {
    #[error("what the tool asked was not answered in time; call it again")]
    Late,
    #[error("the client answered what the tool asked with an error")]
    Failed,
    #[error("too many questions are open in this session; answer them first")]
    TooManyOpen,
    #[error("the tool asked again and again; the call was given up")]
    TooManyRounds,
}

/// Writes the caller's stream. A cancelled request gets no answer, and a session that has ended cuts the stream.
pub(super) async fn run(mut turn: Turn, start: Start, tell: Tell) -> Result<(), Interrupted> {
    let (cancelled, end) = (turn.running.cancelled.clone(), turn.session.end.clone());
    tokio::select! {
        biased;
        ended = rounds(&mut turn, start, &tell) => ended,
        () = cancelled.cancelled() => Ok(()),
        () = end.cancelled() => Err(Interrupted::SessionEnded),
    }
}

async fn rounds(turn: &mut Turn, mut start: Start, tell: &Tell) -> Result<(), Interrupted> {
    for _ in 0..=ROUNDS_MAX {
        let asked = match start {
            Start::Asked(asked) => asked,
            Start::Reading(reading) => match hear(turn, reading, tell).await? {
                Said::Last(message) => return tell.message(&message).await,
                Said::Asked(asked) => asked,
            },
        };
        let undeclared = asked.undeclared(&turn.session.client.lock());
        if let Some(capability) = undeclared {
            let refused = refused(turn, Denial::CapabilityRequired { capability }).await;
            return tell.message(&refused).await;
        }
        let answers = match ask(turn, &asked, tell).await? {
            Ok(answers) => answers,
            Err(unanswered) => return tell.message(&given_up(turn, unanswered)).await,
        };
        start = match turn.again(&asked, answers).await {
            Ok(reading) => Start::Reading(reading),
            Err(denial) => {
                let refused = refused(turn, denial).await;
                return tell.message(&refused).await;
            }
        };
    }
    tell.message(&given_up(turn, Unanswered::TooManyRounds)).await
}

/// Passes on what comes before the response; its outcome is in the record before anyone acts on it.
async fn hear(turn: &Turn, mut reading: Reading, tell: &Tell) -> Result<Said, Interrupted> {
    loop {
        let heard = tokio::select! {
            heard = reading.next() => heard?,
            () = tokio::time::sleep(KEEP_ALIVE) => Some(Heard::Alive),
        };
        let data = match heard {
            Some(Heard::Message(data)) => data,
            Some(Heard::Alive) => {
                tell.alive().await?;
                continue;
            }
            None => return Err(Interrupted::Upstream),
        };
        match skim(&data).map_err(|_| Interrupted::Protocol)? {
            Kind::Response { .. } => {
                let told = reading.told();
                reading.conclude().await?;
                return turn.said(&data, &told).map_err(|reason| {
                    tracing::warn!(reason, "an upstream's answer cannot be passed on");
                    Interrupted::Protocol
                });
            }
            Kind::Notification { method } => {
                let told = said::notification(&method, &data).map_err(|_| Interrupted::Protocol)?;
                if let Some(told) = told {
                    tell.message(&told).await?;
                }
            }
            // The current era has no requests of servers on a stream.
            Kind::Request { .. } => {}
        }
    }
}

/// Asks the caller everything that is asked in one round, and waits for all of it.
async fn ask(turn: &Turn, asked: &InputRequired, tell: &Tell) -> Result<Result<Object, Unanswered>, Interrupted> {
    let mut open = Vec::with_capacity(asked.questions.len());
    for question in &asked.questions {
        let id = turn.gateway.new_request_id();
        let Some(asking) = Asking::begin(&turn.session, id.clone()) else { return Ok(Err(Unanswered::TooManyOpen)) };
        let elicitation_id = URL_SAFE_NO_PAD.encode(turn.gateway.new_span());
        tell.message(&question.request(id, &elicitation_id).to_vec()).await?;
        open.push((question.key(), asking));
    }
    let late = tokio::time::sleep(ANSWER_WAIT_MAX);
    tokio::pin!(late);
    let mut answers = Object::new();
    let mut unanswered = None;
    for (key, mut asking) in open {
        let outcome = loop {
            if unanswered.is_some() {
                break None;
            }
            tokio::select! {
                outcome = &mut asking.outcome => break outcome.ok(),
                () = &mut late => unanswered = Some(Unanswered::Late),
                () = tokio::time::sleep(KEEP_ALIVE) => tell.alive().await?,
            }
        };
        match outcome {
            Some(Outcome::Result(mut answer)) => {
                // What the client keeps beside its answer is between it and us.
                answer.remove("_meta");
                answers.set(key, answer);
            }
            Some(Outcome::Error(_)) => unanswered = Some(Unanswered::Failed),
            None => tell.message(&outbound::cancelled(&asking.id, None).to_vec()).await?,
        }
    }
    Ok(unanswered.map_or(Ok(answers), Err))
}

fn given_up(turn: &Turn, unanswered: Unanswered) -> Vec<u8> {
    tracing::info!(upstream = %turn.approved.upstream().name(), %unanswered, "a question of an upstream has no answer");
    let text = unanswered.to_string();
    Reply::error(StatusCode::OK, Some(&turn.callers), code::INTERNAL_ERROR, &text, None).into_body()
}

/// A refusal on a stream that has begun: recorded and logged as any other, and said as a message.
async fn refused(turn: &Turn, denial: Denial) -> Vec<u8> {
    let refused = refuse(&turn.gateway.recorder, turn.approved.facts(), denial).await;
    recoded(refused.body().whole().map_or(&[], |body| body))
}
