//! `[[providers.github_app]]` and `[upstreams.credential.github_app]`: a GitHub App, and what its tokens may do.

use std::{collections::BTreeMap, path::PathBuf};

use model::{AddressClass, Binding, CredentialName, Destination, Injection, ProviderName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::{
    address::{Addresses, check_secret_url, existing_file},
    at::{At, Number, Text},
    problem::Problems,
};

/// GitHub, and Claviger as an App there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// Where its REST API is.
    pub api: Destination,
    /// Which addresses its host may resolve to.
    pub addresses: AddressClass,
    /// Trusted in place of the operating system's certificate authorities; PEM, and the file exists.
    pub certificate_authority: Option<PathBuf>,
    /// The App's client id or number.
    pub app: String,
    /// Under which name the App's private key is stored.
    pub private_key: CredentialName,
}

/// What a token may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The installation.
    pub installation: u32,
    /// The repositories; at least one.
    pub repositories: Vec<String>,
    /// The permissions; at least one.
    pub permissions: BTreeMap<String, Access>,
}

/// How far a permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// To look.
    Read,
    /// To change.
    Write,
    /// To change who may.
    Admin,
}

/// A GitHub App.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceTable {
    /// Its name; credentials name it in `provider`.
    pub(crate) name: At<ProviderName>,
    /// Where GitHub's REST API is: `https://HOST/api/v3` for GitHub Enterprise Server.
    #[serde(default = "api_default")]
    api_url: At<Destination>,
    /// Which addresses its host may resolve to.
    #[serde(default)]
    addresses: Addresses,
    /// A PEM file of certificate authorities, trusted here in place of the operating system's.
    certificate_authority: Option<At<PathBuf>>,
    /// The App's client id, or its number; not a secret.
    app: At<Text>,
    /// The name under which the App's private key is stored: `claviger secret set NAME --provider PROVIDER < key.pem`.
    private_key: At<CredentialName>,
}

/// What a token may do.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantTable {
    /// The number of the installation, which stands at the end of the URL of its settings.
    installation: At<Number<1, { u32::MAX }>>,
    /// The repositories, by their names without the account.
    repositories: Vec<At<Text>>,
    /// The permissions, by GitHub's names: `{ contents = "read", issues = "write" }`.
    permissions: BTreeMap<String, Access>,
}

fn api_default() -> At<Destination> {
    At::implied("https://api.github.com".parse().expect("this is an absolute URL without path"))
}

/// GitHub takes no more in one request.
const REPOSITORY_COUNT_MAX: usize = 500;

impl Source {
    /// The private key proves the App to this API and to nobody else.
    pub(super) fn binding(&self, name: &ProviderName) -> Option<Binding> {
        Some(Binding {
            credential: self.private_key.clone(),
            upstream: name.as_str().parse().ok()?,
            destination: self.api.clone(),
            injection: Injection::Header { name: http::header::AUTHORIZATION, prefix: "Bearer ".to_owned() },
        })
    }
}

impl SourceTable {
    pub(crate) fn check(self, problems: &mut Problems<'_>) -> Source {
        check_secret_url(&self.api_url.value, &self.api_url.span, self.addresses, problems);
        Source {
            api: self.api_url.value,
            addresses: self.addresses.into(),
            certificate_authority: self.certificate_authority.map(|path| existing_file(&path, false, problems)),
            app: self.app.value.0,
            private_key: self.private_key.value,
        }
    }
}

impl Grant {
    pub(crate) fn check(grant: Spanned<GrantTable>, problems: &mut Problems<'_>) -> Self {
        let span = grant.span();
        let GrantTable { installation, repositories, permissions } = grant.into_inner();
        if !(1..=REPOSITORY_COUNT_MAX).contains(&repositories.len()) {
            problems.at(&span, format!("a token is for 1 to {REPOSITORY_COUNT_MAX} repositories")).help_with(
                "such as `repositories = [\"website\"]`; each is named, so that a new one is not let in by itself",
            );
        }
        for repository in repositories.iter().filter(|repository| !is_name(&repository.value.0)) {
            problems
                .at(&repository.span, "not the name of a repository")
                .help_with("write it without its account: `website`, not `acme/website`");
        }
        if permissions.is_empty() {
            problems
                .at(&span, "a token that may do nothing is of no use")
                .help_with("such as `permissions = { contents = \"read\" }`");
        }
        Self {
            installation: installation.value.0,
            repositories: repositories.into_iter().map(|repository| repository.value.0).collect(),
            permissions,
        }
    }
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}
