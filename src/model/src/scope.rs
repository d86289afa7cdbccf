//! The extent of a session: which tools of which upstreams. Scopes can be narrowed; nothing widens them.

use std::{collections::BTreeSet, fmt, str::FromStr};

use crate::{ToolName, UpstreamName};

/// One scope: `upstream:tool`, or `upstream:*` for every tool that policy allows (RFC 6749, section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// The upstream.
    pub upstream: UpstreamName,
    /// The tool or named operation; `None` is `*`.
    pub tool: Option<ToolName>,
}

/// Why a text is not a scope.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a scope is `upstream:tool` or `upstream:*`, and {0:?} is not")]
pub struct InvalidScope(String);

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        let invalid = || InvalidScope(text.chars().filter(|c| c.is_ascii_graphic()).take(64).collect());
        let (upstream, tool) = text.split_once(':').ok_or_else(invalid)?;
        let upstream = upstream.parse().map_err(|_| invalid())?;
        let tool = if tool == "*" { None } else { Some(tool.parse().map_err(|_| invalid())?) };
        Ok(Self { upstream, tool })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.upstream, self.tool.as_ref().map_or("*", ToolName::as_str))
    }
}

/// A set of scopes. It grows only while it is read from a request or from configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// Whether a call of `tool` at `upstream` lies within the set.
    #[must_use]
    pub fn allow(&self, upstream: &UpstreamName, tool: &str) -> bool {
        self.0.iter().any(|s| s.upstream == *upstream && s.tool.as_ref().is_none_or(|t| t.as_str() == tool))
    }

    /// What both sets allow; never more than either.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let within = |scope: &Scope, set: &Self| {
            set.0.iter().any(|s| s.upstream == scope.upstream && (s.tool.is_none() || s.tool == scope.tool))
        };
        let here = self.0.iter().filter(|s| within(s, other));
        let there = other.0.iter().filter(|s| within(s, self));
        Self(here.chain(there).cloned().collect())
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl FromStr for Scopes {
    type Err = InvalidScope;

    /// Reads scopes that are separated by single spaces (RFC 6749, section 3.3).
    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        text.split(' ').filter(|part| !part.is_empty()).map(str::parse).collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, scope) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            fmt::Display::fmt(scope, f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_intersection_keeps_the_narrower_side() {
        let policy: Scopes = "github:* mail:send".parse().unwrap();
        let asked: Scopes = "github:create_issue mail:* billing:*".parse().unwrap();
        assert_eq!(policy.intersection(&asked).to_string(), "github:create_issue mail:send");
    }

    #[test]
    fn a_scope_names_one_upstream() {
        for refused in ["github", "github:", ":x", "git hub:x", "github:a:b", "github:**"] {
            assert!(refused.parse::<Scope>().is_err(), "{refused}");
        }
    }

    proptest! {
        #[test]
        fn an_intersection_allows_what_both_allow(a in "([ab]:[xy*] ?){0,3}", b in "([ab]:[xy*] ?){0,3}") {
            let (Ok(a), Ok(b)) = (a.parse::<Scopes>(), b.parse::<Scopes>()) else { return Ok(()) };
            let both = a.intersection(&b);
            for upstream in ["a", "b"] {
                let upstream: UpstreamName = upstream.parse().unwrap();
                for tool in ["x", "y", "z"] {
                    prop_assert_eq!(both.allow(&upstream, tool), a.allow(&upstream, tool) && b.allow(&upstream, tool));
                }
            }
        }
    }
}
