//! Software that others wrote, against ours and first of all against itself.

mod analyzer;
mod authorization;
mod conformance;
mod fixture_baseline;
mod peers;
mod through_broker;
