//! What a message asks for: its method, and the parameters that a judge needs.

use crate::{
    era::Era,
    fault::Fault,
    json::{Json, Object},
    legacy::Handshake,
    method::{ListKind, Method, NoticeKind},
    rpc::{Id, Notification, Request},
};

/// Names and URIs stand in records, policies and headers; a longer one is an attack, or content in the wrong place.
const NAME_LENGTH_MAX: usize = 4_096;

/// What a request asks for, with the parameters that name it. Everything borrows from the request: what is judged here is
/// what is sent later.
#[derive(Debug, Clone, Copy)]
pub enum Ask<'a> {
    /// The legacy handshake.
    Initialize(Handshake<'a>),
    /// A sign of life.
    Ping,
    /// What the server is and can do.
    Discover,
    /// A tool call.
    ToolsCall {
        /// The tool.
        name: &'a str,
        /// Its arguments; absent is not the same as empty.
        arguments: Option<&'a Object>,
    },
    /// A page of one of the four lists.
    List {
        /// Which.
        kind: ListKind,
        /// Where to go on; an empty cursor is a valid one.
        cursor: Option<&'a str>,
    },
    /// A prompt.
    PromptsGet {
        /// The prompt.
        name: &'a str,
        /// Its arguments.
        arguments: Option<&'a Object>,
    },
    /// The content of a resource.
    ResourcesRead {
        /// The resource.
        uri: &'a str,
    },
    /// Updates of a resource.
    ResourcesSubscribe {
        /// The resource.
        uri: &'a str,
    },
    /// No more updates of a resource.
    ResourcesUnsubscribe {
        /// The resource.
        uri: &'a str,
    },
    /// Suggestions for an argument of a prompt or of a resource template.
    Complete {
        /// Whose argument.
        reference: Reference<'a>,
    },
    /// How much the server should log.
    SetLevel {
        /// The least severe level.
        level: &'a str,
    },
    /// A stream of changes.
    Listen {
        /// Which changes.
        notifications: &'a Object,
    },
    /// Something about a task.
    Task {
        /// Which of `tasks/get`, `tasks/update`, `tasks/cancel` and `tasks/result`.
        method: Method,
        /// The task.
        task_id: &'a str,
    },
    /// All tasks.
    TasksList {
        /// Where to go on.
        cursor: Option<&'a str>,
    },
    /// A method that this era does not have.
    Unknown,
}

/// What a completion is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference<'a> {
    /// A prompt, by name.
    Prompt(&'a str),
    /// A resource or a template, by URI.
    Resource(&'a str),
}

impl<'a> Ask<'a> {
    /// Reads what a request asks for.
    ///
    /// # Errors
    /// [`Fault::Param`] where a parameter that the method needs is missing or has the wrong type.
    pub fn of(request: &'a Request, era: Era) -> Result<Self, Fault> {
        let Some(method) = Method::parse(request.method()).filter(|method| method.exists_in(era)) else {
            return Ok(Self::Unknown);
        };
        let params = Params(request.params());
        Ok(match method {
            Method::Initialize => Self::Initialize(Handshake::of(request)?),
            Method::Ping => Self::Ping,
            Method::Discover => Self::Discover,
            Method::ToolsCall => {
                Self::ToolsCall { name: params.name("name")?, arguments: params.some_object("arguments")? }
            }
            Method::PromptsGet => {
                Self::PromptsGet { name: params.name("name")?, arguments: params.some_object("arguments")? }
            }
            Method::ToolsList => Self::List { kind: ListKind::Tools, cursor: params.some_text("cursor")? },
            Method::PromptsList => Self::List { kind: ListKind::Prompts, cursor: params.some_text("cursor")? },
            Method::ResourcesList => Self::List { kind: ListKind::Resources, cursor: params.some_text("cursor")? },
            Method::ResourceTemplatesList => {
                Self::List { kind: ListKind::ResourceTemplates, cursor: params.some_text("cursor")? }
            }
            Method::ResourcesRead => Self::ResourcesRead { uri: params.name("uri")? },
            Method::ResourcesSubscribe => Self::ResourcesSubscribe { uri: params.name("uri")? },
            Method::ResourcesUnsubscribe => Self::ResourcesUnsubscribe { uri: params.name("uri")? },
            Method::Complete => Self::Complete { reference: params.reference()? },
            Method::SetLevel => Self::SetLevel { level: params.text("level")? },
            Method::Listen => Self::Listen {
                notifications: params
                    .some_object("notifications")?
                    .ok_or(Fault::Param { name: "notifications", expected: "an object" })?,
            },
            Method::TasksGet | Method::TasksUpdate | Method::TasksCancel | Method::TasksResult => {
                Self::Task { method, task_id: params.name("taskId")? }
            }
            Method::TasksList => Self::TasksList { cursor: params.some_text("cursor")? },
        })
    }
}

/// What a notification says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A request is no longer wanted.
    Cancelled {
        /// Which.
        request_id: Id,
    },
    /// How far a request is.
    Progress {
        /// The token that the request gave.
        token: Id,
    },
    /// One that says no more than its name.
    Plain(NoticeKind),
    /// One that this era does not have.
    Unknown,
}

impl Notice {
    /// Reads what a notification says.
    ///
    /// # Errors
    /// [`Fault::Param`] where a parameter that it needs is missing or has the wrong type.
    pub fn of(notification: &Notification, era: Era) -> Result<Self, Fault> {
        let Some(kind) = NoticeKind::parse(notification.method()).filter(|kind| kind.exists_in(era)) else {
            return Ok(Self::Unknown);
        };
        let params = Params(notification.params());
        Ok(match kind {
            NoticeKind::Cancelled => Self::Cancelled { request_id: params.id("requestId")? },
            NoticeKind::Progress => Self::Progress { token: params.id("progressToken")? },
            NoticeKind::Initialized
            | NoticeKind::RootsListChanged
            | NoticeKind::Message
            | NoticeKind::ToolsListChanged
            | NoticeKind::PromptsListChanged
            | NoticeKind::ResourcesListChanged
            | NoticeKind::ResourceUpdated
            | NoticeKind::SubscriptionsAcknowledged
            | NoticeKind::ElicitationComplete
            | NoticeKind::TaskStatus => Self::Plain(kind),
        })
    }
}

/// Parameters, read by name and type.
struct Params<'a>(Option<&'a Object>);

impl<'a> Params<'a> {
    fn member(&self, name: &str) -> Option<&'a Json> {
        self.0?.member(name)
    }

    fn text(&self, name: &'static str) -> Result<&'a str, Fault> {
        self.some_text(name)?.ok_or(Fault::Param { name, expected: "a string" })
    }

    /// The name or URI of a thing.
    fn name(&self, name: &'static str) -> Result<&'a str, Fault> {
        let text = self.text(name)?;
        if text.len() <= NAME_LENGTH_MAX {
            Ok(text)
        } else {
            Err(Fault::Param { name, expected: "of at most 4096 bytes" })
        }
    }

    fn some_text(&self, name: &'static str) -> Result<Option<&'a str>, Fault> {
        match self.member(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or(Fault::Param { name, expected: "a string" }),
        }
    }

    fn some_object(&self, name: &'static str) -> Result<Option<&'a Object>, Fault> {
        match self.member(name) {
            None => Ok(None),
            Some(value) => value.as_object().map(Some).ok_or(Fault::Param { name, expected: "an object" }),
        }
    }

    fn id(&self, name: &'static str) -> Result<Id, Fault> {
        let fault = Fault::Param { name, expected: "a string or an integer" };
        self.member(name).and_then(Id::from_json).ok_or(fault)
    }

    fn reference(&self) -> Result<Reference<'a>, Fault> {
        let fault = Fault::Param { name: "ref", expected: "a ref/prompt with a name or a ref/resource with a uri" };
        let reference = self.member("ref").ok_or_else(|| fault.clone())?;
        let text = |name| reference.member(name).and_then(Json::as_str);
        match (text("type"), text("name"), text("uri")) {
            (Some("ref/prompt"), Some(name), None) if name.len() <= NAME_LENGTH_MAX => Ok(Reference::Prompt(name)),
            (Some("ref/resource"), None, Some(uri)) if uri.len() <= NAME_LENGTH_MAX => Ok(Reference::Resource(uri)),
            _ => Err(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{json::Limits, rpc::Message};

    fn request(method: &str, params: &str) -> Request {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let Ok(Message::Request(request)) = Message::parse(body.as_bytes(), &Limits::MESSAGE) else { panic!("{body}") };
        request
    }

    #[test]
    fn a_method_of_the_other_era_is_unknown() {
        for method in ["initialize", "ping", "logging/setLevel", "resources/subscribe", "tasks/list", "tasks/result"] {
            assert!(matches!(Ask::of(&request(method, "{}"), Era::Modern), Ok(Ask::Unknown)), "{method}");
        }
        for method in ["server/discover", "subscriptions/listen", "tasks/update", "made/up"] {
            assert!(matches!(Ask::of(&request(method, "{}"), Era::Legacy), Ok(Ask::Unknown)), "{method}");
        }
    }

    #[test]
    fn absent_arguments_and_an_empty_cursor_are_what_they_are() {
        let absent = request("tools/call", r#"{"name":"t"}"#);
        assert!(matches!(Ask::of(&absent, Era::Modern), Ok(Ask::ToolsCall { name: "t", arguments: None })));
        let empty = request("tools/call", r#"{"name":"t","arguments":{}}"#);
        assert!(matches!(Ask::of(&empty, Era::Legacy), Ok(Ask::ToolsCall { arguments: Some(_), .. })));
        let list = request("prompts/list", r#"{"cursor":""}"#);
        assert!(matches!(Ask::of(&list, Era::Modern), Ok(Ask::List { kind: ListKind::Prompts, cursor: Some("") })));
    }

    #[test]
    fn a_missing_or_mistyped_parameter_is_named() {
        for (method, params, named) in [
            ("tools/call", "{}", "name"),
            ("tools/call", r#"{"Name":"t"}"#, "name"),
            ("tools/call", r#"{"name":["t"]}"#, "name"),
            ("tools/call", r#"{"name":"t","arguments":null}"#, "arguments"),
            ("tools/call", r#"{"name":"t","arguments":[]}"#, "arguments"),
            ("prompts/get", "{}", "name"),
            ("resources/read", r#"{"url":"x"}"#, "uri"),
            ("tools/list", r#"{"cursor":7}"#, "cursor"),
            ("completion/complete", r#"{"ref":{"type":"ref/prompt","uri":"x"}}"#, "ref"),
            ("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"x","uri":"y"}}"#, "ref"),
            ("subscriptions/listen", "{}", "notifications"),
            ("tasks/get", "{}", "taskId"),
        ] {
            let request = request(method, params);
            assert!(
                matches!(Ask::of(&request, Era::Modern), Err(Fault::Param { name, .. }) if name == named),
                "{method} {params}"
            );
        }
    }

    #[test]
    fn a_notification_is_read_by_kind() {
        let notice = |method: &str, params: Option<Object>| Notice::of(&Notification::new(method, params), Era::Legacy);
        let cancelled = Object::new().with("requestId", 7_u64);
        assert_eq!(notice("notifications/cancelled", Some(cancelled)), Ok(Notice::Cancelled { request_id: 7.into() }));
        assert!(notice("notifications/cancelled", None).is_err());
        let null = Object::new().with("progressToken", Json::Null);
        assert!(notice("notifications/progress", Some(null)).is_err());
        assert_eq!(notice("notifications/initialized", None), Ok(Notice::Plain(NoticeKind::Initialized)));
        assert_eq!(notice("notifications/made_up", None), Ok(Notice::Unknown));
    }
}
