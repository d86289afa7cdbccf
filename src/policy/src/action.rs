//! What an agent may ask to do: the methods of the Model Context Protocol, and plain HTTP.

use crate::question::Kind;

/// A group of actions that a policy may name instead of its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActionGroup {
    /// `Action::"use"`: does or reads one named thing.
    Use,
    /// `Action::"list"`: learns what there is.
    List,
}

impl ActionGroup {
    pub(crate) const ALL: [Self; 2] = [Self::Use, Self::List];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Use => "use",
            Self::List => "list",
        }
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal in $group:ident on $($kind:ident)|+;)+) => {
        /// An action, named as the method of the Model Context Protocol. A method that is not here has no action, and a call
        /// without an action is denied.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$doc])* $variant,)+ }

        impl Action {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The action of a method; `None` for a method that nobody may call.
            #[must_use]
            pub fn from_method(method: &str) -> Option<Self> {
                match method {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The method, as policies and records spell it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            pub(crate) const fn group(self) -> ActionGroup {
                match self { $(Self::$variant => ActionGroup::$group,)+ }
            }

            /// The kinds of things that the action is done to.
            pub(crate) const fn kinds(self) -> &'static [Kind] {
                match self { $(Self::$variant => &[$(Kind::$kind),+],)+ }
            }
        }
    };
}

actions! {
    /// Calls a tool.
    ToolsCall = "tools/call" in Use on Tool;
    /// Fills in a prompt.
    PromptsGet = "prompts/get" in Use on Prompt;
    /// Reads a resource.
    ResourcesRead = "resources/read" in Use on Resource;
    /// Asks for updates of a resource (revision 2025-11-25).
    ResourcesSubscribe = "resources/subscribe" in Use on Resource;
    /// Ends that.
    ResourcesUnsubscribe = "resources/unsubscribe" in Use on Resource;
    /// Asks for completions of an argument of a prompt or a resource template.
    CompletionComplete = "completion/complete" in Use on Prompt | Resource;
    /// Looks at a task that a tool call began.
    TasksGet = "tasks/get" in Use on Tool;
    /// Waits for the result of a task (revision 2025-11-25).
    TasksResult = "tasks/result" in Use on Tool;
    /// Answers what a task asked for.
    TasksUpdate = "tasks/update" in Use on Tool;
    /// Cancels a task.
    TasksCancel = "tasks/cancel" in Use on Tool;
    /// A call of a plain HTTP upstream; a name of ours.
    HttpRequest = "http/request" in Use on Operation;
    /// Opens a session of the older era.
    Initialize = "initialize" in List on Upstream;
    /// Asks for versions and capabilities.
    ServerDiscover = "server/discover" in List on Upstream;
    /// Asks whether the server answers.
    Ping = "ping" in List on Upstream;
    /// Sets the level of log notifications.
    LoggingSetLevel = "logging/setLevel" in List on Upstream;
    /// Lists tools.
    ToolsList = "tools/list" in List on Upstream;
    /// Lists prompts.
    PromptsList = "prompts/list" in List on Upstream;
    /// Lists resources.
    ResourcesList = "resources/list" in List on Upstream;
    /// Lists resource templates.
    ResourcesTemplatesList = "resources/templates/list" in List on Upstream;
    /// Lists tasks (revision 2025-11-25).
    TasksList = "tasks/list" in List on Upstream;
    /// Listens for changes.
    SubscriptionsListen = "subscriptions/listen" in List on Upstream;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_reads_back_and_an_unknown_one_has_no_action() {
        for action in Action::ALL {
            assert_eq!(Action::from_method(action.as_str()), Some(*action));
        }
        for unknown in ["tool/call", "Tools/Call", "", "use", "notifications/cancelled", "sampling/createMessage"] {
            assert_eq!(Action::from_method(unknown), None, "{unknown}");
        }
    }
}
