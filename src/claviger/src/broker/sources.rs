//! Who issues credentials: the vault itself, and each provider of the configuration.

mod aws_sts;
mod gcp;
mod github_app;
pub(super) mod oauth2;
mod refresh_tokens;
mod stored;
mod vault;

use std::{collections::HashMap, path::Path, sync::Arc};

use ::vault::Vault;
use config::{Config, Credential, Issued, Source};
use dial::{Dialer, Reach};
use egress::{CredentialSource, Keeping, LiveSecrets, ProviderHandle};
use model::{AddressClass, Binding, Clock, ProviderName};
use provider::{Provider, WebIdentity};
use provider_fixed::Fixed;
use tokio_util::task::TaskTracker;

pub(crate) use self::refresh_tokens::RefreshTokenStore;
pub(super) use self::{refresh_tokens::learn, stored::why_unusable};
use super::issuers::trust_anchors;
use crate::{connections::Connectable, output::Failure};

/// What providers are made with.
pub(super) struct Means<'a> {
    /// Where secrets are stored that providers themselves need.
    pub(super) vault: &'a Arc<Vault>,
    /// What is looked for in answers.
    pub(super) live: &'a Arc<LiveSecrets>,
    /// Signs what Claviger says about itself and about sessions.
    pub(super) identity: &'a Arc<dyn WebIdentity>,
    /// Opens connections to sources.
    pub(super) dialer: &'a Dialer,
    /// Tells the time.
    pub(super) clock: &'a Arc<dyn Clock>,
    /// What shutdown waits for.
    pub(super) tasks: &'a TaskTracker,
}

/// The sources of credentials, and which of them is which.
pub(super) struct Sources {
    list: Vec<CredentialSource>,
    minting: HashMap<ProviderName, ProviderHandle>,
    connectables: Vec<Connectable>,
}

impl Sources {
    /// Builds every provider that the configuration names.
    pub(super) fn build(config: &Config, means: &Means<'_>) -> Result<Self, Failure> {
        let fixed = CredentialSource {
            name: "fixed".parse().expect("a word of lowercase letters is a name"),
            provider: Arc::new(Fixed::new(Arc::clone(means.vault))),
            keeping: Keeping::Nothing,
        };
        let mut sources = Self { list: vec![fixed], minting: HashMap::new(), connectables: Vec::new() };
        for provider in &config.providers {
            let built: Arc<dyn Provider> = match &provider.source {
                Source::Vault(source) => Arc::new(vault::build(config, provider, source, means)?),
                Source::AwsSts(source) => aws_sts::build(provider, source, config, means.identity)?,
                Source::OAuth2(source) => {
                    let (server, connectables) = oauth2::build(config, provider, source, means)?;
                    sources.connectables.extend(connectables);
                    Arc::new(server)
                }
                Source::GitHubApp(source) => Arc::new(github_app::build(config, provider, source, means)?),
                Source::Gcp(source) => Arc::new(gcp::build(config, provider, source, means)?),
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
        match issuer_of(issued) {
            None => Some(FIXED),
            Some(provider) => self.minting.get(provider).copied(),
        }
    }

    /// What users connect; it is given out once.
    pub(super) fn take_connectables(&mut self) -> Vec<Connectable> {
        std::mem::take(&mut self.connectables)
    }

    /// The list that handles are places in.
    pub(super) fn into_list(self) -> Vec<CredentialSource> {
        self.list
    }
}

/// Who mints a credential; `None` for a stored one.
const fn issuer_of(issued: &Issued) -> Option<&ProviderName> {
    match issued {
        Issued::Fixed => None,
        Issued::Vault { provider, .. }
        | Issued::AwsSts { provider, .. }
        | Issued::OAuth2 { provider, .. }
        | Issued::GitHubApp { provider, .. }
        | Issued::Gcp { provider, .. } => Some(provider),
    }
}

/// The credentials that a provider mints, with what each is bound to.
fn credentials_of<'a>(
    config: &'a Config,
    provider: &'a config::Provider,
) -> impl Iterator<Item = (Binding, &'a Credential)> {
    let upstreams = config.upstreams.iter().filter_map(|upstream| upstream.binding().zip(upstream.credential.as_ref()));
    upstreams.filter(|(_, credential)| issuer_of(&credential.issued) == Some(&provider.name))
}

fn reach(class: AddressClass, certificate_authority: Option<&Path>) -> Result<Reach, Failure> {
    Ok(Reach { class, anchors: certificate_authority.map(trust_anchors).transpose()? })
}
