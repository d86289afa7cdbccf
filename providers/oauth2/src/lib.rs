//! Access tokens of an OAuth 2.0 authorization server, asked for by session.
//!
//! In scope: the client's side of the token endpoint (RFC 6749), of metadata (RFC 8414, RFC 9728), of registration (RFC 7591), of
//! revocation (RFC 7009) and of the code that a person's browser brings back. Out of scope: where secrets are stored ([`StoredSecret`](provider::StoredSecret) and
//! [`RefreshTokens`] are asked for them), and the pages that a person sees. `README.md` beside this crate says what an operator gets, for how long, and how it is revoked.
//!
//! **Invariant.** A refresh token that an answer brings is handed to [`RefreshTokens`] before the access token of that answer is
//! used, whether or not anyone still waits for it.

mod answer;
mod authorization_code;
mod client;
mod connection;
mod form;
mod identity_assertion;
mod metadata;
mod oauth2;
mod proof;
mod protected_resource;
mod redirect;
mod refresh;
mod registration;
mod server;
mod settings;

pub use authorization_code::{AuthorizationCode, Authorized, NotAuthorized, Pending, Wish};
pub use connection::Connection;
pub use oauth2::{OAuth2, Surroundings};
pub use proof::Proof;
pub use redirect::Redirected;
pub use refresh::{CannotStore, RefreshTokens, Stored};
pub use settings::{Client, ClientAuthentication, Endpoints, Flow, Grant, IdentityAssertion, Settings};
