//! `[[providers.KIND]]`: the sources that mint credentials, a table for each kind.

pub mod aws_sts;
pub mod gcp;
pub mod github_app;
pub mod oauth2;
pub mod vault;

use std::ops::Range;

use model::{Binding, ProviderName};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Credential, Issued, at::At, file::all_default, problem::Problems};

/// A source that mints credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provider {
    /// Its name; credentials name it.
    pub name: ProviderName,
    /// What it is, and how it is reached.
    pub source: Source,
}

/// What a provider is, by its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// HashiCorp Vault or OpenBao.
    Vault(vault::Source),
    /// STS of AWS.
    AwsSts(aws_sts::Source),
    /// An OAuth 2.0 authorization server.
    OAuth2(oauth2::Source),
    /// A GitHub App.
    GitHubApp(github_app::Source),
    /// Google Cloud.
    Gcp(gcp::Source),
}

impl Provider {
    /// What the secret is bound to that the provider itself needs; `None` where it needs none.
    #[must_use]
    pub fn binding(&self) -> Option<Binding> {
        match &self.source {
            Source::Vault(vault) => vault.binding(&self.name),
            Source::AwsSts(_) => None,
            Source::OAuth2(server) => server.binding(&self.name),
            Source::GitHubApp(app) => app.binding(&self.name),
            Source::Gcp(google) => google.binding(&self.name),
        }
    }

    /// What the refresh token of a credential is bound to that this provider issues; `None` where the credential has none.
    #[must_use]
    pub fn refresh_token_binding(&self, credential: &Credential) -> Option<Binding> {
        match (&self.source, &credential.issued) {
            (Source::OAuth2(server), Issued::OAuth2 { provider, grant }) if *provider == self.name => {
                server.refresh_token_binding(&self.name, grant)
            }
            (Source::OAuth2(_) | Source::Vault(_) | Source::AwsSts(_) | Source::GitHubApp(_) | Source::Gcp(_), _) => {
                None
            }
        }
    }
}

impl Source {
    /// The key of its table, and of the table that says what one of its credentials is.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Vault(_) => "vault",
            Self::AwsSts(_) => "aws_sts",
            Self::OAuth2(_) => "oauth2",
            Self::GitHubApp(_) => "github_app",
            Self::Gcp(_) => "gcp",
        }
    }
}

/// The sources that mint credentials, by their kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProvidersTable {
    /// HashiCorp Vault or OpenBao: stored secrets, and credentials that it makes for a session and takes back at its end.
    #[serde(default)]
    vault: Vec<vault::SourceTable>,
    /// STS of AWS: keys of roles, each for one session and narrowed to what the session's tools need.
    #[serde(default)]
    aws_sts: Vec<aws_sts::SourceTable>,
    /// OAuth 2.0 authorization servers: access tokens for a session.
    #[serde(default)]
    oauth2: Vec<oauth2::SourceTable>,
    /// GitHub Apps: installation tokens for a session, narrowed to repositories and permissions.
    #[serde(default)]
    github_app: Vec<github_app::SourceTable>,
    /// Google Cloud: access and ID tokens of service accounts.
    #[serde(default)]
    gcp: Vec<gcp::SourceTable>,
}

all_default!(ProvidersTable);

impl ProvidersTable {
    /// Every name, and where it stands.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &Range<usize>)> {
        let Self { vault, aws_sts, oauth2, github_app, gcp } = self;
        let names = vault.iter().map(|table| &table.name).chain(aws_sts.iter().map(|table| &table.name));
        let names = names.chain(oauth2.iter().map(|table| &table.name));
        let names = names.chain(github_app.iter().map(|table| &table.name)).chain(gcp.iter().map(|table| &table.name));
        names.map(|name| (name.value.as_str(), &name.span))
    }

    /// The authorization servers: the name of each, and its issuer identifier where people can sign in there.
    pub(crate) fn authorization_servers(&self) -> impl Iterator<Item = (&str, Option<&str>)> + Clone {
        self.oauth2.iter().map(|server| (server.name.value.as_str(), server.issuer_of_client()))
    }

    pub(crate) fn check(self, problems: &mut Problems<'_>) -> Vec<Provider> {
        let Self { vault, aws_sts, oauth2, github_app, gcp } = self;
        let mut all = Vec::new();
        let mut add = |name: At<ProviderName>, source: Option<Source>, problems: &mut Problems<'_>| {
            reserve(&name.value, &name.span, problems);
            all.extend(source.map(|source| Provider { name: name.value, source }));
        };
        for table in vault {
            add(table.name.clone(), table.check(problems).map(Source::Vault), problems);
        }
        for table in aws_sts {
            add(table.name.clone(), table.check(problems).map(Source::AwsSts), problems);
        }
        for table in oauth2 {
            add(table.name.clone(), table.check(problems).map(Source::OAuth2), problems);
        }
        for table in github_app {
            add(table.name.clone(), Some(Source::GitHubApp(table.check(problems))), problems);
        }
        for table in gcp {
            add(table.name.clone(), table.check(problems).map(Source::Gcp), problems);
        }
        all
    }
}

/// The word that stands for stored credentials is no name of a provider.
fn reserve(name: &ProviderName, span: &Range<usize>, problems: &mut Problems<'_>) {
    if name.as_str() == "fixed" {
        problems.at(span, "`fixed` stands for stored credentials").help_with("give the provider another name");
    }
}
