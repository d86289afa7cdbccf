//! Whether the session may do what is asked: its scopes first, then policy.

use std::sync::Arc;

use mcp::{Ask, Fault, Json, ListKind, Notice, Object, Rejected, ask::Reference};
use model::{RuleId, Scope};
use policy::{Action, Arguments, Context, Decision, HttpRequest, Obligations, Question, Target};

use crate::{
    asked::{Asked, HttpAsked, McpAsked, McpMessage},
    denial::Denial,
    facts::Facts,
    inspect::Inspected,
    session::{InSession, LiveSession},
    upstream::Upstream,
};

/// Evidence of one decision: who may do exactly what, by which rule.
#[derive(Debug)]
pub struct Permit {
    pub(crate) session: Arc<LiveSession>,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) asked: Asked,
    pub(crate) rule: RuleId,
    pub(crate) obligations: Obligations,
}

/// Judges what is asked.
///
/// # Errors
/// [`Denial::InsufficientScope`], [`Denial::Policy`], or [`Denial::Malformed`] for what has no meaning.
pub(crate) fn authorize(
    caller: InSession,
    upstream: &Arc<Upstream>,
    inspected: Inspected,
    known: &mut Facts,
) -> Result<Permit, Denial> {
    let (session, asked) = (Arc::clone(caller.session()), inspected.into_asked());
    let (rule, obligations) = match &asked {
        Asked::Http(http) => judge_http(&session, upstream, http, known)?,
        Asked::Mcp(mcp) => judge_mcp(&session, upstream, mcp, known)?,
    };
    Ok(Permit { session, upstream: Arc::clone(upstream), asked, rule, obligations })
}

fn judge_http(
    session: &LiveSession,
    upstream: &Upstream,
    asked: &HttpAsked,
    known: &mut Facts,
) -> Result<(RuleId, Obligations), Denial> {
    let operation = asked.operation.as_str();
    in_scope(session, upstream, operation)?;
    let http = HttpRequest { method: asked.method.as_str(), path: asked.path.path() };
    let members = asked.body.members();
    known.arguments_sha256 = members.map(Object::canonical_sha256);
    let lazy = || serde_json::from_slice(&members?.to_vec()).ok();
    let arguments = if members.is_some() { Arguments::Lazy(&lazy) } else { Arguments::Absent };
    decide(session, Action::HttpRequest, Target::Operation(upstream.name(), operation), Some(http), arguments)
}

fn judge_mcp(
    session: &LiveSession,
    upstream: &Upstream,
    asked: &McpAsked,
    known: &mut Facts,
) -> Result<(RuleId, Obligations), Denial> {
    let era = asked.dialect.era();
    let request = match &asked.message {
        McpMessage::Request(request) => request,
        // What only serves a request that was judged, or ends something, needs no rule of its own.
        McpMessage::Notification(notification) => {
            let notice =
                Notice::of(notification, era).map_err(|fault| Denial::Malformed(Rejected::new(fault, None)))?;
            return if matches!(notice, Notice::Unknown) {
                Err(Denial::Malformed(Rejected::new(Fault::UnknownMethod, None)))
            } else {
                Ok(serving())
            };
        }
        McpMessage::Response(_) | McpMessage::Terminate => return Ok(serving()),
        McpMessage::Stream { .. } => {
            let target = Target::Upstream(upstream.name());
            return decide(session, Action::SubscriptionsListen, target, None, Arguments::Absent);
        }
    };
    let rejected = |fault| Denial::Malformed(Rejected::new(fault, Some(request.id().clone())));
    let ask = Ask::of(request, era).map_err(rejected)?;
    let name = upstream.name();
    let action = Action::from_method(request.method()).ok_or_else(|| rejected(Fault::UnknownMethod))?;
    let (target, arguments) = match ask {
        Ask::Initialize(_) | Ask::Ping | Ask::Discover | Ask::List { .. } | Ask::SetLevel { .. } => {
            (Target::Upstream(name), None)
        }
        Ask::Listen { notifications } => {
            let uris = notifications.member("resourceSubscriptions").and_then(Json::as_array).unwrap_or_default();
            may_watch(session, upstream, uris).map_err(|refused| refused.unwrap_or_else(|| rejected(WATCHED)))?;
            (Target::Upstream(name), None)
        }
        Ask::ToolsCall { name: tool, arguments } => {
            known.tool = Some(tool.to_owned());
            in_scope(session, upstream, tool)?;
            (Target::Tool(name, tool), arguments)
        }
        Ask::PromptsGet { name: prompt, arguments } => (Target::Prompt(name, prompt), arguments),
        Ask::ResourcesRead { uri } | Ask::ResourcesSubscribe { uri } | Ask::ResourcesUnsubscribe { uri } => {
            (Target::Resource(name, uri), None)
        }
        Ask::Complete { reference: Reference::Prompt(prompt) } => (Target::Prompt(name, prompt), None),
        Ask::Complete { reference: Reference::Resource(uri) } => (Target::Resource(name, uri), None),
        // The tool that a task belongs to is not kept, so nobody could say who may touch it.
        Ask::Task { .. } | Ask::TasksList { .. } | Ask::Unknown => return Err(rejected(Fault::UnknownMethod)),
    };
    if matches!(target, Target::Prompt(..) | Target::Resource(..)) {
        known.tool = Some(target.name().to_owned());
        in_whole_scope(session, upstream)?;
    }
    known.arguments_sha256 = arguments.map(|arguments| arguments.canonical_sha256());
    let lazy = || serde_json::from_slice(&arguments?.to_vec()).ok();
    let arguments = if arguments.is_some() { Arguments::Lazy(&lazy) } else { Arguments::Absent };
    decide(session, action, target, None, arguments)
}

/// What a list of watched resources must be.
const WATCHED: Fault =
    Fault::Param { name: "notifications", expected: "an object whose resourceSubscriptions are strings" };

/// Each resource that a listener wants to watch needs what a subscription to it alone would need. `None` where one is no URI.
fn may_watch(session: &LiveSession, upstream: &Upstream, uris: &[Json]) -> Result<(), Option<Denial>> {
    for uri in uris {
        let uri = uri.as_str().ok_or(None)?;
        in_whole_scope(session, upstream)?;
        let target = Target::Resource(upstream.name(), uri);
        decide(session, Action::ResourcesSubscribe, target, None, Arguments::Absent)?;
    }
    Ok(())
}

/// Asks policy.
fn decide(
    session: &LiveSession,
    action: Action,
    target: Target<'_>,
    http: Option<HttpRequest<'_>>,
    arguments: Arguments<'_>,
) -> Result<(RuleId, Obligations), Denial> {
    let facts = session.facts();
    let context = Context { subject: &facts.subject, actor: facts.actor.as_ref(), http, arguments };
    let question = Question { agent: &facts.agent, action, target, context };
    match session.policy().decide(&question) {
        Decision::Permit { rule, obligations, .. } => Ok((rule, obligations)),
        Decision::Deny { rule, .. } => Err(Denial::Policy { rule }),
    }
}

/// Whether a caller may use an entry of a list; for tools by scope and policy, for the rest by policy under the whole scope.
pub(crate) fn may_use(session: &LiveSession, upstream: &Upstream, kind: ListKind, entry: &str) -> bool {
    let name = upstream.name();
    let (action, target, scoped) = match kind {
        ListKind::Tools => (Action::ToolsCall, Target::Tool(name, entry), session.facts().scopes.allow(name, entry)),
        ListKind::Prompts => (Action::PromptsGet, Target::Prompt(name, entry), has_whole_scope(session, upstream)),
        ListKind::Resources | ListKind::ResourceTemplates => {
            (Action::ResourcesRead, Target::Resource(name, entry), has_whole_scope(session, upstream))
        }
    };
    scoped && session.policy().reach(action, &target) != policy::Reach::Never
}

fn in_scope(session: &LiveSession, upstream: &Upstream, tool: &str) -> Result<(), Denial> {
    if session.facts().scopes.allow(upstream.name(), tool) {
        return Ok(());
    }
    // A name that is no tool's needs a scope that nobody can ask for; the wildcard then says what would cover it.
    Err(Denial::InsufficientScope { scope: Scope { upstream: upstream.name().clone(), tool: tool.parse().ok() } })
}

/// Scopes name tools. Prompts and resources have names of their own, so they need the scope of the whole upstream.
fn in_whole_scope(session: &LiveSession, upstream: &Upstream) -> Result<(), Denial> {
    if has_whole_scope(session, upstream) {
        return Ok(());
    }
    Err(Denial::InsufficientScope { scope: Scope { upstream: upstream.name().clone(), tool: None } })
}

fn has_whole_scope(session: &LiveSession, upstream: &Upstream) -> bool {
    session.facts().scopes.iter().any(|scope| scope.upstream == *upstream.name() && scope.tool.is_none())
}

/// The rule of what serves a call that was judged already.
fn serving() -> (RuleId, Obligations) {
    (policy::SERVES_A_JUDGED_CALL.clone(), Obligations::default())
}
