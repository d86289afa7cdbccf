//! The provider against a server that checks what GitHub checks and answers in GitHub's documented shapes.

#![expect(clippy::unwrap_used, reason = "what a test arranges may fail it")]

mod contract;
mod github;
mod loopback;
mod minting;
mod refusals;
mod scene;
