//! `[server]`: where agents reach us, where state is kept, and the limits.

use std::{fmt, path::PathBuf, str::FromStr};

use model::{Destination, InvalidDestination, Scheme};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    address::{is_loopback, is_readable_on_the_way},
    at::{Address, At, Number, text},
    listener::{Listener, Protection, TlsTable},
    problem::Problems,
};

/// Where agents reach us, where state is kept, and the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server {
    /// The issuer of session tokens and the base of every resource; without path. Its `Display` has no trailing slash.
    pub public_url: Destination,
    /// The listener for agents.
    pub listener: Listener,
    /// Where state is kept; made on the first start where it is not there.
    pub data_directory: PathBuf,
    /// Values of the `Origin` header that are accepted, as browsers write them (RFC 6454, section 6.2).
    pub allowed_origins: Vec<String>,
    /// The limits.
    pub limits: Limits,
}

/// How much is borne before more is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Worker threads; 0 is one for each core.
    pub workers: usize,
    /// The largest MCP message, and the largest body that a credential is put into.
    pub request_body_bytes_max: usize,
    /// Connections that are open at once.
    pub connections_max: usize,
    /// Calls that are carried at once; above it the answer is 503.
    pub calls_max: usize,
    /// The longest time in which the head of a request must arrive.
    pub request_header_seconds_max: u32,
    /// How long calls may end after a signal to stop.
    pub drain_seconds_max: u32,
}

/// Where agents reach Claviger, where it keeps its state, and what it bears.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerTable {
    /// What agents call: the issuer of session tokens, and the base of every resource. Without a path; `https`, or `http` on
    /// this machine.
    pub(crate) public_url: At<Origin>,
    /// Where to listen for agents.
    #[serde(default = "listen_default")]
    pub(crate) listen: At<Address>,
    /// The certificate, where TLS ends here. Needed, or `terminator_in_front`, where `listen` is not a loopback address.
    tls: Option<TlsTable>,
    /// Says that TLS ends in front of Claviger, which then speaks plain HTTP on any address.
    terminator_in_front: Option<At<bool>>,
    /// Where sessions, the vault and the record are kept. One process at a time.
    #[serde(default = "data_directory_default")]
    data_directory: At<PathBuf>,
    /// The values of the `Origin` header that are accepted. A request from a browser's page of another origin is refused; a
    /// request without the header is not from a page, and one from the public URL itself is accepted where that is on this
    /// machine.
    #[serde(default)]
    allowed_origins: Vec<At<Origin>>,
    /// Worker threads; 0 is one for each core.
    #[serde(default = "workers_default")]
    workers: At<Number<0, 1024>>,
    /// The largest MCP message, and the largest body that a credential is put into. Other bodies stream, however long.
    #[serde(default = "request_body_bytes_max_default")]
    request_body_bytes_max: At<Number<1024, 1_073_741_824>>,
    /// Connections that are open at once; more wait to be accepted.
    #[serde(default = "connections_max_default")]
    connections_max: At<Number<1, 1_000_000>>,
    /// Calls that are carried at once; above it the answer is 503.
    #[serde(default = "calls_max_default")]
    calls_max: At<Number<1, 1_000_000>>,
    /// The longest time in which the head of a request must arrive.
    #[serde(default = "request_header_seconds_max_default")]
    request_header_seconds_max: At<Number<1, 300>>,
    /// How long calls may go on after a signal to stop, before they are cut.
    #[serde(default = "drain_seconds_max_default")]
    drain_seconds_max: At<Number<0, 3600>>,
}

fn listen_default() -> At<Address> {
    At::implied(Address(([127, 0, 0, 1], 8480).into()))
}

fn data_directory_default() -> At<PathBuf> {
    At::implied("data".into())
}

const fn workers_default() -> At<Number<0, 1024>> {
    Number::implied(0)
}

const fn request_body_bytes_max_default() -> At<Number<1024, 1_073_741_824>> {
    Number::implied(4 * 1024 * 1024)
}

const fn connections_max_default() -> At<Number<1, 1_000_000>> {
    Number::implied(10_000)
}

const fn calls_max_default() -> At<Number<1, 1_000_000>> {
    Number::implied(4096)
}

const fn request_header_seconds_max_default() -> At<Number<1, 300>> {
    Number::implied(10)
}

const fn drain_seconds_max_default() -> At<Number<0, 3600>> {
    Number::implied(30)
}

impl ServerTable {
    pub(crate) fn check(self, problems: &mut Problems<'_>) -> Server {
        let public_url = &self.public_url.value.0;
        let listener = Listener::check(&self.listen, self.tls.as_ref(), self.terminator_in_front.as_ref(), problems);
        if is_readable_on_the_way(public_url) {
            problems
                .at(&self.public_url.span, "session tokens would travel to this URL without TLS")
                .help_with(format!("write https://{}", public_url.host()));
        } else if public_url.scheme() == Scheme::Http && matches!(listener.protection, Protection::Tls { .. }) {
            problems.at(&self.public_url.span, "the listener speaks TLS, and this URL does not").help_with(format!(
                "write https://{}:{}",
                public_url.host(),
                public_url.port()
            ));
        }
        let data_directory = problems.source().resolve(&self.data_directory.value);
        if data_directory.exists() && !data_directory.is_dir() {
            problems
                .at(&self.data_directory.span, format!("{} is not a directory", data_directory.display()))
                .help_with("name a directory; it is made where it is not there");
        }
        Server {
            public_url: self.public_url.value.0,
            listener,
            data_directory,
            allowed_origins: self.allowed_origins.into_iter().map(|origin| origin.value.to_string()).collect(),
            limits: Limits {
                workers: self.workers.value.0 as usize,
                request_body_bytes_max: self.request_body_bytes_max.value.0 as usize,
                connections_max: self.connections_max.value.0 as usize,
                calls_max: self.calls_max.value.0 as usize,
                request_header_seconds_max: self.request_header_seconds_max.value.0,
                drain_seconds_max: self.drain_seconds_max.value.0,
            },
        }
    }
}

impl Server {
    /// Whether agents reach this server only from its own machine.
    #[must_use]
    pub fn is_on_this_machine(&self) -> bool {
        is_loopback(self.public_url.host())
    }
}

/// A URL of scheme, host and port only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(pub(crate) Destination);

#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidOrigin {
    #[error(transparent)]
    Url(#[from] InvalidDestination),
    #[error("this URL has no path: write {0}")]
    HasPath(String),
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let url: Destination = text.parse()?;
        if !url.path_prefix().is_empty() {
            return Err(InvalidOrigin::HasPath(format!("{}://{}", url.scheme().as_str(), url.authority())));
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

text!(Origin: "URL");
