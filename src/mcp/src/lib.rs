//! The Model Context Protocol as a format: strict JSON, JSON-RPC, both eras, SSE, tool definitions; no I/O.
//!
//! Two ways lead through this crate. What goes *to* an upstream is parsed into a tree, judged, and written again from that
//! tree, so that what was judged is what is sent. What comes *back* streams through [`envelope`] without a tree.

pub mod ask;
pub mod envelope;
pub mod era;
pub mod fault;
pub mod headers;
pub mod json;
pub mod legacy;
pub mod lists;
pub mod meta;
pub mod method;
pub mod mirror;
pub mod modern;
pub mod outbound;
pub mod reply;
pub mod rpc;
pub mod skim;
pub mod sse;
pub mod tools;

pub use ask::{Ask, Notice};
pub use envelope::{Answer, Envelope, EnvelopeError};
pub use era::{Dialect, Era, Version};
pub use fault::{Fault, Rejected};
pub use json::{Json, Limits, Malformed, Number, Object};
pub use legacy::LegacySessionId;
pub use method::{ListKind, Method, NoticeKind, ServerMethod};
pub use mirror::Mirrors;
pub use reply::Reply;
pub use rpc::{Id, Message, Notification, Outcome, Request, Response};
pub use skim::{Kind, skim};
pub use tools::Tool;
