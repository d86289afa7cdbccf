//! The path of a call: one file a stage, and `carry`, which calls them in order.
//!
//! In scope: everything between a request at the door and the last byte of its answer, and the token service that starts and ends
//! sessions. Out of scope: listeners and routes (`claviger`), sockets (`dial`), opening credentials (`egress`), what a message
//! means (`mcp`), what a policy says (`policy`).
//!
//! Each stage takes the evidence of the one before and returns its own; fields are private and each kind of evidence has one
//! constructor, so that a stage that is skipped does not compile.

mod carry;

// The stages, in the order in which a call meets them.
mod approve;
mod asked;
mod authenticate;
mod authorize;
mod converse;
mod door;
mod handles;
mod inspect;
mod mask;
mod plain;
mod read;
mod record;
mod refuse;
mod session;

mod analysis;
mod aws;
mod connection;
mod denial;
mod exchange;
mod facts;
mod leak;
mod metrics;
mod trace_ids;
mod upstream;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use egress::Egress;
use model::{Clock, TraceContext};
use ring::rand::SystemRandom;
use trace_ids::TraceIds;

pub use analysis::{Analyze, Unanalyzed};
pub use authenticate::Authenticator;
pub use aws::{AwsKind, AwsRanges, AwsService, CREDENTIALS_PATH};
pub use connection::Invitations;
pub use denial::{Denial, Told};
pub use door::Door;
pub use exchange::{Refused, TokenService};
pub use mask::{Clean, Interrupted};
pub use metrics::Metrics;
pub use read::ReadLimits;
pub use record::{ConnectionEntry, Recorder};
pub use session::{LiveSession, SWEEP_INTERVAL, Sessions};
pub use upstream::{Masking, Speech, Upstream, Upstreams};

/// What each stage hands to the next. Nobody outside can make any of it, so the stages that take it are closed to all but those
/// who went through the stages before; `tests/skipped_stages.rs` shows what does not compile.
pub mod evidence {
    pub use crate::{
        approve::Approved, authenticate::Authenticated, authorize::Permit, converse::Leg, handles::WithStandIns,
        inspect::Inspected, mask::Clean, record::Recorded, session::InSession,
    };
}

/// What a gateway is made of.
pub struct GatewayParts {
    /// Which hosts and origins are ours.
    pub door: Door,
    /// Verifies session tokens.
    pub authenticator: Authenticator,
    /// The sessions that run.
    pub sessions: Arc<Sessions>,
    /// What is served.
    pub upstreams: Upstreams,
    /// How much of a caller is read.
    pub limits: ReadLimits,
    /// Writes the record.
    pub recorder: Recorder,
    /// Carries calls to upstreams.
    pub egress: Arc<dyn Egress>,
    /// Invites people to connect accounts.
    pub invitations: Arc<dyn Invitations>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// The path of a call.
pub struct Gateway {
    door: Door,
    authenticator: Authenticator,
    upstreams: Upstreams,
    limits: ReadLimits,
    recorder: Recorder,
    leaks: Arc<leak::LeakWatch>,
    egress: Arc<dyn Egress>,
    invitations: Arc<dyn Invitations>,
    clock: Arc<dyn Clock>,
    conversations: Arc<converse::Conversations>,
    random: SystemRandom,
    trace_ids: TraceIds,
    /// Ids of the requests that go to upstreams: ours, never a caller's.
    next_id: AtomicU64,
}

impl Gateway {
    /// A gateway of these parts.
    #[must_use]
    pub fn new(parts: GatewayParts) -> Self {
        let GatewayParts { door, authenticator, sessions, upstreams, limits, recorder, egress, invitations, clock } =
            parts;
        let leaks = leak::LeakWatch::new(sessions, recorder.clone(), Arc::clone(&clock));
        let (random, next_id) = (SystemRandom::new(), AtomicU64::new(1));
        let conversations = Arc::new(converse::Conversations::default());
        let trace_ids = TraceIds::default();
        Self {
            door,
            authenticator,
            upstreams,
            limits,
            recorder,
            leaks,
            egress,
            invitations,
            clock,
            conversations,
            random,
            trace_ids,
            next_id,
        }
    }

    /// What is served.
    #[must_use]
    pub const fn upstreams(&self) -> &Upstreams {
        &self.upstreams
    }

    /// Whether a request may come in at all, whatever it is for: its host is ours, its origin is allowed.
    ///
    /// # Errors
    /// [`Denial::ForeignHost`] or [`Denial::ForeignOrigin`].
    pub fn admit(&self, headers: &http::HeaderMap, uri: &http::Uri) -> Result<(), Denial> {
        self.door.admit(headers, uri)
    }

    fn new_request_id(&self) -> mcp::Id {
        mcp::Id::from(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    fn new_trace(&self) -> TraceContext {
        TraceContext::new(self.trace_ids.trace(), self.new_span(), 0)
    }

    fn new_span(&self) -> [u8; 8] {
        self.trace_ids.span()
    }
}

impl std::fmt::Debug for GatewayParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayParts").field("upstreams", &self.upstreams).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("upstreams", &self.upstreams).finish_non_exhaustive()
    }
}
