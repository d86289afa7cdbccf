//! List results: each caller sees what it may use, and nobody may cache it for another.

use crate::{
    era::Era,
    json::{Json, Object},
    method::ListKind,
    tools::{Tool, ToolFault},
};

/// What became of one page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filtered {
    /// How many entries the caller sees.
    pub shown: usize,
    /// How many it does not see because it may not use them.
    pub hidden: usize,
    /// The ones that nobody sees.
    pub dropped: Vec<Dropped>,
}

/// An entry that breaks the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// Its place in the page that the upstream sent.
    pub position: usize,
    /// Why.
    pub fault: EntryFault,
}

/// Why nobody sees an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// A tool breaks the rules.
    #[error(transparent)]
    Tool(#[from] ToolFault),
    /// A prompt, resource or template without the string that names it.
    #[error("the entry has no name or URI")]
    Unnamed,
}

/// Why a result is not a page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidList {
    /// The array is missing.
    #[error("the result has no list")]
    NoList,
    /// `nextCursor` is not a string.
    #[error("the result's cursor is not a string")]
    Cursor,
}

impl ListKind {
    /// The member of the result that holds the entries.
    #[must_use]
    pub fn member(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::ResourceTemplates => "resourceTemplates",
        }
    }

    /// The member of an entry that policy knows it by.
    #[must_use]
    pub fn named_by(self) -> &'static str {
        match self {
            Self::Tools | Self::Prompts => "name",
            Self::Resources => "uri",
            Self::ResourceTemplates => "uriTemplate",
        }
    }
}

/// Keeps the entries whose name or URI `may_use` allows, and drops those that break the rules. The page is then for this
/// caller alone: `cacheScope` becomes private and `ttlMs` at most `ttl_ms_max`, whatever the upstream says.
///
/// # Errors
/// Where the result is not a page of this list.
pub fn filter(
    result: &mut Object,
    kind: ListKind,
    era: Era,
    ttl_ms_max: u64,
    may_use: impl FnMut(&str) -> bool,
) -> Result<Filtered, InvalidList> {
    if result.member("nextCursor").is_some_and(|cursor| cursor.as_str().is_none()) {
        return Err(InvalidList::Cursor);
    }
    let Some(Json::Array(entries)) = result.member_mut(kind.member()) else { return Err(InvalidList::NoList) };
    let filtered = match kind {
        ListKind::Tools => keep(entries, repeated(entries), may_use, |entry| {
            Tool::read(entry).map(|tool| tool.name().to_owned()).map_err(EntryFault::from)
        }),
        ListKind::Prompts | ListKind::Resources | ListKind::ResourceTemplates => {
            keep(entries, Vec::new(), may_use, |entry| {
                let name = entry.member(kind.named_by()).and_then(Json::as_str);
                name.map(str::to_owned).ok_or(EntryFault::Unnamed)
            })
        }
    };
    make_private(result, era, ttl_ms_max);
    Ok(filtered)
}

/// Makes a result cacheable for this caller alone. The older era does not know these members.
pub fn make_private(result: &mut Object, era: Era, ttl_ms_max: u64) {
    match era {
        Era::Modern => {
            let upstreams = result.member("ttlMs").and_then(Json::as_i64).and_then(|ttl| u64::try_from(ttl).ok());
            result.set("cacheScope", "private");
            result.set("ttlMs", upstreams.unwrap_or(0).min(ttl_ms_max));
            if result.member("resultType").is_none() {
                result.set("resultType", "complete");
            }
        }
        Era::Legacy => {
            for member in ["cacheScope", "ttlMs", "resultType"] {
                result.remove(member);
            }
        }
    }
}

fn keep(
    entries: &mut Vec<Json>,
    repeated: Vec<String>,
    mut may_use: impl FnMut(&str) -> bool,
    read: impl Fn(&Json) -> Result<String, EntryFault>,
) -> Filtered {
    let mut filtered = Filtered::default();
    let mut position = 0;
    entries.retain(|entry| {
        let read = match read(entry) {
            Ok(name) if repeated.binary_search(&name).is_ok() => Err(ToolFault::Repeated.into()),
            read => read,
        };
        let (shown, hidden, dropped) = match read {
            Ok(name) if may_use(&name) => (1, 0, None),
            Ok(_) => (0, 1, None),
            Err(fault) => (0, 0, Some(Dropped { position, fault })),
        };
        filtered.shown += shown;
        filtered.hidden += hidden;
        filtered.dropped.extend(dropped);
        position += 1;
        shown == 1
    });
    filtered
}

/// The names that more than one tool has, sorted.
fn repeated(entries: &[Json]) -> Vec<String> {
    let mut names: Vec<&str> = entries.iter().filter_map(|entry| entry.member("name")?.as_str()).collect();
    names.sort_unstable();
    let mut twice: Vec<String> =
        names.array_windows().filter(|[one, other]| one == other).map(|[one, _]| (*one).to_owned()).collect();
    twice.dedup();
    twice
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Limits;

    fn object(text: &str) -> Object {
        Json::parse(text.as_bytes(), &Limits::LIST).unwrap().as_object().unwrap().clone()
    }

    fn text(object: Object) -> String {
        String::from_utf8(Json::Object(object).to_vec()).unwrap()
    }

    #[test]
    fn a_caller_sees_its_own_tools_and_may_not_share_them() {
        let tool = |name: &str| format!(r#"{{"name":"{name}","inputSchema":{{"type":"object"}}}}"#);
        let mut result = object(&format!(
            r#"{{"tools":[{},{},{},{{"name":"bad"}},{},7],"nextCursor":"","ttlMs":3600000,"cacheScope":"public"}}"#,
            tool("read"),
            tool("write"),
            tool("twin"),
            tool("twin"),
        ));
        let filtered = filter(&mut result, ListKind::Tools, Era::Modern, 60_000, |name| name != "write").unwrap();
        let dropped = |position, fault| Dropped { position, fault: EntryFault::Tool(fault) };
        assert_eq!(
            filtered,
            Filtered {
                shown: 1,
                hidden: 1,
                dropped: vec![
                    dropped(2, ToolFault::Repeated),
                    dropped(3, ToolFault::InputSchema),
                    dropped(4, ToolFault::Repeated),
                    dropped(5, ToolFault::NotAnObject)
                ]
            }
        );
        assert_eq!(
            text(result),
            r#"{"tools":[{"name":"read","inputSchema":{"type":"object"}}],"nextCursor":"","ttlMs":60000,"cacheScope":"private","resultType":"complete"}"#
        );
    }

    #[test]
    fn each_list_is_filtered_by_what_names_its_entries() {
        for (kind, page, shown) in [
            (ListKind::Prompts, r#"{"prompts":[{"name":"a"},{"name":"b"},{}]}"#, r#"{"prompts":[{"name":"a"}]}"#),
            (
                ListKind::Resources,
                r#"{"resources":[{"uri":"a","name":"b"},{"uri":"b"},7]}"#,
                r#"{"resources":[{"uri":"a","name":"b"}]}"#,
            ),
            (
                ListKind::ResourceTemplates,
                r#"{"resourceTemplates":[{"uriTemplate":"a"},{"uri":"a"},{"uriTemplate":"b"}]}"#,
                r#"{"resourceTemplates":[{"uriTemplate":"a"}]}"#,
            ),
        ] {
            let mut result = object(page);
            let filtered = filter(&mut result, kind, Era::Legacy, 0, |name| name == "a").unwrap();
            assert_eq!((filtered.shown, filtered.hidden, filtered.dropped.len()), (1, 1, 1));
            assert_eq!(text(result), shown);
        }
    }

    #[test]
    fn a_life_is_clamped_and_a_senseless_one_is_none() {
        for (ttl, expected) in [("10", 10_i64), ("99999", 500), ("-5", 0), ("1.5", 0), ("\"7\"", 0), ("1e3", 500)] {
            let mut result = object(&format!(r#"{{"tools":[],"ttlMs":{ttl}}}"#));
            filter(&mut result, ListKind::Tools, Era::Modern, 500, |_| true).unwrap();
            assert_eq!(result.member("ttlMs").unwrap().as_i64(), Some(expected), "{ttl}");
        }
    }

    #[test]
    fn what_is_no_page_is_refused() {
        let page = |text: &str| filter(&mut object(text), ListKind::Tools, Era::Modern, 0, |_| true);
        assert_eq!(page(r#"{"prompts":[]}"#), Err(InvalidList::NoList));
        assert_eq!(page(r#"{"tools":{}}"#), Err(InvalidList::NoList));
        assert_eq!(page(r#"{"tools":[],"nextCursor":7}"#), Err(InvalidList::Cursor));
    }
}
