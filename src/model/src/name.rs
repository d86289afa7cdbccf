//! Names that are checked once and then carried as types.

use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

/// Why a text is not a name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{kind} must be 1 to {length_max} characters of {alphabet}")]
pub struct InvalidName {
    kind: &'static str,
    length_max: usize,
    alphabet: &'static str,
}

/// Lowercase names that stand in URLs, scopes and policies.
const SLUG: &str = "a-z, 0-9, '-', '_' and '.', beginning with a letter or digit";
/// Tool names of the Model Context Protocol: case-sensitive.
const TOOL: &str = "A-Z, a-z, 0-9, '_', '.' and '-'";
/// Anything printable in ASCII except space.
const VISIBLE: &str = "visible ASCII";

fn is_slug(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
}

fn is_tool(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn is_visible(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $length_max:literal, $alphabet:expr, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let accepts: fn(&str) -> bool = $accepts;
                if text.is_empty() || text.len() > $length_max || !accepts(text) {
                    return Err(InvalidName { kind: $kind, length_max: $length_max, alphabet: $alphabet });
                }
                Ok(Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// A server that Claviger calls for an agent, as the configuration names it.
    UpstreamName, "the name of an upstream", 64, SLUG, is_slug
);
name!(
    /// A tool of an MCP server, or a named operation of an HTTP upstream.
    ToolName, "the name of a tool", 128, TOOL, is_tool
);
name!(
    /// An agent, as the configuration names it.
    AgentName, "the name of an agent", 64, SLUG, is_slug
);
name!(
    /// A group of agents.
    GroupName, "the name of a group", 64, SLUG, is_slug
);
name!(
    /// A trusted issuer, as the configuration names it.
    IssuerName, "the name of an issuer", 64, SLUG, is_slug
);
name!(
    /// A source that mints credentials, as the configuration names it.
    ProviderName, "the name of a provider", 64, SLUG, is_slug
);
name!(
    /// A stored or minted credential, as the configuration names it; never its value.
    CredentialName, "the name of a credential", 64, SLUG, is_slug
);
name!(
    /// The rule that decided: a policy's id, or a fixed word such as `default-deny`.
    RuleId, "the id of a rule", 256, VISIBLE, is_visible
);
name!(
    /// A session of Claviger; MCP's own session ids are another thing.
    SessionId, "the id of a session", 64, VISIBLE, is_visible
);
name!(
    /// A credential with a life, as its provider names it.
    LeaseId, "the id of a lease", 256, VISIBLE, is_visible
);
name!(
    /// One minting of a credential: drawn at random before it begins.
    MintingId, "the id of a minting", 64, VISIBLE, is_visible
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_begins_with_a_letter_or_digit() {
        assert!("github-1".parse::<UpstreamName>().is_ok());
        for refused in ["", "-github", "Git", "git hub", "git/hub", "\u{e9}"] {
            assert!(refused.parse::<UpstreamName>().is_err(), "{refused:?}");
        }
    }

    #[test]
    fn a_tool_name_keeps_its_case_and_ends_at_128_characters() {
        assert_eq!("Create.Issue_2".parse::<ToolName>().unwrap().as_str(), "Create.Issue_2");
        assert!("x".repeat(128).parse::<ToolName>().is_ok());
        assert!("x".repeat(129).parse::<ToolName>().is_err());
        assert!("a b".parse::<ToolName>().is_err());
    }
}
