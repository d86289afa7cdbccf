//! `[[providers.KIND]]`: the sources that mint credentials, a table for each kind.

pub mod aws_sts;
pub mod vault;

use std::ops::Range;

use model::{Binding, ProviderName};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{file::all_default, problem::Problems};

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
}

impl Provider {
    /// What the secret is bound to that the provider itself needs; `None` where it needs none.
    #[must_use]
    pub fn binding(&self) -> Option<Binding> {
        match &self.source {
            Source::Vault(vault) => vault.binding(&self.name),
            Source::AwsSts(_) => None,
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
}

all_default!(ProvidersTable);

impl ProvidersTable {
    /// Every name, and where it stands.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &Range<usize>)> {
        let vault = self.vault.iter().map(|vault| &vault.name);
        let names = vault.chain(self.aws_sts.iter().map(|sts| &sts.name));
        names.map(|name| (name.value.as_str(), &name.span))
    }

    pub(crate) fn check(self, problems: &mut Problems<'_>) -> Vec<Provider> {
        let mut providers = Vec::new();
        for table in self.vault {
            let name = table.name.clone();
            reserve(&name.value, &name.span, problems);
            let source = table.check(problems).map(Source::Vault);
            providers.extend(source.map(|source| Provider { name: name.value, source }));
        }
        for table in self.aws_sts {
            let name = table.name.clone();
            reserve(&name.value, &name.span, problems);
            let source = table.check(problems).map(Source::AwsSts);
            providers.extend(source.map(|source| Provider { name: name.value, source }));
        }
        providers
    }
}

/// The word that stands for stored credentials is no name of a provider.
fn reserve(name: &ProviderName, span: &Range<usize>, problems: &mut Problems<'_>) {
    if name.as_str() == "fixed" {
        problems.at(span, "`fixed` stands for stored credentials").help_with("give the provider another name");
    }
}
