//! Reads what is asked: strictly, within limits, and before anyone judges it.

mod http;
mod mcp;

use std::{sync::Arc, time::Duration};

use ::http::Request;
use hyper::body::Incoming;

use crate::{
    asked::Asked,
    denial::Denial,
    facts::Facts,
    upstream::{Speech, Upstream},
};

/// How much of a caller is read, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimits {
    /// The longest MCP message, in bytes.
    pub message_bytes_max: usize,
    /// How long a message may take to arrive.
    pub message_wait_max: Duration,
}

/// Reads a request to `upstream`; `rest` is what its path has beyond the upstream's own.
///
/// # Errors
/// A denial that says what is malformed.
pub(crate) async fn read(
    request: Request<Incoming>,
    upstream: &Arc<Upstream>,
    rest: &str,
    limits: ReadLimits,
    known: &mut Facts,
) -> Result<Asked, Denial> {
    match upstream.speech() {
        Speech::Mcp(_) => mcp::read(request, limits, known).await.map(|asked| Asked::Mcp(Box::new(asked))),
        Speech::Http(operations) => {
            http::read(request, operations, rest, known).map(|asked| Asked::Http(Box::new(asked)))
        }
    }
}
