//! Trusted issuers and agent rules, from the configuration's words into the token service's.

use std::{collections::HashMap, fs, path::Path, sync::Arc, time::Duration};

use config::{Algorithm, Config, Expected as Configured};
use dial::{Dialer, TrustAnchors};
use model::Clock;
use token::{
    AgentRule, AgentRules, ClaimRule, Expected, IssuerConfig, Issuers, LEEWAY_MAX, Pattern, SignatureAlgorithm,
    TokenMatch,
};
use url::Url;

use super::fetcher::{Fetcher, Reach};
use crate::output::Failure;

/// An ID token is used at once; this covers a slow login page.
const ID_TOKEN_AGE_MAX: Duration = Duration::from_secs(600);

/// The issuers whose tokens are exchanged.
pub(super) fn trusted(config: &Config, dialer: &Dialer, clock: &Arc<dyn Clock>) -> Result<Issuers, Failure> {
    verifying(config.issuers.iter().map(expected).collect(), config, dialer, clock)
}

/// One issuer, of whom ID tokens for this client are believed (OpenID Connect Core 1.0, section 3.1.3.7).
pub(super) fn of_id_tokens(
    issuer: &config::Issuer,
    client_id: &str,
    config: &Config,
    dialer: &Dialer,
    clock: &Arc<dyn Clock>,
) -> Result<Issuers, Failure> {
    let id_tokens = IssuerConfig {
        audiences: vec![client_id.to_owned()],
        typ: vec!["JWT".to_owned()],
        typ_may_be_absent: true,
        age_max: Some(ID_TOKEN_AGE_MAX),
        ..expected(issuer)
    };
    verifying(vec![id_tokens], config, dialer, clock)
}

fn verifying(
    issuers: Vec<IssuerConfig>,
    config: &Config,
    dialer: &Dialer,
    clock: &Arc<dyn Clock>,
) -> Result<Issuers, Failure> {
    let mut reaches = HashMap::new();
    for issuer in &config.issuers {
        let anchors = issuer.certificate_authority.as_deref().map(trust_anchors).transpose()?;
        for url in std::iter::once(&issuer.issuer).chain(&issuer.jwks_uri) {
            if let Ok(url) = Url::parse(url) {
                reaches.insert(url.origin(), Reach { class: issuer.addresses, anchors: anchors.clone() });
            }
        }
    }
    let fetch = Fetcher::shared(dialer.clone(), reaches);
    let ourselves = config.server.public_url.to_string();
    Issuers::new(&ourselves, issuers, &fetch, Arc::clone(clock)).map_err(|error| Failure::new(error.to_string()))
}

/// What must hold of an issuer's tokens.
fn expected(issuer: &config::Issuer) -> IssuerConfig {
    IssuerConfig {
        name: issuer.name.clone(),
        issuer: issuer.issuer.clone(),
        jwks_uri: issuer.jwks_uri.clone(),
        audiences: vec![issuer.audience.clone()],
        algorithms: issuer.algorithms.iter().copied().map(algorithm).collect(),
        typ: issuer.token_types.clone(),
        typ_may_be_absent: issuer.untyped_tokens,
        leeway: LEEWAY_MAX,
        age_max: Some(Duration::from_secs(u64::from(issuer.max_age_seconds))),
    }
}

/// Which tokens are which agent's.
pub(super) fn agents(config: &Config) -> Result<AgentRules, Failure> {
    let mut rules = Vec::new();
    for agent in &config.agents {
        rules.push(AgentRule {
            agent: model::Agent { name: agent.name.clone(), groups: agent.groups.clone() },
            tokens: token_match(&agent.tokens)?,
            acts_for: agent.acts_for.iter().map(token_match).collect::<Result<_, _>>()?,
            scopes: agent.scopes.clone(),
            life_max: Some(Duration::from_secs(u64::from(agent.lifetime_seconds_max))),
        });
    }
    AgentRules::new(rules).map_err(|error| Failure::new(error.to_string()))
}

/// The certificate authorities in a PEM file.
pub(super) fn trust_anchors(path: &Path) -> Result<TrustAnchors, Failure> {
    let failed = |error: String| Failure::new(format!("{}: {error}", path.display()));
    let pem = fs::read(path).map_err(|error| failed(error.to_string()))?;
    TrustAnchors::from_pem(&pem).map_err(|error| failed(error.to_string()))
}

fn token_match(configured: &config::TokenMatch) -> Result<TokenMatch, Failure> {
    let claims = configured.claims.iter().map(|claim| {
        let expected = match &claim.expected {
            Configured::Text(text) => Expected::Text(text.clone()),
            Configured::Number(number) => Expected::Number(*number),
            Configured::Flag(flag) => Expected::Flag(*flag),
            Configured::Pattern(text) => {
                let pattern: Result<Pattern, _> = text.parse();
                Expected::Pattern(
                    pattern.map_err(|error| Failure::new(format!("the claim pattern {text:?}: {error}")))?,
                )
            }
        };
        Ok(ClaimRule { path: claim.path.clone(), expected })
    });
    Ok(TokenMatch { issuer: configured.issuer.clone(), claims: claims.collect::<Result<_, Failure>>()? })
}

const fn algorithm(configured: Algorithm) -> SignatureAlgorithm {
    match configured {
        Algorithm::RS256 => SignatureAlgorithm::Rs256,
        Algorithm::RS384 => SignatureAlgorithm::Rs384,
        Algorithm::RS512 => SignatureAlgorithm::Rs512,
        Algorithm::PS256 => SignatureAlgorithm::Ps256,
        Algorithm::PS384 => SignatureAlgorithm::Ps384,
        Algorithm::PS512 => SignatureAlgorithm::Ps512,
        Algorithm::ES256 => SignatureAlgorithm::Es256,
        Algorithm::ES384 => SignatureAlgorithm::Es384,
        Algorithm::EdDSA => SignatureAlgorithm::EdDsa,
    }
}
