//! A tool of the older era may say which of its arguments a client mirrors in headers. What a caller mirrors must be true.

use std::sync::Arc;

use http::HeaderMap;
use mcp::{Ask, Era, Method, Object, Outcome, Rejected, Request, headers, meta::ClientMeta};

use super::line::Line;
use crate::{Gateway, approve::Approved, denial::Denial};

/// Checks the mirrored headers of a tool call against its arguments. The upstream gets the arguments alone.
///
/// # Errors
/// [`Denial::Malformed`] where a header is missing, or says something else.
pub(super) async fn check(
    gateway: &Arc<Gateway>,
    approved: &Approved,
    request: &Request,
    client: &ClientMeta,
    callers: &HeaderMap,
) -> Result<(), Denial> {
    let Ok(Ask::ToolsCall { name, arguments }) = Ask::of(request, Era::Modern) else { return Ok(()) };
    let upstream = approved.upstream().name();
    let mut known = gateway.conversations.mirrors_of(upstream, name);
    if known.is_none() && callers.keys().any(|name| name.as_str().starts_with(headers::PARAM_PREFIX)) {
        Box::pin(learn(gateway, approved, client)).await?;
        known = gateway.conversations.mirrors_of(upstream, name);
    }
    let checked = known.unwrap_or_default().check(callers, arguments);
    checked.map_err(|fault| Denial::Malformed(Rejected::new(fault, Some(request.id().clone()))))
}

/// Reads the first page of the upstream's tools for what they mirror.
async fn learn(gateway: &Arc<Gateway>, approved: &Approved, client: &ClientMeta) -> Result<(), Denial> {
    let (_, upstream) = gateway.conversations.lower.session(gateway, approved, client).await?;
    let line = Line { gateway: Arc::clone(gateway), approved: approved.clone(), upstream };
    if let Outcome::Result(page) = line.ask(Method::ToolsList, Object::new()).await? {
        gateway.conversations.learn_mirrors(approved.upstream().name(), page.member("tools"));
    }
    Ok(())
}
