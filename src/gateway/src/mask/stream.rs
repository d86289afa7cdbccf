//! A masked body that streams: decoded, scanned, digested and, at its end, recorded before the caller sees the end.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use egress::UpstreamBody;
use http_body::Body as _;
use mcp::Object;
use redact::{Class, Decoder, Masker, Report};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{Held, Interrupted, line_end::LineEnd, quiet::Quiet, told, withheld::Withheld};
use crate::{
    denial::Denial,
    leak::LeakAlarm,
    record::{Ending, PendingOutcome},
    session::LiveSession,
};

/// Frames that are dropped at a time after the end of an answer; an upstream that says more loses its connection.
const DROPPED_FRAMES_MAX: usize = 4;

type Settling = Pin<Box<dyn Future<Output = Result<(), tlog::AppendError>> + Send>>;

/// A body on its way from the upstream to the caller.
pub(crate) struct MaskedStream {
    upstream: Option<UpstreamBody>,
    /// What is left of a concluded answer: nearly always its end, after which the connection can serve another call.
    rest: Option<UpstreamBody>,
    decoder: Decoder,
    masker: Masker,
    /// What waits for an analyzer; `None` where none is asked.
    held: Option<Held>,
    /// What an analyzer found.
    analyzed: Report,
    ready: VecDeque<Bytes>,
    /// Whether the upstream has said everything, and the last of it is still being analyzed.
    is_read: bool,
    outcome: PendingOutcome,
    settling: Option<Settling>,
    /// What is reported once the outcome is written; `None` for a whole answer.
    interrupted: Option<Interrupted>,
    alarm: LeakAlarm,
    /// Set up when the stream first has to wait: a quick answer costs no registration.
    session_end: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    quiet: Quiet,
    is_event_stream: bool,
    line_end: LineEnd,
}

impl MaskedStream {
    pub(super) fn new(
        decoder: Decoder,
        masker: Masker,
        held: Option<Held>,
        outcome: PendingOutcome,
        alarm: LeakAlarm,
        is_event_stream: bool,
    ) -> Self {
        Self {
            upstream: None,
            rest: None,
            decoder,
            masker,
            held,
            analyzed: Report::default(),
            ready: VecDeque::new(),
            is_read: false,
            outcome,
            settling: None,
            interrupted: None,
            alarm,
            session_end: None,
            quiet: Quiet::default(),
            is_event_stream,
            line_end: LineEnd::default(),
        }
    }

    pub(super) fn reading(mut self, upstream: UpstreamBody) -> Self {
        self.upstream = Some(upstream);
        self
    }

    pub(super) const fn session(&self) -> &Arc<LiveSession> {
        self.alarm.session()
    }

    /// What was found so far.
    pub(super) fn report(&self) -> Report {
        let mut found = self.masker.report().clone();
        found.merge(&self.analyzed);
        found
    }

    /// The same, in the words of a caller.
    pub(super) fn told(&self) -> Object {
        if self.masker.report().is_empty() && self.analyzed.is_empty() {
            return Object::new();
        }
        told::members(&self.report(), self.alarm.upstream().masking())
    }

    pub(super) fn into_outcome(mut self) -> PendingOutcome {
        self.outcome.note_masked(self.masker.report());
        self.outcome
    }

    /// Whether the rest passes as it is, because it is too long to be analyzed.
    pub(super) fn passes_unanalyzed(&self) -> bool {
        self.held.as_ref().is_some_and(Held::passes)
    }

    /// Has what waits analyzed, and releases it.
    pub(super) async fn analyze(&mut self) -> Result<(), Withheld> {
        if !self.begin_analysis() {
            return Ok(());
        }
        std::future::poll_fn(|cx| self.poll_analysis(cx)).await
    }

    /// Decodes and scans the next bytes of the upstream.
    pub(super) fn scan(&mut self, data: Bytes) -> Result<(), Withheld> {
        let Self { decoder, masker, held, ready, outcome, line_end, .. } = self;
        let mut out = |clean| hold_or_release(clean, held, ready, outcome);
        decoder.push(data, &mut |decoded: Bytes| {
            line_end.follow(&decoded);
            masker.push(decoded, &mut out);
        })?;
        // Nobody should wait for the next event to read this one.
        if self.is_event_stream && line_end.is_blank() {
            masker.boundary(&mut out);
        }
        self.judge()?;
        self.weigh()
    }

    /// Scans an answer that comes in one piece, and so need not be decoded or looked at twice.
    pub(super) fn scan_whole(&mut self, data: Bytes) -> Result<(), Withheld> {
        let Self { decoder, masker, held, ready, outcome, .. } = self;
        let mut out = |clean| hold_or_release(clean, held, ready, outcome);
        if decoder.is_identity() {
            masker.push_last(data, &mut out);
        } else {
            decoder.push(data, &mut |decoded| masker.push(decoded, &mut out))?;
        }
        self.judge()?;
        self.weigh()
    }

    /// What waits for an analyzer is no longer than what one is asked about.
    fn weigh(&mut self) -> Result<(), Withheld> {
        let Self { held: Some(held), ready, outcome, .. } = self else { return Ok(()) };
        if let Some(passes) = held.excess()? {
            release(passes, ready, outcome);
        }
        Ok(())
    }

    /// Whether anything is analyzed now.
    fn begin_analysis(&mut self) -> bool {
        self.held.as_mut().is_some_and(Held::begin)
    }

    fn poll_analysis(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Withheld>> {
        let Self { held: Some(held), analyzed, ready, outcome, .. } = self else { return Poll::Ready(Ok(())) };
        let (clean, found) = std::task::ready!(held.poll(cx))?;
        outcome.note_masked(&found);
        analyzed.merge(&found);
        if let Some(class) = found.blocked_by() {
            return Poll::Ready(Err(Withheld::Blocked(class)));
        }
        release(clean, ready, outcome);
        Poll::Ready(Ok(()))
    }

    /// Nothing has come for a while, so nobody should wait for more to read this.
    fn pause(&mut self) -> Result<(), Withheld> {
        let Self { masker, held, ready, outcome, .. } = self;
        masker.pause(&mut |clean| hold_or_release(clean, held, ready, outcome));
        self.judge()?;
        self.weigh()
    }

    /// What was found so far may be more than can be passed on masked.
    fn judge(&mut self) -> Result<(), Withheld> {
        let found = self.masker.report();
        let blocked = found.blocked_by();
        if found.count_of(Class::LiveSecret) > 0 {
            self.alarm.raise();
        }
        blocked.map_or(Ok(()), |class| Err(Withheld::Blocked(class)))
    }

    /// The upstream's answer has ended: what was held back is released.
    pub(super) fn finish(&mut self) -> Result<(), Withheld> {
        let Self { decoder, masker, held, ready, outcome, .. } = self;
        let mut out = |clean| hold_or_release(clean, held, ready, outcome);
        decoder.finish(&mut |decoded| masker.push(decoded, &mut out))?;
        masker.boundary(&mut out);
        self.judge()?;
        self.weigh()
    }

    /// Everything that is clean.
    pub(super) fn take(&mut self) -> VecDeque<Bytes> {
        std::mem::take(&mut self.ready)
    }

    /// The answer is complete, whatever else the upstream says: its outcome is recorded before this body ends.
    pub(super) fn conclude(&mut self) {
        if let Some(upstream) = self.upstream.take() {
            self.rest = Some(upstream);
            self.ready.clear();
            self.end(Ending::Complete, None);
        }
    }

    pub(super) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Interrupted>>> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(bytes)));
            }
            if let Some(settling) = &mut self.settling {
                if let Some(rest) = &mut self.rest {
                    drop_what_is_there(rest, cx);
                }
                let settled = std::task::ready!(settling.as_mut().poll(cx));
                (self.settling, self.rest) = (None, None);
                let end = match settled {
                    Ok(()) => self.interrupted,
                    Err(error) => Some(unrecorded(&error)),
                };
                return Poll::Ready(end.map(Err));
            }
            if self.held.as_ref().is_some_and(Held::is_waiting) {
                match self.poll_analysis(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(withheld)) => self.withhold(withheld),
                    Poll::Pending => std::task::ready!(self.poll_session_end(cx)),
                }
                continue;
            }
            if std::mem::take(&mut self.is_read) {
                self.end(Ending::Complete, None);
                continue;
            }
            let Some(upstream) = &mut self.upstream else { return Poll::Ready(None) };
            if self.alarm.session().end().is_cancelled() {
                self.end(Ending::Cut, Some(Interrupted::SessionEnded));
                continue;
            }
            match Pin::new(upstream).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    self.quiet.restart();
                    // Trailers are dropped: a caller cannot tell a masked one from a missing one.
                    let Ok(data) = frame.into_data() else { continue };
                    match self.scan(data) {
                        Ok(()) if self.is_event_stream && self.line_end.is_blank() => _ = self.begin_analysis(),
                        Ok(()) => {}
                        Err(withheld) => self.withhold(withheld),
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    tracing::warn!(%error, "the answer of an upstream broke off");
                    self.end(Ending::Failed("upstream_cut"), Some(Interrupted::Upstream));
                }
                Poll::Ready(None) => match self.finish() {
                    Ok(()) => {
                        (self.upstream, self.is_read) = (None, true);
                        self.begin_analysis();
                    }
                    Err(withheld) => self.withhold(withheld),
                },
                Poll::Pending => {
                    if self.poll_session_end(cx).is_pending() {
                        std::task::ready!(self.quiet.poll(cx));
                        if let Err(withheld) = self.pause() {
                            self.withhold(withheld);
                        }
                    }
                }
            }
        }
    }

    /// Ends the body with its session.
    fn poll_session_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let session = self.alarm.session();
        let end = self.session_end.get_or_insert_with(|| Box::pin(session.end().clone().cancelled_owned()));
        std::task::ready!(end.as_mut().poll(cx));
        self.end(Ending::Cut, Some(Interrupted::SessionEnded));
        Poll::Ready(())
    }

    fn withhold(&mut self, withheld: Withheld) {
        let interrupted = Interrupted::from(withheld);
        self.end(Ending::Failed(Denial::from(withheld).told().error), Some(interrupted));
    }

    fn end(&mut self, ending: Ending, interrupted: Option<Interrupted>) {
        (self.upstream, self.held, self.is_read) = (None, None, false);
        self.interrupted = interrupted;
        if interrupted.is_some() {
            self.ready.clear();
        }
        self.outcome.note_masked(self.masker.report());
        self.settling = Some(Box::pin(self.outcome.settle(ending)));
    }
}

fn hold_or_release(clean: Bytes, held: &mut Option<Held>, ready: &mut VecDeque<Bytes>, outcome: &mut PendingOutcome) {
    match held {
        Some(held) if !held.passes() => held.push(&clean),
        Some(_) | None => release(clean, ready, outcome),
    }
}

fn release(clean: Bytes, ready: &mut VecDeque<Bytes>, outcome: &mut PendingOutcome) {
    if !clean.is_empty() {
        outcome.note_bytes(&clean);
        ready.push_back(clean);
    }
}

/// Reads on while the outcome is being written; it is not waited for.
fn drop_what_is_there(rest: &mut UpstreamBody, cx: &mut Context<'_>) {
    for _ in 0..DROPPED_FRAMES_MAX {
        let Poll::Ready(Some(Ok(_))) = Pin::new(&mut *rest).poll_frame(cx) else { return };
    }
}

fn unrecorded(error: &tlog::AppendError) -> Interrupted {
    tracing::error!(%error, "the outcome of a call could not be recorded");
    Interrupted::Unrecorded
}

impl std::fmt::Debug for MaskedStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MaskedStream").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}
