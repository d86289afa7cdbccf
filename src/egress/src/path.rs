//! The part of a request target below an upstream's prefix, in one reading only.

use std::{fmt, str::FromStr};

use model::Destination;

/// A path below the prefix of a destination, with its query: empty, or `/…`, or either with `?…`.
///
/// Every server and proxy on the way reads its segments alike: none is empty except the last, none is `.` or `..` with or without
/// parameters, and no slash, backslash, dot or control character hides in percent-encoding, once or twice.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ForwardPath(Box<str>);

/// The path could be read as another one, or is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the path could be read as another one; send it without '.', '..', empty or encoded-slash segments")]
pub struct InvalidForwardPath;

/// Longer request targets are refused by common servers anyway.
const LENGTH_MAX: usize = 8 * 1024;

impl ForwardPath {
    /// The path and query as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.split().0
    }

    /// The query without its question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.split().1
    }

    /// The request target at `destination`: its prefix, and this. `None` where the two together do not lie below the prefix.
    pub(crate) fn below(&self, destination: &Destination) -> Option<String> {
        let prefix = destination.path_prefix();
        let mut target = String::with_capacity(prefix.len() + self.0.len() + 1);
        target.push_str(prefix);
        if prefix.is_empty() && self.path().is_empty() {
            target.push('/');
        }
        target.push_str(&self.0);
        let path = target.split('?').next().unwrap_or_default();
        (destination.covers_path(path) && is_plain(path)).then_some(target)
    }

    fn split(&self) -> (&str, Option<&str>) {
        self.0.split_once('?').map_or((&*self.0, None), |(path, query)| (path, Some(query)))
    }
}

impl FromStr for ForwardPath {
    type Err = InvalidForwardPath;

    fn from_str(text: &str) -> Result<Self, InvalidForwardPath> {
        let path = Self(text.into());
        let fits = text.len() <= LENGTH_MAX && is_plain(path.path()) && path.query().is_none_or(is_query);
        if fits { Ok(path) } else { Err(InvalidForwardPath) }
    }
}

impl fmt::Debug for ForwardPath {
    /// Shows the path; a query may hold what a caller would not want in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.path(), f)
    }
}

/// Whether a path is empty or absolute, and means the same to everyone.
fn is_plain(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return path.is_empty() };
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        // Some servers cut parameters off before they look at dots (RFC 3986, section 3.3).
        let bare = segment.split(';').next().unwrap_or_default();
        let is_last = segments.peek().is_none();
        if bare == "." || bare == ".." || (bare.is_empty() && !(is_last && segment.is_empty())) {
            return false;
        }
    }
    path.bytes().all(is_path_character) && escapes(path).all(|escape| escape.is_some_and(is_harmless_escape))
}

/// What a segment, its separators and its escapes are written with (RFC 3986, section 3.3).
fn is_path_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
                | b'/'
                | b'%'
        )
}

/// A query goes out as it is; servers accept more in it than the grammar does, but nothing that ends the request line.
fn is_query(query: &str) -> bool {
    query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') && escapes(query).all(|escape| escape.is_some())
}

/// Neither a separator, nor a dot, nor a control character; nor a percent sign, which would begin an escape within the escape.
fn is_harmless_escape(byte: u8) -> bool {
    !matches!(byte, b'/' | b'\\' | b'.' | b'%' | b';' | 0x00..=0x1f | 0x7f)
}

/// The bytes that stand percent-encoded; `None` for an escape that is not one.
fn escapes(text: &str) -> impl Iterator<Item = Option<u8>> {
    text.split('%').skip(1).map(|rest| {
        let digits = rest.get(..2)?;
        if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) { u8::from_str_radix(digits, 16).ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn below(prefix: &str, path: &str) -> Option<String> {
        let destination: Destination = format!("https://api.example{prefix}").parse().unwrap();
        path.parse::<ForwardPath>().ok()?.below(&destination)
    }

    #[test]
    fn a_path_stands_below_its_prefix() {
        for (prefix, path, expected) in [
            ("", "", "/"),
            ("", "/", "/"),
            ("", "?a=b", "/?a=b"),
            ("", "/users", "/users"),
            ("/v1", "", "/v1"),
            ("/v1", "?a=/../b", "/v1?a=/../b"),
            ("/v1", "/", "/v1/"),
            ("/v1", "/users/", "/v1/users/"),
            ("/v1", "/users/a%20b", "/v1/users/a%20b"),
            ("/v1", "/users/caf%C3%A9;v=1", "/v1/users/caf%C3%A9;v=1"),
            ("/v1", "/a...b/.well-known/..x", "/v1/a...b/.well-known/..x"),
            ("/v1", "/x?q={\"a\":[1|2]}&p=%2F%2e%00", "/v1/x?q={\"a\":[1|2]}&p=%2F%2e%00"),
        ] {
            assert_eq!(below(prefix, path).as_deref(), Some(expected), "{prefix} {path}");
        }
    }

    #[test]
    fn what_could_be_another_path_is_refused() {
        for path in [
            "users",
            "users/../..",
            "0/users",
            "//",
            "//evil.example/",
            "/a//b",
            "/..",
            "/../",
            "/../admin",
            "/a/../../admin",
            "/./a",
            "/a/.",
            "/a/..;/admin",
            "/a/..;x=y/admin",
            "/a/.;/b",
            "/;/admin",
            "/;x",
            "/a/%2e%2e/admin",
            "/a/%2E%2E/admin",
            "/a/.%2e/admin",
            "/a/%2e./admin",
            "/a/..%2fadmin",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a%5Cb",
            "/a\\b",
            "/..\\admin",
            "/a%252fb",
            "/a%252e%252e/b",
            "/a%25b",
            "/a%3b/b",
            "/a%00",
            "/a%0d%0aHost:%20evil",
            "/a%0a",
            "/a%7f",
            "/a\r\nHost: evil",
            "/a\nb",
            "/a b",
            "/a\tb",
            "/a\0",
            "/a#b",
            "/a?b#c",
            "/a?b\r\nc",
            "/a?b c",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%+1",
            "/a?b=%",
            "/a?b=%g0",
            "/caf\u{e9}",
            "/\u{ff0e}\u{ff0e}/a",
            "/a<b>",
            "/a\"b",
            "/a|b",
            "/a^b",
            "/a{b}",
            "/a`b",
            "http://evil.example/",
            "@evil.example/",
            ":8443/a",
            "*",
        ] {
            assert_eq!(path.parse::<ForwardPath>(), Err(InvalidForwardPath), "{path:?}");
        }
        let long = format!("/{}", "a".repeat(LENGTH_MAX));
        assert!(long.parse::<ForwardPath>().is_err());
    }

    proptest! {
        #[test]
        fn a_url_library_reads_the_segments_that_were_checked(path in "(/|/?([a-z.%;\\\\]|%2[ef5]|\\.\\.|//){0,6}){0,4}") {
            let Some(target) = below("/v1/tenant", &path) else { return Ok(()) };
            let url = url_of(&target);
            prop_assert_eq!(&url, &target);
            prop_assert!(url.starts_with("/v1/tenant"));
        }
    }

    /// The path as the WHATWG parser normalizes it.
    fn url_of(target: &str) -> String {
        let uri: Destination = "https://api.example".parse().unwrap();
        let url = url::Url::parse(&format!("{uri}{target}")).unwrap();
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }
}
