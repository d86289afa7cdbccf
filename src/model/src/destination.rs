//! Where a credential may go: scheme, host, port and path prefix, compared exactly.

use std::{fmt, str::FromStr};

use url::{Host, Url};

/// The two schemes that an upstream may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP; only where the configuration says so.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The scheme as it stands in a URL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URL of this scheme means when it names none.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Which addresses a destination's name may resolve to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum AddressClass {
    /// Addresses of the public internet only.
    #[default]
    Public,
    /// Also private networks (RFC 1918, RFC 4193).
    Private,
    /// Only this machine.
    Loopback,
}

/// Where a call goes: scheme, host, port and path prefix. Host names are lowercase ASCII without a trailing dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    scheme: Scheme,
    host: String,
    port: u16,
    path_prefix: String,
}

/// Why a URL is not a destination.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidDestination {
    /// The text is not an absolute URL.
    #[error("not an absolute URL such as https://api.example.com/v1")]
    NotAUrl,
    /// Only `http` and `https` are spoken.
    #[error("the scheme must be https, or http where the destination says so")]
    UnknownScheme,
    /// A destination holds no user name or password.
    #[error("a URL with a user name or password; store the credential with `claviger secret set`")]
    HoldsCredentials,
    /// A destination has neither query nor fragment.
    #[error("a destination has no query and no fragment")]
    HoldsQuery,
    /// The path has an empty, `.` or `..` segment, or an encoded slash.
    #[error("the path must not hold empty, '.', '..' or encoded-slash segments")]
    AmbiguousPath,
}

impl Destination {
    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host name, or an IP address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The path prefix: empty, or a path that begins with a slash and does not end with one.
    #[must_use]
    pub fn path_prefix(&self) -> &str {
        &self.path_prefix
    }

    /// The value of the `Host` header (RFC 9110, section 7.2).
    #[must_use]
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == self.scheme.default_port() { host } else { format!("{host}:{}", self.port) }
    }

    /// The same scheme, host and port, and a path below this one's prefix.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.scheme == other.scheme
            && self.host == other.host
            && self.port == other.port
            && self.covers_path(&other.path_prefix)
    }

    /// Whether `path` is this destination's prefix or lies below it.
    #[must_use]
    pub fn covers_path(&self, path: &str) -> bool {
        path.strip_prefix(self.path_prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Whether every segment of `path` means the same to every server: no `.`, `..`, empty middle, encoded slash or backslash.
fn is_plain_path(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    !path.contains('\\')
        && !["%2f", "%5c", "%2e", "%00"].iter().any(|bad| lower.contains(bad))
        && path.split('/').skip(1).all(|segment| !segment.is_empty() && segment != "." && segment != "..")
}

impl FromStr for Destination {
    type Err = InvalidDestination;

    fn from_str(text: &str) -> Result<Self, InvalidDestination> {
        // The URL parser folds `..` and `\` away; what was written is what must be plain.
        let written = text.split_once("://").ok_or(InvalidDestination::NotAUrl)?.1;
        let written_path = written.find('/').and_then(|at| written.get(at..)).unwrap_or("");
        let url = Url::parse(text).map_err(|_| InvalidDestination::NotAUrl)?;
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(InvalidDestination::UnknownScheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidDestination::HoldsCredentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidDestination::HoldsQuery);
        }
        let host = match url.host().ok_or(InvalidDestination::NotAUrl)? {
            Host::Domain(name) => name.trim_end_matches('.').to_ascii_lowercase(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let path_prefix = url.path().trim_end_matches('/').to_owned();
        let written_path = written_path.trim_end_matches('/');
        if written.contains('\\') || (!written_path.is_empty() && !is_plain_path(written_path)) {
            return Err(InvalidDestination::AmbiguousPath);
        }
        let port = url.port_or_known_default().unwrap_or(scheme.default_port());
        Ok(Self { scheme, host, port, path_prefix })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.as_str(), self.authority(), self.path_prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(text: &str) -> Destination {
        text.parse().unwrap()
    }

    #[test]
    fn the_spelling_is_made_one() {
        assert_eq!(destination("https://API.Example.com.:443/v1/"), destination("https://api.example.com/v1"));
        assert_eq!(destination("http://[::1]:8080").to_string(), "http://[::1]:8080");
        assert_eq!(destination("http://127.0.0.1:80/mcp").authority(), "127.0.0.1");
    }

    #[test]
    fn a_prefix_covers_whole_segments_only() {
        let prefix = destination("https://api.example.com/v1");
        assert!(prefix.covers(&destination("https://api.example.com/v1/users")));
        for other in [
            "https://api.example.com/v10",
            "https://api.example.com/",
            "http://api.example.com/v1",
            "https://evil.example.com/v1",
            "https://api.example.com:8443/v1",
        ] {
            assert!(!prefix.covers(&destination(other)), "{other}");
        }
    }

    #[test]
    fn what_servers_read_differently_is_refused() {
        for (text, why) in [
            ("ftp://a.example/", InvalidDestination::UnknownScheme),
            ("api.example.com", InvalidDestination::NotAUrl),
            ("https://user:pass@a.example/", InvalidDestination::HoldsCredentials),
            ("https://a.example/?key=1", InvalidDestination::HoldsQuery),
            ("https://a.example/v1/../admin", InvalidDestination::AmbiguousPath),
            ("https://a.example/v1%2fadmin", InvalidDestination::AmbiguousPath),
            ("https://a.example/v1//admin", InvalidDestination::AmbiguousPath),
            ("https://a.example\\@evil.example/", InvalidDestination::AmbiguousPath),
        ] {
            assert_eq!(text.parse::<Destination>().unwrap_err(), why, "{text}");
        }
    }
}
