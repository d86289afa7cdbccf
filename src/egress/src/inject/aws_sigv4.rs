//! A credential that never travels: AWS Signature Version 4 over the request, as it goes out.

use std::mem;

use http::HeaderName;
use model::Timestamp;
use sigv4::{Credentials, PathEncoding, Payload, RequestLine, sign};

use super::aws_chunks::SignedBody;
use crate::{EgressError, Outbound, forward::Draft, outbound::Chunks};

/// The one service whose paths are signed as they are on the wire.
const S3: &str = "s3";
const PAYLOAD: &str = "x-amz-content-sha256";

/// Signs the request. What is known of the body is signed. Of a stream, what its sender says of it is: AWS compares the bytes with
/// that, and where the sender says nothing, only TLS protects them.
pub(super) fn write(draft: &mut Draft<'_>, credentials: Credentials<'_>, now: Timestamp) -> Result<(), EgressError> {
    let said = draft.headers.get(PAYLOAD).map(|value| value.to_str().ok().and_then(|text| Payload::parse(text).ok()));
    let payload = match (draft.body.sha256(), said) {
        (Some(sha256), _) => Payload::Sha256(sha256),
        (None, None) => Payload::Unsigned,
        (None, Some(said)) => said.ok_or(EgressError::SlotTaken)?,
    };
    let signs_chunks = matches!(payload, Payload::SignedChunks | Payload::SignedChunksAndTrailer);
    if signs_chunks != draft.body.wants_signed_chunks() {
        return Err(EgressError::SlotTaken);
    }
    let target = str::from_utf8(&draft.target).map_err(|_| EgressError::PathRefused)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let encoding = if credentials.service == S3 { PathEncoding::Once } else { PathEncoding::Twice };
    let line = RequestLine { method: &draft.method, path, query, encoding };
    let signed = sign(&mut draft.headers, line, payload, credentials, now).map_err(|_| EgressError::CredentialUnfit)?;
    let body = mem::replace(&mut draft.body, Outbound::empty());
    draft.body = body.with_chunks_signed(|Chunks { body, framed_length }| {
        SignedBody::new(body, framed_length, signed.into_chunks())
    });
    Ok(())
}

/// Whether a header field of a caller goes on to a service of AWS, beside the usual ones: it says what the body is, what is stored
/// with an object, or which operation is meant. None of them grants anybody anything, or asks for a part of an answer.
#[must_use]
pub fn goes_to_aws(name: &HeaderName) -> bool {
    const PREFIXES: [&str; 2] = ["x-amz-meta-", "x-amz-checksum-"];
    const NAMES: [&str; 17] = [
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-md5",
        "expires",
        PAYLOAD,
        "x-amz-copy-source",
        "x-amz-copy-source-if-match",
        "x-amz-decoded-content-length",
        "x-amz-expected-bucket-owner",
        "x-amz-sdk-checksum-algorithm",
        "x-amz-server-side-encryption",
        "x-amz-storage-class",
        "x-amz-tagging",
        "x-amz-target",
        "x-amz-trailer",
    ];
    PREFIXES.iter().any(|prefix| name.as_str().starts_with(prefix)) || NAMES.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_grants_or_authenticates_goes_on() {
        for name in ["x-amz-meta-note", "x-amz-checksum-crc32", "x-amz-target", "content-encoding"] {
            assert!(goes_to_aws(&name.parse().unwrap()), "{name}");
        }
        for name in [
            "authorization",
            "x-amz-security-token",
            "x-amz-date",
            "x-amz-acl",
            "x-amz-grant-read",
            "x-amz-mfa",
            "range",
            "x-amz-copy-source-range",
            "host",
        ] {
            assert!(!goes_to_aws(&name.parse().unwrap()), "{name}");
        }
    }
}
