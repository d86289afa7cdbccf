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

/// Rewrites an answer. One that is all there is checked before any of it is sent, and says what was found in it.
pub(super) fn rewrite(answer: Clean, envelope: Envelope) -> Result<Clean, Denial> {
    let mut envelope = envelope.with_meta(&answer.told());
    let rewritten = if let Some(whole) = answer.whole() {
        let mut out = Vec::with_capacity(whole.len() + 32);
        envelope.push(whole, |piece| out.extend_from_slice(piece)).map(|()| Clean::ours(out))
    } else if let Some(pieces) = answer.pieces() {
        let mut out = VecDeque::with_capacity(pieces.len() + 2);
        let mut pushed = pieces.iter().map(|piece| envelope.push_bytes(piece, |bytes| out.push_back(bytes)));
        pushed.try_for_each(|pushed| pushed).map(|()| Clean::in_pieces(out))
    } else {
        return Ok(Clean::derived(Rewriting { answer, envelope: Some(envelope), ready: VecDeque::new() }));
    };
    match rewritten.and_then(|clean| envelope.finish().map(|_| clean)) {
        Ok(clean) => Ok(clean),
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
