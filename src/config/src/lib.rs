//! The configuration file, from text to checked types; every error points into the file.
//!
//! In scope: one file of TOML, a type for each section, what must hold between sections, the JSON Schema and the reference that
//! are rendered from the types. Out of scope: the text of policies (`policy`), keys and certificates inside the files that are
//! named (`vault`, the program), and every secret: a configuration names where one is, and never holds one.
//!
//! Each section has a table type, which is what stands in the file, and a public type, which is what was checked. Checking is in
//! two steps, and each reports all that it finds: first keys, types and single values; then, where those are right, what one
//! part says about another.

mod address;
mod admin;
mod agent;
mod analyzer;
mod at;
mod audit;
mod credential;
mod file;
mod introspection;
mod issuer;
mod listener;
mod load;
mod masking;
mod named_files;
mod operation;
mod policy;
mod problem;
mod provider;
mod read;
mod reference;
mod references;
mod schema;
mod server;
mod session;
mod similar;
mod source;
mod starting;
mod upstream;
mod vault;

pub use admin::Admin;
pub use agent::{Agent, ClaimRule, Expected, TokenMatch};
pub use analyzer::{Analyzer, WhenDown};
pub use audit::{Audit, Durability};
pub use credential::{Credential, Issued};
pub use introspection::IntrospectionClient;
pub use issuer::{Algorithm, Issuer};
pub use listener::{Listener, Protection};
pub use load::{Config, load};
pub use masking::{Action, Actions, AllowedText, LeakAction, Masking, OwnPattern, UpstreamMasking};
pub use policy::Policy;
pub use problem::{ConfigErrors, Problem};
pub use provider::{
    Provider, Source, aws_sts, gcp as gcp_provider, github_app as github_app_provider, oauth2 as oauth2_provider,
    vault as vault_provider,
};
pub use reference::reference_markdown;
pub use schema::schema;
pub use server::{Limits, Server};
pub use session::Session;
pub use starting::{StartingFile, starting_files};
pub use upstream::{AcceptRanges, AwsService, Era, IssuedTokens, Timeouts, Upstream, UpstreamKind};
pub use vault::{KeySource, Vault};
