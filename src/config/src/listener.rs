//! Where we listen, and what protects the bytes there: TLS, a terminator in front, or that they never leave the machine.

use std::{net::SocketAddr, path::PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    address::existing_file,
    at::{Address, At},
    problem::Problems,
};

/// An address to listen on, with its protection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listener {
    /// The address; port 0 takes any free one.
    pub address: SocketAddr,
    /// What protects the bytes.
    pub protection: Protection,
}

/// What protects the bytes of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protection {
    /// Plain HTTP that never leaves the machine.
    Loopback,
    /// TLS 1.3 with this certificate.
    Tls {
        /// The certificate chain, PEM; the file exists.
        certificate: PathBuf,
        /// Its private key, PEM; the file exists and only its owner and group can read it.
        key: PathBuf,
    },
    /// Plain HTTP: the configuration says that TLS ends in front of us.
    TerminatorInFront,
}

/// A certificate and its key. They are read again when the files change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsTable {
    /// The certificate chain: PEM, the server's own certificate first.
    certificate: At<PathBuf>,
    /// The private key: PEM; only its owner may change it, and only its owner and group may read it.
    key: At<PathBuf>,
}

impl Listener {
    pub(crate) fn check(
        listen: &At<Address>,
        tls: Option<&TlsTable>,
        terminator_in_front: Option<&At<bool>>,
        problems: &mut Problems<'_>,
    ) -> Self {
        let address = listen.value.0;
        let terminated = terminator_in_front.filter(|line| line.value);
        let protection = match (tls, terminated) {
            (Some(tls), None) => Protection::Tls {
                certificate: existing_file(&tls.certificate, false, problems),
                key: existing_file(&tls.key, true, problems),
            },
            (None, Some(_)) => Protection::TerminatorInFront,
            (None, None) => {
                if !address.ip().is_loopback() {
                    problems
                        .at(&listen.span, format!("{address} can be reached from other machines, and has no TLS"))
                        .help_with(
                            "add `tls = { certificate = …, key = … }`, or `terminator_in_front = true` where TLS ends \
                             in front of Claviger, or listen on 127.0.0.1",
                        );
                }
                Protection::Loopback
            }
            (Some(tls), Some(line)) => {
                problems
                    .at(&line.span, "TLS ends either here or in front of us")
                    .help_with("remove this line, or `tls`");
                Protection::Tls { certificate: tls.certificate.value.clone(), key: tls.key.value.clone() }
            }
        };
        Self { address, protection }
    }

    /// Whether both cannot be listened on at once.
    pub(crate) fn clashes_with(&self, other: &Self) -> bool {
        let (here, there) = (self.address, other.address);
        let overlap = here.ip() == there.ip() || here.ip().is_unspecified() || there.ip().is_unspecified();
        here.port() != 0 && here.port() == there.port() && overlap
    }
}
