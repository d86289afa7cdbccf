//! What is known of a call so far: filled as it passes the stages, read when it is recorded or refused.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use mcp::{Era, Id};
use model::{Timestamp, TraceContext};
use redact::Report;

use crate::{aws::AwsKind, connection, session::LiveSession, upstream::Upstream};

/// In which words a caller is answered.
#[derive(Debug, Clone)]
pub(crate) enum Voice {
    /// Plain HTTP: a small JSON object.
    Http,
    /// As this service of AWS says it.
    Aws(AwsKind),
    /// JSON-RPC.
    Mcp {
        /// Whose codes and statuses apply.
        era: Era,
        /// The request, where one could be read.
        id: Option<Id>,
    },
}

/// What is known of one call. A refusal is recorded with as much of it as there is.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// The trace that the caller is in, or a new one.
    pub(crate) trace: TraceContext,
    /// When the request head had arrived.
    pub(crate) arrived: Timestamp,
    /// How the caller is answered.
    pub(crate) voice: Voice,
    /// The upstream that the path names.
    pub(crate) upstream: Option<Arc<Upstream>>,
    /// The session of the caller.
    pub(crate) session: Option<Arc<LiveSession>>,
    /// What is asked: an MCP method, or `http/request`.
    pub(crate) action: Option<Cow<'static, str>>,
    /// The tool, prompt, resource or operation that is asked for.
    pub(crate) tool: Option<String>,
    /// The SHA-256 of the canonical (RFC 8785) arguments.
    pub(crate) arguments_sha256: Option<[u8; 32]>,
    /// What was found in what is asked.
    pub(crate) found: Report,
    /// Whether the caller can let a person open a page now; shared by the copies, because a session of the older era says it late.
    opens_urls: Arc<AtomicBool>,
    /// Whether the intent of this very call is in the record; shared by the copies that go with its exchanges.
    intended: Arc<AtomicBool>,
}

impl Facts {
    /// Of a call of which nothing is known but that it came.
    pub(crate) fn new(trace: TraceContext, arrived: Timestamp) -> Self {
        let (voice, upstream, session, action) = (Voice::Http, None, None, None);
        let (opens_urls, intended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (tool, arguments_sha256, found) = (None, None, Report::default());
        Self { trace, arrived, voice, upstream, session, action, tool, arguments_sha256, found, opens_urls, intended }
    }

    /// Of a message that only serves this call: the same caller and trace, and an intent of its own.
    pub(crate) fn serving(&self, method: &'static str) -> Self {
        let (action, intended) = (Some(Cow::Borrowed(method)), Arc::new(AtomicBool::new(false)));
        let (tool, arguments_sha256, found) = (None, None, Report::default());
        Self { action, tool, arguments_sha256, found, intended, ..self.clone() }
    }

    /// Notes that the caller can let a person open a page.
    pub(crate) fn note_opens_urls(&self) {
        self.opens_urls.store(true, Ordering::Relaxed);
    }

    /// Whether a person may be asked to open a page in answer to this call.
    pub(crate) fn may_ask_to_open(&self) -> bool {
        self.opens_urls.load(Ordering::Relaxed) && connection::may_ask(self.action.as_deref())
    }

    /// Notes that the intent is in the record.
    pub(crate) fn note_intent(&self) {
        self.intended.store(true, Ordering::Relaxed);
    }

    /// Whether the intent is in the record; then the outcome that belongs to it says what came of the call.
    pub(crate) fn is_intended(&self) -> bool {
        self.intended.load(Ordering::Relaxed)
    }
}
