//! Lists: each caller sees what it may use, and nobody caches it for another.

use std::sync::Arc;

use bytes::Bytes;
use mcp::{Era, Id, Json, Limits, ListKind, Message, Object, Outcome, lists, meta, tools::Tool};
use model::Clock;

use super::Conversations;
use crate::{Gateway, approve::Approved, authorize::may_use, session::LiveSession, upstream::Upstream};

/// Filters the pages of one list for one caller.
#[derive(Debug)]
pub(super) struct ListFilter {
    session: Arc<LiveSession>,
    upstream: Arc<Upstream>,
    conversations: Arc<Conversations>,
    clock: Arc<dyn Clock>,
    kind: ListKind,
    /// The caller's, in whose words the page is said.
    era: Era,
}

/// The answer to a list request is none.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotAPage(pub(super) &'static str);

impl ListFilter {
    pub(super) fn new(gateway: &Gateway, approved: &Approved, kind: ListKind, era: Era) -> Self {
        Self {
            session: Arc::clone(approved.session()),
            upstream: Arc::clone(approved.upstream()),
            conversations: Arc::clone(&gateway.conversations),
            clock: Arc::clone(&gateway.clock),
            kind,
            era,
        }
    }

    /// The answer that the upstream gave to `sent`, for the caller who asked as `callers`; `told` goes into its `_meta`.
    pub(super) fn filter(&self, sent: &Id, callers: &Id, message: &Bytes, told: &Object) -> Result<Vec<u8>, NotAPage> {
        let limits = Limits::LIST;
        let Ok(Message::Response(response)) = Message::parse(message, &limits) else {
            return Err(NotAPage("the answer is not a response"));
        };
        if response.id() != Some(sent) {
            return Err(NotAPage("the answer belongs to another request"));
        }
        let outcome = match response.into_outcome() {
            Outcome::Error(error) => Outcome::Error(error),
            Outcome::Result(mut result) => {
                self.page(&mut result)?;
                meta::tell(&mut result, told);
                Outcome::Result(result)
            }
        };
        Ok(mcp::Response::new(Some(callers.clone()), outcome).to_vec())
    }

    fn page(&self, result: &mut Object) -> Result<(), NotAPage> {
        if self.kind == ListKind::Tools {
            self.conversations.learn_mirrors(self.upstream.name(), result.member("tools"));
        }
        // A page must not be believed for longer than the session that it was made for.
        let life = self.session.facts().expires.since(self.clock.now());
        let ttl_ms_max = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
        let may_use = |entry: &str| may_use(&self.session, &self.upstream, self.kind, entry);
        let filtered = lists::filter(result, self.kind, self.era, ttl_ms_max, may_use);
        let filtered = filtered.map_err(|_| NotAPage("the result is not a page of the list"))?;
        for dropped in &filtered.dropped {
            let (upstream, position, fault) = (self.upstream.name(), dropped.position, &dropped.fault);
            tracing::warn!(%upstream, position, %fault, "an entry of a list breaks the rules and is shown to nobody");
        }
        Ok(())
    }
}

impl Conversations {
    /// Learns which arguments each tool of a page mirrors in headers.
    pub(super) fn learn_mirrors(&self, upstream: &model::UpstreamName, tools: Option<&Json>) {
        let tools = tools.and_then(Json::as_array).unwrap_or_default();
        let read = tools.iter().filter_map(|definition| Tool::read(definition).ok());
        let learned: Vec<_> = read.map(|tool| (tool.name().to_owned(), tool.mirrors().clone())).collect();
        self.mirrors.write().entry(upstream.clone()).or_default().extend(learned);
    }

    /// What a tool mirrors; `None` while no list has named it.
    pub(super) fn mirrors_of(&self, upstream: &model::UpstreamName, tool: &str) -> Option<mcp::Mirrors> {
        self.mirrors.read().get(upstream)?.get(tool).cloned()
    }
}
