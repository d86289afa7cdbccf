//! `[[agents]]`: from the claims of a verified token to an agent.

use std::collections::BTreeMap;

use model::{AgentName, GroupName, IssuerName, Scope, Scopes};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{
    at::{At, Value},
    problem::Problems,
    session::Lifetime,
};

/// An agent, and which tokens are its.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agent {
    /// The name that policies and the record use.
    pub name: AgentName,
    /// The tokens that prove to be this agent.
    pub tokens: TokenMatch,
    /// The subjects that it may act for, with a token of theirs beside its own.
    pub acts_for: Vec<TokenMatch>,
    /// The groups that policies may speak of.
    pub groups: Vec<GroupName>,
    /// What it may ask for; not empty.
    pub scopes: Scopes,
    /// The longest life of its sessions: its own limit, or that of all sessions.
    pub lifetime_seconds_max: u32,
}

/// Tokens of one issuer whose claims are as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenMatch {
    /// Whose tokens.
    pub issuer: IssuerName,
    /// What their claims must be, each of them; at least one rule.
    pub claims: Vec<ClaimRule>,
}

/// What one claim must be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimRule {
    /// The names of members that lead to the claim; at least one.
    pub path: Vec<String>,
    /// What stands there.
    pub expected: Expected,
}

/// What a claim is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// This text, exactly.
    Text(String),
    /// A text that fits the whole pattern, in which `*` stands for any characters; never `*` alone.
    Pattern(String),
    /// This whole number.
    Number(i64),
    /// This truth value.
    Flag(bool),
}

/// Which tokens are an agent's, and what it may ask for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentTable {
    /// The name that policies and the record use: `Agent::"name"`.
    pub(crate) name: At<AgentName>,
    /// The `name` of the issuer whose tokens are this agent's.
    pub(crate) issuer: At<IssuerName>,
    /// What the claims of its tokens must be, each of them: a text such as `sub = "ci-job"`, in which `*` stands for any
    /// characters, a whole number, or `true` or `false`. The name of a claim inside another is a JSON pointer:
    /// `"/kubernetes.io/namespace" = "ci"`. Where a claim is a list, one of its elements must match.
    claims: At<Claims>,
    /// The groups that policies speak of: `principal in Group::"name"`.
    #[serde(default)]
    groups: Vec<At<GroupName>>,
    /// What it may ask for: `upstream:tool`, `upstream:operation`, or `upstream:*`. Policies decide each call on top.
    pub(crate) scopes: Vec<At<Scope>>,
    /// The longest life of its sessions, where it is less than that of all sessions.
    pub(crate) lifetime_seconds_max: Option<At<Lifetime>>,
    /// The subjects that this agent may act for: then a token of theirs is the subject token of the exchange, and the agent's own
    /// is the actor token (RFC 8693, section 2.1). Without any, it acts for itself only.
    #[serde(default)]
    pub(crate) acts_for: Vec<ActsForTable>,
}

/// A subject that an agent may act for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActsForTable {
    /// The `name` of the issuer of the subject's token.
    pub(crate) issuer: At<IssuerName>,
    /// What the claims of the subject's token must be, written like the agent's own.
    claims: At<Claims>,
}

impl AgentTable {
    pub(crate) fn check(self, lifetime_of_all: u32, problems: &mut Problems<'_>) -> Agent {
        if self.scopes.is_empty() {
            problems
                .at(&self.name.span, format!("the agent {} may ask for nothing", self.name.value))
                .help_with("name at least one scope, such as `scopes = [\"upstream:*\"]`");
        }
        let token_match =
            |issuer: At<IssuerName>, claims: At<Claims>| TokenMatch { issuer: issuer.value, claims: claims.value.0 };
        Agent {
            name: self.name.value,
            tokens: token_match(self.issuer, self.claims),
            acts_for: self.acts_for.into_iter().map(|subject| token_match(subject.issuer, subject.claims)).collect(),
            groups: self.groups.into_iter().map(|group| group.value).collect(),
            scopes: self.scopes.into_iter().map(|scope| scope.value).collect(),
            lifetime_seconds_max: self.lifetime_seconds_max.map_or(lifetime_of_all, |own| own.value.0),
        }
    }
}

/// Rules about claims.
#[derive(Debug, Clone)]
struct Claims(Vec<ClaimRule>);

/// A claim's value as it stands in the file.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(untagged, expecting = "a claim is compared with a text such as \"ci-*\", a whole number, `true` or `false`")]
enum Written {
    Flag(bool),
    Number(i64),
    Text(String),
}

impl Value for Claims {
    type Written = BTreeMap<String, Written>;

    fn read(written: Self::Written) -> Result<Self, String> {
        if written.is_empty() {
            return Err("every token of the issuer would match: add a rule such as sub = \"ci-job\"".to_owned());
        }
        let rule = |(claim, written): (String, Written)| {
            let expected = match written {
                Written::Text(text) if text.bytes().all(|byte| byte == b'*') => {
                    return Err(format!("write what the claim {claim:?} is, or how it begins or ends: `ci-*`"));
                }
                Written::Text(pattern) if pattern.contains('*') => Expected::Pattern(pattern),
                Written::Text(text) => Expected::Text(text),
                Written::Number(number) => Expected::Number(number),
                Written::Flag(flag) => Expected::Flag(flag),
            };
            let path = read_path(&claim)
                .ok_or_else(|| format!("{claim:?} is neither the name of a claim nor a JSON pointer such as /a/b"))?;
            Ok(ClaimRule { path, expected })
        };
        written.into_iter().map(rule).collect::<Result<_, _>>().map(Self)
    }

    fn write(&self) -> Self::Written {
        let written = |rule: &ClaimRule| {
            let expected = match &rule.expected {
                Expected::Text(text) | Expected::Pattern(text) => Written::Text(text.clone()),
                Expected::Number(number) => Written::Number(*number),
                Expected::Flag(flag) => Written::Flag(*flag),
            };
            let pointer = rule.path.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1")));
            (pointer.collect(), expected)
        };
        self.0.iter().map(written).collect()
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "format": "table from claim to value",
            "minProperties": 1,
            "additionalProperties": { "type": ["string", "integer", "boolean"] },
        })
    }
}

/// The path of a claim: its name, or a JSON pointer (RFC 6901) where it begins with a slash.
fn read_path(claim: &str) -> Option<Vec<String>> {
    let Some(pointer) = claim.strip_prefix('/') else {
        return (!claim.is_empty()).then(|| vec![claim.to_owned()]);
    };
    let read = |name: &str| {
        let mut after_tilde = name.split('~').skip(1);
        let fits = !name.is_empty() && after_tilde.all(|rest| rest.starts_with('0') || rest.starts_with('1'));
        fits.then(|| name.replace("~1", "/").replace("~0", "~"))
    };
    pointer.split('/').map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_named_or_pointed_at() {
        for (claim, path) in [
            ("sub", Some(vec!["sub"])),
            ("kubernetes.io", Some(vec!["kubernetes.io"])),
            ("https://a.example/claim", Some(vec!["https://a.example/claim"])),
            ("/kubernetes.io/pod/uid", Some(vec!["kubernetes.io", "pod", "uid"])),
            ("/a~1b/~01", Some(vec!["a/b", "~1"])),
            ("", None),
            ("/", None),
            ("/a//b", None),
            ("/a~2", None),
        ] {
            assert_eq!(read_path(claim), path.map(|p| p.into_iter().map(str::to_owned).collect()), "{claim}");
        }
    }
}
