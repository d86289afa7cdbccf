//! Clean bytes that wait for an analyzer: a whole answer, or what is there of a stream up to the end of an event.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use redact::{Report, Texts};

use crate::analysis::{Analysis, Unanalyzed};

type UnderWay = Pin<Box<dyn Future<Output = Result<(Bytes, Report), Unanalyzed>> + Send>>;

/// What waits.
pub(super) struct Held {
    analysis: Analysis,
    is_event_stream: bool,
    bytes: Vec<u8>,
    /// Whether what comes passes as it is, up to the end of the event: it is too long, and the operator lets it pass.
    passes: bool,
    under_way: Option<UnderWay>,
}

impl Held {
    pub(super) const fn new(analysis: Analysis, is_event_stream: bool) -> Self {
        Self { analysis, is_event_stream, bytes: Vec::new(), passes: false, under_way: None }
    }

    /// Whether what comes passes as it is.
    pub(super) const fn passes(&self) -> bool {
        self.passes
    }

    pub(super) fn push(&mut self, clean: &[u8]) {
        self.bytes.extend_from_slice(clean);
    }

    /// What waits and has become too long to be analyzed, where it passes.
    ///
    /// # Errors
    /// [`Unanalyzed::TooLong`] where it does not.
    pub(super) fn excess(&mut self) -> Result<Option<Bytes>, Unanalyzed> {
        if self.analysis.admits(self.bytes.len())? {
            return Ok(None);
        }
        self.passes = true;
        Ok(Some(std::mem::take(&mut self.bytes).into()))
    }

    /// Here an event or the answer ends: what waits is analyzed. Whether anything does.
    pub(super) fn begin(&mut self) -> bool {
        self.passes = false;
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        if bytes.is_empty() {
            return false;
        }
        let (analysis, is_event_stream) = (self.analysis.clone(), self.is_event_stream);
        self.under_way = Some(Box::pin(async move {
            let texts = if is_event_stream { Texts::of_events(bytes.clone()) } else { Texts::of(bytes.clone()) };
            analysis.mask(bytes, texts).await
        }));
        true
    }

    /// Whether an analysis is under way.
    pub(super) const fn is_waiting(&self) -> bool {
        self.under_way.is_some()
    }

    /// What may pass of what was analyzed, and what was found in it.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Bytes, Report), Unanalyzed>> {
        let Some(under_way) = &mut self.under_way else { return Poll::Ready(Ok(Default::default())) };
        let analyzed = ready!(under_way.as_mut().poll(cx));
        self.under_way = None;
        Poll::Ready(analyzed)
    }
}
