//! The nouns: who calls, what is called, where it goes, and when; no I/O, no async.
//!
//! In scope: values that several crates speak of, each valid by construction. Out of scope: wire formats (`token`, `mcp`,
//! `tlog`, `config` own theirs) and every secret value (`secret`).

mod binding;
mod clock;
mod destination;
mod identity;
mod injection;
mod minting;
mod name;
mod operation;
mod resource;
mod scope;
mod trace;

pub use binding::Binding;
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use destination::{AddressClass, Destination, InvalidDestination, Scheme};
pub use identity::{Actor, Agent, Caller, Subject};
pub use injection::{Injection, InvalidInjection};
pub use minting::{Minted, Minting, Revocation};
pub use name::{
    AgentName, CredentialName, GroupName, InvalidName, IssuerName, LeaseId, MintingId, ProviderName, RuleId, SessionId,
    ToolName, UpstreamName,
};
pub use operation::{AmbiguousOperations, InvalidOperation, Operation, Operations};
pub use resource::{InvalidResource, Resource};
pub use scope::{InvalidScope, Scope, Scopes};
pub use trace::{TraceContext, TraceText};
