//! `[[issuers]]`: the identity providers whose tokens are trusted.

use std::{fmt, path::PathBuf, str::FromStr};

use model::{AddressClass, Destination, InvalidDestination, IssuerName, ProviderName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    address::{Addresses, check_reach, existing_file, is_readable_on_the_way},
    at::{At, Number, Text, text},
    problem::Problems,
};

/// A trusted identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Issuer {
    /// The name by which agents refer to it.
    pub name: IssuerName,
    /// The `iss` of its tokens, byte for byte.
    pub issuer: String,
    /// Where its keys are; `None` where its metadata says so.
    pub jwks_uri: Option<String>,
    /// The one audience that a token must be for.
    pub audience: String,
    /// The algorithms that it signs with; never taken from a token.
    pub algorithms: Vec<Algorithm>,
    /// The values of the `typ` header that are accepted.
    pub token_types: Vec<String>,
    /// Whether a token without a `typ` header is accepted.
    pub untyped_tokens: bool,
    /// How long after `iat` a token may be exchanged.
    pub max_age_seconds: u32,
    /// Which addresses its hosts may resolve to.
    pub addresses: AddressClass,
    /// Trusted in place of the operating system's certificate authorities; PEM, and the file exists.
    pub certificate_authority: Option<PathBuf>,
    /// The provider through which people sign in here: an authorization server, the same as this issuer.
    pub login: Option<ProviderName>,
}

/// Signature algorithms (RFC 7518, section 3.1; RFC 8037). Symmetric ones and `none` are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names are those of the registry")]
pub enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

/// An identity provider whose tokens may be exchanged for a session.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssuerTable {
    /// The name by which agents below refer to it.
    pub(crate) name: At<IssuerName>,
    /// The `iss` of its tokens, byte for byte, and where its metadata is found. `https`, or `http` on this machine.
    pub(crate) issuer: At<IssuerUrl>,
    /// Where its keys are (RFC 7517), for an issuer without metadata. `https`, or `http` on this machine.
    jwks_uri: Option<At<IssuerUrl>>,
    /// The audience that a token must be for. Choose one that only Claviger has, such as its public URL.
    audience: At<Text>,
    /// The algorithms that it signs with. A token's own header never chooses.
    #[serde(default = "algorithms_default")]
    algorithms: Vec<Algorithm>,
    /// The accepted values of a token's `typ` header.
    #[serde(default = "token_types_default")]
    token_types: Vec<At<Text>>,
    /// Whether a token without a `typ` header is accepted, such as those of Kubernetes service accounts.
    #[serde(default)]
    untyped_tokens: bool,
    /// How long after it was issued a token may be exchanged.
    #[serde(default = "max_age_seconds_default")]
    max_age_seconds: At<Number<1, 86_400>>,
    /// Which addresses its host may resolve to.
    #[serde(default)]
    addresses: Addresses,
    /// A PEM file of certificate authorities, trusted here in place of the operating system's.
    certificate_authority: Option<At<PathBuf>>,
    /// The name of one of `[[providers.oauth2]]` with the same `issuer`, through which people sign in here. It shows that who connects
    /// an account is the user on whose behalf the agent acts; `grant = "connection"` needs it.
    pub(crate) login: Option<At<ProviderName>>,
}

fn algorithms_default() -> Vec<Algorithm> {
    vec![Algorithm::RS256]
}

fn token_types_default() -> Vec<At<Text>> {
    ["JWT", "at+jwt"].map(|text| At::implied(Text(text.to_owned()))).into()
}

const fn max_age_seconds_default() -> At<Number<1, 86_400>> {
    Number::implied(3600)
}

impl IssuerTable {
    pub(crate) fn check(self, problems: &mut Problems<'_>) -> Issuer {
        // Where the keys have a place of their own, the issuer's URL is only a name.
        let keys = self.jwks_uri.as_ref().unwrap_or(&self.issuer);
        if is_readable_on_the_way(&keys.value.url) {
            problems
                .at(&keys.span, "the issuer's keys would come without TLS, so anyone on the way could be it")
                .help_with("write an https URL; http is for an issuer on this machine");
        } else {
            check_reach(&keys.value.url, &keys.span, self.addresses, problems);
        }
        if self.algorithms.is_empty() {
            problems
                .at(&self.name.span, "this issuer has no algorithm")
                .help_with("such as `algorithms = [\"RS256\"]`");
        }
        if self.token_types.is_empty() && !self.untyped_tokens {
            problems
                .at(&self.name.span, "this issuer's tokens have no type that is accepted")
                .help_with("leave `token_types` out, or add `untyped_tokens = true`");
        }
        Issuer {
            name: self.name.value,
            issuer: self.issuer.value.text,
            jwks_uri: self.jwks_uri.map(|uri| uri.value.text),
            audience: self.audience.value.0,
            algorithms: self.algorithms,
            token_types: self.token_types.into_iter().map(|text| text.value.0).collect(),
            untyped_tokens: self.untyped_tokens,
            max_age_seconds: self.max_age_seconds.value.0,
            addresses: self.addresses.into(),
            certificate_authority: self.certificate_authority.map(|path| existing_file(&path, false, problems)),
            login: self.login.map(|login| login.value),
        }
    }
}

/// An issuer as its tokens spell it, which is compared and never normalized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IssuerUrl {
    pub(crate) text: String,
    pub(crate) url: Destination,
}

impl FromStr for IssuerUrl {
    type Err = InvalidDestination;

    fn from_str(text: &str) -> Result<Self, InvalidDestination> {
        Ok(Self { text: text.to_owned(), url: text.parse()? })
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

text!(IssuerUrl: "URL");
