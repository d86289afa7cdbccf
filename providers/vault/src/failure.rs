//! Why a call of Vault's API gave nothing, in words that hold no secret.

use http::StatusCode;
use provider::ProviderError;
use serde::Deserialize;

/// Why a call gave nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No answer in time, or the server is not in service; what exactly stands in the log.
    Unreachable,
    /// The server answered that it will not.
    Refused {
        /// What of it HTTP knows.
        status: StatusCode,
        /// What the server says, fit for a log.
        said: String,
    },
    /// The answer is not one of Vault's.
    Unintelligible,
    /// Claviger itself could not log in, so nothing was asked.
    NotLoggedIn(ProviderError),
}

impl Failure {
    /// Whether the token is not, or no longer, good for what was asked.
    pub(crate) fn is_denied(&self) -> bool {
        self.status() == Some(StatusCode::FORBIDDEN)
    }

    /// Whether what was named is gone.
    pub(crate) fn is_gone(&self, noun: &str) -> bool {
        let said_so = matches!(self, Self::Refused { said, .. } if said.contains(noun));
        said_so && matches!(self.status(), Some(StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND))
    }

    fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Unreachable | Self::Unintelligible | Self::NotLoggedIn(_) => None,
        }
    }

    /// Says what failed, and what to look at.
    pub(crate) fn explain(self, doing: &str, look_at: &str) -> ProviderError {
        match self {
            Self::Unreachable => ProviderError::Unreachable,
            Self::NotLoggedIn(error) => error,
            Self::Unintelligible => {
                ProviderError::Refused { reason: format!("{doing}: the answer is not one of Vault's; {look_at}") }
            }
            Self::Refused { status, said } => {
                let reason = format!("{doing}: Vault answered {}: {said}; {look_at}", status.as_u16());
                if status == StatusCode::NOT_FOUND || said.contains("unknown role") {
                    ProviderError::Missing { reason }
                } else {
                    ProviderError::Refused { reason }
                }
            }
        }
    }
}

/// How Vault says why.
#[derive(Deserialize)]
struct Errors {
    errors: Vec<String>,
}

/// Enough for a sentence of Vault's, and too little to flood a log.
const SAID_LENGTH_MAX: usize = 200;

/// Tokens, secret ids, passwords and JWTs are longer than any word of Vault's with a digit in it.
const WORD_LENGTH_MAX: usize = 15;

/// What an error's body says: one line of ASCII, without anything that may be a secret.
pub(crate) fn said(body: &[u8]) -> String {
    let Ok(Errors { errors }) = serde_json::from_slice(body) else { return "nothing that can be shown".to_owned() };
    let mut said = String::new();
    for word in errors.iter().flat_map(|error| error.split_whitespace()) {
        if said.len() + word.len() > SAID_LENGTH_MAX {
            said.push_str(" …");
            break;
        }
        if !said.is_empty() {
            said.push(' ');
        }
        said.push_str(if may_be_secret(word) { "…" } else { word });
    }
    if said.is_empty() { "nothing".to_owned() } else { said }
}

fn may_be_secret(word: &str) -> bool {
    let is_long = word.len() > WORD_LENGTH_MAX && word.bytes().any(|b| b.is_ascii_digit());
    // A database's own error may repeat the URL that Vault connects with, password included.
    is_long || word.contains(['@', '=']) || !word.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said_of(errors: &[&str]) -> String {
        said(serde_json::json!({ "errors": errors }).to_string().as_bytes())
    }

    #[test]
    fn a_sentence_stays_and_what_may_be_a_secret_goes() {
        assert_eq!(said_of(&["1 error occurred:\n\t* permission denied\n\n"]), "1 error occurred: * permission denied");
        assert_eq!(said_of(&["bad token hvs.CAESIJ1x2y3z4", "and more"]), "bad token … and more");
        assert_eq!(said_of(&["dial postgresql://u:p@db/x password=p \u{7}"]), "dial … … …");
        assert_eq!((said_of(&[]), said(b"<html>")), ("nothing".to_owned(), "nothing that can be shown".to_owned()));
        let long = said_of(&[&"word ".repeat(1000)]);
        assert!(long.len() <= SAID_LENGTH_MAX + 4 && long.ends_with(" …"), "{long}");
    }

    #[test]
    fn what_is_not_there_is_missing_and_what_is_denied_is_refused() {
        let refused = |status: u16, said: &str| Failure::Refused {
            status: StatusCode::from_u16(status).unwrap(),
            said: said.to_owned(),
        };
        for missing in [refused(404, "nothing"), refused(400, "unknown role: …")] {
            assert!(matches!(missing.explain("reading x", "look"), ProviderError::Missing { .. }));
        }
        let denied = refused(403, "permission denied");
        assert!(denied.is_denied());
        let ProviderError::Refused { reason } = denied.explain("reading x", "check the policy") else { panic!() };
        assert_eq!(reason, "reading x: Vault answered 403: permission denied; check the policy");
        assert!(refused(400, "invalid accessor").is_gone("accessor") && !refused(403, "accessor").is_gone("accessor"));
        assert!(matches!(Failure::Unreachable.explain("", ""), ProviderError::Unreachable));
    }
}
