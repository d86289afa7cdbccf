//! The outcome that each intent must get: written when the answer is whole, or when it is dropped.

use std::{sync::Arc, time::Duration};

use egress::Capture;
use model::{LeaseId, Timestamp};
use redact::Report;
use ring::digest::{Context, SHA256};
use tokio::time::Instant;

use super::{
    Recorder,
    entry::{self, Ending, Outcome},
};
use crate::{metrics::Metrics, upstream::Upstream};

/// What came of an exchange so far. [`PendingOutcome::settle`] writes it; dropping it unsettled writes it too, as cancelled.
pub(crate) struct PendingOutcome {
    recorder: Recorder,
    /// `None` once it was written or is being written.
    open: Option<Box<Open>>,
}

struct Open {
    upstream: Arc<Upstream>,
    intent: u64,
    began: Instant,
    status: Option<u16>,
    lease: Option<LeaseId>,
    capture: Option<Arc<Capture>>,
    digest: Context,
    bytes: u64,
    masked: Report,
}

impl PendingOutcome {
    pub(super) fn new(recorder: Recorder, upstream: &Arc<Upstream>, intent: u64) -> Self {
        let (digest, masked) = (Context::new(&SHA256), Report::default());
        let open = Open {
            upstream: Arc::clone(upstream),
            intent,
            began: Instant::now(),
            status: None,
            lease: None,
            capture: None,
            digest,
            bytes: 0,
            masked,
        };
        Self { recorder, open: Some(Box::new(open)) }
    }

    /// Notes the head of the answer.
    pub(crate) fn note_head(&mut self, status: u16, lease: Option<LeaseId>, masked: &Report) {
        if let Some(open) = &mut self.open {
            (open.status, open.lease) = (Some(status), lease);
            open.masked.merge(masked);
        }
    }

    /// Notes where the tokens of the answer go.
    pub(crate) fn note_capture(&mut self, capture: &Arc<Capture>) {
        if let Some(open) = &mut self.open {
            open.capture = Some(Arc::clone(capture));
        }
    }

    /// Notes bytes that are on their way to the caller.
    pub(crate) fn note_bytes(&mut self, bytes: &[u8]) {
        if let Some(open) = &mut self.open {
            open.digest.update(bytes);
            open.bytes += bytes.len() as u64;
        }
    }

    /// Notes what was masked.
    pub(crate) fn note_masked(&mut self, masked: &Report) {
        if let Some(open) = &mut self.open {
            open.masked.merge(masked);
        }
    }

    /// Whether it has been written, or is being written.
    pub(crate) const fn is_settled(&self) -> bool {
        self.open.is_none()
    }

    /// Writes the outcome. The future stands for itself, so that a body can poll it.
    ///
    /// # Errors
    /// The log's; then the answer must not be completed.
    pub(crate) fn settle(
        &mut self,
        ending: Ending,
    ) -> impl Future<Output = Result<(), tlog::AppendError>> + Send + use<> {
        let recorder = self.recorder.clone();
        let entry = self.open.take().map(|open| {
            let latency = open.began.elapsed();
            open.count(&recorder.metrics, ending, latency);
            open.into_entry(ending, recorder.now(), latency)
        });
        async move {
            match entry {
                Some(entry) => recorder.log.append(&entry, tlog::Durability::Process).await.map(drop),
                None => Ok(()),
            }
        }
    }
}

impl Open {
    fn count(&self, metrics: &Metrics, ending: Ending, latency: Duration) {
        metrics.call(Some(self.upstream.name().as_str()), ending.as_str());
        metrics.settled(latency, &self.upstream, &self.masked);
    }

    fn into_entry(self, ending: Ending, at: Timestamp, latency: Duration) -> Vec<u8> {
        let mut response_sha256 = [0; 32];
        response_sha256.copy_from_slice(self.digest.finish().as_ref());
        entry::outcome(&Outcome {
            intent: self.intent,
            at,
            ending,
            status: self.status,
            response_sha256: self.status.is_some().then_some(response_sha256),
            response_bytes: self.bytes,
            found: &self.masked,
            names: self.upstream.masking(),
            lease: self.lease.as_ref(),
            issued: &self.capture.map(|capture| capture.handles()).unwrap_or_default(),
            latency,
        })
    }
}

impl Drop for PendingOutcome {
    fn drop(&mut self) {
        if self.is_settled() {
            return;
        }
        let settle = self.settle(Ending::Cancelled);
        // Outside a runtime there is nothing left to write with; the intent then stands open, which the record shows.
        if tokio::runtime::Handle::try_current().is_ok() {
            self.recorder.tasks.spawn(async move {
                if let Err(error) = settle.await {
                    tracing::error!(%error, "the outcome of a cancelled call could not be recorded");
                }
            });
        }
    }
}

impl std::fmt::Debug for PendingOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingOutcome").field("settled", &self.is_settled()).finish_non_exhaustive()
    }
}
