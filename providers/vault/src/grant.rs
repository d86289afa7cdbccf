//! What one credential is at Vault, and for which binding.

use std::str::FromStr;

use model::{Binding, Caller, UpstreamName};

use crate::VaultPath;

/// What one credential is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The one destination and slot that it is for.
    pub binding: Binding,
    /// Where it is read, such as `database/creds/readonly` or, for a stored value, `secret/data/app`.
    pub path: VaultPath,
    /// The policies of the token that reads it. Where there are none, the token has those of Claviger's own, or of the token role.
    pub policies: Vec<String>,
    /// What the answer is.
    pub mint: Mint,
}

/// What Vault answers, and how it becomes material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mint {
    /// A user that was made for the session: `database/creds/…`, and every other path that answers with a lease and such a pair.
    Password {
        /// Where the answer has the user's name.
        username_field: String,
        /// Where the answer has the password.
        password_field: String,
    },
    /// One secret: any path that answers with a lease.
    Token {
        /// Where the answer has it.
        field: String,
    },
    /// A key of AWS that ends by itself: `aws/creds/…` and `aws/sts/…`.
    AwsKey,
    /// A client certificate and its key: `pki/issue/…`.
    Certificate {
        /// Whom it names.
        common_name: CommonName,
    },
    /// A field of a stored secret in the key/value engine, version 2; nothing is minted.
    Stored {
        /// The field.
        field: String,
        /// A version; `None` is the current one.
        version: Option<u64>,
    },
}

impl Mint {
    /// What `database/creds` answers.
    #[must_use]
    pub fn database() -> Self {
        Self::Password { username_field: "username".to_owned(), password_field: "password".to_owned() }
    }
}

/// The common name of a certificate, in which `{agent}`, `{session}` and `{upstream}` stand for those of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommonName(String);

/// Why a text is not a template of a common name.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error(
    "a common name is 1 to 64 of A-Z, a-z, 0-9, '_', '-' and '.', in which `{{agent}}` and `{{upstream}}` may stand"
)]
pub struct InvalidCommonName;

impl CommonName {
    pub(crate) fn of(&self, caller: &Caller, upstream: &UpstreamName) -> String {
        let names = [caller.agent.name.as_str(), caller.session.as_str(), upstream.as_str()];
        PLACES.iter().zip(names).fold(self.0.clone(), |text, (place, name)| text.replace(place, name))
    }
}

/// What a template may hold.
const PLACES: [&str; 3] = ["{agent}", "{session}", "{upstream}"];

impl FromStr for CommonName {
    type Err = InvalidCommonName;

    fn from_str(text: &str) -> Result<Self, InvalidCommonName> {
        let plain = PLACES.iter().fold(text.to_owned(), |text, place| text.replace(place, "x"));
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        let is_name = (1..=64).contains(&plain.len()) && plain.bytes().all(fits);
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidCommonName) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_name_takes_the_calls_names_and_no_others() {
        let caller = Caller {
            agent: model::Agent { name: "ci".parse().unwrap(), groups: Vec::new() },
            subject: model::Subject { issuer: "i".to_owned(), id: "s".to_owned() },
            actor: None,
            session: "s1".parse().unwrap(),
            session_end: model::Timestamp::from_seconds(0),
            scopes: model::Scopes::default(),
        };
        let name: CommonName = "{session}.{agent}.{upstream}.agents.example".parse().unwrap();
        assert_eq!(name.of(&caller, &"db".parse().unwrap()), "s1.ci.db.agents.example");
        for refused in ["", "{user}.example", "a b", "*.example"] {
            assert_eq!(refused.parse::<CommonName>(), Err(InvalidCommonName), "{refused:?}");
        }
    }
}
