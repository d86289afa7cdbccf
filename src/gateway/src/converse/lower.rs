//! A modern caller and a legacy upstream: the session that the upstream wants is held here, for the caller.
//!
//! | the caller (2026-07-28) | the upstream (2025-11-25) |
//! |---|---|
//! | `server/discover` | what `initialize` said |
//! | a request | the same request, in a session that is held for the caller's session and capabilities |
//! | `input_required`, then the request again | a request of the server on the stream of the call, which waits here meanwhile |
//! | `subscriptions/listen` | GET, and `resources/subscribe` |
//! | the stream is closed | `notifications/cancelled` |

mod answering;
mod call;
mod drive;
mod error;
mod events;
mod filter;
mod held;
mod line;
mod listen;
mod mirrored;
mod parked;
mod questions;
mod resume;
mod script;
mod session;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::Response;
use mcp::{Ask, Era, Fault, Rejected, Version, reply};

pub(crate) use self::held::Held;
use crate::{
    Gateway,
    approve::Approved,
    asked::{McpAsked, McpMessage},
    denial::Denial,
    mask::{Clean, ours_json},
};

/// Answers a modern caller.
pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    approved: Approved,
    asked: McpAsked,
) -> Result<Response<Clean>, Denial> {
    let client = asked.client.unwrap_or_default();
    let request = match asked.message {
        McpMessage::Request(request) => request,
        // The only one is a cancellation, and over HTTP closing the stream says the same.
        McpMessage::Notification(_) => return Ok(super::accepted()),
        McpMessage::Response(_) => return Err(Denial::Malformed(Rejected::new(Fault::UnexpectedResponse, None))),
        McpMessage::Stream { .. } | McpMessage::Terminate => return Err(Denial::MethodNotAllowed { allow: "POST" }),
    };
    let rejected = |fault| Denial::Malformed(Rejected::new(fault, Some(request.id().clone())));
    match Ask::of(&request, Era::Modern).map_err(rejected)? {
        Ask::Discover => discover(gateway, &approved, &request, &client).await,
        Ask::Listen { notifications } => {
            listen::listen(gateway, approved, &client, request.id().clone(), notifications).await
        }
        Ask::ToolsCall { .. } | Ask::PromptsGet { .. } | Ask::ResourcesRead { .. }
            if request.params().is_some_and(|params| params.member("requestState").is_some()) =>
        {
            resume::resume(gateway, approved, request, client, &asked.headers).await
        }
        Ask::ToolsCall { .. }
        | Ask::PromptsGet { .. }
        | Ask::ResourcesRead { .. }
        | Ask::List { .. }
        | Ask::Complete { .. } => call::call(gateway, approved, request, client, &asked.headers).await,
        Ask::Initialize(_)
        | Ask::Ping
        | Ask::ResourcesSubscribe { .. }
        | Ask::ResourcesUnsubscribe { .. }
        | Ask::SetLevel { .. }
        | Ask::Task { .. }
        | Ask::TasksList { .. }
        | Ask::Unknown => Err(rejected(Fault::UnknownMethod)),
    }
}

/// What the upstream is, from its answer to the handshake. Nobody may keep it: the next handshake can say something else.
async fn discover(
    gateway: &Arc<Gateway>,
    approved: &Approved,
    request: &mcp::Request,
    client: &mcp::meta::ClientMeta,
) -> Result<Response<Clean>, Denial> {
    let (_, upstream) = gateway.conversations.lower.session(gateway, approved, client).await?;
    let capabilities = session::for_modern(upstream.capabilities());
    let result = reply::discover(upstream.server(), Version::ALL, capabilities, upstream.instructions(), 0);
    let message = mcp::Response::new(Some(request.id().clone()), mcp::Outcome::Result(result));
    Ok(ours_json(http::StatusCode::OK, message.to_vec()))
}
