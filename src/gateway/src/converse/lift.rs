//! A legacy caller and a modern upstream: the session that the caller wants is held here, and the upstream sees none of it.
//!
//! | the caller sends | what becomes of it |
//! |---|---|
//! | `initialize` | `server/discover`, answered in the words of the older era, and a session of ours ([`handshake`]) |
//! | a call, a prompt, a resource, a list, a completion | one exchange, or several where the upstream asks back ([`call`], [`rounds`]) |
//! | the answer to what it was asked | a part of the upstream's next round |
//! | GET | `subscriptions/listen`, opened again whenever what is subscribed changes ([`listen`]) |
//! | `ping`, `logging/setLevel`, `resources/subscribe` | kept in the session and answered here |
//! | `notifications/cancelled` | the exchange of that request is dropped, which a modern upstream reads as a cancellation |
//!
//! No stream can be resumed: events carry no ids. The older era does not take a disconnect for a cancellation, but an answer
//! that nobody can come back for would be lost all the same, so the exchange ends with the caller's stream.

mod call;
mod handshake;
mod learned;
mod lifted;
mod listen;
mod offers;
mod question;
mod reading;
mod rounds;
mod said;
#[cfg(test)]
mod tests;
mod told;

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, Response, StatusCode};
use mcp::{Ask, Dialect, Era, Fault, Method, Notice, Rejected, Reply, Request, headers::MCP_PROTOCOL_VERSION, reply};

pub(super) use self::{learned::Learned, lifted::Lifted};
use super::{accepted, sessions::LegacySession};
use crate::{
    Gateway,
    approve::Approved,
    asked::{McpAsked, McpMessage},
    denial::Denial,
    mask::Clean,
    refuse::from_reply,
};

/// How long an exchange may take that only serves a request: a handshake, or a page of tools. A caller waits for it.
const SERVING_WAIT_MAX: Duration = Duration::from_secs(60);
/// How often a stream on which nothing happens shows that it lives; proxies cut after a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Answers a legacy caller.
pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    approved: Approved,
    asked: McpAsked,
) -> Result<Response<Clean>, Denial> {
    let session_id = match asked.dialect {
        Dialect::Opening => None,
        Dialect::Legacy { session, .. } => session,
        Dialect::Modern => return Err(Denial::MethodNotAllowed { allow: "POST" }),
    };
    if let McpMessage::Request(request) = &asked.message
        && session_id.is_none()
        && request.method() == Method::Initialize.as_str()
    {
        return handshake::initialize(gateway, &approved, request).await;
    }
    let sessions = &gateway.conversations.legacy;
    let session = sessions.find(&approved, session_id.as_ref(), approved.facts().arrived)?;
    check_version(&session, &asked.headers)?;
    match asked.message {
        McpMessage::Request(request) => serve(gateway, approved, session, request).await,
        McpMessage::Notification(notification) => {
            // Progress and changed roots have nobody to go to: the current era asks for roots when it needs them.
            if let Ok(Notice::Cancelled { request_id }) = Notice::of(&notification, Era::Legacy) {
                session.lifted.cancel(&request_id);
            }
            Ok(accepted())
        }
        McpMessage::Response(response) => {
            let id = response.id().cloned().ok_or(Denial::Unsolicited)?;
            if session.lifted.answer(&id, response.into_outcome()) { Ok(accepted()) } else { Err(Denial::Unsolicited) }
        }
        McpMessage::Stream { .. } => listen::open(gateway, approved, session).await,
        McpMessage::Terminate => {
            if let Some(id) = &session_id {
                sessions.close(id);
            }
            let mut response = Response::new(Clean::ours(""));
            *response.status_mut() = StatusCode::NO_CONTENT;
            Ok(response)
        }
    }
}

/// The version of a request is the one of its session. A request that names none can only mean that one.
fn check_version(session: &LegacySession, headers: &HeaderMap) -> Result<(), Denial> {
    let Some(named) = headers.get(MCP_PROTOCOL_VERSION) else { return Ok(()) };
    if named.as_bytes() == session.version.as_str().as_bytes() {
        return Ok(());
    }
    let requested = named.to_str().unwrap_or_default().to_owned();
    Err(Denial::Malformed(Rejected::new(Fault::UnsupportedVersion { requested }, None)))
}

/// A request within a session.
async fn serve(
    gateway: &Arc<Gateway>,
    approved: Approved,
    session: Arc<LegacySession>,
    request: Request,
) -> Result<Response<Clean>, Denial> {
    let rejected = |fault| Denial::Malformed(Rejected::new(fault, Some(request.id().clone())));
    match Ask::of(&request, Era::Legacy).map_err(rejected)? {
        Ask::Ping => {}
        Ask::SetLevel { level } => lifted::set_level(&session, level).map_err(rejected)?,
        Ask::ResourcesSubscribe { uri } => {
            let subscribed = session.lifted.subscribe(uri).map_err(rejected)?;
            session.lifted.listened(subscribed).await;
        }
        Ask::ResourcesUnsubscribe { uri } => {
            session.lifted.unsubscribe(uri).map_err(rejected)?;
        }
        Ask::ToolsCall { .. }
        | Ask::PromptsGet { .. }
        | Ask::ResourcesRead { .. }
        | Ask::List { .. }
        | Ask::Complete { .. } => return call::call(gateway, approved, session, request).await,
        Ask::Initialize(_) | Ask::Discover | Ask::Listen { .. } | Ask::Task { .. } | Ask::TasksList { .. } => {
            return Err(rejected(Fault::UnknownMethod));
        }
        Ask::Unknown => return Err(rejected(Fault::UnknownMethod)),
    }
    Ok(from_reply(Reply::result(request.id(), reply::empty(Era::Legacy))))
}
