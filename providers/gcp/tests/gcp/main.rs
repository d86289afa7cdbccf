//! The provider against servers that check what Google checks and answer in Google's documented shapes.

#![expect(clippy::unwrap_used, reason = "what a test arranges may fail it")]

mod contract;
mod flows;
mod google;
mod loopback;
mod refusals;
mod scene;
