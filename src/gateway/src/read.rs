//! Reads what is asked: strictly, within limits, and before anyone judges it.

mod aws;
mod http;
mod mcp;

use std::{sync::Arc, time::Duration};

use ::http::Request;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

pub(crate) use self::aws::VerifiedChunks;
use crate::{
    asked::Asked,
    denial::Denial,
    facts::Facts,
    session::InSession,
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

/// Reads a request of `caller` to `upstream`; `rest` is what its path has beyond the upstream's own.
///
/// # Errors
/// A denial that says what is malformed.
pub(crate) async fn read(
    request: Request<Incoming>,
    caller: &InSession,
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
        Speech::Aws(service) => {
            let asked = aws::read(request, service, caller, rest, limits, known).await?;
            Ok(Asked::Http(Box::new(asked)))
        }
    }
}

/// A body that is read whole: within the limits of length and time.
pub(crate) async fn collect(mut body: Incoming, limits: ReadLimits) -> Result<Bytes, Denial> {
    let all = async {
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Denial::BodyUnread)?.into_data() else { continue };
            if first.len() + rest.len() + data.len() > limits.message_bytes_max {
                return Err(Denial::TooLarge);
            }
            if first.is_empty() {
                first = data;
            } else {
                rest.extend_from_slice(&data);
            }
        }
        if rest.is_empty() {
            return Ok(first);
        }
        let mut whole = BytesMut::from(first);
        whole.extend_from_slice(&rest);
        Ok(whole.freeze())
    };
    tokio::time::timeout(limits.message_wait_max, all).await.map_err(|_| Denial::BodyUnread)?
}
