//! Google Cloud, from the configuration's words into the provider's.

use std::sync::Arc;

use config::{Config, Issued, Provider, gcp_provider as configured};
use model::Destination;
use provider_gcp::{Endpoints, Gcp, Grant, Principal, Settings, Surroundings, Token};
use url::Url;

use super::{Means, credentials_of, reach, stored::Stored};
use crate::output::Failure;

pub(super) fn build(
    config: &Config,
    provider: &Provider,
    source: &configured::Source,
    means: &Means<'_>,
) -> Result<Gcp, Failure> {
    let wrong = || Failure::new(format!("the provider {}: its name or a URL cannot be used", provider.name));
    let url = |destination: &Destination| Url::parse(&destination.to_string()).map_err(|_| wrong());
    let endpoints = Endpoints {
        token: url(&source.token)?,
        sts: url(&source.sts)?,
        iam_credentials: url(&source.iam_credentials)?,
    };
    let principal = match &source.principal {
        configured::Principal::Key(_) => {
            let key = provider.binding().ok_or_else(wrong)?;
            Principal::Key(Stored::new(means.vault, &provider.name, key))
        }
        configured::Principal::Federation { provider, audience } => {
            Principal::Federation { provider: provider.clone(), subject_token_audience: audience.clone() }
        }
    };
    let reach = reach(source.addresses, source.certificate_authority.as_deref())?;
    let mut grants = Vec::new();
    for (binding, credential) in credentials_of(config, provider) {
        let Issued::Gcp { grant, .. } = &credential.issued else { continue };
        let service_account = grant.service_account.as_deref().map(str::parse).transpose();
        let service_account =
            service_account.map_err(|why| Failure::new(format!("the credential {}: {why}", credential.name)))?;
        let token = match grant.token.clone() {
            configured::Token::Access(scopes) => Token::Access { scopes },
            configured::Token::Id(audience) => Token::Id { audience },
        };
        grants.push(Grant { binding, service_account, token });
    }
    let surroundings = Surroundings {
        dialer: means.dialer.clone(),
        identity: Arc::clone(means.identity),
        clock: Arc::clone(means.clock),
    };
    Ok(Gcp::new(Settings { endpoints, reach, principal }, grants, surroundings))
}
