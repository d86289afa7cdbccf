//! Which field names say that their value is a secret.

/// Names that are secret as a whole; in a longer name they say too little (`nextToken`, `max_token`).
const WHOLE: [Ending; 4] = endings(["token", "idtoken", "subjecttoken", "actortoken"]);

/// Names that are secret whatever stands before them, by their last three letters: none of another end is looked at.
const ENDINGS: [(&[u8; 3], &[Ending]); 7] = [
    (
        b"ken",
        &endings([
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
        ]),
    ),
    (
        b"key",
        &endings([
            "apikey",
            "secretkey",
            "privatekey",
            "secretaccesskey",
            "subscriptionkey",
            "signingkey",
            "encryptionkey",
            "masterkey",
        ]),
    ),
    (b"ord", &endings(["password"])),
    (b"swd", &endings(["passwd"])),
    (b"ase", &endings(["passphrase"])),
    (b"ret", &endings(["secret"])),
    (b"ion", &endings(["authorization"])),
];

/// The letters of an ending as [`last_letters`] has them, and the bits that they have.
type Ending = (u128, u128);

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
    let Some(endings) = endings_of(name) else { return false };
    let letters = last_letters(name);
    let ends_so = |(ending, bits): &Ending| letters & bits == *ending;
    endings.iter().any(ends_so)
        || WHOLE.iter().any(|whole| ends_so(whole) && is_alone(name, *whole))
        || is_environment_token(name)
}

/// The endings of secret names that end as a text does. Nearly every name is sorted out here.
fn endings_of(text: &[u8]) -> Option<&'static [Ending]> {
    let last = text.last_chunk::<3>()?.map(|byte| byte | 0x20);
    ENDINGS.iter().find(|(of, _)| **of == last).map(|(_, endings)| *endings)
}

/// Whether a text ends as the name of a secret may. Nearly every name is sorted out here: no other three letters end one of the lists.
pub(crate) fn may_end_secret_name(text: &[u8]) -> bool {
    let end = text.last_chunk::<3>().map(|end| end.map(|byte| byte | 0x20));
    matches!(end.as_ref(), Some(b"ken" | b"key" | b"ord" | b"swd" | b"ase" | b"ret" | b"ion"))
}

/// The same by the last sixteen bytes of a text, of which names that only end alike are sorted out too, such as `progressToken`.
pub(crate) fn may_be_end_of_secret_name(last: &[u8; 16]) -> bool {
    let Some(endings) = endings_of(last) else { return false };
    let bytes = u128::from_be_bytes(*last);
    if has(bytes, b'_') || has(bytes, b'-') {
        // Parts of names are put together by who looks closely.
        return true;
    }
    let letters = bytes | (EACH * 0x20);
    let ends_so = |(ending, bits): &Ending| letters & bits == *ending;
    endings.iter().any(ends_so) || WHOLE.iter().any(|whole| ends_so(whole) && may_be_alone(bytes, *whole))
}

/// Whether no letter or digit stands before an ending, or one that may be of an escape: `\ntoken`.
fn may_be_alone(bytes: u128, (_, bits): Ending) -> bool {
    let [.., before, last] = (bytes >> bits.count_ones()).to_be_bytes();
    !last.is_ascii_alphanumeric() || before == b'\\'
}

/// One in each byte.
const EACH: u128 = u128::MAX / 0xff;

/// Whether a byte is among those of a number.
const fn has(bytes: u128, byte: u8) -> bool {
    let differing = bytes ^ (EACH * byte as u128);
    differing.wrapping_sub(EACH) & !differing & EACH << 7 != 0
}

/// Whether no letter or digit stands before this ending of a name.
fn is_alone(name: &[u8], (_, bits): Ending) -> bool {
    let letters = name.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    letters <= bits.count_ones() as usize / u8::BITS as usize
}

/// The last letters of a name as a number, the last of them lowest: in small letters, without `_` and `-`.
fn last_letters(name: &[u8]) -> u128 {
    let (mut letters, mut shift) = (0, 0);
    for byte in name.iter().rev().filter(|byte| !matches!(byte, b'_' | b'-')) {
        letters |= u128::from(byte.to_ascii_lowercase()) << shift;
        shift += u8::BITS;
        if shift == u128::BITS {
            break;
        }
    }
    letters
}

/// An ending as such a number, and the bits that it has.
const fn ending(text: &str) -> Ending {
    let (bytes, mut letters, mut at) = (text.as_bytes(), 0, 0);
    assert!(bytes.len() < 16, "a number holds it");
    while at < bytes.len() {
        letters = letters << u8::BITS | bytes[at] as u128;
        at += 1;
    }
    (letters, (1 << (u8::BITS as usize * bytes.len())) - 1)
}

const fn endings<const COUNT: usize>(texts: [&str; COUNT]) -> [Ending; COUNT] {
    let (mut all, mut at) = ([(0, 0); COUNT], 0);
    while at < COUNT {
        all[at] = ending(texts[at]);
        at += 1;
    }
    all
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
    fn most_names_that_only_end_as_those_of_secrets_do_are_sorted_out_by_their_end() {
        let may_be = |text: &str| may_be_end_of_secret_name(text.as_bytes().last_chunk().unwrap());
        for name in
            ["token", "accessToken", "Authorization", "\\\\ntoken", "x.token", "a_b_token", "session-token", "API_KEY"]
        {
            assert!(may_be(&format!("................\"{name}")), "{name}");
        }
        for name in ["progressToken", "nextToken", "primarykey", "version", "notification", "ntoken", "database"] {
            assert!(!may_be(&format!("................\"{name}")), "{name}");
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
