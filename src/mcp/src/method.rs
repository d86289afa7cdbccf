//! Every method of both eras by name: which era has it, and who sends it.

use crate::era::Era;

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$line:meta])* $variant:ident = $name:literal, $modern:literal, $legacy:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$line])* #[doc = concat!("`", $name, "`.")] $variant,)* }

        impl $type {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Reads a name, exactly as spelled; `None` where no era has it.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// The name.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Whether the era has it.
            #[must_use]
            pub fn exists_in(self, era: Era) -> bool {
                let (modern, legacy) = match self { $(Self::$variant => ($modern, $legacy),)* };
                match era { Era::Modern => modern, Era::Legacy => legacy }
            }
        }
    };
}

names! {
    /// A request that a client sends.
    Method {
        Initialize = "initialize", false, true;
        Ping = "ping", false, true;
        Discover = "server/discover", true, false;
        ToolsCall = "tools/call", true, true;
        ToolsList = "tools/list", true, true;
        PromptsGet = "prompts/get", true, true;
        PromptsList = "prompts/list", true, true;
        ResourcesRead = "resources/read", true, true;
        ResourcesList = "resources/list", true, true;
        ResourceTemplatesList = "resources/templates/list", true, true;
        ResourcesSubscribe = "resources/subscribe", false, true;
        ResourcesUnsubscribe = "resources/unsubscribe", false, true;
        Complete = "completion/complete", true, true;
        SetLevel = "logging/setLevel", false, true;
        Listen = "subscriptions/listen", true, false;
        TasksGet = "tasks/get", true, true;
        TasksUpdate = "tasks/update", true, false;
        TasksCancel = "tasks/cancel", true, true;
        TasksList = "tasks/list", false, true;
        TasksResult = "tasks/result", false, true;
    }
}

names! {
    /// A request that a server sends: on a stream in the legacy era, inside of an `input_required` result in the modern one.
    ServerMethod {
        CreateMessage = "sampling/createMessage", true, true;
        Elicit = "elicitation/create", true, true;
        RootsList = "roots/list", true, true;
        Ping = "ping", false, true;
    }
}

names! {
    /// A notification, of either side.
    NoticeKind {
        Initialized = "notifications/initialized", false, true;
        Cancelled = "notifications/cancelled", true, true;
        Progress = "notifications/progress", true, true;
        RootsListChanged = "notifications/roots/list_changed", false, true;
        Message = "notifications/message", true, true;
        ToolsListChanged = "notifications/tools/list_changed", true, true;
        PromptsListChanged = "notifications/prompts/list_changed", true, true;
        ResourcesListChanged = "notifications/resources/list_changed", true, true;
        ResourceUpdated = "notifications/resources/updated", true, true;
        SubscriptionsAcknowledged = "notifications/subscriptions/acknowledged", true, false;
        ElicitationComplete = "notifications/elicitation/complete", false, true;
        TaskStatus = "notifications/tasks/status", false, true;
    }
}

impl Method {
    /// Whether a message with this method cannot be legacy.
    #[must_use]
    pub fn is_only_modern(self) -> bool {
        self.exists_in(Era::Modern) && !self.exists_in(Era::Legacy)
    }

    /// The parameter that `Mcp-Name` mirrors.
    #[must_use]
    pub fn named_by(self) -> Option<&'static str> {
        match self {
            Self::ToolsCall | Self::PromptsGet => Some("name"),
            Self::ResourcesRead => Some("uri"),
            Self::TasksGet | Self::TasksUpdate | Self::TasksCancel => Some("taskId"),
            Self::Initialize
            | Self::Ping
            | Self::Discover
            | Self::ToolsList
            | Self::PromptsList
            | Self::ResourcesList
            | Self::ResourceTemplatesList
            | Self::ResourcesSubscribe
            | Self::ResourcesUnsubscribe
            | Self::Complete
            | Self::SetLevel
            | Self::Listen
            | Self::TasksList
            | Self::TasksResult => None,
        }
    }
}

impl NoticeKind {
    /// Whether a client may send it in that era. Over HTTP, a modern client cancels by closing the stream, and sends no
    /// progress.
    #[must_use]
    pub fn is_sent_by_clients(self, era: Era) -> bool {
        match self {
            Self::Cancelled => true,
            Self::Initialized | Self::Progress | Self::RootsListChanged => era == Era::Legacy,
            Self::TaskStatus => era == Era::Legacy,
            Self::Message
            | Self::ToolsListChanged
            | Self::PromptsListChanged
            | Self::ResourcesListChanged
            | Self::ResourceUpdated
            | Self::SubscriptionsAcknowledged
            | Self::ElicitationComplete => false,
        }
    }
}

/// One of the lists that a server gives in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// `tools/list`.
    Tools,
    /// `prompts/list`.
    Prompts,
    /// `resources/list`.
    Resources,
    /// `resources/templates/list`.
    ResourceTemplates,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for method in Method::ALL {
            assert_eq!(Method::parse(method.as_str()), Some(*method));
            assert!(method.exists_in(Era::Modern) || method.exists_in(Era::Legacy));
        }
        for kind in NoticeKind::ALL {
            assert_eq!(NoticeKind::parse(kind.as_str()), Some(*kind));
        }
        for method in ServerMethod::ALL {
            assert_eq!(ServerMethod::parse(method.as_str()), Some(*method));
        }
        for near in ["Tools/call", "tools/call ", "tools\u{2215}call", ""] {
            assert_eq!(Method::parse(near), None);
        }
    }
}
