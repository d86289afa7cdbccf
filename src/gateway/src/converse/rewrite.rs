//! Puts the caller's id into one JSON answer as it streams by.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use mcp::Envelope;

use crate::{
    denial::Denial,
    mask::{Clean, DerivedBody, Interrupted},
};

/// Rewrites an answer. One that is all there is checked before any of it is sent.
pub(super) fn rewrite(answer: Clean, mut envelope: Envelope) -> Result<Clean, Denial> {
    let Some(whole) = answer.whole() else {
        return Ok(Clean::derived(Rewriting { answer, envelope: Some(envelope), ready: VecDeque::new() }));
    };
    let mut out = Vec::with_capacity(whole.len() + 32);
    let rewritten = envelope.push(whole, |piece| out.extend_from_slice(piece)).and_then(|()| envelope.finish());
    match rewritten {
        Ok(_) => Ok(Clean::ours(out)),
        Err(error) => {
            tracing::warn!(%error, "an upstream's answer is not one of the protocol");
            Err(Denial::UpstreamProtocol { reason: "the answer is not the response to the request" })
        }
    }
}

/// An answer that is rewritten while it streams.
#[derive(Debug)]
struct Rewriting {
    answer: Clean,
    /// `None` once the answer has ended.
    envelope: Option<Envelope>,
    ready: VecDeque<Bytes>,
}

impl DerivedBody for Rewriting {
    fn poll_bytes(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Interrupted>>> {
        loop {
            let Self { answer, envelope, ready } = &mut *self;
            if let Some(bytes) = ready.pop_front() {
                return Poll::Ready(Some(Ok(bytes)));
            }
            let Some(rewriter) = envelope else { return Poll::Ready(None) };
            match ready!(answer.poll_bytes(cx)) {
                Some(Ok(bytes)) => {
                    let pushed = rewriter.push_bytes(&bytes, |piece| {
                        if !piece.is_empty() {
                            ready.push_back(piece);
                        }
                    });
                    if let Err(error) = pushed {
                        return Poll::Ready(Some(Err(protocol(error))));
                    }
                }
                Some(Err(interrupted)) => return Poll::Ready(Some(Err(interrupted))),
                None => {
                    if let Some(Err(error)) = envelope.take().map(Envelope::finish) {
                        return Poll::Ready(Some(Err(protocol(error))));
                    }
                }
            }
        }
    }
}

fn protocol(error: mcp::EnvelopeError) -> Interrupted {
    tracing::warn!(%error, "an upstream's answer is not one of the protocol");
    Interrupted::Protocol
}
