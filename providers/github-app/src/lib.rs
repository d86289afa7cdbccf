//! Installation tokens of a GitHub App, narrowed to repositories and permissions.
//!
//! In scope: minting and ending them over GitHub's REST API. Out of scope: where the App's private key is stored
//! ([`StoredSecret`](provider::StoredSecret) is asked for it). `README.md` beside this crate says what an operator gets, for how
//! long, and how it is revoked.
//!
//! **Invariant.** A token that may do more than was asked for is ended and not used.

mod answer;
mod api;
mod github_app;
mod settings;

pub use github_app::{GitHubApp, Surroundings};
pub use settings::{Access, Grant, Settings};
