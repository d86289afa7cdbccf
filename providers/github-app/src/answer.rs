//! What GitHub answers: a token and what it may do, or why there is none.

use std::collections::BTreeMap;

use dial::Fetched;
use http::{HeaderMap, StatusCode, header};
use model::Timestamp;
use provider::ProviderError;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{Access, Grant};

/// A token that was made.
pub(crate) struct Issued {
    pub(crate) token: Zeroizing<String>,
    pub(crate) end: Timestamp,
    /// Whether it may do what was asked, and no more.
    pub(crate) fits: bool,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Zeroizing<String>,
    expires_at: String,
    #[serde(default)]
    permissions: BTreeMap<String, Access>,
    #[serde(default)]
    repository_selection: String,
    #[serde(default)]
    repositories: Vec<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    name: String,
}

/// Far longer than any token of GitHub's.
const TOKEN_LENGTH_MAX: usize = 1024;

impl Issued {
    /// Reads the answer to a request for a token.
    pub(crate) fn read(answer: &Fetched, grant: &Grant) -> Result<Self, ProviderError> {
        if answer.status != StatusCode::CREATED {
            return Err(refusal(answer));
        }
        let token: TokenAnswer = serde_json::from_slice(&answer.body).map_err(|_| malformed())?;
        let end = Timestamp::from_rfc3339(&token.expires_at).ok_or_else(malformed)?;
        if !(1..=TOKEN_LENGTH_MAX).contains(&token.token.len()) || !token.token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(malformed());
        }
        Ok(Self { fits: grant.covers(&token), token: token.token, end })
    }
}

impl Grant {
    fn covers(&self, token: &TokenAnswer) -> bool {
        let permitted = |(name, access): (&String, &Access)| match self.permissions.get(name) {
            Some(asked) => access <= asked,
            // GitHub adds this one to every token; it shows what is public of a repository's settings.
            None => name == "metadata" && *access == Access::Read,
        };
        // Names of repositories do not tell upper case from lower case.
        let asked = |found: &Repository| self.repositories.iter().any(|asked| asked.eq_ignore_ascii_case(&found.name));
        token.permissions.iter().all(permitted)
            && token.repository_selection == "selected"
            && token.repositories.iter().all(asked)
    }
}

/// Why there is none, in our own words: GitHub's go nowhere.
pub(crate) fn refusal(answer: &Fetched) -> ProviderError {
    if answer.status.is_server_error() || is_too_often(answer.status, &answer.headers) {
        return ProviderError::Unreachable;
    }
    let reason = match answer.status.as_u16() {
        401 => {
            "GitHub does not accept the App (401); check `app`, store its private key again, and look at this machine's clock"
        }
        403 => "GitHub refuses the App (403); the installation may be suspended",
        404 => "GitHub does not know this installation of the App (404); check `installation`",
        422 => {
            "the installation does not have all of these repositories and permissions (422); add them at GitHub, or ask for less"
        }
        status => {
            return ProviderError::Refused { reason: format!("GitHub answered with status {status}") };
        }
    };
    ProviderError::Refused { reason: reason.to_owned() }
}

fn is_too_often(status: StatusCode, headers: &HeaderMap) -> bool {
    let is_used_up = headers.get("x-ratelimit-remaining").is_some_and(|left| left == "0");
    status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::FORBIDDEN && (is_used_up || headers.contains_key(header::RETRY_AFTER))
}

fn malformed() -> ProviderError {
    ProviderError::Refused { reason: "GitHub answered without a usable token".to_owned() }
}
