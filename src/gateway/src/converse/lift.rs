//! A legacy caller and a modern upstream: the session that the caller wants is held here.

use http::Response;

use crate::{Gateway, approve::Approved, asked::McpAsked, denial::Denial, mask::Clean};

/// Answers a legacy caller.
pub(super) async fn answer(
    _gateway: &Gateway,
    _approved: Approved,
    _asked: McpAsked,
) -> Result<Response<Clean>, Denial> {
    Err(Denial::UpstreamProtocol { reason: "not spoken yet" })
}
