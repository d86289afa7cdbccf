//! The provider against a certified OpenID provider: the contract, each flow, and each way to be refused.

#![expect(clippy::unwrap_used, reason = "what a test arranges may fail it")]

mod consent;
mod contract;
mod flows;
mod identity_assertion;
mod refresh;
mod refusals;
mod scene;
mod server;
