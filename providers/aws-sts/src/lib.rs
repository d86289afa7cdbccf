//! Keys of an AWS role for one session, minted by STS and narrowed to the session's tools.
//!
//! In scope: what is asked of STS and what its answers mean. Out of scope: how a request is signed with such a key (`egress`), and
//! caching (`egress` too). `README.md` beside this crate says what an operator gets, for how long, and what AWS must be told.

mod bounded;
mod client;
mod grant;
mod marks;
mod policy;
mod provider;
mod refusal;
mod settings;
mod statement;

pub use grant::{Grant, InvalidGrant, PolicyArn, Reach, RoleArn};
pub use provider::AwsSts;
pub use settings::{Authentication, InvalidSettings, Settings, ambient};
pub use statement::{Conditions, InvalidStatement, Statement};
