//! GitHub Apps, from the configuration's words into the provider's.

use std::sync::Arc;

use config::{Config, Issued, Provider, github_app_provider as configured};
use provider_github_app::{Access, GitHubApp, Grant, Settings, Surroundings};
use url::Url;

use super::{Means, credentials_of, reach, stored::Stored};
use crate::output::Failure;

pub(super) fn build(
    config: &Config,
    provider: &Provider,
    source: &configured::Source,
    means: &Means<'_>,
) -> Result<GitHubApp, Failure> {
    let wrong = || Failure::new(format!("the provider {}: its name or its URL cannot be used", provider.name));
    let key = provider.binding().ok_or_else(wrong)?;
    let settings = Settings {
        api: Url::parse(&source.api.to_string()).map_err(|_| wrong())?,
        reach: reach(source.addresses, source.certificate_authority.as_deref())?,
        app: source.app.clone(),
        key: Stored::new(means.vault, &provider.name, key),
    };
    let grants = credentials_of(config, provider).filter_map(|(binding, credential)| {
        let Issued::GitHubApp { grant, .. } = &credential.issued else { return None };
        let permissions = grant.permissions.iter().map(|(name, access)| (name.clone(), to_access(*access)));
        Some(Grant {
            binding,
            installation: grant.installation.into(),
            repositories: grant.repositories.clone(),
            permissions: permissions.collect(),
        })
    });
    let surroundings = Surroundings { dialer: means.dialer.clone(), clock: Arc::clone(means.clock) };
    Ok(GitHubApp::new(settings, grants.collect(), surroundings))
}

const fn to_access(access: configured::Access) -> Access {
    match access {
        configured::Access::Read => Access::Read,
        configured::Access::Write => Access::Write,
        configured::Access::Admin => Access::Admin,
    }
}
