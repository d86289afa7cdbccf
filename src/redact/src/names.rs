//! Which field names say that their value is a secret.

/// Names that are secret as a whole; in a longer name they say too little (`nextToken`, `max_token`).
const WHOLE: [&str; 4] = ["token", "idtoken", "subjecttoken", "actortoken"];

/// Names that are secret whatever stands before them.
const ENDINGS: [&str; 24] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "authorization",
    "apikey",
    "secretkey",
    "privatekey",
    "secretaccesskey",
    "subscriptionkey",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "accesstoken",
    "refreshtoken",
    "authtoken",
    "bearertoken",
    "apitoken",
    "bottoken",
    "sessiontoken",
    "securitytoken",
    "privatetoken",
    "oauthtoken",
    "vaulttoken",
];

/// `GITHUB_TOKEN` and its like are secret, but for these, which count or page.
const COUNTING: [&str; 16] = [
    "max",
    "min",
    "next",
    "page",
    "cursor",
    "continuation",
    "progress",
    "sync",
    "resume",
    "start",
    "stop",
    "eos",
    "bos",
    "pad",
    "unk",
    "mask",
];

/// Whether the value of a field or header of this name is to be masked. Case and `_`, `-` make no difference; of a dotted path
/// the last part counts.
#[must_use]
pub fn is_secret_name(name: &[u8]) -> bool {
    let name = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    if !may_end_secret_name(name) {
        return false;
    }
    WHOLE.iter().any(|whole| before(name, whole).is_some_and(|rest| !rest.iter().any(u8::is_ascii_alphanumeric)))
        || ENDINGS.iter().any(|ending| before(name, ending).is_some())
        || is_environment_token(name)
}

/// Whether a text ends as the name of a secret may. Nearly every name is sorted out here: no other three letters end one of the lists.
pub(crate) fn may_end_secret_name(text: &[u8]) -> bool {
    let end = text.last_chunk::<3>().map(|end| end.map(|byte| byte | 0x20));
    matches!(end.as_ref(), Some(b"ken" | b"key" | b"ord" | b"swd" | b"ase" | b"ret" | b"ion"))
}

/// What stands before `ending` in the name, if it ends so.
fn before<'name>(name: &'name [u8], ending: &str) -> Option<&'name [u8]> {
    let mut rest = name;
    for wanted in ending.bytes().rev() {
        loop {
            let (last, before) = rest.split_last()?;
            rest = before;
            if last.eq_ignore_ascii_case(&wanted) {
                break;
            }
            if !matches!(last, b'_' | b'-') {
                return None;
            }
        }
    }
    Some(rest)
}

fn is_environment_token(name: &[u8]) -> bool {
    let Some(rest) = name.strip_suffix(b"_TOKEN") else {
        return false;
    };
    let last = rest.rsplit(|byte| *byte == b'_').next().unwrap_or_default();
    !last.is_empty()
        && rest.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
        && !COUNTING.iter().any(|word| last.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        for name in [
            "api_key",
            "apikey",
            "apiKey",
            "API-KEY",
            "x-api-key",
            "X-Goog-Api-Key",
            "access_token",
            "accessToken",
            "refresh_token",
            "id_token",
            "idToken",
            "token",
            "Token",
            "--token",
            "password",
            "db_password",
            "PGPASSWORD",
            "passwd",
            "secret",
            "client_secret",
            "clientSecret",
            "authorization",
            "Proxy-Authorization",
            "private_key",
            "aws_secret_access_key",
            "GITHUB_TOKEN",
            "SLACK_BOT_TOKEN",
            "X-Vault-Token",
            "X-Amz-Security-Token",
            "PRIVATE-TOKEN",
            "spring.datasource.password",
        ] {
            assert!(is_secret_name(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn names_that_count_page_or_point_are_no_secrets() {
        for name in [
            "max_tokens",
            "maxTokens",
            "tokens",
            "progressToken",
            "nextPageToken",
            "next_page_token",
            "pageToken",
            "continuationToken",
            "NextToken",
            "cursor",
            "nextCursor",
            "eos_token",
            "MAX_TOKEN",
            "NEXT_PAGE_TOKEN",
            "token_type",
            "token_endpoint",
            "tokenizer",
            "authorization_endpoint",
            "password_hint",
            "secret_name",
            "secretName",
            "public_key",
            "key",
            "primary_key",
            "keyboard",
            "",
            "invalid_token",
            "isValidToken",
            "message",
            "description",
            "version",
            "TOKEN_",
            "_TOKEN_COUNT",
            "word",
            "record",
            "database",
        ] {
            assert!(!is_secret_name(name.as_bytes()), "{name}");
        }
    }
}
