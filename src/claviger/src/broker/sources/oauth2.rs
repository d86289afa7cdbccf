//! Authorization servers, from the configuration's words into the provider's.

use std::sync::Arc;

use config::{
    Config, Issued, Provider,
    oauth2_provider::{self as configured, Authentication},
};
use provider::StoredSecret;
use provider_oauth2::{Client, ClientAuthentication, Endpoints, Flow, Grant, OAuth2, Settings, Surroundings};
use url::Url;

use super::{Means, credentials_of, reach, refresh_token::StoredRefreshToken, stored::Stored};
use crate::output::Failure;

pub(super) fn build(
    config: &Config,
    provider: &Provider,
    source: &configured::Source,
    means: &Means<'_>,
) -> Result<OAuth2, Failure> {
    let url = |text: &str| {
        Url::parse(text).map_err(|_| Failure::new(format!("the provider {}: {text} is not a URL", provider.name)))
    };
    let endpoints = match &source.endpoints {
        configured::Endpoints::Discovered { issuer } => Endpoints::Discovered { issuer: issuer.clone() },
        configured::Endpoints::Fixed { token, revocation } => {
            Endpoints::Fixed { token: url(token)?, revocation: revocation.as_deref().map(url).transpose()? }
        }
    };
    let client = Client { id: source.client_id.clone(), authentication: authentication(provider, source, means) };
    let reach = reach(source.addresses, source.certificate_authority.as_deref())?;
    let mut grants = Vec::new();
    for (binding, credential) in credentials_of(config, provider) {
        let Issued::OAuth2 { grant, .. } = &credential.issued else { continue };
        let configured::Grant { flow, resource, audience, scope } = grant.clone();
        let flow = match flow {
            configured::Flow::ClientCredentials => Flow::ClientCredentials,
            configured::Flow::RefreshToken(_) => {
                let Some(stored) = provider.refresh_token_binding(credential) else { continue };
                Flow::RefreshToken(Arc::new(StoredRefreshToken::new(means, &provider.name, stored)))
            }
            configured::Flow::TokenExchange(subject_token_audience) => Flow::TokenExchange { subject_token_audience },
            configured::Flow::JwtBearer(assertion_audience) => Flow::JwtBearer { assertion_audience },
        };
        grants.push(Grant { binding, flow, resource, audience, scope });
    }
    let surroundings = Surroundings {
        dialer: means.dialer.clone(),
        identity: Arc::clone(means.identity),
        clock: Arc::clone(means.clock),
        tasks: means.tasks.clone(),
    };
    Ok(OAuth2::new(Settings { endpoints, reach, client }, grants, surroundings))
}

fn authentication(provider: &Provider, source: &configured::Source, means: &Means<'_>) -> ClientAuthentication {
    let stored = provider.binding().map(|binding| Stored::new(means.vault, &provider.name, binding));
    let Some(stored) = stored.map(|stored| stored as Arc<dyn StoredSecret>) else {
        return ClientAuthentication::Public;
    };
    match &source.authentication {
        Authentication::SecretInHeader(_) => ClientAuthentication::Basic(stored),
        Authentication::SecretInBody(_) => ClientAuthentication::Body(stored),
        Authentication::PrivateKey { key_id, .. } => {
            ClientAuthentication::PrivateKey { key: stored, key_id: key_id.clone() }
        }
        Authentication::None => ClientAuthentication::Public,
    }
}
