//! `[upstreams.credential]`: which credential an upstream gets, from whom, and in which slot.

use std::{fmt, str::FromStr};

use http::HeaderName;
use model::{CredentialName, Injection};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::{
    at::{At, text},
    problem::Problems,
};

/// The credential of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credential {
    /// Its name in the vault and in the record.
    pub name: CredentialName,
    /// Who issues it.
    pub provider: Provider,
    /// Where it goes; a slot that can carry a credential.
    pub injection: Injection,
}

/// Who issues a credential. A provider with keys of its own has them in a table of its name beside `provider`, so that its keys
/// are checked, documented and pointed at like all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// The vault itself: an operator stored it with `claviger secret set`.
    Fixed,
}

/// The credential that goes into every call of this upstream. Without one, calls carry none.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialTable {
    /// The name under which it is stored: `claviger secret set NAME --upstream UPSTREAM`.
    name: At<CredentialName>,
    /// Who issues it.
    provider: Provider,
    /// The one slot that it goes into: exactly one of `header`, `basic`, `query` and `body`. A stored credential cannot be read for another.
    #[schemars(with = "InjectTable")]
    inject: Spanned<InjectTable>,
}

/// Exactly one of `header`, `basic`, `query` and `body`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct InjectTable {
    /// A header, such as `Authorization`.
    header: Option<At<Header>>,
    /// What stands before the credential in that header, with its own space: `"Bearer "`.
    prefix: Option<String>,
    /// The user name of HTTP's `Basic` authentication, whose password the credential is.
    basic: Option<String>,
    /// A parameter of the query.
    query: Option<String>,
    /// A JSON pointer to a member of the request's body, such as `/auth/token`.
    body: Option<String>,
}

impl CredentialTable {
    pub(crate) fn check(self, problems: &mut Problems<'_>) -> Option<Credential> {
        let span = self.inject.span();
        let inject = self.inject.into_inner();
        let injection = match (inject.header, inject.prefix, inject.basic, inject.query, inject.body) {
            (Some(header), prefix, None, None, None) => {
                Injection::Header { name: header.value.0, prefix: prefix.unwrap_or_default() }
            }
            (None, None, Some(username), None, None) => Injection::Basic { username },
            (None, None, None, Some(parameter), None) => Injection::Query { parameter },
            (None, None, None, None, Some(pointer)) => Injection::Body { pointer },
            _ => {
                problems
                    .at(&span, "a credential goes into exactly one slot")
                    .help_with("write one of `header` (with or without `prefix`), `basic`, `query` and `body`");
                return None;
            }
        };
        if let Err(why) = injection.validate() {
            problems.at(&span, why.to_string());
            return None;
        }
        Some(Credential { name: self.name.value, provider: self.provider, injection })
    }
}

/// The name of a header.
#[derive(Debug)]
struct Header(HeaderName);

impl FromStr for Header {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| "not the name of a header, such as Authorization or X-Api-Key")
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

text!(Header: "header");
