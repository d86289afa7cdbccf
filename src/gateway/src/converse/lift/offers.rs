//! What an upstream offers, as far as a session of the older era must know it.

use std::collections::BTreeSet;

use mcp::{Json, Object};

/// What the upstream said of itself when the session began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Offers {
    tools_change: bool,
    prompts_change: bool,
    resources_change: bool,
    /// Updates of single resources.
    pub(super) subscriptions: bool,
    /// Log messages.
    pub(super) logging: bool,
}

/// What both eras mean alike. Tasks and extensions work differently, and experiments are between others.
const SHARED: [&str; 5] = ["tools", "prompts", "resources", "completions", "logging"];

impl Offers {
    /// Reads the capabilities of a `server/discover` result.
    pub(super) fn of(capabilities: &Object) -> Self {
        let says = |what: &str, member: &str| {
            let flag = capabilities.member(what).and_then(|offer| offer.member(member)).and_then(Json::as_bool);
            flag.unwrap_or_default()
        };
        Self {
            tools_change: says("tools", "listChanged"),
            prompts_change: says("prompts", "listChanged"),
            resources_change: says("resources", "listChanged"),
            subscriptions: says("resources", "subscribe"),
            logging: capabilities.member("logging").is_some_and(|offer| offer.as_object().is_some()),
        }
    }

    /// Whether a stream of changes could ever say anything.
    pub(super) const fn can_change(self) -> bool {
        self.tools_change || self.prompts_change || self.resources_change || self.subscriptions
    }

    /// What to listen for; `None` while there is nothing.
    pub(super) fn filter(self, subscribed: &BTreeSet<String>) -> Option<Object> {
        let mut filter = Object::new();
        for (is_offered, member) in [
            (self.tools_change, "toolsListChanged"),
            (self.prompts_change, "promptsListChanged"),
            (self.resources_change, "resourcesListChanged"),
        ] {
            if is_offered {
                filter.set(member, true);
            }
        }
        if !subscribed.is_empty() {
            let uris: Vec<Json> = subscribed.iter().map(|uri| uri.as_str().into()).collect();
            filter.set("resourceSubscriptions", uris);
        }
        (!filter.is_empty()).then_some(filter)
    }
}

/// The capabilities of a modern server, in the words of the older era.
pub(super) fn legacy_capabilities(capabilities: &Object) -> Object {
    let shared = capabilities.iter().filter(|(name, offer)| SHARED.contains(name) && offer.as_object().is_some());
    shared.fold(Object::new(), |told, (name, offer)| told.with(name, offer.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converse::testing::{object, text};

    const ALL: &str = r#"{"tools":{"listChanged":true},"prompts":{"listChanged":false},"resources":{"subscribe":true},
        "completions":{},"logging":{},"extensions":{"io.modelcontextprotocol/tasks":{}},"experimental":{"x":{}},"tasks":{}}"#;

    #[test]
    fn what_the_older_era_does_not_mean_alike_is_not_offered() {
        assert_eq!(
            text(&legacy_capabilities(&object(ALL))),
            r#"{"tools":{"listChanged":true},"prompts":{"listChanged":false},"resources":{"subscribe":true},"completions":{},"logging":{}}"#
        );
        assert_eq!(text(&legacy_capabilities(&object(r#"{"tools":true}"#))), "{}");
    }

    #[test]
    fn only_what_is_offered_is_listened_for() {
        let offers = Offers::of(&object(ALL));
        assert!(offers.can_change() && offers.logging && offers.subscriptions);
        assert_eq!(text(&offers.filter(&BTreeSet::new()).unwrap()), r#"{"toolsListChanged":true}"#);
        let subscribed = BTreeSet::from(["b://2".to_owned(), "a://1".to_owned()]);
        assert_eq!(
            text(&offers.filter(&subscribed).unwrap()),
            r#"{"toolsListChanged":true,"resourceSubscriptions":["a://1","b://2"]}"#
        );
        let quiet = Offers::of(&object(r#"{"tools":{},"resources":{"listChanged":"yes"}}"#));
        assert_eq!((quiet.can_change(), quiet.filter(&BTreeSet::new())), (false, None));
    }
}
