//! What is known of a call so far: filled as it passes the stages, read when it is recorded or refused.

use std::{borrow::Cow, sync::Arc};

use mcp::{Era, Id};
use model::{Timestamp, TraceContext};

use crate::{session::LiveSession, upstream::Upstream};

/// In which words a caller is answered.
#[derive(Debug, Clone)]
pub(crate) enum Voice {
    /// Plain HTTP: a small JSON object.
    Http,
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
}

impl Facts {
    /// Of a call of which nothing is known but that it came.
    pub(crate) const fn new(trace: TraceContext, arrived: Timestamp) -> Self {
        let (voice, upstream, session, action) = (Voice::Http, None, None, None);
        Self { trace, arrived, voice, upstream, session, action, tool: None, arguments_sha256: None }
    }
}
