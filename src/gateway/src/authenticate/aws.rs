//! Where SDKs of AWS put the session token.

use http::{HeaderMap, HeaderName, header};
use sigv4::Refusal;

use super::TOKEN_BYTES_MAX;
use crate::denial::Denial;

const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// The session token beside a signature. The signature itself is verified where the request is read.
pub(super) fn beside_a_signature<'a>(headers: &'a HeaderMap, query: &str) -> Result<&'a str, Denial> {
    // Such a request has its token in the query too, where nobody looks for it.
    if sigv4::is_presigned(query) {
        return Err(Denial::AwsSignature(Refusal::Presigned));
    }
    only(headers, &SECURITY_TOKEN)
}

/// The session token as an SDK sends `AWS_CONTAINER_AUTHORIZATION_TOKEN`: the whole value of `Authorization`, without a scheme.
pub(super) fn verbatim(headers: &HeaderMap) -> Result<&str, Denial> {
    only(headers, &header::AUTHORIZATION)
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, Denial> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(Denial::NoToken)?;
    if values.next().is_some() {
        return Err(Denial::SeveralTokens);
    }
    let invalid = || Denial::InvalidToken { reason: format!("the {name} field holds no session token") };
    value.to_str().ok().filter(|token| !token.is_empty() && token.len() <= TOKEN_BYTES_MAX).ok_or_else(invalid)
}
