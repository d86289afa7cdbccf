//! What Google answers: a token and its end, or why there is none.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use dial::Fetched;
use http::StatusCode;
use model::Timestamp;
use provider::ProviderError;
use serde::{Deserialize, de::DeserializeOwned};
use zeroize::Zeroizing;

/// A token that was made.
pub(crate) struct Issued {
    pub(crate) token: Zeroizing<String>,
    pub(crate) end: Timestamp,
}

/// Longer than any token of Google's, and short enough for a header field.
const TOKEN_LENGTH_MAX: usize = 16 * 1024;

/// Of the token endpoint and of the Security Token Service (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct AccessToken {
    access_token: Zeroizing<String>,
    expires_in: u64,
}

/// Of the token endpoint, where an ID token was asked for.
#[derive(Deserialize)]
struct IdToken {
    id_token: Zeroizing<String>,
}

/// Of `generateAccessToken`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GeneratedAccessToken {
    access_token: Zeroizing<String>,
    expire_time: String,
}

/// Of `generateIdToken`.
#[derive(Deserialize)]
struct GeneratedIdToken {
    token: Zeroizing<String>,
}

#[derive(Deserialize)]
struct Payload {
    exp: u64,
}

impl Issued {
    pub(crate) fn access_token(answer: &Fetched, asked: Timestamp) -> Result<Self, ProviderError> {
        let AccessToken { access_token, expires_in } = read(answer)?;
        Self::new(access_token, Some(asked.plus(Duration::from_secs(expires_in))))
    }

    pub(crate) fn id_token(answer: &Fetched) -> Result<Self, ProviderError> {
        let IdToken { id_token } = read(answer)?;
        let end = end_of(&id_token);
        Self::new(id_token, end)
    }

    pub(crate) fn generated_access_token(answer: &Fetched) -> Result<Self, ProviderError> {
        let GeneratedAccessToken { access_token, expire_time } = read(answer)?;
        Self::new(access_token, Timestamp::from_rfc3339(&expire_time))
    }

    pub(crate) fn generated_id_token(answer: &Fetched) -> Result<Self, ProviderError> {
        let GeneratedIdToken { token } = read(answer)?;
        let end = end_of(&token);
        Self::new(token, end)
    }

    fn new(token: Zeroizing<String>, end: Option<Timestamp>) -> Result<Self, ProviderError> {
        let is_token = (1..=TOKEN_LENGTH_MAX).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic());
        match end {
            Some(end) if is_token => Ok(Self { token, end }),
            Some(_) | None => Err(malformed()),
        }
    }
}

/// When an ID token ends, by its own word. Nothing is trusted for it: it is only not used longer.
fn end_of(token: &str) -> Option<Timestamp> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let Payload { exp } = serde_json::from_slice(&payload).ok()?;
    Some(Timestamp::from_seconds(exp))
}

fn read<T: DeserializeOwned>(answer: &Fetched) -> Result<T, ProviderError> {
    match answer.status {
        StatusCode::OK => serde_json::from_slice(&answer.body).map_err(|_| malformed()),
        _ => Err(refusal(answer)),
    }
}

/// The word for an error, which stands at one of two places.
#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    OAuth { error: String },
    Google { error: Status },
}

#[derive(Deserialize)]
struct Status {
    status: String,
}

/// Why there is none, in our own words: Google's go nowhere.
fn refusal(answer: &Fetched) -> ProviderError {
    if answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS {
        return ProviderError::Unreachable;
    }
    let word = match serde_json::from_slice(&answer.body) {
        Ok(Word::OAuth { error } | Word::Google { error: Status { status: error } }) => error,
        Err(_) => String::new(),
    };
    let reason = match word.as_str() {
        "invalid_grant" => {
            "Google does not accept who asks (invalid_grant); look at the key, at the pool's issuer and audience, and at this machine's clock"
        }
        "invalid_target" => {
            "Google does not know this workload identity provider (invalid_target); check `workload_identity_provider`"
        }
        "invalid_scope" => "Google does not grant these scopes (invalid_scope); check `scopes`",
        "unauthorized_client" | "access_denied" | "invalid_client" => {
            "Google refuses the principal (unauthorized); check the pool's attribute condition, and that the service account is not disabled"
        }
        "PERMISSION_DENIED" | "UNAUTHENTICATED" => {
            "the principal may not impersonate this service account; grant it roles/iam.workloadIdentityUser, or roles/iam.serviceAccountTokenCreator for a key, on that account alone"
        }
        "NOT_FOUND" => "Google does not know this service account; check `service_account`",
        "INVALID_ARGUMENT" => "Google does not accept what was asked for; check `scopes` and `id_token_audience`",
        _ => {
            return ProviderError::Refused {
                reason: format!("Google answered with status {}", answer.status.as_u16()),
            };
        }
    };
    ProviderError::Refused { reason: reason.to_owned() }
}

fn malformed() -> ProviderError {
    ProviderError::Refused { reason: "Google answered without a usable token".to_owned() }
}
