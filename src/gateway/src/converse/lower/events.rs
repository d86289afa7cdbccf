//! An upstream's event stream, read message by message; it can be put aside between two of them.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use mcp::{
    Id, Kind, Limits, Message, Outcome, skim,
    sse::{Decoder, Item},
};

use crate::{
    converse::{AnswerKind, MESSAGE_BYTES_MAX, kind_of},
    denial::Denial,
    mask::{Clean, Interrupted},
};

/// How long an upstream may ask us to wait before we come back to its stream.
const RETRY_MAX: Duration = Duration::from_secs(10);

/// An upstream's event stream.
#[derive(Debug)]
pub(super) struct Events {
    body: Clean,
    decoder: Decoder,
    last_event_id: Option<String>,
    retry: Duration,
    /// What was looked at already and is heard next.
    next: Option<Heard>,
}

/// What was heard on the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A message.
    Message(Bytes),
    /// A sign of life.
    Alive,
}

impl Events {
    pub(super) fn new(body: Clean) -> Self {
        let decoder = Decoder::new(MESSAGE_BYTES_MAX);
        Self { body, decoder, last_event_id: None, retry: Duration::ZERO, next: None }
    }

    /// What is there already.
    pub(super) fn at_hand(&mut self) -> Result<Option<Heard>, Interrupted> {
        if let Some(heard) = self.next.take() {
            return Ok(Some(heard));
        }
        loop {
            match self.decoder.next_item() {
                Ok(None) => return Ok(None),
                Ok(Some(Item::Comment)) => return Ok(Some(Heard::Alive)),
                Ok(Some(Item::Retry(milliseconds))) => self.retry = Duration::from_millis(milliseconds).min(RETRY_MAX),
                Ok(Some(Item::Event(event))) => {
                    if event.id.is_some() {
                        self.last_event_id = event.id;
                    }
                    // An event without a message only sets the id from which the stream can be resumed.
                    let heard = if event.data.is_empty() { Heard::Alive } else { Heard::Message(event.data) };
                    return Ok(Some(heard));
                }
                Err(error) => {
                    tracing::warn!(%error, "an upstream's event stream cannot be read");
                    return Err(Interrupted::Protocol);
                }
            }
        }
    }

    /// Looks at the first message, where it comes within `wait_max`. It is heard all the same.
    pub(super) async fn first(&mut self, wait_max: Duration) -> Result<Option<Bytes>, Interrupted> {
        let deadline = tokio::time::Instant::now() + wait_max;
        let mut heard = None;
        loop {
            match self.at_hand()? {
                Some(Heard::Message(data)) => {
                    self.next = Some(Heard::Message(data.clone()));
                    return Ok(Some(data));
                }
                Some(Heard::Alive) => heard = Some(Heard::Alive),
                None => match tokio::time::timeout_at(deadline, self.more()).await {
                    Ok(Ok(true)) => {}
                    Ok(Err(interrupted)) if interrupted != Interrupted::Upstream => return Err(interrupted),
                    // Whoever reads on finds the end again.
                    Ok(Ok(false) | Err(_)) | Err(_) => {
                        self.next = heard;
                        return Ok(None);
                    }
                },
            }
        }
    }

    /// Waits for more. `false` at the end of the stream. Nothing is lost where this is dropped.
    pub(super) async fn more(&mut self) -> Result<bool, Interrupted> {
        match self.body.next().await {
            Some(Ok(bytes)) => {
                self.decoder.feed(bytes);
                Ok(true)
            }
            Some(Err(interrupted)) => Err(interrupted),
            None => Ok(false),
        }
    }

    /// Where the stream can be resumed, and after which wait; `None` where the upstream gave no id.
    pub(super) fn resumable(&self) -> Option<(&str, Duration)> {
        self.last_event_id.as_deref().map(|id| (id, self.retry))
    }

    /// The same stream, on another connection.
    pub(super) fn resumed(&self, body: Clean) -> Self {
        Self { last_event_id: self.last_event_id.clone(), retry: self.retry, ..Self::new(body) }
    }

    /// What was found in it so far.
    pub(super) fn told(&self) -> mcp::Object {
        self.body.told()
    }

    /// Ends the stream, whatever else the upstream says: then its outcome is in the record.
    pub(super) async fn conclude(mut self) -> Result<(), Interrupted> {
        self.body.conclude();
        while let Some(rest) = self.body.next().await {
            rest?;
        }
        Ok(())
    }
}

/// The upstream's one answer to `sent`, from JSON or from a stream, whose other messages are dropped.
pub(super) async fn one_answer(response: Response<Clean>, sent: &Id) -> Result<Outcome, Denial> {
    let invalid = |reason| Denial::UpstreamProtocol { reason };
    let message = match kind_of(&response)? {
        AnswerKind::Json => response.into_body().collect(MESSAGE_BYTES_MAX).await?,
        AnswerKind::Events => answer_in(Events::new(response.into_body()), sent).await?,
        AnswerKind::Accepted => return Err(invalid("a request was accepted without an answer")),
    };
    match Message::parse(&message, &Limits::LIST) {
        Ok(Message::Response(response)) if response.id() == Some(sent) => Ok(response.into_outcome()),
        _ => Err(invalid("the answer is not the response to the request")),
    }
}

async fn answer_in(mut events: Events, sent: &Id) -> Result<Bytes, Denial> {
    loop {
        match events.at_hand().map_err(Denial::Interrupted)? {
            Some(Heard::Message(data)) => {
                if matches!(skim(&data), Ok(Kind::Response { id: Some(id), .. }) if id == *sent) {
                    events.conclude().await.map_err(Denial::Interrupted)?;
                    return Ok(data);
                }
            }
            Some(Heard::Alive) => {}
            None if events.more().await.map_err(Denial::Interrupted)? => {}
            None => return Err(Denial::UpstreamProtocol { reason: "the stream holds no answer" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_says_where_it_can_be_resumed() {
        let mut events = Events::new(Clean::ours("id: 7\ndata:\n\nretry: 999999\n:\ndata: {}\n\n"));
        assert_eq!(events.at_hand(), Ok(None));
        assert_eq!(events.more().await, Ok(true));
        assert_eq!(events.at_hand(), Ok(Some(Heard::Alive)));
        assert_eq!(events.at_hand(), Ok(Some(Heard::Alive)));
        assert_eq!(events.at_hand(), Ok(Some(Heard::Message(Bytes::from_static(b"{}")))));
        assert_eq!(events.resumable(), Some(("7", RETRY_MAX)));
        assert_eq!(events.more().await, Ok(false));
    }

    #[tokio::test]
    async fn the_first_message_is_looked_at_and_heard_all_the_same() {
        let wait_max = Duration::from_secs(1);
        let mut events = Events::new(Clean::ours(":\n\ndata: {}\n\ndata: []\n\n"));
        assert_eq!(events.first(wait_max).await, Ok(Some(Bytes::from_static(b"{}"))));
        assert_eq!(events.at_hand(), Ok(Some(Heard::Message(Bytes::from_static(b"{}")))));
        assert_eq!(events.at_hand(), Ok(Some(Heard::Message(Bytes::from_static(b"[]")))));
        let mut silent = Events::new(Clean::ours(":\n\n"));
        assert_eq!(silent.first(wait_max).await, Ok(None));
        assert_eq!(silent.at_hand(), Ok(Some(Heard::Alive)));
        assert_eq!(silent.more().await, Ok(false));
    }

    #[tokio::test]
    async fn the_answer_is_found_among_other_messages_and_ends_the_reading() {
        let mut response = Response::new(Clean::ours(
            "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":8,\"result\":{}}\n\n\
             data: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"a\":1}}\n\ndata: junk\n\n",
        ));
        response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
        let outcome = one_answer(response, &7.into()).await.unwrap();
        assert!(matches!(outcome, Outcome::Result(result) if result.member("a").is_some()));
    }
}
