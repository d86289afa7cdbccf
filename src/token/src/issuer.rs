//! The trusted issuers, and what must hold of a token before its claims are believed (RFC 7519, section 7.2; RFC 8725).

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use model::{Clock, IssuerName, Subject, Timestamp};
use serde_json::{Map, Value};

use crate::{
    discovery::{self, NotFetchable},
    fetch::Fetch,
    jose::SignatureAlgorithm,
    jwks::{KeyLocation, Keys, KeysUnavailable},
    jws::{self, Jws},
    refused::TokenRefused,
    strict,
};

/// The most that an issuer's clock may differ from ours.
pub const LEEWAY_MAX: Duration = Duration::from_secs(60);
/// The longest payload, decoded; a token of the greatest length cannot hold more.
const CLAIMS_LENGTH_MAX: usize = jws::TOKEN_LENGTH_MAX;
/// The longest subject; OpenID Connect Core allows 255 characters, names of workloads are somewhat longer.
const SUBJECT_LENGTH_MAX: usize = 512;
/// The most audiences that one token may name; the most generous issuer stops at 10.
const AUDIENCES_MAX: usize = 16;

/// One trusted issuer, as the configuration gives it. Checked by [`Issuers::new`].
#[derive(Debug, Clone)]
pub struct IssuerConfig {
    /// The name that agent rules use.
    pub name: IssuerName,
    /// `iss`, exactly as the issuer's tokens spell it.
    pub issuer: String,
    /// Where the keys are; `None` for discovery.
    pub jwks_uri: Option<String>,
    /// The audiences that a token may name. It must name one of them, and no other beside.
    pub audiences: Vec<String>,
    /// The algorithms that the issuer may sign with.
    pub algorithms: Vec<SignatureAlgorithm>,
    /// The values of `typ` that are accepted, such as `JWT` or `at+jwt`.
    pub typ: Vec<String>,
    /// Whether a token without `typ` is accepted, as those of Kubernetes are.
    pub typ_may_be_absent: bool,
    /// How far the issuer's clock may differ, at most [`LEEWAY_MAX`].
    pub leeway: Duration,
    /// How long after `iat` a token is accepted; `None` for as long as `exp` says.
    pub age_max: Option<Duration>,
}

/// Why a configured issuer is not used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidIssuer {
    /// The issuer's URL, or its `jwks_uri`.
    #[error("issuer {0}: {1}")]
    NotFetchable(IssuerName, NotFetchable),
    /// Two entries with one `issuer`, or with one name.
    #[error("issuer {0} is configured twice; its name and its URL must each be its own")]
    Twice(IssuerName),
    /// The issuer is this server.
    #[error("issuer {0} is this server itself; session tokens cannot be exchanged, so remove it")]
    Ourselves(IssuerName),
    /// Nothing would be accepted, or anything.
    #[error("issuer {0}: `{1}` must not be empty")]
    Empty(IssuerName, &'static str),
    /// More leeway than clocks need.
    #[error("issuer {0}: the leeway must be at most 60 seconds; correct the clocks instead")]
    LeewayTooLong(IssuerName),
}

/// A token of a trusted issuer whose signature, times, type and audience hold. Only [`Issuers::verify`] makes one.
#[derive(Debug)]
pub struct VerifiedToken {
    issuer: IssuerName,
    subject: Subject,
    typ: Option<String>,
    expires: Timestamp,
    claims: Map<String, Value>,
}

impl VerifiedToken {
    /// The issuer, as the configuration names it.
    #[must_use]
    pub const fn issuer(&self) -> &IssuerName {
        &self.issuer
    }

    /// `iss` and `sub`.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// `typ`, in lowercase and without `application/`.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// `exp`, without leeway.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The claim at a path of member names.
    pub fn claim<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<&Value> {
        let mut path = path.into_iter();
        let first = self.claims.get(path.next()?)?;
        path.try_fold(first, |value, name| value.as_object()?.get(name))
    }
}

/// The trusted issuers with their keys.
pub struct Issuers {
    by_iss: HashMap<String, Issuer>,
    ourselves: String,
    clock: Arc<dyn Clock>,
}

struct Issuer {
    config: IssuerConfig,
    keys: Arc<Keys>,
}

impl Issuers {
    /// Checks the configuration. `ourselves` is our own issuer identifier, whose tokens are never accepted here.
    ///
    /// # Errors
    /// [`InvalidIssuer`] says which issuer and what to change.
    pub fn new(
        ourselves: &str,
        configs: Vec<IssuerConfig>,
        fetch: &Arc<dyn Fetch>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidIssuer> {
        let mut by_iss: HashMap<String, Issuer> = HashMap::with_capacity(configs.len());
        for mut config in configs {
            config.typ = config.typ.iter().map(|typ| jws::normal_typ(typ)).collect();
            let location = check(&config, ourselves)?;
            if by_iss.contains_key(&config.issuer) || by_iss.values().any(|other| other.config.name == config.name) {
                return Err(InvalidIssuer::Twice(config.name));
            }
            let (iss, algorithms) = (config.issuer.clone(), config.algorithms.clone());
            let keys = Keys::new(iss.clone(), location, algorithms, Arc::clone(fetch), Arc::clone(&clock));
            by_iss.insert(iss, Issuer { config, keys: Arc::new(keys) });
        }
        Ok(Self { by_iss, ourselves: ourselves.to_owned(), clock })
    }

    /// The clock that tokens are judged by.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Verifies a token of a trusted issuer.
    ///
    /// Nothing about time, type or audience is said before the signature holds, so that a forged token learns nothing.
    ///
    /// # Errors
    /// [`TokenRefused`]. It answers within five seconds even where the issuer does not.
    pub async fn verify(&self, token: &str) -> Result<VerifiedToken, TokenRefused> {
        let jws = Jws::parse(token)?;
        let claims = strict::object(&jws.payload, CLAIMS_LENGTH_MAX).map_err(TokenRefused::Claims)?;
        let iss = required_text(&claims, "iss")?;
        if iss == self.ourselves {
            return Err(TokenRefused::OwnToken);
        }
        let issuer = self.by_iss.get(iss).ok_or(TokenRefused::IssuerUnknown)?;
        if !issuer.config.algorithms.contains(&jws.algorithm) {
            return Err(TokenRefused::AlgorithmNotAllowed);
        }
        let key = issuer.keys.find(jws.key_id.as_deref(), jws.algorithm).await?;
        if !key.verifies(&jws) {
            return Err(TokenRefused::Signature);
        }
        issuer.accept(jws.typ, claims, self.clock.now())
    }

    /// Fetches every issuer's keys now and says how that went, for `check`.
    pub async fn check(&self) -> Vec<(IssuerName, Result<(), KeysUnavailable>)> {
        let mut outcomes = Vec::with_capacity(self.by_iss.len());
        for issuer in self.by_iss.values() {
            outcomes.push((issuer.config.name.clone(), issuer.keys.check().await));
        }
        outcomes
    }
}

impl fmt::Debug for Issuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.by_iss.keys()).finish()
    }
}

impl Issuer {
    /// Judges the claims of a token whose signature holds.
    fn accept(
        &self,
        typ: Option<String>,
        claims: Map<String, Value>,
        now: Timestamp,
    ) -> Result<VerifiedToken, TokenRefused> {
        let config = &self.config;
        let typ_fits = typ.as_ref().map_or(config.typ_may_be_absent, |typ| config.typ.contains(typ));
        if !typ_fits {
            return Err(TokenRefused::TypNotAllowed);
        }
        let expires = date(&claims, "exp")?.ok_or(TokenRefused::ClaimMissing("exp"))?;
        let (not_before, issued) = (date(&claims, "nbf")?, date(&claims, "iat")?);
        if now >= expires.plus(config.leeway) {
            return Err(TokenRefused::Expired);
        }
        if not_before.into_iter().chain(issued).any(|start| start > now.plus(config.leeway)) {
            return Err(TokenRefused::NotYetValid);
        }
        if let Some(age_max) = config.age_max {
            let issued = issued.ok_or(TokenRefused::ClaimMissing("iat"))?;
            if now > issued.plus(age_max).plus(config.leeway) {
                return Err(TokenRefused::TooOld);
            }
        }
        let audiences = audiences(&claims)?;
        let ours = audiences.iter().filter(|audience| config.audiences.iter().any(|known| known == *audience)).count();
        if ours == 0 {
            return Err(TokenRefused::Audience);
        }
        if ours < audiences.len() {
            return Err(TokenRefused::AudienceShared);
        }
        let id = required_text(&claims, "sub")?;
        let is_printable = !id.is_empty() && id.len() <= SUBJECT_LENGTH_MAX && !id.chars().any(char::is_control);
        if !is_printable {
            return Err(TokenRefused::ClaimMalformed("sub"));
        }
        let subject = Subject { issuer: config.issuer.clone(), id: id.to_owned() };
        Ok(VerifiedToken { issuer: config.name.clone(), subject, typ, expires, claims })
    }
}

fn check(config: &IssuerConfig, ourselves: &str) -> Result<KeyLocation, InvalidIssuer> {
    let name = || config.name.clone();
    if config.issuer == ourselves {
        return Err(InvalidIssuer::Ourselves(name()));
    }
    for (empty, what) in [
        (config.audiences.is_empty() || config.audiences.iter().any(String::is_empty), "audiences"),
        (config.algorithms.is_empty(), "algorithms"),
        (config.typ.is_empty() && !config.typ_may_be_absent, "typ"),
    ] {
        if empty {
            return Err(InvalidIssuer::Empty(name(), what));
        }
    }
    if config.leeway > LEEWAY_MAX {
        return Err(InvalidIssuer::LeewayTooLong(name()));
    }
    match &config.jwks_uri {
        Some(uri) => discovery::fetchable(uri).map(KeyLocation::Fixed),
        None => discovery::document_url(&config.issuer).map(KeyLocation::Discovery),
    }
    .map_err(|reason| InvalidIssuer::NotFetchable(name(), reason))
}

fn required_text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, TokenRefused> {
    let value = claims.get(name).ok_or(TokenRefused::ClaimMissing(name))?;
    value.as_str().ok_or(TokenRefused::ClaimMalformed(name))
}

fn date(claims: &Map<String, Value>, name: &'static str) -> Result<Option<Timestamp>, TokenRefused> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = strict::seconds(value).ok_or(TokenRefused::ClaimMalformed(name))?;
    Ok(Some(Timestamp::from_seconds(seconds)))
}

/// `aud` is a text or an array of texts (RFC 7519, section 4.1.3).
fn audiences(claims: &Map<String, Value>) -> Result<Vec<&str>, TokenRefused> {
    match claims.get("aud").ok_or(TokenRefused::ClaimMissing("aud"))? {
        Value::String(one) => Ok(vec![one]),
        Value::Array(several) if several.len() <= AUDIENCES_MAX => {
            several.iter().map(|audience| audience.as_str().ok_or(TokenRefused::ClaimMalformed("aud"))).collect()
        }
        _ => Err(TokenRefused::ClaimMalformed("aud")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::{Network, OURSELVES, clock, idp_config};

    fn refusal(change: impl FnOnce(&mut IssuerConfig)) -> InvalidIssuer {
        let mut config = idp_config();
        change(&mut config);
        let fetch: Arc<dyn Fetch> = Arc::new(Network::default());
        Issuers::new(OURSELVES, vec![config], &fetch, clock()).unwrap_err()
    }

    #[test]
    fn an_issuer_that_would_accept_nothing_or_too_much_is_refused() {
        let name = || "idp".parse().unwrap();
        assert_eq!(refusal(|config| config.audiences.clear()), InvalidIssuer::Empty(name(), "audiences"));
        assert_eq!(refusal(|config| config.audiences[0].clear()), InvalidIssuer::Empty(name(), "audiences"));
        assert_eq!(refusal(|config| config.algorithms.clear()), InvalidIssuer::Empty(name(), "algorithms"));
        assert_eq!(refusal(|config| config.leeway = Duration::from_secs(61)), InvalidIssuer::LeewayTooLong(name()));
        assert_eq!(refusal(|config| OURSELVES.clone_into(&mut config.issuer)), InvalidIssuer::Ourselves(name()));
        let plain = InvalidIssuer::NotFetchable(name(), NotFetchable);
        assert_eq!(refusal(|config| "http://idp.example".clone_into(&mut config.issuer)), plain);
        assert_eq!(refusal(|config| config.jwks_uri = Some("http://idp.example/keys".to_owned())), plain);
        let no_typ = |config: &mut IssuerConfig| {
            config.typ.clear();
            config.typ_may_be_absent = false;
        };
        assert_eq!(refusal(no_typ), InvalidIssuer::Empty(name(), "typ"));
        let fetch: Arc<dyn Fetch> = Arc::new(Network::default());
        let twice = Issuers::new(OURSELVES, vec![idp_config(), idp_config()], &fetch, clock()).unwrap_err();
        assert_eq!(twice, InvalidIssuer::Twice(name()));
    }
}
