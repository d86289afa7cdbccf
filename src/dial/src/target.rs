//! What a connection is made to: a destination, the addresses that it may have, whom it is trusted by, and how long it may take.

use std::time::Duration;

use model::{AddressClass, Destination};

use crate::TrustAnchors;

/// Where to connect, and on which conditions.
#[derive(Debug, Clone)]
pub struct Target {
    /// Scheme, host and port; the path plays no part in a connection.
    pub destination: Destination,
    /// Which addresses the host may resolve to.
    pub class: AddressClass,
    /// Who may vouch for the server in place of the dialer's own roots; `None` leaves it to those.
    pub anchors: Option<TrustAnchors>,
    /// How long each step may take.
    pub timeouts: Timeouts,
}

/// How long each step towards an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Resolving, connecting and the TLS handshake together.
    pub connect: Duration,
    /// From the request, or the last progress of a body that is streamed up, to the head of the response.
    pub head: Duration,
    /// Between two pieces of a response body.
    pub idle: Duration,
}

impl Default for Timeouts {
    /// Five seconds to connect, a minute to begin an answer, five minutes of silence within one.
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), head: Duration::from_secs(60), idle: Duration::from_secs(300) }
    }
}
