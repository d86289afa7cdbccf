//! Who issues credentials: the vault itself, and each provider of the configuration.

mod aws_sts;
mod stored;
mod vault;

use std::{collections::HashMap, sync::Arc};

use ::vault::Vault;
use config::{Config, Issued};
use dial::Dialer;
use egress::{CredentialSource, Keeping, ProviderHandle};
use model::{Clock, ProviderName};
use provider::{Provider, WebIdentity};
use provider_fixed::Fixed;

use crate::output::Failure;

/// What providers are made with.
pub(super) struct Means<'a> {
    /// Where secrets are stored that providers themselves need.
    pub(super) vault: &'a Arc<Vault>,
    /// Signs what Claviger says about itself and about sessions.
    pub(super) identity: &'a Arc<dyn WebIdentity>,
    /// Opens connections to sources.
    pub(super) dialer: &'a Dialer,
    /// Tells the time.
    pub(super) clock: &'a Arc<dyn Clock>,
}

/// The sources of credentials, and which of them is which.
pub(super) struct Sources {
    list: Vec<CredentialSource>,
    minting: HashMap<ProviderName, ProviderHandle>,
}

impl Sources {
    /// Builds every provider that the configuration names.
    pub(super) fn build(config: &Config, means: &Means<'_>) -> Result<Self, Failure> {
        let fixed = CredentialSource {
            name: "fixed".parse().expect("a word of lowercase letters is a name"),
            provider: Arc::new(Fixed::new(Arc::clone(means.vault))),
            keeping: Keeping::Nothing,
        };
        let mut sources = Self { list: vec![fixed], minting: HashMap::new() };
        for provider in &config.providers {
            let built: Arc<dyn Provider> = match &provider.source {
                config::Source::AwsSts(source) => aws_sts::build(provider, source, config, means.identity)?,
                config::Source::Vault(source) => Arc::new(vault::build(config, provider, source, means)?),
            };
            sources.minting.insert(provider.name.clone(), ProviderHandle(sources.list.len()));
            let name = provider.name.clone();
            sources.list.push(CredentialSource { name, provider: built, keeping: Keeping::UntilExpiry });
        }
        Ok(sources)
    }

    /// Who issues a credential. `None` for a provider that the configuration does not have, which its check rules out.
    pub(super) fn handle(&self, issued: &Issued) -> Option<ProviderHandle> {
        /// Stored credentials come first in the list.
        const FIXED: ProviderHandle = ProviderHandle(0);
        match issued {
            Issued::Fixed => Some(FIXED),
            Issued::Vault { provider, .. } | Issued::AwsSts { provider, .. } => self.minting.get(provider).copied(),
        }
    }

    /// The list that handles are places in.
    pub(super) fn into_list(self) -> Vec<CredentialSource> {
        self.list
    }
}
