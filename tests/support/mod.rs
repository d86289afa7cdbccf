//! What tests start, and how they talk to it: every peer is a real server or a real client on loopback.

pub(crate) mod aws;
pub(crate) mod bearer_proxy;
pub(crate) mod broker;
pub(crate) mod canary;
pub(crate) mod conformance;
pub(crate) mod copied;
pub(crate) mod database;
pub(crate) mod echo;
pub(crate) mod fixture;
pub(crate) mod gate;
pub(crate) mod github;
pub(crate) mod http_client;
pub(crate) mod identity_provider;
pub(crate) mod issuer;
pub(crate) mod openbao;
pub(crate) mod peers;
pub(crate) mod people;
pub(crate) mod ports;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod program;
pub(crate) mod readers;
pub(crate) mod rust_sdk;
pub(crate) mod sdk;
pub(crate) mod server_everything;
pub(crate) mod streamed;
pub(crate) mod terraform;
pub(crate) mod tls;

/// Seconds since 1970, for tokens of the tests' own.
#[expect(clippy::disallowed_methods, reason = "the programs under test run by the clock of the machine")]
pub(crate) fn now_seconds() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("the clock is right").as_secs()
}
