//! Credentials that HashiCorp Vault or OpenBao mints for one session, each under a token of its own.
//!
//! In scope: logging in, minting, renewing and ending, over Vault's HTTP API. Out of scope: when any of that happens (`egress`), and
//! how Vault is set up. `README.md` beside this crate says what an operator gets, for how long, and which policy it takes.
//!
//! A request's shape is `vaultrs`'s; it travels through `dial`, as everything that leaves does, and its answer is read here, because
//! lease ids matter and secrets are to be held as such.

mod answer;
mod child;
mod client;
mod endpoint;
mod failure;
mod field;
mod grant;
mod lease_name;
mod login;
mod material;
mod own_token;
mod path;
mod provider;
mod settings;

pub use grant::{CommonName, Grant, InvalidCommonName, Mint};
pub use path::{InvalidVaultPath, VaultPath};
pub use provider::VaultProvider;
pub use settings::{Auth, SecretId, Settings, UrlHasPath};
