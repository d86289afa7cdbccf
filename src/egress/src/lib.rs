//! Resolve, inject, forward: the only crate that opens a secret on the path of a call.
//!
//! In scope: what happens between the record of a call and the mask over its answer. A [`ForwardTicket`] names the exact request;
//! [`Egress::carry`] opens or mints the one credential that the upstream is bound to, puts it into its one slot, sends the request,
//! and hands back an answer that can only be scanned. Out of scope: whether the call may happen (`gateway`, `policy`) and what the
//! caller sees of the answer (`redact`).

mod carry;
mod certified;
mod error;
mod forward;
mod headers;
mod in_process;
mod inject;
mod lease;
mod live;
mod outbound;
mod path;
mod present;
mod resolve;
mod stand_ins;
mod ticket;
mod unscanned;
mod upstream;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use carry::Egress;
pub use dial::{InvalidTrustAnchors, PoolLimits, StreamError, Timeouts, TrustAnchors};
pub use error::{Blame, EgressError};
pub use in_process::{InProcess, InProcessParts};
pub use inject::goes_to_aws;
pub use lease::{LeaseCounts, Ledger, LedgerFailed, NoLedger};
pub use live::LiveSecrets;
pub use outbound::Outbound;
pub use path::{ForwardPath, InvalidForwardPath};
pub use present::{HandleInStream, Place, Presented};
pub use resolve::{CredentialSource, Keeping};
pub use stand_ins::{Capture, Handle, HandleId, Issued, Pseudonym, Pseudonyms, StandIn};
pub use ticket::{ForwardTicket, TICKET_LIFE, TicketParts};
pub use unscanned::{Coding, Unscanned, UnscannedParts, UpstreamBody};
pub use upstream::{
    InvalidUpstream, IssuedTokenAction, ProviderHandle, UpstreamCredential, UpstreamParts, UpstreamTarget,
};
