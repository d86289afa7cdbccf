//! `[session]`: what holds for every session.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    at::{At, Number},
    file::all_default,
};

/// A session ends after 15 minutes at the most: what was derived from it is not revocable everywhere, so its end must be near.
pub(crate) const LIFETIME_SECONDS_MAX: u32 = 900;

/// The life of a session, in seconds.
pub(crate) type Lifetime = Number<1, LIFETIME_SECONDS_MAX>;

/// What holds for every session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Session {
    /// The longest life of a session; never above 900.
    pub lifetime_seconds_max: u32,
    /// How long one key signs session tokens.
    pub signing_key_rotation_hours: u32,
}

/// What holds for every session.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionTable {
    /// The longest life of a session. It ends sooner where the subject token does, and where an agent's own limit says so.
    #[serde(default = "lifetime_seconds_max_default")]
    pub(crate) lifetime_seconds_max: At<Lifetime>,
    /// How long one key signs session tokens before the next one does. A key is published before it signs, and kept until the
    /// last token that it signed has ended.
    #[serde(default = "signing_key_rotation_hours_default")]
    signing_key_rotation_hours: At<Number<1, 720>>,
}

all_default!(SessionTable);

const fn lifetime_seconds_max_default() -> At<Lifetime> {
    Lifetime::implied(LIFETIME_SECONDS_MAX)
}

const fn signing_key_rotation_hours_default() -> At<Number<1, 720>> {
    Number::implied(24)
}

impl SessionTable {
    pub(crate) const fn check(&self) -> Session {
        Session {
            lifetime_seconds_max: self.lifetime_seconds_max.value.0,
            signing_key_rotation_hours: self.signing_key_rotation_hours.value.0,
        }
    }
}
