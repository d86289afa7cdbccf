//! An event stream that is read, translated event by event, and written again.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use mcp::{
    Object,
    sse::{Decoder, Encoder, Event, Item},
};

use super::MESSAGE_BYTES_MAX;
use crate::mask::{Clean, DerivedBody, Interrupted};

/// What becomes of one event.
pub(super) enum Step {
    /// It goes on, as this message.
    Pass(Vec<u8>),
    /// It goes no further.
    Drop,
    /// It goes on, and nothing follows: the answer to the caller's request.
    Last(Vec<u8>),
}

/// Translates the messages of one stream.
pub(super) trait Translate: Send + std::fmt::Debug {
    /// The next message. `told` goes into the `_meta` of a result: what was found in the stream so far.
    fn message(&mut self, data: &Bytes, told: &Object) -> Result<Step, Interrupted>;

    /// Whether the ids by which a caller resumes a stream go on; they belong to the older era.
    fn keeps_event_ids(&self) -> bool {
        false
    }

    /// What must still be said when the stream ends without an answer; `None` where its end is fine.
    fn at_end(&mut self) -> Option<Interrupted> {
        None
    }
}

/// A stream of events under translation. Before the last one goes on, the outcome of the exchange is in the record.
#[derive(Debug)]
pub(super) struct Translated<T> {
    upstream: Clean,
    decoder: Option<Decoder>,
    translate: T,
    /// The answer, encoded; it waits for its outcome.
    last: Option<Vec<u8>>,
    /// What was there before anybody asked.
    first: Option<Result<Bytes, Interrupted>>,
    is_over: bool,
}

impl<T: Translate + Unpin + 'static> Translated<T> {
    /// The translated stream. One that is all there already is whole, so that it goes out in one write; nothing is waited for
    /// but the record of its outcome.
    pub(super) async fn body(upstream: Clean, translate: T) -> Clean {
        let decoder = Some(Decoder::new(MESSAGE_BYTES_MAX));
        let mut body = Self { upstream, decoder, translate, last: None, first: None, is_over: false };
        body.first = poll_fn(|cx| match Pin::new(&mut body).poll_bytes(cx) {
            Poll::Ready(first) => Poll::Ready(first),
            Poll::Pending if body.last.is_some() => Poll::Pending,
            Poll::Pending => Poll::Ready(None),
        })
        .await;
        match body.first.take() {
            Some(Ok(whole)) if body.is_over => Clean::ours(whole),
            first => Clean::derived(Self { first, ..body }),
        }
    }

    /// Translates what is decoded so far; several events at hand go on together.
    fn drain(&mut self, out: &mut Vec<u8>) -> Result<(), Interrupted> {
        // The decoder goes away with the last event.
        while let Some(decoder) = &mut self.decoder {
            match decoder.next_item() {
                Ok(None) => break,
                Ok(Some(Item::Comment)) => Encoder::keep_alive(out),
                Ok(Some(Item::Retry(milliseconds))) if self.translate.keeps_event_ids() => {
                    Encoder::retry(milliseconds, out)
                }
                Ok(Some(Item::Retry(_))) => {}
                Ok(Some(Item::Event(event))) => self.event(&event, out)?,
                Err(error) => {
                    tracing::warn!(%error, "an upstream's event stream cannot be read");
                    return Err(Interrupted::Protocol);
                }
            }
        }
        Ok(())
    }

    fn event(&mut self, event: &Event, out: &mut Vec<u8>) -> Result<(), Interrupted> {
        let id = event.id.as_deref().filter(|_| self.translate.keeps_event_ids());
        if event.data.is_empty() {
            // An event without a message only sets the id from which a caller resumes.
            if id.is_some() {
                Encoder::event(None, id, b"", out);
            }
            return Ok(());
        }
        match self.translate.message(&event.data, &self.upstream.told())? {
            Step::Pass(message) => Encoder::event(None, id, &message, out),
            Step::Drop => {}
            Step::Last(message) => {
                let mut last = Vec::with_capacity(message.len() + 16);
                Encoder::event(None, id, &message, &mut last);
                self.last = Some(last);
                self.decoder = None;
                self.upstream.conclude();
            }
        }
        Ok(())
    }
}

impl<T: Translate + Unpin + 'static> DerivedBody for Translated<T> {
    fn poll_bytes(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Interrupted>>> {
        let this = &mut *self;
        if let Some(first) = this.first.take() {
            return Poll::Ready(Some(first));
        }
        loop {
            if this.is_over {
                return Poll::Ready(None);
            }
            match ready!(this.upstream.poll_bytes(cx)) {
                Some(Ok(bytes)) => {
                    let Some(decoder) = &mut this.decoder else { continue };
                    decoder.feed(bytes);
                    let mut out = Vec::new();
                    if let Err(interrupted) = this.drain(&mut out) {
                        this.is_over = true;
                        return Poll::Ready(Some(Err(interrupted)));
                    }
                    if !out.is_empty() {
                        return Poll::Ready(Some(Ok(out.into())));
                    }
                }
                Some(Err(interrupted)) => {
                    this.is_over = true;
                    return Poll::Ready(Some(Err(interrupted)));
                }
                None => {
                    this.is_over = true;
                    return Poll::Ready(match this.last.take() {
                        Some(last) => Some(Ok(last.into())),
                        None => this.translate.at_end().map(Err),
                    });
                }
            }
        }
    }
}
