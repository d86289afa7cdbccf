//! The crate against servers on loopback, one file for each promise.

mod fetching;
mod guard;
mod handshake;
mod pooling;
mod submitting;
mod timeouts;
