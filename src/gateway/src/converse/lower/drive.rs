//! The stream of a call: what the upstream says goes on until the answer, or until it asks something that the caller must answer.

use bytes::Bytes;
use mcp::{Kind, Outcome, skim};

use super::{
    answering::{Answering, refusal},
    events::{Events, Heard},
    line::{InFlight, Line},
    parked::{Binding, ParkedCall, park},
    questions::{self, Asked, QUESTIONS_MAX, Question},
    script::Stage,
};
use crate::{
    converse::{AnswerKind, kind_of},
    denial::Denial,
    mask::Interrupted,
};

/// Requests that an upstream may send on the stream of one call, pings included.
const REQUESTS_MAX: usize = 256;
/// How often the stream of one call is resumed where it broke off before the answer.
const RESUMPTIONS_MAX: usize = 8;

/// A call whose answer is a stream.
pub(super) struct Talk {
    pub(super) line: Line,
    pub(super) answering: Answering,
    pub(super) binding: Binding,
    pub(super) events: Events,
    pub(super) in_flight: InFlight,
}

/// What follows one message of the upstream.
enum Next {
    /// The stream goes on.
    More,
    /// It was the answer.
    Answer(Vec<u8>),
}

impl Talk {
    /// Says what the upstream says, in the words of the caller.
    pub(super) async fn run(mut self, stage: Stage) -> Result<(), Interrupted> {
        let (mut questions, mut requests, mut resumptions) = (Vec::new(), 0, 0);
        loop {
            match self.events.at_hand()? {
                Some(Heard::Alive) => stage.keep_alive(),
                Some(Heard::Message(data)) => match self.message(&data, &stage, &mut questions, &mut requests).await? {
                    Next::More => {}
                    Next::Answer(message) => {
                        self.in_flight.answered();
                        self.events.conclude().await?;
                        stage.message(&message);
                        return Ok(());
                    }
                },
                // Questions that came together are asked together.
                None if !questions.is_empty() => {
                    stage.message(&self.ask(questions));
                    return Ok(());
                }
                None => {
                    stage.taken().await;
                    match stage.alive(self.events.more()).await {
                        Ok(true) => {}
                        Ok(false) | Err(Interrupted::Upstream) if resumptions < RESUMPTIONS_MAX => {
                            resumptions += 1;
                            stage.alive(self.resume()).await?;
                        }
                        Ok(false) => return Err(self.cut(Interrupted::Upstream)),
                        Err(interrupted) => return Err(self.cut(interrupted)),
                    }
                }
            }
        }
    }

    async fn message(
        &mut self,
        data: &Bytes,
        stage: &Stage,
        questions: &mut Vec<Question>,
        requests: &mut usize,
    ) -> Result<Next, Interrupted> {
        match skim(data).map_err(|_| Interrupted::Protocol)? {
            Kind::Response { id, is_error } if self.answering.is_answer(id.as_ref(), is_error) => {
                self.answering.response(data, is_error, &self.events.told()).map(|(_, message)| Next::Answer(message))
            }
            // A resumed stream may carry the answer to another call, which is read elsewhere.
            Kind::Response { .. } => Ok(Next::More),
            Kind::Notification { method } => {
                if let Some(notice) = self.answering.notice(&method, data)? {
                    stage.message(&notice);
                }
                Ok(Next::More)
            }
            Kind::Request { .. } => {
                *requests += 1;
                if *requests > REQUESTS_MAX {
                    return Err(Interrupted::Protocol);
                }
                let may_ask = self.answering.may_ask && questions.len() < QUESTIONS_MAX;
                match Asked::of(data, &self.answering.client, may_ask)? {
                    Asked::Question(question) => questions.push(question),
                    Asked::Ours { serving, id, outcome } => self.line.answer_ourselves(serving, id, outcome).await,
                }
                Ok(Next::More)
            }
        }
    }

    /// Puts the call aside, and asks its caller.
    fn ask(self, questions: Vec<Question>) -> Vec<u8> {
        let Self { line, answering, binding, events, in_flight } = self;
        // The table keeps the questions; the caller reads them first.
        let asked = questions::requests(&questions);
        let parked = park(&line.gateway, &line.approved, binding, ParkedCall { events, in_flight, questions });
        answering.message(match parked {
            Ok(state) => Outcome::Result(questions::input_required(asked, Some(&state))),
            Err(denial) => {
                tracing::warn!(reason = denial.reason(), "a call could not wait for its caller");
                refusal(&denial)
            }
        })
    }

    /// Comes back to a stream that ended before the answer, where the upstream said how.
    async fn resume(&mut self) -> Result<(), Interrupted> {
        let Some((id, wait)) = self.events.resumable() else { return Err(self.cut(Interrupted::Upstream)) };
        let id = id.to_owned();
        tokio::time::sleep(wait).await;
        let serving = self.line.approved.serving("session/stream");
        let opened = self.line.stream(&serving, Some(&id)).await.and_then(|response| match kind_of(&response)? {
            AnswerKind::Events => Ok(response.into_body()),
            AnswerKind::Json | AnswerKind::Accepted => {
                Err(Denial::UpstreamProtocol { reason: "the answer to GET is not an event stream" })
            }
        });
        match opened {
            Ok(body) => {
                self.events = self.events.resumed(body);
                Ok(())
            }
            Err(denial) => {
                tracing::warn!(reason = denial.reason(), "a stream could not be resumed");
                Err(self.cut(Interrupted::Upstream))
            }
        }
    }

    /// The upstream is gone, or nothing may be sent to it any more.
    fn cut(&mut self, interrupted: Interrupted) -> Interrupted {
        self.in_flight.answered();
        interrupted
    }
}
