//! What tests start, and how they talk to it: every peer is a real server or a real client on loopback.

pub(crate) mod bearer_proxy;
pub(crate) mod conformance;
pub(crate) mod fixture;
pub(crate) mod http_client;
pub(crate) mod identity_provider;
pub(crate) mod peers;
pub(crate) mod process;
pub(crate) mod rust_sdk;
pub(crate) mod sdk;
pub(crate) mod server_everything;
