//! Where STS is, and how Claviger shows it who asks.

use std::{fmt, sync::Arc};

use aws_config::{Region, default_provider::credentials::DefaultCredentialsChain, provider_config::ProviderConfig};
use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, future::ProvideCredentials as ProvidedCredentials,
};
use provider::WebIdentity;
use tokio::sync::OnceCell;

use crate::client;

/// The audience of identity tokens that AWS's documents suggest.
const AUDIENCE: &str = "sts.amazonaws.com";

/// Where STS is, and how Claviger shows it who asks.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(crate) region: Region,
    pub(crate) endpoint: Option<String>,
    pub(crate) authentication: Authentication,
}

/// How Claviger shows AWS who asks.
#[derive(Clone)]
pub enum Authentication {
    /// AssumeRoleWithWebIdentity, with a token about the session that Claviger itself signs: it holds no secret of AWS.
    WebIdentity {
        /// Signs the tokens.
        identity: Arc<dyn WebIdentity>,
        /// The audience that AWS expects in them.
        audience: String,
    },
    /// AssumeRole, signed with credentials that Claviger has where it runs; [`ambient`] finds them.
    Ambient(SharedCredentialsProvider),
}

/// Why these are no settings.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidSettings {
    /// The region becomes part of a host name.
    #[error("a region is written as \"eu-central-1\"")]
    Region,
    /// Tokens and signatures are sent there.
    #[error("an endpoint is an https URL, or an http URL of this machine")]
    Endpoint,
}

impl Settings {
    /// STS of one region, at its public endpoint.
    ///
    /// # Errors
    /// The region is none.
    pub fn new(region: &str, authentication: Authentication) -> Result<Self, InvalidSettings> {
        Ok(Self { region: parse_region(region)?, endpoint: None, authentication })
    }

    /// The same at another endpoint, such as one inside of a private network.
    ///
    /// # Errors
    /// What is sent there could be read on the way.
    pub fn with_endpoint(mut self, endpoint: &str) -> Result<Self, InvalidSettings> {
        let destination: model::Destination = endpoint.parse().map_err(|_| InvalidSettings::Endpoint)?;
        let is_this_machine = matches!(destination.host(), "127.0.0.1" | "::1" | "localhost");
        if destination.scheme() == model::Scheme::Http && !is_this_machine {
            return Err(InvalidSettings::Endpoint);
        }
        self.endpoint = Some(destination.to_string());
        Ok(self)
    }
}

impl Authentication {
    /// With tokens of `identity`, for the audience that AWS's documents suggest.
    #[must_use]
    pub fn web_identity(identity: Arc<dyn WebIdentity>) -> Self {
        Self::WebIdentity { identity, audience: AUDIENCE.to_owned() }
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WebIdentity { audience, .. } => f.debug_struct("WebIdentity").field("audience", audience).finish(),
            Self::Ambient(_) => f.write_str("Ambient"),
        }
    }
}

/// The credentials of the machine, pod or process that Claviger runs as: environment, profile, web identity, container, instance,
/// in the order of every SDK of AWS. They are looked for when they are first needed.
///
/// # Errors
/// The region is none.
pub fn ambient(region: &str) -> Result<SharedCredentialsProvider, InvalidSettings> {
    let region = parse_region(region)?;
    Ok(SharedCredentialsProvider::new(Ambient { region, chain: OnceCell::new() }))
}

/// Asks the surroundings nothing before it must.
#[derive(Debug)]
struct Ambient {
    region: Region,
    chain: OnceCell<DefaultCredentialsChain>,
}

impl ProvideCredentials for Ambient {
    fn provide_credentials<'a>(&'a self) -> ProvidedCredentials<'a>
    where
        Self: 'a,
    {
        ProvidedCredentials::new(async {
            let chain = self.chain.get_or_init(|| {
                let surroundings = ProviderConfig::without_region()
                    .with_http_client(client::http_client())
                    .with_retry_config(client::retries())
                    .with_timeout_config(client::timeouts());
                DefaultCredentialsChain::builder().configure(surroundings).region(self.region.clone()).build()
            });
            chain.await.provide_credentials().await
        })
    }
}

fn parse_region(text: &str) -> Result<Region, InvalidSettings> {
    // Longer than any that AWS has.
    const LENGTH_MAX: usize = 32;
    let fits = text.len() <= LENGTH_MAX
        && text.contains('-')
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits { Ok(Region::new(text.to_owned())) } else { Err(InvalidSettings::Region) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_cannot_name_another_host() {
        for (region, fits) in [
            ("eu-central-1", true),
            ("us-gov-west-1", true),
            ("", false),
            ("eu", false),
            ("evil.example/-", false),
            ("EU-1", false),
        ] {
            assert_eq!(parse_region(region).is_ok(), fits, "{region:?}");
        }
    }

    #[test]
    fn an_endpoint_is_confidential_or_here() {
        let ambient = ambient("eu-central-1").unwrap();
        for (endpoint, fits) in [
            ("https://vpce-1.sts.eu-central-1.vpce.amazonaws.com", true),
            ("http://127.0.0.1:5000", true),
            ("http://10.0.0.1:5000", false),
            ("ftp://127.0.0.1", false),
        ] {
            let settings = Settings::new("eu-central-1", Authentication::Ambient(ambient.clone())).unwrap();
            assert_eq!(settings.with_endpoint(endpoint).is_ok(), fits, "{endpoint}");
        }
    }
}
