//! `[admin]`: the listener of health and metrics.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    at::{Address, At},
    file::all_default,
    listener::{Listener, TlsTable},
    problem::Problems,
};

/// The listener of health and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Admin {
    /// Where it listens; never where the server's listener does.
    pub listener: Listener,
}

/// The listener of `/healthz`, `/readyz` and `/metrics`. It asks for no token, so it is a listener of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminTable {
    /// Where to listen; another port than the server's.
    #[serde(default = "listen_default")]
    pub(crate) listen: At<Address>,
    /// The certificate, where TLS ends here. Needed, or `terminator_in_front`, where `listen` is not a loopback address.
    tls: Option<TlsTable>,
    /// Says that TLS ends in front of this listener, or that its network is trusted with the metrics.
    terminator_in_front: Option<At<bool>>,
}

all_default!(AdminTable);

fn listen_default() -> At<Address> {
    At::implied(Address(([127, 0, 0, 1], 8481).into()))
}

impl AdminTable {
    pub(crate) fn check(&self, problems: &mut Problems<'_>) -> Admin {
        Admin {
            listener: Listener::check(&self.listen, self.tls.as_ref(), self.terminator_in_front.as_ref(), problems),
        }
    }
}
