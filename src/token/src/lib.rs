//! Issuers and their keys, token exchange, session tokens, introspection and revocation, and ID tokens for sources that trust us.
//!
//! In scope: what is true of a token, and what may be granted for it. Out of scope: sockets (the program implements [`Fetch`] over
//! its dialer), routes and headers (`claviger`), whether a session still lives (`store`), and where keys are sealed ([`KeyStore`]).
//!
//! The life of an exchange: [`ExchangeRequest::parse`] → [`Exchange::grant`], which asks [`Issuers::verify`] and [`AgentRules`] →
//! [`SessionTokens::claims`] → the session is stored → [`SessionTokens::issue`] → [`ExchangeResponse`].

mod agent;
mod discovery;
mod exchange;
mod exchange_request;
mod fetch;
mod form;
mod introspection;
mod issuer;
mod jose;
mod jwk;
mod jwks;
mod jws;
mod keyring;
mod metadata;
mod oauth_error;
mod pattern;
mod refused;
mod revocation;
mod roca;
mod session_token;
mod strict;
mod web_identity;

#[cfg(test)]
mod tests;

pub use agent::{AgentRule, AgentRules, ClaimRule, Expected, InvalidRule, NoAgent, TokenMatch};
pub use discovery::{DiscoveryRefused, NotFetchable};
pub use exchange::{Exchange, ExchangeRefused, ExchangeResponse, Grant, SESSION_LIFE_MAX, Upstreams, Which};
pub use exchange_request::{ExchangeRequest, GRANT_TYPE, RequestRefused, TokenType};
pub use fetch::{BODY_LENGTH_MAX, Fetch, FetchError, Fetched};
pub use form::FormRefused;
pub use introspection::{TokenParameter, introspection_response};
pub use issuer::{InvalidIssuer, IssuerConfig, Issuers, LEEWAY_MAX, VerifiedToken};
pub use jose::{SignatureAlgorithm, SigningFailed, UnknownAlgorithm};
pub use jwk::KeySetRefused;
pub use jwks::KeysUnavailable;
pub use jws::NotJws;
pub use keyring::{JWKS_AGE_MAX, KeyRing, KeyRingError, KeyStore, KeyStoreError, StoredKey};
pub use metadata::{
    AUTHORIZATION_SERVER_PATH, AuthorizationServer, OPENID_CONFIGURATION_PATH, PROTECTED_RESOURCE_PATH,
    ProtectedResource, ResourceKind,
};
pub use oauth_error::{ErrorBody, ErrorCode};
pub use pattern::{InvalidPattern, Pattern};
pub use refused::TokenRefused;
pub use revocation::revoked_session;
pub use session_token::{SessionClaims, SessionTokenRefused, SessionTokens};
pub use strict::NotStrict;
pub use web_identity::{WEB_IDENTITY_CLAIMS, WebIdentityTokens};
