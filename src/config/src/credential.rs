//! `[upstreams.credential]`: which credential an upstream gets, from whom, and in which slot.

use std::{fmt, str::FromStr};

use http::HeaderName;
use model::{CredentialName, Injection, ProviderName};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::{
    at::{At, Value, text},
    problem::Problems,
    provider::{Provider, Source, aws_sts, vault},
    similar::choices,
};

/// The credential of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credential {
    /// Its name in the vault and in the record.
    pub name: CredentialName,
    /// Who issues it, and what it is there.
    pub issued: Issued,
    /// Where it goes; a slot that can carry a credential.
    pub injection: Injection,
}

/// Who issues a credential, and what it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issued {
    /// The vault itself: an operator stored it with `claviger secret set`.
    Fixed,
    /// HashiCorp Vault or OpenBao.
    Vault {
        /// Which of them.
        provider: ProviderName,
        /// What is read or minted there.
        grant: vault::Grant,
    },
    /// STS of AWS.
    AwsSts {
        /// Which region's.
        provider: ProviderName,
        /// Which role, and how much of it.
        grant: aws_sts::Grant,
    },
}

/// The credential that goes into every call of this upstream. Without one, calls carry none.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialTable {
    /// Its name in the record; one that is stored is stored under it: `claviger secret set NAME --upstream UPSTREAM`.
    name: At<CredentialName>,
    /// Who issues it: `fixed` for one that is stored, or the name of one of `[[providers.…]]`, which mints one for each session.
    provider: At<ProviderName>,
    /// The one slot that it goes into: exactly one of the keys below. A stored credential cannot be read for another.
    #[schemars(with = "InjectTable")]
    inject: Spanned<InjectTable>,
    /// What is read or minted, where the provider is one of `[[providers.vault]]`: exactly one of the keys below.
    #[schemars(with = "Option<vault::GrantTable>")]
    vault: Option<Spanned<vault::GrantTable>>,
    /// Which role the session gets keys of, where the provider is one of `[[providers.aws_sts]]`.
    #[schemars(with = "Option<aws_sts::GrantTable>")]
    aws_sts: Option<Spanned<aws_sts::GrantTable>>,
}

/// Exactly one of `header`, `basic`, `client_certificate`, `aws_signature`, `query` and `body`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct InjectTable {
    /// A header, such as `Authorization`.
    header: Option<At<Header>>,
    /// What stands before the credential in that header, with its own space: `"Bearer "`.
    prefix: Option<String>,
    /// The user name of HTTP's `Basic` authentication, whose password the credential is; `true` where the provider makes the user
    /// too.
    basic: Option<At<BasicUser>>,
    /// Always `true`: the credential is a client certificate, which is shown in the TLS handshake.
    client_certificate: Option<At<True>>,
    /// AWS Signature Version 4: the credential is a key, and signs the call.
    aws_signature: Option<AwsSignature>,
    /// A parameter of the query.
    query: Option<String>,
    /// A JSON pointer to a member of the request's body, such as `/auth/token`.
    body: Option<String>,
}

impl CredentialTable {
    pub(crate) fn check(self, providers: &[Provider], problems: &mut Problems<'_>) -> Option<Credential> {
        let injection = injection(self.inject, problems);
        let issued = issued(&self.provider, self.vault, self.aws_sts, providers, problems);
        Some(Credential { name: self.name.value, issued: issued?, injection: injection? })
    }
}

/// The provider that a credential names, and the table of its kind, which says what the credential is there.
fn issued(
    name: &At<ProviderName>,
    vault: Option<Spanned<vault::GrantTable>>,
    aws_sts: Option<Spanned<aws_sts::GrantTable>>,
    providers: &[Provider],
    problems: &mut Problems<'_>,
) -> Option<Issued> {
    const FIXED: &str = "fixed";
    let provider = providers.iter().find(|provider| provider.name == name.value);
    let Some(provider) = provider else {
        if name.value.as_str() == FIXED {
            for span in [vault.map(|grant| grant.span()), aws_sts.map(|grant| grant.span())].into_iter().flatten() {
                problems
                    .at(&span, "a stored credential is not minted")
                    .help_with("remove this table, or name one of `[[providers.KIND]]` in `provider`");
            }
            return Some(Issued::Fixed);
        }
        let known = providers.iter().map(|provider| provider.name.as_str()).chain([FIXED]);
        problems
            .at(&name.span, format!("there is no provider {}", name.value))
            .help_with(format!("write {}, or add it as `[[providers.KIND]]`", choices(known, "or")));
        return None;
    };
    match (&provider.source, vault, aws_sts) {
        (Source::Vault(_), Some(grant), None) => {
            Some(Issued::Vault { provider: provider.name.clone(), grant: vault::Grant::check(grant, problems)? })
        }
        (Source::AwsSts(_), None, Some(grant)) => {
            Some(Issued::AwsSts { provider: provider.name.clone(), grant: aws_sts::Grant::check(grant, problems)? })
        }
        (Source::AwsSts(_), _, _) => {
            problems
                .at(
                    &name.span,
                    format!("which role {} should give keys of is not said, or something else is", name.value),
                )
                .help_with("write `[upstreams.credential.aws_sts]` with `role` and `tools`, and no other such table");
            None
        }
        (Source::Vault(_), _, _) => {
            problems
                .at(&name.span, format!("what {} should mint is missing", name.value))
                .help_with("add `[upstreams.credential.vault]`, such as `database = { role = \"readonly\" }`");
            None
        }
    }
}

fn injection(inject: Spanned<InjectTable>, problems: &mut Problems<'_>) -> Option<Injection> {
    let span = inject.span();
    let inject = inject.into_inner();
    let InjectTable { header, prefix, basic, client_certificate, aws_signature, query, body } = inject;
    let injection = match (header, prefix, basic, client_certificate, aws_signature, query, body) {
        (Some(header), prefix, None, None, None, None, None) => {
            Injection::Header { name: header.value.0, prefix: prefix.unwrap_or_default() }
        }
        (None, None, Some(user), None, None, None, None) => match user.value {
            BasicUser::Named(username) => Injection::Basic { username },
            BasicUser::Issued => Injection::BasicPair,
        },
        (None, None, None, Some(_), None, None, None) => Injection::ClientCertificate,
        (None, None, None, None, Some(AwsSignature { service, region }), None, None) => {
            Injection::AwsSigV4 { service, region }
        }
        (None, None, None, None, None, Some(parameter), None) => Injection::Query { parameter },
        (None, None, None, None, None, None, Some(pointer)) => Injection::Body { pointer },
        _ => {
            problems.at(&span, "a credential goes into exactly one slot").help_with(
                "write one of `header` (with or without `prefix`), `basic`, `client_certificate`, `aws_signature`, `query` and `body`",
            );
            return None;
        }
    };
    if let Err(why) = injection.validate() {
        problems.at(&span, why.to_string());
        return None;
    }
    Some(injection)
}

/// What a signature is for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AwsSignature {
    /// The service, as it calls itself in signatures: `s3`, `dynamodb`, `sts`, …
    service: String,
    /// The region that it is called in.
    region: String,
}

/// The word `true`, of a key that is left out where it is not meant.
#[derive(Debug)]
struct True;

impl Value for True {
    type Written = bool;

    fn read(written: bool) -> Result<Self, String> {
        if written { Ok(Self) } else { Err("true, or leave the key out".to_owned()) }
    }

    fn write(&self) -> bool {
        true
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "boolean", "const": true })
    }
}

/// The user of HTTP's `Basic` authentication: a name, or `true` for the one that the provider makes.
#[derive(Debug)]
enum BasicUser {
    Named(String),
    Issued,
}

/// What stands for it in the file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum BasicUserWritten {
    Name(String),
    IsIssued(bool),
}

impl Value for BasicUser {
    type Written = BasicUserWritten;

    fn read(written: BasicUserWritten) -> Result<Self, String> {
        match written {
            BasicUserWritten::Name(name) => Ok(Self::Named(name)),
            BasicUserWritten::IsIssued(true) => Ok(Self::Issued),
            BasicUserWritten::IsIssued(false) => Err("a user name, or true".to_owned()),
        }
    }

    fn write(&self) -> BasicUserWritten {
        match self {
            Self::Named(name) => BasicUserWritten::Name(name.clone()),
            Self::Issued => BasicUserWritten::IsIssued(true),
        }
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "boolean" }], "format": "user name, or `true`" })
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
