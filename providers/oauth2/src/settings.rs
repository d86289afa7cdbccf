//! How an authorization server is reached, who Claviger is there, and what each credential is.

use std::sync::Arc;

use dial::Reach;
use model::Binding;
use provider::StoredSecret;
use url::Url;

use crate::{Proof, RefreshTokens};

/// An authorization server, and Claviger as its client.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it is asked.
    pub endpoints: Endpoints,
    /// Which addresses these may have, and who vouches for them.
    pub reach: Reach,
    /// Who Claviger is there; `None` where it registers itself (RFC 7591), which serves [`Flow::Connection`] alone.
    pub client: Option<Client>,
}

/// Where an authorization server is asked.
#[derive(Debug, Clone)]
pub enum Endpoints {
    /// Where its metadata says (RFC 8414, or OpenID Connect Discovery 1.0).
    Discovered {
        /// Its issuer identifier, exactly as its metadata spells it.
        issuer: String,
    },
    /// Where the metadata of the server says that an API names (RFC 9728).
    OfResource {
        /// Where the API is, an MCP server for one.
        resource: String,
    },
    /// For a server without metadata.
    Fixed {
        /// Where tokens are asked for.
        token: Url,
        /// Where they are ended; `None` where it has no such endpoint.
        revocation: Option<Url>,
    },
}

/// Claviger as a client.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its id; not a secret.
    pub id: String,
    /// How it proves to be that client.
    pub authentication: ClientAuthentication,
}

/// How a client proves itself at the token endpoint (RFC 6749, section 2.3; OpenID Connect Core 1.0, section 9).
#[derive(Debug, Clone)]
pub enum ClientAuthentication {
    /// `client_secret_basic`.
    Basic(Arc<dyn StoredSecret>),
    /// `client_secret_post`.
    Body(Arc<dyn StoredSecret>),
    /// `private_key_jwt`: nothing that the server could lose.
    PrivateKey {
        /// The key, PEM: RSA signs with RS256, P-256 with ES256.
        key: Arc<dyn StoredSecret>,
        /// The `kid` by which the server finds the public half.
        key_id: Option<String>,
    },
    /// `none`: a public client, which is known by its id alone.
    Public,
}

/// What one credential is.
#[derive(Debug)]
pub struct Grant {
    /// The one upstream, destination and slot that it is for.
    pub binding: Binding,
    /// How its tokens are asked for.
    pub flow: Flow,
    /// What they are for (RFC 8707).
    pub resource: Option<String>,
    /// What they are for, where the server calls it so (RFC 8693, section 2.1).
    pub audience: Option<String>,
    /// What they may do, separated by spaces; the server's default where there is none.
    pub scope: Option<String>,
}

/// How tokens are asked for.
#[derive(Debug)]
pub enum Flow {
    /// In the name of Claviger itself (RFC 6749, section 4.4).
    ClientCredentials,
    /// With one refresh token that every session uses (RFC 6749, section 6).
    RefreshToken(Arc<dyn RefreshTokens>),
    /// With the refresh token of the session's own subject, who connected an account.
    Connection(Arc<dyn RefreshTokens>),
    /// By exchange of a token that shows who asks (RFC 8693).
    TokenExchange(Proof),
    /// With a token that shows who asks as the grant itself (RFC 7523, section 2.1).
    JwtBearer(Proof),
    /// With a grant of the identity provider that the server trusts (Identity Assertion JWT Authorization Grant).
    IdentityAssertion(Box<IdentityAssertion>),
}

/// Where a grant for another server comes from.
#[derive(Debug)]
pub struct IdentityAssertion {
    /// The provider that gives it, and Claviger as its client.
    pub identity_provider: Settings,
    /// What shows that provider who asks.
    pub proof: Proof,
}
