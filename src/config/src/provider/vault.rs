//! HashiCorp Vault or OpenBao, and what is read or minted there.

mod grant;
mod source;

use std::{fmt, str::FromStr};

pub(crate) use self::{grant::GrantTable, source::SourceTable};
pub use self::{
    grant::{Grant, GrantKind},
    source::{Auth, Source},
};
use crate::at::{At, text};

/// A mount, a role or a path, as it stands in a URL of the server's API.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ApiPath(String);

impl FromStr for ApiPath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/');
        let is_plain = |segment: &str| !matches!(segment, "" | "." | "..");
        if text.bytes().all(fits) && text.split('/').all(is_plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err("not a part of a path: A-Z, a-z, 0-9, '_', '-', '.' and '/', without a slash at its ends")
        }
    }
}

impl fmt::Display for ApiPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text! {
    ApiPath: "path",
}

/// Where something is mounted, where the file does not say.
fn mount(text: &str) -> At<ApiPath> {
    At::implied(ApiPath(text.to_owned()))
}
