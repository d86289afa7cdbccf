//! Which tokens an authorization server is asked for, and how.

use std::path::PathBuf;

use model::{CredentialName, ProviderName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Endpoints, Source};
use crate::{
    address::existing_file,
    at::{At, Text},
    issuer::IssuerUrl,
    problem::Problems,
    provider::{self, Provider},
    similar::choices,
};

/// Which tokens are asked for, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// How.
    pub flow: Flow,
    /// What they are for (RFC 8707).
    pub resource: Option<String>,
    /// What they are for, where the server calls it so.
    pub audience: Option<String>,
    /// What they may do, separated by spaces.
    pub scope: Option<String>,
}

/// How tokens are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// In the name of Claviger.
    ClientCredentials,
    /// With a stored refresh token, which changes with each use.
    RefreshToken(CredentialName),
    /// With the refresh token of the session's subject, who connected an account.
    Connection,
    /// By exchange of a token that shows who asks.
    TokenExchange(Proof),
    /// With a token that shows who asks as the grant itself.
    JwtBearer(Proof),
    /// With a grant of an identity provider, one of the authorization servers, that is shown who asks.
    IdentityAssertion {
        /// Which of them.
        identity_provider: ProviderName,
        /// What it is shown.
        proof: Proof,
    },
}

/// The token that shows who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Claviger signs it about the session, with this audience.
    Session(Option<String>),
    /// It stands in this file, which exists.
    File(PathBuf),
}

/// Which tokens are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantTable {
    /// How they are asked for.
    grant: FlowWritten,
    /// The name under which the refresh token is stored, for `refresh-token`: `claviger secret set NAME --provider PROVIDER`. It is
    /// replaced whenever the server gives out another one.
    pub(crate) refresh_token: Option<At<CredentialName>>,
    /// The name of one of `[[providers.oauth2]]`, whose grant the server takes, for `identity-assertion`.
    identity_provider: Option<At<ProviderName>>,
    /// The audience of the token about the session, for `token-exchange`, `jwt-bearer` and `identity-assertion`; the issuer
    /// identifier of who reads it where there is none.
    assertion_audience: Option<At<Text>>,
    /// A file with the token that shows who asks, in place of one that Claviger signs about the session: about the workload that
    /// Claviger is, and the same for every session. Whoever writes the file keeps it fresh.
    assertion_file: Option<At<PathBuf>>,
    /// The API that the tokens are for (RFC 8707).
    resource: Option<At<IssuerUrl>>,
    /// The API that the tokens are for, where the server calls it an audience.
    audience: Option<At<Text>>,
    /// What the tokens may do; the server's default where there is none.
    #[serde(default)]
    scopes: Vec<At<Text>>,
}

/// How tokens are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum FlowWritten {
    /// In the name of Claviger (RFC 6749, section 4.4).
    ClientCredentials,
    /// With a stored refresh token (RFC 6749, section 6).
    RefreshToken,
    /// With an account that the user on whose behalf the session acts connects once, in a browser (RFC 6749, section 4.1).
    Connection,
    /// By exchange of a token that Claviger signs about the session (RFC 8693).
    TokenExchange,
    /// With a token that Claviger signs about the session as the grant itself (RFC 7523).
    JwtBearer,
    /// With a grant that an identity provider gives for this server, in exchange for a token that Claviger signs about the session
    /// (Identity Assertion JWT Authorization Grant, ID-JAG).
    IdentityAssertion,
}

impl GrantTable {
    /// Whether each user connects an account.
    pub(crate) const fn is_connection(&self) -> bool {
        matches!(self.grant, FlowWritten::Connection)
    }
}

impl Grant {
    pub(crate) fn check(
        grant: Spanned<GrantTable>,
        source: &Source,
        providers: &[Provider],
        problems: &mut Problems<'_>,
    ) -> Option<Self> {
        let span = grant.span();
        let GrantTable {
            grant,
            refresh_token,
            identity_provider,
            assertion_audience,
            assertion_file,
            resource,
            audience,
            scopes,
        } = grant.into_inner();
        for scope in scopes.iter().filter(|scope| scope.value.0.contains([' ', '"', '\\'])) {
            problems.at(&scope.span, "a scope is one word").help_with("write each scope as a text of its own");
        }
        if source.client_id.is_none() && !matches!(grant, FlowWritten::Connection) {
            problems
                .at(&span, "Claviger registers itself only when a user connects an account")
                .help_with("add `client_id` to the provider, of a client that may use this grant");
        }
        let proof = match (assertion_audience, assertion_file) {
            (None, None) => None,
            (Some(audience), None) => Some(Proof::Session(Some(audience.value.0))),
            (None, Some(file)) => Some(Proof::File(existing_file(&file, false, problems))),
            (Some(audience), Some(_)) => {
                problems
                    .at(&audience.span, "the token in the file has its own audience")
                    .help_with("remove `assertion_audience`");
                return None;
            }
        };
        let of_session = |proof: Option<Proof>| proof.unwrap_or(Proof::Session(None));
        let flow = match (grant, refresh_token, identity_provider, proof) {
            (FlowWritten::ClientCredentials, None, None, None) => Flow::ClientCredentials,
            (FlowWritten::RefreshToken, Some(stored), None, None) => Flow::RefreshToken(stored.value),
            (FlowWritten::Connection, None, None, None) => {
                if matches!(source.endpoints, Endpoints::Fixed { .. }) {
                    problems
                        .at(&span, "where users consent is not known")
                        .help_with("write `issuer` in the provider: only a server with metadata can be connected to");
                }
                Flow::Connection
            }
            (FlowWritten::TokenExchange, None, None, proof) => Flow::TokenExchange(of_session(proof)),
            (FlowWritten::JwtBearer, None, None, proof) => Flow::JwtBearer(of_session(proof)),
            (FlowWritten::IdentityAssertion, None, Some(provider), proof) => {
                let servers = providers.iter().filter(
                    |known| matches!(&known.source, provider::Source::OAuth2(server) if server.client_id.is_some()),
                );
                if !servers.clone().any(|known| known.name == provider.value) {
                    let names = choices(servers.map(|known| known.name.as_str()), "and");
                    problems
                        .at(
                            &provider.span,
                            format!(
                                "there is no authorization server `{}` at which Claviger is a client",
                                provider.value
                            ),
                        )
                        .help_with(format!(
                            "add `[[providers.oauth2]]` with this name and a `client_id`; the file has {names}"
                        ));
                }
                Flow::IdentityAssertion { identity_provider: provider.value, proof: of_session(proof) }
            }
            (FlowWritten::RefreshToken, None, _, _) => {
                problems.at(&span, "the refresh token is missing").help_with(
                    "add `refresh_token = \"NAME\"`, and store it with `claviger secret set NAME --provider PROVIDER`",
                );
                return None;
            }
            (FlowWritten::IdentityAssertion, _, None, _) => {
                problems
                    .at(&span, "who gives the grant is not said")
                    .help_with("add `identity_provider = \"NAME\"`, and `[[providers.oauth2]]` with this name");
                return None;
            }
            (
                FlowWritten::ClientCredentials
                | FlowWritten::RefreshToken
                | FlowWritten::Connection
                | FlowWritten::TokenExchange
                | FlowWritten::JwtBearer
                | FlowWritten::IdentityAssertion,
                ..,
            ) => {
                problems.at(&span, "this grant does not use all that is written here").help_with(
                    "`refresh_token` is for `refresh-token`, `identity_provider` for `identity-assertion`, and `assertion_audience` \
                     and `assertion_file` for `token-exchange`, `jwt-bearer` and `identity-assertion`",
                );
                return None;
            }
        };
        let scopes: Vec<_> = scopes.into_iter().map(|scope| scope.value.0).collect();
        Some(Self {
            flow,
            resource: resource.map(|resource| resource.value.text),
            audience: audience.map(|audience| audience.value.0),
            scope: (!scopes.is_empty()).then(|| scopes.join(" ")),
        })
    }
}
