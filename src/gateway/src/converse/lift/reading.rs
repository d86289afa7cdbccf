//! Reads the messages of one answer as they come.

use bytes::Bytes;
use http::Response;
use mcp::sse::{Decoder, Item};

use super::super::{AnswerKind, MESSAGE_BYTES_MAX, kind_of};
use crate::{
    denial::Denial,
    mask::{Clean, Interrupted},
};

/// An answer, message by message. What is dropped before its end is recorded as cancelled.
#[derive(Debug)]
pub(super) struct Reading {
    body: Clean,
    /// `None` for a body that is one message.
    decoder: Option<Decoder>,
}

/// What stands next in an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A message.
    Message(Bytes),
    /// A sign of life.
    Alive,
}

impl Reading {
    /// Of an answer whose head says what it is.
    pub(super) fn of(answer: Response<Clean>) -> Result<Self, Denial> {
        let kind = kind_of(&answer)?;
        let body = answer.into_body();
        match kind {
            AnswerKind::Json => Ok(Self { body, decoder: None }),
            AnswerKind::Events => Ok(Self::events(body)),
            AnswerKind::Accepted => {
                Err(Denial::UpstreamProtocol { reason: "a request was accepted without an answer" })
            }
        }
    }

    /// Of a stream of events.
    pub(super) fn events(body: Clean) -> Self {
        Self { body, decoder: Some(Decoder::new(MESSAGE_BYTES_MAX)) }
    }

    /// What stands next; `None` at the end. Nothing is lost where the future is dropped.
    pub(super) async fn next(&mut self) -> Result<Option<Heard>, Interrupted> {
        let Some(decoder) = &mut self.decoder else { return self.whole().await.map(|whole| whole.map(Heard::Message)) };
        loop {
            match decoder.next_item() {
                Ok(Some(Item::Event(event))) if event.data.is_empty() => {}
                Ok(Some(Item::Event(event))) => return Ok(Some(Heard::Message(event.data))),
                Ok(Some(Item::Comment)) => return Ok(Some(Heard::Alive)),
                Ok(Some(Item::Retry(_))) => {}
                Ok(None) => match self.body.next().await {
                    Some(bytes) => decoder.feed(bytes?),
                    None => return Ok(None),
                },
                Err(error) => {
                    tracing::warn!(%error, "an upstream's event stream cannot be read");
                    return Err(Interrupted::Protocol);
                }
            }
        }
    }

    /// What was found in it so far.
    pub(super) fn told(&self) -> mcp::Object {
        self.body.told()
    }

    /// Nothing more is wanted of the answer: waits until its outcome is in the record.
    pub(super) async fn conclude(mut self) -> Result<(), Interrupted> {
        self.body.conclude();
        while let Some(rest) = self.body.next().await {
            rest?;
        }
        Ok(())
    }

    async fn whole(&mut self) -> Result<Option<Bytes>, Interrupted> {
        let mut whole = Vec::new();
        while let Some(bytes) = self.body.next().await {
            let bytes = bytes?;
            if whole.len() + bytes.len() > MESSAGE_BYTES_MAX {
                return Err(Interrupted::Protocol);
            }
            whole.extend_from_slice(&bytes);
        }
        Ok((!whole.is_empty()).then(|| whole.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn a_stream_is_read_message_by_message() {
        let mut reading =
            Reading::events(Clean::ours(": alive\n\nretry: 5\n\ndata:\n\ndata: {}\n\nid: 7\ndata: x\n\n"));
        assert_eq!(reading.next().await, Ok(Some(Heard::Alive)));
        assert_eq!(reading.next().await, Ok(Some(Heard::Message("{}".into()))));
        assert_eq!(reading.next().await, Ok(Some(Heard::Message("x".into()))));
        assert_eq!(reading.next().await, Ok(None));
        assert_eq!(reading.conclude().await, Ok(()));
        let mut broken = Reading::events(Clean::ours(&b"data: \xff\n\n"[..]));
        assert_eq!(broken.next().await, Err(Interrupted::Protocol));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_json_answer_is_one_message() {
        let mut reading = Reading { body: Clean::ours("{}"), decoder: None };
        assert_eq!(reading.next().await, Ok(Some(Heard::Message("{}".into()))));
        assert_eq!(reading.next().await, Ok(None));
    }
}
