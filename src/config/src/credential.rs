//! `[upstreams.credential]`: which credential an upstream gets, from whom, and in which slot.

use std::{fmt, ops::Range, str::FromStr};

use http::HeaderName;
use model::{CredentialName, Injection, ProviderName};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::{
    at::{At, Value, text},
    problem::Problems,
    provider::{Provider, Source, aws_sts, gcp, github_app, oauth2, vault},
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
    /// An OAuth 2.0 authorization server.
    OAuth2 {
        /// Which of them.
        provider: ProviderName,
        /// Which tokens it is asked for.
        grant: oauth2::Grant,
    },
    /// A GitHub App.
    GitHubApp {
        /// Which of them.
        provider: ProviderName,
        /// What its tokens may do.
        grant: github_app::Grant,
    },
    /// Google Cloud.
    Gcp {
        /// Which principal there.
        provider: ProviderName,
        /// Which tokens it is asked for.
        grant: gcp::Grant,
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
    /// Which tokens are asked for, where the provider is one of `[[providers.oauth2]]`.
    #[schemars(with = "Option<oauth2::GrantTable>")]
    oauth2: Option<Spanned<oauth2::GrantTable>>,
    /// What the tokens may do, where the provider is one of `[[providers.github_app]]`.
    #[schemars(with = "Option<github_app::GrantTable>")]
    github_app: Option<Spanned<github_app::GrantTable>>,
    /// Which tokens are asked for, where the provider is one of `[[providers.gcp]]`.
    #[schemars(with = "Option<gcp::GrantTable>")]
    gcp: Option<Spanned<gcp::GrantTable>>,
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
        let Self { name, provider, inject, vault, aws_sts, oauth2, github_app, gcp } = self;
        let injection = injection(inject, problems);
        let issued = Grants { vault, aws_sts, oauth2, github_app, gcp }.issued(&provider, providers, problems);
        Some(Credential { name: name.value, issued: issued?, injection: injection? })
    }

    /// Where it says that each user connects an account, if it does.
    pub(crate) fn connection(&self) -> Option<Range<usize>> {
        self.oauth2.as_ref().filter(|grant| grant.as_ref().is_connection()).map(Spanned::span)
    }

    /// The stored refresh token that its provider uses for it.
    pub(crate) fn refresh_token(&self) -> Option<&At<CredentialName>> {
        self.oauth2.as_ref()?.as_ref().refresh_token.as_ref()
    }
}

/// The tables that say what a minted credential is, of which that of its provider's kind is there.
struct Grants {
    vault: Option<Spanned<vault::GrantTable>>,
    aws_sts: Option<Spanned<aws_sts::GrantTable>>,
    oauth2: Option<Spanned<oauth2::GrantTable>>,
    github_app: Option<Spanned<github_app::GrantTable>>,
    gcp: Option<Spanned<gcp::GrantTable>>,
}

impl Grants {
    /// Those that are there, by their keys.
    fn written(&self) -> impl Iterator<Item = (&'static str, Range<usize>)> {
        let Self { vault, aws_sts, oauth2, github_app, gcp } = self;
        let spans = [
            ("vault", vault.as_ref().map(Spanned::span)),
            ("aws_sts", aws_sts.as_ref().map(Spanned::span)),
            ("oauth2", oauth2.as_ref().map(Spanned::span)),
            ("github_app", github_app.as_ref().map(Spanned::span)),
            ("gcp", gcp.as_ref().map(Spanned::span)),
        ];
        spans.into_iter().filter_map(|(key, span)| Some((key, span?)))
    }

    /// The provider that a credential names, and what the credential is there.
    fn issued(self, name: &At<ProviderName>, providers: &[Provider], problems: &mut Problems<'_>) -> Option<Issued> {
        const FIXED: &str = "fixed";
        let provider = providers.iter().find(|provider| provider.name == name.value);
        let Some(provider) = provider else {
            if name.value.as_str() == FIXED {
                for (_, span) in self.written() {
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
        let kind = provider.source.kind();
        for (key, span) in self.written().filter(|(key, _)| *key != kind) {
            problems
                .at(&span, format!("{} is one of `[[providers.{kind}]]`, and does not read `{key}`", name.value))
                .help_with(format!("write `[upstreams.credential.{kind}]`, or name another provider"));
        }
        if !self.written().any(|(key, _)| key == kind) {
            let example = match &provider.source {
                Source::Vault(_) => "`database = { role = \"readonly\" }`",
                Source::AwsSts(_) => "`role` and `tools`",
                Source::OAuth2(_) => "`grant = \"client-credentials\"`",
                Source::GitHubApp(_) => "`installation`, `repositories` and `permissions`",
                Source::Gcp(_) => "`service_account` and `scopes`",
            };
            problems
                .at(&name.span, format!("what {} should mint is missing", name.value))
                .help_with(format!("add `[upstreams.credential.{kind}]`, such as {example}"));
        }
        let name = provider.name.clone();
        Some(match &provider.source {
            Source::Vault(_) => Issued::Vault { provider: name, grant: vault::Grant::check(self.vault?, problems)? },
            Source::AwsSts(_) => {
                Issued::AwsSts { provider: name, grant: aws_sts::Grant::check(self.aws_sts?, problems)? }
            }
            Source::OAuth2(server) => Issued::OAuth2 {
                provider: name,
                grant: oauth2::Grant::check(self.oauth2?, server, providers, problems)?,
            },
            Source::GitHubApp(_) => {
                Issued::GitHubApp { provider: name, grant: github_app::Grant::check(self.github_app?, problems) }
            }
            Source::Gcp(google) => {
                Issued::Gcp { provider: name, grant: gcp::Grant::check(self.gcp?, google, problems)? }
            }
        })
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
