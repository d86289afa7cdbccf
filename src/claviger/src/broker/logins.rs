//! Where people sign in, from the configuration's words.

use std::collections::HashMap;

use config::{Config, Source};

use super::{
    issuers,
    sources::{
        Means,
        oauth2::{people, settings},
    },
};
use crate::{
    connections::{Login, Place},
    output::Failure,
};

/// By the issuer of the people that it shows. A login that names no authorization server with a client is ruled out
/// by the check of the file.
pub(super) fn build(config: &Config, means: &Means<'_>) -> Result<HashMap<String, Login>, Failure> {
    let Means { dialer, clock, .. } = means;
    let mut logins = HashMap::new();
    for issuer in &config.issuers {
        let provider = config.providers.iter().find(|provider| Some(&provider.name) == issuer.login.as_ref());
        let Some((provider, Source::OAuth2(source))) = provider.map(|provider| (provider, &provider.source)) else {
            continue;
        };
        let Some(client_id) = &source.client_id else { continue };
        let place = Place::Login(issuer.name.clone());
        let code = people(settings(provider, source, means)?, &place, config, means);
        let issuers = issuers::of_id_tokens(issuer, client_id, config, dialer, clock)?;
        logins.insert(issuer.issuer.clone(), Login::new(place, code, issuers));
    }
    Ok(logins)
}
