//! STS of AWS, from the configuration's words into the provider's.

use std::sync::Arc;

use config::{Config, Issued, aws_sts};
use model::Binding;
use provider::{Provider, WebIdentity};
use provider_aws_sts::{Authentication, AwsSts, Grant, Reach, Settings, Statement, ambient};

use crate::output::Failure;

/// A provider of the credentials of `config` that name it.
pub(super) fn build(
    provider: &config::Provider,
    source: &aws_sts::Source,
    config: &Config,
    identity: &Arc<dyn WebIdentity>,
) -> Result<Arc<dyn Provider>, Failure> {
    let named = |error: String| Failure::new(format!("provider {}: {error}", provider.name));
    let authentication = match &source.auth {
        aws_sts::Auth::Ambient => {
            Authentication::Ambient(ambient(&source.region).map_err(|error| named(error.to_string()))?)
        }
        aws_sts::Auth::WebIdentity { audience } => {
            Authentication::WebIdentity { identity: Arc::clone(identity), audience: audience.clone() }
        }
    };
    let settings = Settings::new(&source.region, authentication).and_then(|settings| match &source.endpoint {
        Some(endpoint) => settings.with_endpoint(&endpoint.to_string()),
        None => Ok(settings),
    });
    let settings = settings.map_err(|error| named(error.to_string()))?;
    let credentials =
        config.upstreams.iter().filter_map(|upstream| Some((upstream.binding()?, upstream.credential.as_ref()?)));
    let grants = credentials.filter_map(|(binding, credential)| match &credential.issued {
        Issued::AwsSts { provider: name, grant: role } if *name == provider.name => Some(grant(binding, role)),
        Issued::AwsSts { .. }
        | Issued::Fixed
        | Issued::Vault { .. }
        | Issued::OAuth2 { .. }
        | Issued::GitHubApp { .. }
        | Issued::Gcp { .. } => None,
    });
    Ok(Arc::new(AwsSts::new(settings, grants.collect::<Result<Vec<_>, _>>()?)))
}

fn grant(binding: Binding, role: &aws_sts::Grant) -> Result<Grant, Failure> {
    let credential = binding.credential.clone();
    let named = |error: &dyn std::error::Error| Failure::new(format!("credential {credential}: {error}"));
    let reach = match &role.tools {
        None => Reach::Role,
        Some(tools) => {
            let statement = |statement: &aws_sts::Statement| {
                let aws_sts::Statement { actions, resources, conditions, .. } = statement.clone();
                Statement::new(actions, resources, conditions).map_err(|error| named(&error))
            };
            let tools = tools.iter().map(|(tool, statements)| {
                let statements = statements.iter().map(statement).collect::<Result<_, _>>()?;
                Ok((tool.clone(), statements))
            });
            Reach::Tools(tools.collect::<Result<_, Failure>>()?)
        }
    };
    let arn = role.role.parse().map_err(|error: provider_aws_sts::InvalidGrant| named(&error))?;
    let policies = role.policies.iter().map(|policy| policy.parse()).collect::<Result<_, _>>();
    let policies = policies.map_err(|error: provider_aws_sts::InvalidGrant| named(&error))?;
    let grant = Grant::new(binding, arn, reach).with_policies(policies);
    let grant = grant.and_then(|grant| match &role.external_id {
        Some(external_id) => grant.with_external_id(external_id.clone()),
        None => Ok(grant),
    });
    grant.map_err(|error| named(&error))
}
