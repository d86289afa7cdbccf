//! What a secret looks like when it was encoded on its way.

use base64::{
    Engine as _,
    engine::general_purpose::{GeneralPurpose, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

const BASE64: [&str; 3] = ["base64 at 0", "base64 at 1", "base64 at 2"];
const BASE64_URL: [&str; 3] = ["base64url at 0", "base64url at 1", "base64url at 2"];

/// One name and one text for each form.
pub(super) fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let escaped = json_escaped(secret);
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let of_forms = |byte: u8| byte.is_ascii_alphanumeric() || b"*-._".contains(&byte);
    let mut forms = vec![
        ("itself", secret.as_bytes().to_vec()),
        ("JSON", escaped.clone().into_bytes()),
        ("JSON with escaped slashes", escaped.replace('/', "\\/").into_bytes()),
        ("hexadecimal in lowercase", hexadecimal(secret.as_bytes(), "0123456789abcdef").into_bytes()),
        ("hexadecimal in capitals", hexadecimal(secret.as_bytes(), "0123456789ABCDEF").into_bytes()),
        ("percent-encoded where it must be", percent(secret, unreserved)),
        ("percent-encoded like a form", percent(secret, of_forms)),
        ("percent-encoded throughout", percent(secret, |_| false)),
    ];
    for alignment in 0..3 {
        forms.push((BASE64[alignment], inner(&STANDARD_NO_PAD, secret.as_bytes(), alignment)));
        forms.push((BASE64_URL[alignment], inner(&URL_SAFE_NO_PAD, secret.as_bytes(), alignment)));
    }
    forms
}

pub(super) fn hexadecimal(bytes: &[u8], digits: &str) -> String {
    let digit = |nibble: u8| char::from(digits.as_bytes()[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The characters that depend on the secret alone, when `alignment` bytes stand before it and any after it.
fn inner(engine: &GeneralPurpose, secret: &[u8], alignment: usize) -> Vec<u8> {
    let mut padded = vec![b' '; alignment];
    padded.extend_from_slice(secret);
    let encoded = engine.encode(&padded).into_bytes();
    let start = [0, 2, 3][alignment];
    encoded[start..padded.len() / 3 * 4].to_vec()
}

fn json_escaped(secret: &str) -> String {
    let quoted = serde_json::to_string(secret).expect("text is JSON");
    quoted[1..quoted.len() - 1].to_owned()
}

fn percent(secret: &str, stays: impl Fn(u8) -> bool) -> Vec<u8> {
    let encoded =
        secret.bytes().flat_map(|byte| if stays(byte) { vec![byte] } else { format!("%{byte:02X}").into_bytes() });
    encoded.collect()
}
