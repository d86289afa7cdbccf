//! `[audit]`: the record's name, and how durable an entry is before a call goes on.

use std::{fmt, str::FromStr};

use model::Destination;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    at::{At, text},
    file::all_default,
};

/// The record of every call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audit {
    /// The origin line of the log's checkpoints (C2SP tlog-checkpoint), and the name of its key (C2SP signed-note).
    pub origin: String,
    /// What an entry survives before the call that it is about goes on.
    pub durability: Durability,
}

/// What an entry survives before the call that it is about goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// The end of the process, even by `kill -9`: written to the operating system.
    #[default]
    Process,
    /// Also a power cut: synchronized to the disk, several entries at once.
    Power,
}

/// The record of every call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditTable {
    /// The name under which the log signs its checkpoints; the same for the life of the log, and no other log's. The default
    /// is the host of the public URL and `/audit`.
    origin: Option<At<LogOrigin>>,
    /// What an entry survives before its call goes on, where no policy says otherwise.
    #[serde(default)]
    durability: Durability,
}

all_default!(AuditTable);

impl AuditTable {
    pub(crate) fn check(self, public_url: &Destination) -> Audit {
        let origin = self.origin.map_or_else(|| format!("{}/audit", public_url.host()), |origin| origin.value.0);
        Audit { origin, durability: self.durability }
    }
}

/// A name of a log: a URL without scheme.
#[derive(Debug)]
pub(crate) struct LogOrigin(String);

impl FromStr for LogOrigin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'+');
        if fits && !text.contains("://") {
            Ok(Self(text.to_owned()))
        } else {
            Err("an origin is a URL without scheme, such as claviger.example/audit, without spaces and without '+'")
        }
    }
}

impl fmt::Display for LogOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text!(LogOrigin: "URL without scheme");
