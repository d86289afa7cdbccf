//! From `[[providers.vault]]` to the provider that mints at HashiCorp Vault or OpenBao.

use config::{
    Config, Issued, Provider,
    vault_provider::{Auth, Grant, GrantKind, Source},
};
use model::Binding;
use provider_vault::{Mint, SecretId, Settings, VaultPath, VaultProvider};

use super::{Means, stored::Stored};
use crate::{broker::issuers::trust_anchors, output::Failure};

/// Builds the provider with what every upstream has of it.
pub(super) fn build(
    config: &Config,
    provider: &Provider,
    source: &Source,
    means: &Means<'_>,
) -> Result<VaultProvider, Failure> {
    let failed = |error: String| Failure::new(format!("the provider {}: {error}", provider.name));
    let auth = auth(provider, &source.auth, means).map_err(failed)?;
    let settings = Settings::new(source.url.clone(), source.addresses, auth);
    let mut settings = settings.map_err(|error| failed(error.to_string()))?;
    settings.anchors = source.certificate_authority.as_deref().map(trust_anchors).transpose()?;
    settings.namespace = source.namespace.as_deref().map(path).transpose().map_err(failed)?;
    settings.token_role = source.token_role.as_deref().map(path).transpose().map_err(failed)?;
    let grants = config.upstreams.iter().filter_map(|upstream| match &upstream.credential.as_ref()?.issued {
        Issued::Vault { provider: named, grant: minted } if *named == provider.name => {
            Some(grant(upstream.binding()?, minted).map_err(failed))
        }
        Issued::Vault { .. }
        | Issued::AwsSts { .. }
        | Issued::OAuth2 { .. }
        | Issued::GitHubApp { .. }
        | Issued::Gcp { .. }
        | Issued::Fixed => None,
    });
    let grants = grants.collect::<Result<Vec<_>, _>>()?;
    Ok(VaultProvider::new(settings, grants, means.dialer, means.clock.clone()))
}

fn auth(provider: &Provider, auth: &Auth, means: &Means<'_>) -> Result<provider_vault::Auth, String> {
    Ok(match auth {
        Auth::Jwt { mount, role, audience } => provider_vault::Auth::Jwt {
            mount: path(mount)?,
            role: path(role)?,
            audience: audience.clone(),
            identity: means.identity.clone(),
        },
        Auth::AppRole { mount, role_id, is_wrapped, .. } => {
            let binding = provider.binding().ok_or("its secret_id has no name to be stored under")?;
            let stored = Stored::new(means.vault, &provider.name, binding);
            let secret_id = if *is_wrapped { SecretId::Wrapped(stored) } else { SecretId::Plain(stored) };
            provider_vault::Auth::AppRole { mount: path(mount)?, role_id: role_id.clone(), secret_id }
        }
        Auth::Kubernetes { mount, role, token_file } => {
            provider_vault::Auth::Kubernetes { mount: path(mount)?, role: path(role)?, token_file: token_file.clone() }
        }
        Auth::TokenFile(file) => provider_vault::Auth::TokenFile(file.clone()),
    })
}

fn grant(binding: Binding, grant: &Grant) -> Result<provider_vault::Grant, String> {
    let (at, mint) = match &grant.kind {
        GrantKind::KeyValue { mount, path, field, version } => {
            let version = version.map(u64::from);
            (format!("{mount}/data/{path}"), Mint::Stored { field: field.clone(), version })
        }
        GrantKind::Database { mount, role } => (format!("{mount}/creds/{role}"), Mint::database()),
        GrantKind::Pki { mount, role, common_name } => {
            let common_name = common_name.parse().map_err(|error| format!("{common_name}: {error}"))?;
            (format!("{mount}/issue/{role}"), Mint::Certificate { common_name })
        }
        GrantKind::Aws { mount, role, is_temporary } => {
            let engine = if *is_temporary { "sts" } else { "creds" };
            (format!("{mount}/{engine}/{role}"), Mint::AwsKey)
        }
        GrantKind::Leased { path, field, username_field: None } => (path.clone(), Mint::Token { field: field.clone() }),
        GrantKind::Leased { path, field, username_field: Some(username_field) } => {
            let (username_field, password_field) = (username_field.clone(), field.clone());
            (path.clone(), Mint::Password { username_field, password_field })
        }
    };
    Ok(provider_vault::Grant { binding, path: path(&at)?, policies: grant.policies.clone(), mint })
}

fn path(text: &str) -> Result<VaultPath, String> {
    text.parse().map_err(|error| format!("{text}: {error}"))
}
