//! An authorization server, and Claviger as its client.

use std::path::PathBuf;

use model::{AddressClass, Binding, CredentialName, Destination, Injection, ProviderName};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Flow, Grant};
use crate::{
    address::{Addresses, check_secret_url, existing_file},
    at::{At, Text},
    issuer::IssuerUrl,
    problem::Problems,
};

/// An authorization server, and who Claviger is there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// Where it is asked.
    pub endpoints: Endpoints,
    /// Which addresses its hosts may resolve to.
    pub addresses: AddressClass,
    /// Trusted in place of the operating system's certificate authorities; PEM, and the file exists.
    pub certificate_authority: Option<PathBuf>,
    /// The id of the client; `None` where Claviger registers itself.
    pub client_id: Option<String>,
    /// How the client proves itself.
    pub authentication: Authentication,
    /// What its stored secrets are bound to.
    destination: Destination,
}

/// Where an authorization server is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoints {
    /// Where its metadata says.
    Discovered {
        /// Its issuer identifier, byte for byte.
        issuer: String,
    },
    /// Where the metadata of the server says that an API names.
    OfResource {
        /// Where the API is.
        resource: String,
    },
    /// Where the configuration says.
    Fixed {
        /// Where tokens are asked for.
        token: String,
        /// Where they are ended.
        revocation: Option<String>,
    },
}

/// How a client proves itself; each name is that of a stored secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// Its secret, in a header field.
    SecretInHeader(CredentialName),
    /// Its secret, in the form.
    SecretInBody(CredentialName),
    /// Its private key.
    PrivateKey {
        /// The key, PEM.
        key: CredentialName,
        /// By which the server finds the public half.
        key_id: Option<String>,
    },
    /// By nothing: a public client.
    None,
}

/// An authorization server, and Claviger as its client.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceTable {
    /// Its name; credentials name it in `provider`.
    pub(crate) name: At<ProviderName>,
    /// Its issuer identifier, byte for byte, and where its metadata is found (RFC 8414). `https`, or `http` on this machine.
    issuer: Option<At<IssuerUrl>>,
    /// An MCP server, or another API, that says itself which authorization server it trusts (RFC 9728) and which scopes it wants. No
    /// secret of the client goes to a server that is found like this.
    protected_resource: Option<At<IssuerUrl>>,
    /// Where tokens are asked for, for a server without metadata. Exactly one of `issuer`, `protected_resource` and `token_endpoint`
    /// is needed.
    token_endpoint: Option<At<IssuerUrl>>,
    /// Where tokens are ended (RFC 7009), beside `token_endpoint`.
    revocation_endpoint: Option<At<IssuerUrl>>,
    /// Which addresses its hosts may resolve to.
    #[serde(default)]
    addresses: Addresses,
    /// A PEM file of certificate authorities, trusted here in place of the operating system's.
    certificate_authority: Option<At<PathBuf>>,
    /// The id of the client; not a secret. Without one Claviger registers itself when a user connects an account (RFC 7591).
    client_id: Option<At<Text>>,
    /// The name under which the client's secret is stored: `claviger secret set NAME --provider PROVIDER`.
    client_secret: Option<At<CredentialName>>,
    /// Whether the secret is sent in the form (`client_secret_post`) and not in a header field (`client_secret_basic`).
    #[serde(default)]
    secret_in_body: bool,
    /// The name under which the client's private key is stored, PEM, in place of a secret (`private_key_jwt`).
    private_key: Option<At<CredentialName>>,
    /// The `kid` by which the server finds the public half of that key.
    key_id: Option<At<Text>>,
}

impl Source {
    /// Stored secrets of the client go to this server and nowhere else.
    pub(crate) fn binding(&self, name: &ProviderName) -> Option<Binding> {
        let (secret, pointer) = match &self.authentication {
            Authentication::SecretInHeader(secret) | Authentication::SecretInBody(secret) => (secret, "/client_secret"),
            Authentication::PrivateKey { key, .. } => (key, "/client_assertion"),
            Authentication::None => return None,
        };
        self.bound(name, secret, pointer)
    }

    /// What the refresh token of a credential is bound to; `None` where the credential has none.
    #[must_use]
    pub fn refresh_token_binding(&self, name: &ProviderName, grant: &Grant) -> Option<Binding> {
        match &grant.flow {
            Flow::RefreshToken(stored) => self.bound(name, stored, "/refresh_token"),
            Flow::ClientCredentials
            | Flow::Connection
            | Flow::TokenExchange(_)
            | Flow::JwtBearer(_)
            | Flow::IdentityAssertion { .. } => None,
        }
    }

    /// What the refresh token of one user is bound to that is stored under `name`.
    #[must_use]
    pub fn connection_binding(&self, provider: &ProviderName, name: &CredentialName) -> Option<Binding> {
        self.bound(provider, name, "/refresh_token")
    }

    fn bound(&self, name: &ProviderName, stored: &CredentialName, pointer: &str) -> Option<Binding> {
        Some(Binding {
            credential: stored.clone(),
            upstream: name.as_str().parse().ok()?,
            destination: self.destination.clone(),
            injection: Injection::Body { pointer: pointer.to_owned() },
        })
    }
}

impl SourceTable {
    /// Its issuer identifier, where it is found by one and knows a client.
    pub(crate) fn issuer_of_client(&self) -> Option<&str> {
        self.issuer.as_ref().filter(|_| self.client_id.is_some()).map(|issuer| issuer.value.text.as_str())
    }

    pub(crate) fn check(self, problems: &mut Problems<'_>) -> Option<Source> {
        let urls = [&self.issuer, &self.protected_resource, &self.token_endpoint, &self.revocation_endpoint];
        for url in urls.into_iter().flatten() {
            check_secret_url(&url.value.url, &url.span, self.addresses, problems);
        }
        let authentication = self.authentication(problems);
        let certificate_authority = self.certificate_authority.map(|path| existing_file(&path, false, problems));
        let (issuer, resource) = (self.issuer, self.protected_resource);
        let (endpoints, destination) = match (issuer, resource, self.token_endpoint, self.revocation_endpoint) {
            (Some(issuer), None, None, None) => (Endpoints::Discovered { issuer: issuer.value.text }, issuer.value.url),
            (None, Some(resource), None, None) => {
                (Endpoints::OfResource { resource: resource.value.text }, resource.value.url)
            }
            (None, None, Some(token), revocation) => {
                let revocation = revocation.map(|revocation| revocation.value.text);
                (Endpoints::Fixed { token: token.value.text, revocation }, token.value.url)
            }
            _ => {
                problems
                    .at(&self.name.span, "where this server is asked is said in exactly one way")
                    .help_with(
                        "write `issuer` or `protected_resource`; or, for a server without metadata, `token_endpoint` and perhaps \
                         `revocation_endpoint`",
                    );
                return None;
            }
        };
        Some(Source {
            endpoints,
            addresses: self.addresses.into(),
            certificate_authority,
            client_id: self.client_id.map(|id| id.value.0),
            authentication: authentication?,
            destination,
        })
    }

    fn authentication(&self, problems: &mut Problems<'_>) -> Option<Authentication> {
        let key_id = self.key_id.as_ref().map(|id| id.value.0.clone());
        let proof = self.client_secret.as_ref().or(self.private_key.as_ref());
        if let Some(proof) = proof.filter(|_| self.client_id.is_none()) {
            problems.at(&proof.span, "this is the secret of no client").help_with("add `client_id`");
        }
        if let Some(proof) = proof.filter(|_| self.protected_resource.is_some()) {
            problems
                .at(&proof.span, "the API would choose to whom this is sent")
                .help_with("write `issuer` in place of `protected_resource`");
        }
        match (&self.client_secret, &self.private_key) {
            (Some(secret), None) if key_id.is_none() => {
                let secret = secret.value.clone();
                let in_body = self.secret_in_body;
                Some(if in_body {
                    Authentication::SecretInBody(secret)
                } else {
                    Authentication::SecretInHeader(secret)
                })
            }
            (None, Some(key)) if !self.secret_in_body => {
                Some(Authentication::PrivateKey { key: key.value.clone(), key_id })
            }
            (None, None) if key_id.is_none() && !self.secret_in_body => Some(Authentication::None),
            _ => {
                problems
                    .at(&self.name.span, "a client proves itself in exactly one way")
                    .help_with("write `client_secret` (with or without `secret_in_body`), or `private_key` (with or without `key_id`), or neither");
                None
            }
        }
    }
}
