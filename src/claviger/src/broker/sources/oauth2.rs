//! Authorization servers, from the configuration's words into the provider's.

use std::sync::Arc;

use config::{
    Config, Issued, Provider, Source,
    oauth2_provider::{self as configured, Authentication},
};
use provider::StoredSecret;
use provider_oauth2::{
    AuthorizationCode, Client, ClientAuthentication, Endpoints, Flow, Grant, IdentityAssertion, OAuth2, Proof,
    Settings, Surroundings,
};
use url::Url;

use super::{Means, credentials_of, reach, refresh_tokens::RefreshTokenStore, stored::Stored};
use crate::{
    connections::{Connectable, Place},
    output::Failure,
};

/// The provider, and what users connect through it.
pub(super) fn build(
    config: &Config,
    provider: &Provider,
    source: &configured::Source,
    means: &Means<'_>,
) -> Result<(OAuth2, Vec<Connectable>), Failure> {
    let settings = settings(provider, source, means)?;
    let (mut grants, mut connectables) = (Vec::new(), Vec::new());
    for (binding, credential) in credentials_of(config, provider) {
        let Issued::OAuth2 { grant, .. } = &credential.issued else { continue };
        let configured::Grant { flow, resource, audience, scope } = grant.clone();
        let flow = match flow {
            configured::Flow::ClientCredentials => Flow::ClientCredentials,
            configured::Flow::RefreshToken(_) => {
                let Some(stored) = provider.refresh_token_binding(credential) else { continue };
                Flow::RefreshToken(Arc::new(RefreshTokenStore::shared(means, &provider.name, stored)))
            }
            configured::Flow::Connection => {
                let tokens = Arc::new(RefreshTokenStore::of_each_user(means, &provider.name, source, &binding));
                let place = Place::Account(provider.name.clone());
                connectables.push(Connectable {
                    upstream: binding.upstream.clone(),
                    credential: binding.credential.clone(),
                    code: people(settings.clone(), &place, config, means),
                    place,
                    scope: scope.clone(),
                    resource: resource.clone(),
                    audience: audience.clone(),
                    tokens: Arc::clone(&tokens),
                });
                Flow::Connection(tokens)
            }
            configured::Flow::TokenExchange(proof) => Flow::TokenExchange(shown(proof)),
            configured::Flow::JwtBearer(proof) => Flow::JwtBearer(shown(proof)),
            configured::Flow::IdentityAssertion { identity_provider, proof } => {
                let named = config.providers.iter().find(|known| known.name == identity_provider);
                let Some((named, Source::OAuth2(server))) = named.map(|named| (named, &named.source)) else { continue };
                let identity_provider = self::settings(named, server, means)?;
                Flow::IdentityAssertion(Box::new(IdentityAssertion { identity_provider, proof: shown(proof) }))
            }
        };
        grants.push(Grant { binding, flow, resource, audience, scope });
    }
    let surroundings = Surroundings {
        dialer: means.dialer.clone(),
        identity: Arc::clone(means.identity),
        clock: Arc::clone(means.clock),
        tasks: means.tasks.clone(),
    };
    Ok((OAuth2::new(settings, grants, surroundings), connectables))
}

fn shown(proof: configured::Proof) -> Proof {
    match proof {
        configured::Proof::Session(audience) => Proof::Session { audience },
        configured::Proof::File(path) => Proof::File(path),
    }
}

/// How people are sent to an authorization server, to come back at `place`.
pub(in crate::broker) fn people(
    settings: Settings,
    place: &Place,
    config: &Config,
    means: &Means<'_>,
) -> AuthorizationCode {
    let redirect_uri = format!("{}{place}", config.server.public_url);
    AuthorizationCode::new(settings, redirect_uri, means.dialer.clone(), Arc::clone(means.clock))
}

/// A server, and Claviger as its client.
pub(in crate::broker) fn settings(
    provider: &Provider,
    source: &configured::Source,
    means: &Means<'_>,
) -> Result<Settings, Failure> {
    let url = |text: &str| {
        Url::parse(text).map_err(|_| Failure::new(format!("the provider {}: {text} is not a URL", provider.name)))
    };
    let endpoints = match &source.endpoints {
        configured::Endpoints::Discovered { issuer } => Endpoints::Discovered { issuer: issuer.clone() },
        configured::Endpoints::OfResource { resource } => Endpoints::OfResource { resource: resource.clone() },
        configured::Endpoints::Fixed { token, revocation } => {
            Endpoints::Fixed { token: url(token)?, revocation: revocation.as_deref().map(url).transpose()? }
        }
    };
    let client = |id: &String| Client { id: id.clone(), authentication: authentication(provider, source, means) };
    let client = source.client_id.as_ref().map(client);
    let reach = reach(source.addresses, source.certificate_authority.as_deref())?;
    Ok(Settings { endpoints, reach, client })
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
