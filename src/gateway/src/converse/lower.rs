//! A modern caller and a legacy upstream: the handshake that the upstream wants is held here, for the caller.

use http::Response;

use crate::{Gateway, approve::Approved, asked::McpAsked, denial::Denial, mask::Clean};

/// Handshakes that are held.
#[derive(Debug, Default)]
pub(crate) struct Held;

/// Answers a modern caller.
pub(super) async fn answer(
    _gateway: &Gateway,
    _approved: Approved,
    _asked: McpAsked,
) -> Result<Response<Clean>, Denial> {
    Err(Denial::UpstreamProtocol { reason: "not spoken yet" })
}
