//! `[[providers.gcp]]` and `[upstreams.credential.gcp]`: who Claviger is in Google Cloud, and which tokens it asks for there.

use std::path::PathBuf;

use model::{AddressClass, Binding, CredentialName, Destination, Injection, ProviderName};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::{
    address::{Addresses, check_secret_url, existing_file},
    at::{At, Text},
    problem::Problems,
};

/// Google Cloud, and who Claviger is there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// The token endpoint of service account keys.
    pub token: Destination,
    /// The Security Token Service.
    pub sts: Destination,
    /// The Service Account Credentials API.
    pub iam_credentials: Destination,
    /// Which addresses their hosts may resolve to.
    pub addresses: AddressClass,
    /// Trusted in place of the operating system's certificate authorities; PEM, and the file exists.
    pub certificate_authority: Option<PathBuf>,
    /// Who Claviger is.
    pub principal: Principal,
}

/// Who Claviger is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The service account of a key that is stored under this name.
    Key(CredentialName),
    /// Nobody of Google's: each session is told.
    Federation {
        /// The workload identity provider.
        provider: String,
        /// The audience of the token about the session.
        audience: Option<String>,
    },
}

/// Which token is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The service account that is impersonated.
    pub service_account: Option<String>,
    /// Which kind of token.
    pub token: Token,
}

/// The kinds of token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// For Google's own APIs, with these scopes; at least one.
    Access(Vec<String>),
    /// For one service.
    Id(String),
}

/// Google Cloud.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceTable {
    /// Its name; credentials name it in `provider`.
    pub(crate) name: At<ProviderName>,
    /// The workload identity provider that trusts Claviger, in full: `//iam.googleapis.com/projects/…/providers/…`. Nothing is stored.
    workload_identity_provider: Option<At<Text>>,
    /// The audience that it expects, where that is not the provider with `https:` before it.
    audience: Option<At<Text>>,
    /// In place of it: the name under which the JSON of a service account's key is stored. `claviger secret set NAME --provider PROVIDER < key.json`
    key: Option<At<CredentialName>>,
    /// The token endpoint of service account keys.
    #[serde(default = "token_default")]
    token_url: At<Destination>,
    /// The Security Token Service.
    #[serde(default = "sts_default")]
    sts_url: At<Destination>,
    /// The Service Account Credentials API.
    #[serde(default = "iam_credentials_default")]
    iam_credentials_url: At<Destination>,
    /// Which addresses their hosts may resolve to.
    #[serde(default)]
    addresses: Addresses,
    /// A PEM file of certificate authorities, trusted here in place of the operating system's.
    certificate_authority: Option<At<PathBuf>>,
}

/// Which token is asked for: exactly one of `scopes` and `id_token_audience`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantTable {
    /// The service account that is impersonated, by its address; the principal itself where there is none.
    service_account: Option<At<Text>>,
    /// The scopes of an access token, for Google's own APIs.
    #[serde(default)]
    scopes: Vec<At<Text>>,
    /// The audience of an ID token, for a service of your own.
    id_token_audience: Option<At<Text>>,
}

fn token_default() -> At<Destination> {
    implied("https://oauth2.googleapis.com/token")
}

fn sts_default() -> At<Destination> {
    implied("https://sts.googleapis.com/v1/token")
}

fn iam_credentials_default() -> At<Destination> {
    implied("https://iamcredentials.googleapis.com")
}

fn implied(url: &str) -> At<Destination> {
    At::implied(url.parse().expect("the URLs above are absolute and plain"))
}

impl Source {
    /// A stored key signs for this endpoint and for nobody else.
    pub(super) fn binding(&self, name: &ProviderName) -> Option<Binding> {
        let Principal::Key(key) = &self.principal else { return None };
        Some(Binding {
            credential: key.clone(),
            upstream: name.as_str().parse().ok()?,
            destination: self.token.clone(),
            injection: Injection::Body { pointer: "/assertion".to_owned() },
        })
    }
}

impl SourceTable {
    pub(crate) fn check(self, problems: &mut Problems<'_>) -> Option<Source> {
        for url in [&self.token_url, &self.sts_url, &self.iam_credentials_url] {
            check_secret_url(&url.value, &url.span, self.addresses, problems);
        }
        let certificate_authority = self.certificate_authority.map(|path| existing_file(&path, false, problems));
        let principal = match (self.key, self.workload_identity_provider, self.audience) {
            (Some(key), None, None) => Principal::Key(key.value),
            (None, Some(provider), audience) => {
                if !provider.value.0.starts_with("//") {
                    problems
                        .at(&provider.span, "not the full name of a workload identity provider")
                        .help_with("it begins with `//iam.googleapis.com/projects/`");
                }
                Principal::Federation { provider: provider.value.0, audience: audience.map(|text| text.value.0) }
            }
            _ => {
                problems
                    .at(&self.name.span, "who Claviger is in Google Cloud is said in exactly one way")
                    .help_with("write `workload_identity_provider` (with or without `audience`), or `key`");
                return None;
            }
        };
        Some(Source {
            token: self.token_url.value,
            sts: self.sts_url.value,
            iam_credentials: self.iam_credentials_url.value,
            addresses: self.addresses.into(),
            certificate_authority,
            principal,
        })
    }
}

impl Grant {
    pub(crate) fn check(grant: Spanned<GrantTable>, source: &Source, problems: &mut Problems<'_>) -> Option<Self> {
        let span = grant.span();
        let GrantTable { service_account, scopes, id_token_audience } = grant.into_inner();
        let scopes: Vec<_> = scopes.into_iter().map(|scope| scope.value.0).collect();
        let token = match (scopes.is_empty(), id_token_audience) {
            (false, None) => Token::Access(scopes),
            (true, Some(audience)) => Token::Id(audience.value.0),
            (false, Some(_)) | (true, None) => {
                problems
                    .at(&span, "a credential is one token")
                    .help_with("write one of `scopes` and `id_token_audience`");
                return None;
            }
        };
        let is_federated = matches!(source.principal, Principal::Federation { .. });
        if is_federated && service_account.is_none() && matches!(token, Token::Id(_)) {
            problems
                .at(&span, "only a service account has ID tokens")
                .help_with("name the one to impersonate: `service_account = \"name@project.iam.gserviceaccount.com\"`");
        }
        if let Some(account) = service_account.as_ref().filter(|account| !is_address(&account.value.0)) {
            problems
                .at(&account.span, "not the address of a service account")
                .help_with("such as name@project.iam.gserviceaccount.com");
        }
        Some(Self { service_account: service_account.map(|account| account.value.0), token })
    }
}

fn is_address(text: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_'))
    };
    text.split_once('@').is_some_and(|(name, domain)| is_plain(name) && is_plain(domain) && domain.contains('.'))
}
