//! A resource indicator: the absolute URI of what a token is for.

use std::{fmt, str::FromStr, sync::Arc};

use url::Url;

/// The target of a token (RFC 8707, section 2): an absolute URI without fragment and without trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource(Arc<str>);

/// Why a text is not a resource indicator.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a resource is an absolute http or https URI without fragment (RFC 8707, section 2)")]
pub struct InvalidResource;

impl Resource {
    /// The URI as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Resource {
    type Err = InvalidResource;

    fn from_str(text: &str) -> Result<Self, InvalidResource> {
        let url = Url::parse(text).map_err(|_| InvalidResource)?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || text.contains('#') {
            return Err(InvalidResource);
        }
        Ok(Self(text.trim_end_matches('/').into()))
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_absolute_and_has_no_fragment() {
        assert_eq!(
            "https://gw.example/mcp/github/".parse::<Resource>().unwrap().as_str(),
            "https://gw.example/mcp/github"
        );
        for refused in ["/mcp/github", "mcp", "https://gw.example/mcp#x", "urn:example:a"] {
            assert_eq!(refused.parse::<Resource>(), Err(InvalidResource), "{refused}");
        }
    }
}
