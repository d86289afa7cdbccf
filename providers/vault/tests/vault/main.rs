//! The provider against a real OpenBao and a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "what a test arranges may fail it")]

mod contract;
mod crash;
mod database;
mod faults;
mod identity;
mod logins;
mod mints;
mod proxy;
mod scene;
mod support;
