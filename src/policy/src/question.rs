//! What policy is asked: who does what to which thing, in which circumstances (AuthZEN 1.0: subject, action, resource, context).

use std::fmt;

use model::{Actor, Agent, Subject, UpstreamName};
use serde_json::Value;

use crate::Action;

/// One question.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who acts.
    pub agent: &'a Agent,
    /// What it wants to do.
    pub action: Action,
    /// To which thing.
    pub target: Target<'a>,
    /// In which circumstances; read only where a rule looks at them.
    pub context: Context<'a>,
}

/// The thing that is acted on. Its name comes from the caller and is not checked here: an unknown one matches no rule that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// The upstream itself: lists, discovery. In policies `Upstream::"upstream"`.
    Upstream(&'a UpstreamName),
    /// `Tool::"upstream/name"`.
    Tool(&'a UpstreamName, &'a str),
    /// `Resource::"upstream/uri"`.
    Resource(&'a UpstreamName, &'a str),
    /// `Prompt::"upstream/name"`.
    Prompt(&'a UpstreamName, &'a str),
    /// `Operation::"upstream/name"`: a named operation of a plain HTTP upstream.
    Operation(&'a UpstreamName, &'a str),
}

/// The circumstances of a call.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// On whose behalf: `context.subject`.
    pub subject: &'a Subject,
    /// Who acts for the subject: `context.actor`, absent where the agent acts for itself.
    pub actor: Option<&'a Actor>,
    /// The plain HTTP request: `context.http`.
    pub http: Option<HttpRequest<'a>>,
    /// The arguments: `context.arguments`.
    pub arguments: Arguments<'a>,
}

/// What a rule may know of a plain HTTP request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpRequest<'a> {
    /// The method, uppercase.
    pub method: &'a str,
    /// The path at the upstream, without its query.
    pub path: &'a str,
}

/// The arguments of a call, converted only where a rule looks at them.
#[derive(Clone, Copy)]
pub enum Arguments<'a> {
    /// There are none; rules see an empty record.
    Absent,
    /// A JSON object. Anything else denies where a rule looks at it.
    Json(&'a Value),
    /// A JSON object that is parsed when a rule needs it; `None` where it cannot be read, which denies.
    Lazy(&'a dyn Fn() -> Option<Value>),
}

impl fmt::Debug for Arguments<'_> {
    /// Arguments may hold personal data, so they are not printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Json(_) => "Json(..)",
            Self::Lazy(_) => "Lazy(..)",
        })
    }
}

impl<'a> Target<'a> {
    /// The upstream that the thing belongs to.
    #[must_use]
    pub const fn upstream(&self) -> &'a UpstreamName {
        match self {
            Self::Upstream(upstream)
            | Self::Tool(upstream, _)
            | Self::Resource(upstream, _)
            | Self::Prompt(upstream, _)
            | Self::Operation(upstream, _) => upstream,
        }
    }

    /// The name within the upstream; empty for the upstream itself.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        match self {
            Self::Upstream(_) => "",
            Self::Tool(_, name) | Self::Resource(_, name) | Self::Prompt(_, name) | Self::Operation(_, name) => name,
        }
    }

    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Upstream(_) => Kind::Upstream,
            Self::Tool(..) => Kind::Tool,
            Self::Resource(..) => Kind::Resource,
            Self::Prompt(..) => Kind::Prompt,
            Self::Operation(..) => Kind::Operation,
        }
    }
}

/// The kind of a thing: its entity type in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Upstream,
    Tool,
    Resource,
    Prompt,
    Operation,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Upstream => "Upstream",
            Self::Tool => "Tool",
            Self::Resource => "Resource",
            Self::Prompt => "Prompt",
            Self::Operation => "Operation",
        }
    }
}
