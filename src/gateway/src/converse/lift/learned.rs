//! What tools mirror in headers, learned for callers who cannot know: the older era has no such headers.

use std::{collections::HashMap, time::Duration};

use mcp::{
    Ask, Era, Fault, Id, Json, Limits, Message, Method, Mirrors, Object, Outcome, Rejected, Request, meta::ClientMeta,
};
use model::{Timestamp, UpstreamName};
use parking_lot::Mutex;

use super::{
    SERVING_WAIT_MAX,
    reading::{Heard, Reading},
};
use crate::{
    Gateway,
    approve::Approved,
    converse::{Conversations, modern, sessions::LegacySession},
    denial::Denial,
    mask::Interrupted,
};

/// A tool that no list names is looked for again after this long: its name may be wrong, or the tool new.
const LEARNED_FOR: Duration = Duration::from_secs(60);
/// The longest catalogs have a few thousand tools, in pages of a hundred.
const PAGES_MAX: usize = 64;
/// Messages before the answer to `tools/list`; progress and logs, which nobody asked for.
const MESSAGES_MAX: usize = 64;

/// When the tools of an upstream were last read, whole.
#[derive(Debug, Default)]
pub(in crate::converse) struct Learned(Mutex<HashMap<UpstreamName, Timestamp>>);

impl Conversations {
    /// What an upstream said of its headers turned out to be old.
    pub(super) fn forget_mirrors(&self, upstream: &UpstreamName) {
        self.mirrors.write().remove(upstream);
        self.lift.0.lock().remove(upstream);
    }

    fn has_learned(&self, upstream: &UpstreamName, now: Timestamp) -> bool {
        self.lift.0.lock().get(upstream).is_some_and(|at| now.since(*at) < LEARNED_FOR)
    }
}

/// What the tool of a call mirrors. Where no list has named it yet, the upstream's tools are read first, in exchanges of their own.
pub(super) async fn mirrors(
    gateway: &Gateway,
    approved: &Approved,
    session: &LegacySession,
    request: &Request,
) -> Result<Mirrors, Denial> {
    let Ok(Ask::ToolsCall { name, .. }) = Ask::of(request, Era::Legacy) else { return Ok(Mirrors::default()) };
    let (conversations, upstream) = (&gateway.conversations, approved.upstream().name());
    if let Some(known) = conversations.mirrors_of(upstream, name) {
        return Ok(known);
    }
    let now = gateway.clock.now();
    if !conversations.has_learned(upstream, now) {
        let client = session.client.lock().clone();
        learn(gateway, &approved.serving(Method::ToolsList.as_str()), &client).await?;
        conversations.lift.0.lock().insert(upstream.clone(), now);
    }
    Ok(conversations.mirrors_of(upstream, name).unwrap_or_default())
}

/// Reads all pages of the upstream's tools. An upstream that gives none has none to learn from.
async fn learn(gateway: &Gateway, approved: &Approved, client: &ClientMeta) -> Result<(), Denial> {
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let params = Object::new().with_some("cursor", cursor.take());
        let outcome = serving(gateway, approved, client, Method::ToolsList, params).await?;
        let Outcome::Result(page) = outcome else { break };
        gateway.conversations.learn_mirrors(approved.upstream().name(), page.member("tools"));
        match page.member("nextCursor") {
            Some(Json::String(next)) => cursor = Some(next.clone()),
            _ => break,
        }
    }
    Ok(())
}

/// One request that serves the caller's, and its answer.
pub(super) async fn serving(
    gateway: &Gateway,
    approved: &Approved,
    client: &ClientMeta,
    method: Method,
    params: Object,
) -> Result<Outcome, Denial> {
    let sent = gateway.new_request_id();
    let request = Request::new(sent.clone(), method.as_str(), Some(params));
    let leg = modern::leg(gateway, approved, request, client, &Mirrors::default());
    let leg = leg.map_err(|fault: Fault| Denial::Malformed(Rejected::new(fault, None)))?;
    let exchange = async {
        let mut reading = Reading::of(gateway.forward(approved, leg).await?)?;
        let outcome = answer_of(&mut reading, &sent).await?;
        reading.conclude().await.map_err(Denial::Interrupted)?;
        Ok(outcome)
    };
    tokio::time::timeout(SERVING_WAIT_MAX, exchange).await.map_err(|_| Denial::Interrupted(Interrupted::Upstream))?
}

async fn answer_of(reading: &mut Reading, sent: &Id) -> Result<Outcome, Denial> {
    for _ in 0..MESSAGES_MAX {
        match reading.next().await.map_err(Denial::Interrupted)? {
            Some(Heard::Alive) => {}
            Some(Heard::Message(message)) => match Message::parse(&message, &Limits::LIST) {
                Ok(Message::Response(response)) if response.id().is_none_or(|id| id == sent) => {
                    return Ok(response.into_outcome());
                }
                Ok(Message::Notification(_)) => {}
                Ok(Message::Response(_) | Message::Request(_)) | Err(_) => break,
            },
            None => break,
        }
    }
    Err(Denial::UpstreamProtocol { reason: "the answer is not the response to the request" })
}
