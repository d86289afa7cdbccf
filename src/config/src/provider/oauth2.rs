//! `[[providers.oauth2]]` and `[upstreams.credential.oauth2]`: an authorization server, and which tokens it is asked for.

mod grant;
mod source;

pub(crate) use self::{grant::GrantTable, source::SourceTable};
pub use self::{
    grant::{Flow, Grant, Proof},
    source::{Authentication, Endpoints, Source},
};
