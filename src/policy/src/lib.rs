//! Cedar behind an AuthZEN-shaped question and answer; pure and synchronous.
//!
//! In scope: reading policy files, checking them against our own schema, and answering whether an agent may do one thing.
//! Out of scope: who the agent is (`token`), what a call means (`mcp`), asking people (`gateway`), reloading (the owner swaps
//! one [`Policies`] for another). What no rule permits is denied; a rule that cannot be evaluated denies.

mod action;
mod agent;
mod decision;
mod entity;
mod head;
mod load;
mod looks;
mod memo;
mod obligation;
mod policies;
mod problem;
mod question;
mod rule;
#[cfg(test)]
mod sameness;
mod schema;
mod slice;
mod value;

pub use action::Action;
pub use agent::AgentPolicy;
pub use decision::{Decision, Reach, Reason, SERVES_A_JUDGED_CALL};
pub use obligation::{Durability, Obligations};
pub use policies::{Policies, Policy, Source};
pub use problem::{LoadError, Problem};
pub use question::{Arguments, Context, HttpRequest, Question, Target};
