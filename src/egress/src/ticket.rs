//! The right to send one request once: who, to whom, which bytes, after which record, until when.

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, Method};
use model::{Caller, Timestamp, TraceContext};

use crate::{EgressError, ForwardPath, Outbound, Presented, UpstreamTarget};

/// How long after its record a call may be sent. It is the longest time for which a record says "sent" of a call that was not.
pub const TICKET_LIFE: Duration = Duration::from_secs(2);

/// What a ticket names.
pub struct TicketParts {
    /// Who calls, and in which session.
    pub caller: Arc<Caller>,
    /// The trace of the call.
    pub trace: TraceContext,
    /// Where the call goes.
    pub upstream: Arc<UpstreamTarget>,
    /// The method.
    pub method: Method,
    /// The path below the upstream's prefix, with the query.
    pub path: ForwardPath,
    /// The caller's header fields; those on the list of outbound fields go on.
    pub headers: HeaderMap,
    /// The body.
    pub body: Outbound,
    /// The handles and pseudonyms that the request shows, in place of which goes what they stand for.
    pub stand_ins: Vec<Presented>,
    /// The index of the intent in the record.
    pub record: u64,
    /// When the intent was recorded.
    pub recorded_at: Timestamp,
}

/// Evidence that a call was judged and recorded, and the right to send it. It is spent by being moved, and cannot be copied.
#[must_use = "a recorded call that is not sent leaves an intent without an outcome"]
pub struct ForwardTicket(TicketParts);

impl ForwardTicket {
    /// Only the stage that holds the receipt of a record may call this; `tests/architecture.rs` says so.
    pub const fn new(parts: TicketParts) -> Self {
        Self(parts)
    }

    /// Turns the right into the request, once.
    ///
    /// # Errors
    /// The ticket or its session is over.
    pub(crate) fn spend(self, now: Timestamp) -> Result<TicketParts, EgressError> {
        let Self(parts) = self;
        if now >= parts.recorded_at.plus(TICKET_LIFE) {
            return Err(EgressError::TicketExpired);
        }
        if now >= parts.caller.session_end {
            return Err(EgressError::SessionEnded);
        }
        Ok(parts)
    }
}

impl fmt::Debug for TicketParts {
    /// Shows what a log may hold: no headers, no query, no body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketParts")
            .field("session", &self.caller.session)
            .field("upstream", self.upstream.name())
            .field("method", &self.method)
            .field("path", &self.path)
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ForwardTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
