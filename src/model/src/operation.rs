//! The operations of a plain HTTP upstream: which method and path is which named operation.
//!
//! A request that matches none is refused, and so is one that a server might read as another: see [`Operations::find`].

mod pattern;

use std::str::Split;

use http::Method;

pub use self::pattern::InvalidOperation;
use self::pattern::{Segment, covers, overlap, read_pattern};
use crate::ToolName;

/// One named operation: the methods and the paths that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    name: ToolName,
    methods: Vec<Method>,
    pattern: Vec<Segment>,
}

/// Two operations that some request matches and neither of which is the narrower one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the operations {first} and {second} match the same request, and neither is narrower")]
pub struct AmbiguousOperations {
    /// The operation that comes first.
    pub first: ToolName,
    /// The operation that comes later.
    pub second: ToolName,
}

/// The operations of one upstream, as a tree of segments.
#[derive(Debug, Clone, Default)]
pub struct Operations {
    root: Node,
    names: Vec<ToolName>,
}

#[derive(Debug, Clone, Default)]
struct Node {
    /// Sorted by text.
    literals: Vec<(Box<str>, Self)>,
    placeholder: Option<Box<Self>>,
    here: Vec<(Method, ToolName)>,
    rest: Vec<(Method, ToolName)>,
}

/// What the search below one node came to.
enum Search<'a> {
    Found(&'a ToolName),
    Nothing,
    /// Another server may read the path as one that it does not equal.
    Doubtful,
}

impl Operation {
    /// An operation from its methods and its path, where `{name}` is one segment and a trailing `/**` is one or more.
    ///
    /// # Errors
    /// Says what a method or path may look like.
    pub fn new(name: ToolName, methods: Vec<Method>, path: &str) -> Result<Self, InvalidOperation> {
        let repeats = methods.iter().enumerate().any(|(at, method)| methods.iter().take(at).any(|m| m == method));
        if methods.is_empty() || repeats {
            return Err(InvalidOperation::Methods);
        }
        let refused = |m: &Method| {
            matches!(*m, Method::CONNECT | Method::TRACE) || m.as_str().bytes().any(|b| b.is_ascii_lowercase())
        };
        if methods.iter().any(refused) {
            return Err(InvalidOperation::Method);
        }
        Ok(Self { name, methods, pattern: read_pattern(path)? })
    }

    /// The operation's name.
    #[must_use]
    pub const fn name(&self) -> &ToolName {
        &self.name
    }

    fn is_ambiguous_with(&self, other: &Self) -> bool {
        self.methods.iter().any(|m| other.methods.contains(m))
            && overlap(&self.pattern, &other.pattern)
            && covers(&self.pattern, &other.pattern) == covers(&other.pattern, &self.pattern)
    }
}

impl Operations {
    /// Puts operations together. Where a request matches two, the narrower one is meant.
    ///
    /// # Errors
    /// Two operations overlap, and neither lies within the other.
    pub fn new(operations: Vec<Operation>) -> Result<Self, AmbiguousOperations> {
        for (at, second) in operations.iter().enumerate() {
            if let Some(first) = operations.iter().take(at).find(|first| first.is_ambiguous_with(second)) {
                return Err(AmbiguousOperations { first: first.name.clone(), second: second.name.clone() });
            }
        }
        let mut all = Self::default();
        for Operation { name, methods, pattern } in operations {
            let named = methods.into_iter().map(|method| (method, name.clone()));
            all.root.place(&pattern).extend(named);
            all.names.push(name);
        }
        Ok(all)
    }

    /// The names, in the order in which the operations were given.
    #[must_use]
    pub fn names(&self) -> &[ToolName] {
        &self.names
    }

    /// The operation that `method` and `path` are; `path` is the raw one, below the upstream's prefix, without query.
    ///
    /// Only a path that every server reads alike is matched. None matches where the path has an empty, `.` or `..` segment, an
    /// encoded slash, backslash, dot or control character, a path parameter (`;`), or anything that is not visible ASCII. A
    /// trailing slash matches only a pattern that has one. And where a segment is not a literal of some pattern but
    /// would be one in another case or percent-decoded, nothing matches either, so that a wider operation does not let
    /// through what a narrower one stands for.
    #[must_use]
    pub fn find(&self, method: &Method, path: &str) -> Option<&ToolName> {
        let segments = path.strip_prefix('/')?;
        if !is_plain(segments) {
            return None;
        }
        match self.root.find(method, segments.split('/'), segments.ends_with('/')) {
            Search::Found(name) => Some(name),
            Search::Nothing | Search::Doubtful => None,
        }
    }
}

impl Node {
    /// The list that an operation with this pattern belongs into.
    fn place(&mut self, pattern: &[Segment]) -> &mut Vec<(Method, ToolName)> {
        match pattern {
            [] => &mut self.here,
            [Segment::Rest, ..] => &mut self.rest,
            [Segment::Placeholder, below @ ..] => self.placeholder.get_or_insert_default().place(below),
            [Segment::Literal(text), below @ ..] => {
                let at = self.literals.partition_point(|(known, _)| known < text);
                if self.literals.get(at).is_none_or(|(known, _)| known != text) {
                    self.literals.insert(at, (text.clone(), Self::default()));
                }
                let (_, node) = self.literals.get_mut(at).expect("the entry at this place was found or inserted above");
                node.place(below)
            }
        }
    }

    /// Narrowest first: of the patterns that match one path, each lies within the next, so the first one found is the narrowest.
    fn find<'a>(&'a self, method: &Method, mut segments: Split<'_, char>, ends_with_slash: bool) -> Search<'a> {
        let Some(segment) = segments.next() else { return choose(&self.here, method) };
        match self.literals.binary_search_by(|(text, _)| text.as_ref().cmp(segment)) {
            Ok(at) => {
                let below = self.literals.get(at).map(|(_, n)| n.find(method, segments.clone(), ends_with_slash));
                if let Some(found @ (Search::Found(_) | Search::Doubtful)) = below {
                    return found;
                }
            }
            Err(_) if self.literals.iter().any(|(text, _)| may_read_as(segment, text)) => return Search::Doubtful,
            Err(_) => {}
        }
        if segment.is_empty() {
            return Search::Nothing;
        }
        if let Some(node) = &self.placeholder
            && let found @ (Search::Found(_) | Search::Doubtful) = node.find(method, segments, ends_with_slash)
        {
            return found;
        }
        if ends_with_slash { Search::Nothing } else { choose(&self.rest, method) }
    }
}

fn choose<'a>(named: &'a [(Method, ToolName)], method: &Method) -> Search<'a> {
    named.iter().find(|(m, _)| m == method).map_or(Search::Nothing, |(_, name)| Search::Found(name))
}

/// Whether `segment`, percent-decoded and in another case, is `literal`.
fn may_read_as(segment: &str, literal: &str) -> bool {
    let mut bytes = segment.bytes();
    let mut decoded = std::iter::from_fn(|| match bytes.next()? {
        b'%' => Some(hex_digit(bytes.next()?)? << 4 | hex_digit(bytes.next()?)?),
        byte => Some(byte),
    });
    literal.bytes().all(|byte| decoded.next().is_some_and(|d| d.eq_ignore_ascii_case(&byte)))
        && decoded.next().is_none()
}

/// Whether every server reads these segments alike: what [`Operations::find`] promises of the characters.
fn is_plain(segments: &str) -> bool {
    let mut bytes = segments.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let (Some(high), Some(low)) = (bytes.next().and_then(hex_digit), bytes.next().and_then(hex_digit))
                else {
                    return false;
                };
                if matches!(high << 4 | low, 0..=0x1f | b'.' | b'/' | b'\\' | 0x7f) {
                    return false;
                }
            }
            b'\\' | b';' | b'?' | b'#' => return false,
            byte if !byte.is_ascii_graphic() => return false,
            _ => {}
        }
    }
    let mut split = segments.split('/').peekable();
    while let Some(segment) = split.next() {
        if matches!(segment, "." | "..") || (segment.is_empty() && split.peek().is_some()) {
            return false;
        }
    }
    true
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn operation(name: &str, method: Method, path: &str) -> Operation {
        Operation::new(name.parse().unwrap(), vec![method], path).unwrap()
    }

    fn api() -> Operations {
        Operations::new(vec![
            operation("list", Method::GET, "/invoices"),
            operation("read", Method::GET, "/invoices/{id}"),
            operation("latest", Method::GET, "/invoices/latest"),
            operation("drop", Method::DELETE, "/invoices/{id}"),
            operation("lines", Method::GET, "/invoices/{id}/lines/"),
            operation("files", Method::GET, "/files/**"),
            operation("verb", Method::POST, "/v1/documents:delete"),
            operation("post", Method::POST, "/v1/{what}"),
        ])
        .unwrap()
    }

    fn find(method: Method, path: &str) -> String {
        api().find(&method, path).map_or_else(|| "-".to_owned(), ToString::to_string)
    }

    #[test]
    fn the_narrowest_operation_is_meant() {
        for (method, path, name) in [
            (Method::GET, "/invoices", "list"),
            (Method::GET, "/invoices/7", "read"),
            (Method::GET, "/invoices/a%20b", "read"),
            (Method::GET, "/invoices/latest", "latest"),
            (Method::DELETE, "/invoices/latest", "drop"),
            (Method::GET, "/invoices/7/lines/", "lines"),
            (Method::GET, "/files/a/b", "files"),
            (Method::POST, "/v1/documents:delete", "verb"),
            (Method::POST, "/v1/else", "post"),
        ] {
            assert_eq!(find(method, path), name, "{path}");
        }
    }

    #[test]
    fn what_is_not_named_is_not_an_operation() {
        for (method, path) in [
            (Method::POST, "/invoices"),
            (Method::HEAD, "/invoices"),
            (Method::GET, "/"),
            (Method::GET, ""),
            (Method::GET, "invoices"),
            (Method::GET, "/files"),
            (Method::GET, "/invoices/7/lines"),
            (Method::GET, "/invoices/7/8"),
        ] {
            assert_eq!(find(method, path), "-", "{path}");
        }
    }

    #[test]
    fn what_servers_read_differently_is_not_an_operation() {
        for path in [
            "/invoices/",
            "/invoices//7",
            "//invoices",
            "/files/a/",
            "/files/./a",
            "/files/../invoices",
            "/files/..",
            "/files/%2e%2e/invoices",
            "/files/a%2Fb",
            "/files/a%5cb",
            "/files/a\\b",
            "/files/a;b",
            "/files/a%00",
            "/files/a%0a",
            "/files/%zz",
            "/files/%2",
            "/files/a b",
            "/files/\u{e9}",
            "/files/a?b",
            "/files/a#b",
            "/invoices/Latest",
            "/invoices/%6Catest",
            "/invoices/%6c%61TEST",
        ] {
            assert_eq!(find(Method::GET, path), "-", "{path}");
        }
        assert_eq!(find(Method::POST, "/v1/documents%3Adelete"), "-");
    }

    #[test]
    fn two_operations_that_cross_are_refused() {
        let crossing = |one, other| {
            Operations::new(vec![operation("one", Method::GET, one), operation("other", Method::GET, other)]).is_err()
        };
        for (one, other) in
            [("/a/{x}", "/a/{y}"), ("/a/{x}/c", "/a/b/{y}"), ("/{x}/b", "/a/**"), ("/**", "/**"), ("/a/b", "/a/b")]
        {
            assert!(crossing(one, other), "{one} {other}");
        }
        for (one, other) in [("/a", "/b"), ("/a", "/a/"), ("/{x}", "/a"), ("/**", "/a/{x}"), ("/a/**", "/a/b/**")] {
            assert!(!crossing(one, other), "{one} {other}");
        }
        let by_method = vec![operation("one", Method::GET, "/a"), operation("other", Method::PUT, "/a")];
        assert!(Operations::new(by_method).is_ok());
    }

    #[test]
    fn a_path_that_is_no_pattern_is_refused() {
        let deep = "/a".repeat(65);
        for (path, why) in [
            ("a", InvalidOperation::NotRooted),
            ("/a//b", InvalidOperation::AmbiguousSegment),
            ("/a/../b", InvalidOperation::AmbiguousSegment),
            ("/**/a", InvalidOperation::Rest),
            ("/a*", InvalidOperation::Rest),
            ("/a{x}", InvalidOperation::Placeholder),
            ("/{}", InvalidOperation::Placeholder),
            ("/a%20b", InvalidOperation::Character),
            ("/a?b", InvalidOperation::Character),
            (deep.as_str(), InvalidOperation::TooDeep),
        ] {
            let refused = Operation::new("x".parse().unwrap(), vec![Method::GET], path);
            assert_eq!(refused.unwrap_err(), why, "{path}");
        }
        for methods in [vec![], vec![Method::GET, Method::GET]] {
            assert_eq!(Operation::new("x".parse().unwrap(), methods, "/").unwrap_err(), InvalidOperation::Methods);
        }
        for method in [Method::CONNECT, Method::TRACE, Method::from_bytes(b"get").unwrap()] {
            let refused = Operation::new("x".parse().unwrap(), vec![method], "/");
            assert_eq!(refused.unwrap_err(), InvalidOperation::Method);
        }
    }

    /// Whether a pattern matches a path, segment by segment, as the documentation says it.
    fn plainly_matches(pattern: &[Segment], path: &[&str]) -> bool {
        match (pattern, path) {
            ([], []) => true,
            ([Segment::Rest], path) => !path.is_empty() && path.last() != Some(&""),
            ([Segment::Literal(text), pattern @ ..], [first, path @ ..]) => {
                text.as_ref() == *first && plainly_matches(pattern, path)
            }
            ([Segment::Placeholder, pattern @ ..], [first, path @ ..]) => {
                !first.is_empty() && plainly_matches(pattern, path)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn the_tree_finds_what_a_plain_search_finds(
            patterns in proptest::collection::vec(r"(/(a|b|\{x\})){0,3}(/|/\*\*|/a)", 1..5),
            path in "(/[abc]){0,4}/?",
        ) {
            let all: Vec<_> = patterns.iter().enumerate()
                .map(|(at, path)| operation(&format!("o{at}"), Method::GET, path)).collect();
            let Ok(operations) = Operations::new(all.clone()) else { return Ok(()) };
            let segments: Vec<_> = path.split('/').skip(1).collect();
            let matching: Vec<_> = all.iter().filter(|o| plainly_matches(&o.pattern, &segments)).collect();
            let narrowest = matching.iter().find(|o| matching.iter().all(|wide| covers(&wide.pattern, &o.pattern)));
            prop_assert_eq!(narrowest.is_some(), !matching.is_empty());
            prop_assert_eq!(operations.find(&Method::GET, &path), narrowest.map(|o| &o.name));
        }
    }
}
