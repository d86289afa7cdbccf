//! The envelope of every answer of Vault's API, with what `vaultrs` leaves out of it: whose lease it is.

use std::{fmt, time::Duration};

use secret::Secret;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::field::Field;

/// An answer. Where there is none, as with status 204, everything is empty.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Answer {
    /// Under which Vault's own audit log has the request.
    #[serde(default)]
    pub(crate) request_id: String,
    /// Empty where nothing can be revoked.
    #[serde(default)]
    pub(crate) lease_id: String,
    #[serde(default)]
    pub(crate) renewable: bool,
    #[serde(default)]
    lease_duration: u64,
    #[serde(default)]
    pub(crate) data: Option<Field>,
    #[serde(default)]
    pub(crate) auth: Option<AuthAnswer>,
}

impl Answer {
    /// How long the lease lives from the request on.
    pub(crate) const fn lease_duration(&self) -> Duration {
        Duration::from_secs(self.lease_duration)
    }
}

/// What a login, and the making or renewal of a token, answers.
#[derive(Debug, Deserialize)]
pub(crate) struct AuthAnswer {
    /// Empty where the token was named by its accessor.
    pub(crate) client_token: Token,
    /// Names the token to those who may end it, and opens nothing.
    pub(crate) accessor: String,
    lease_duration: u64,
    pub(crate) renewable: bool,
    /// Whether the token lives on when the one that made it ends.
    #[serde(default)]
    pub(crate) orphan: bool,
}

impl AuthAnswer {
    /// How long the token lives from the request on; zero for one without an end.
    pub(crate) const fn lease_duration(&self) -> Duration {
        Duration::from_secs(self.lease_duration)
    }
}

/// A token that can stand in a header.
pub(crate) struct Token(Secret);

/// Far above the tokens of any kind that Vault makes.
const TOKEN_LENGTH_MAX: usize = 4096;

impl Token {
    /// `None` where it is too long, or not visible ASCII.
    pub(crate) fn new(text: Zeroizing<String>) -> Option<Self> {
        let fits = text.len() <= TOKEN_LENGTH_MAX && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(Secret::new(text)))
    }

    pub(crate) const fn secret(&self) -> &Secret {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::new(text).ok_or_else(|| serde::de::Error::custom("the token is not visible ASCII"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_with_a_line_break_is_none() {
        for refused in ["hvs.a\n", "hvs a", "\u{e9}"] {
            assert!(Token::new(Zeroizing::new(refused.to_owned())).is_none(), "{refused:?}");
        }
        let token = Token::new(Zeroizing::new("hvs.a".to_owned())).unwrap();
        assert_eq!(format!("{token:?}"), "Token(…)");
    }

    #[test]
    fn members_that_an_older_server_leaves_out_are_empty() {
        let answer: Answer = serde_json::from_str(r#"{"lease_id":"a/b","lease_duration":7,"new":[]}"#).unwrap();
        assert_eq!((answer.lease_id.as_str(), answer.lease_duration().as_secs(), answer.renewable), ("a/b", 7, false));
    }
}
