//! Access and ID tokens of Google Cloud service accounts, with a key or with none.
//!
//! In scope: the grant of a service account's key (RFC 7523), workload identity federation with Claviger as the OpenID provider
//! (RFC 8693), and short-lived credentials of the service account that either may impersonate. Out of scope: where a key is stored
//! ([`StoredSecret`](provider::StoredSecret) is asked for it). `README.md` beside this crate says what an operator gets, for how
//! long, and what cannot be revoked.

mod answer;
mod gcp;
mod google;
mod key;
mod settings;

pub use gcp::{Gcp, Surroundings};
pub use settings::{Endpoints, Grant, InvalidServiceAccount, Principal, ServiceAccount, Settings, Token};
