//! Reads a request to a service of AWS: signed with the session's stand-in key, and one operation of the service.

mod chunks;
mod operation;
mod range;
mod s3;

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header, request::Parts};
use http_body::Body as _;
use hyper::body::Incoming;
use mcp::{Json, Limits};
use ring::digest::{SHA256, digest};
use sigv4::{Message, PathEncoding, Payload, Presented, Refusal, RequestLine};

pub(crate) use self::chunks::VerifiedChunks;
use super::{ReadLimits, collect, http::note_trace};
use crate::{
    asked::{HttpAsked, HttpBody},
    aws::{AwsKind, AwsService},
    denial::Denial,
    facts::Facts,
    session::InSession,
};

/// What the signature says of the body.
const PAYLOAD: &str = "x-amz-content-sha256";

/// What belongs to the caller's own signature, and to its SDK: it ends here.
const LEFT_HERE: [&str; 3] = ["x-amz-date", "x-amz-security-token", "x-amz-user-agent"];

/// Says which fields come after a body in chunks.
const TRAILER: &str = "x-amz-trailer";

/// What AWS lets come after a body.
const CHECKSUM_PREFIX: &str = "x-amz-checksum-";

pub(super) async fn read(
    request: Request<Incoming>,
    service: &AwsService,
    caller: &InSession,
    rest: &str,
    limits: ReadLimits,
    known: &mut Facts,
) -> Result<HttpAsked, Denial> {
    let (mut parts, body) = request.into_parts();
    known.action = Some(Cow::Borrowed(policy::Action::HttpRequest.as_str()));
    note_trace(&parts.headers, known);
    host_as_a_field(&mut parts);
    let (payload, body) = verify(&parts, body, service, caller, limits, known).await?;
    passes(&parts.headers)?;
    let query = parts.uri.query();
    let path = query.map_or_else(|| rest.to_owned(), |query| format!("{rest}?{query}"));
    let path: egress::ForwardPath = path.parse().map_err(|_| Denial::AmbiguousPath)?;
    let operation = operation::find(service.kind(), &parts, &path, body.whole()).ok_or(Denial::UnknownOperation)?;
    known.tool = Some(operation.to_string());
    range::check(service.ranges(), operation.as_str(), &parts.headers)?;
    let body = members(service.kind(), body)?;
    let mut headers = parts.headers;
    let payload = HeaderValue::from_str(&payload.to_text());
    headers.insert(PAYLOAD, payload.expect("a digest or one of four names is a field's value"));
    Ok(HttpAsked { operation, method: parts.method, path, headers, body })
}

/// HTTP/2 has the host beside the fields, and signatures have it among them.
fn host_as_a_field(parts: &mut Parts) {
    if let Some(authority) = parts.uri.authority()
        && !parts.headers.contains_key(header::HOST)
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(header::HOST, host);
    }
}

/// Whether this session's stand-in signed this request, this body included. A body that is too long to be held is compared with
/// its digest by AWS: the same digest is signed again. Chunks that are signed are verified while they pass.
async fn verify(
    parts: &Parts,
    body: Incoming,
    service: &AwsService,
    caller: &InSession,
    limits: ReadLimits,
    known: &Facts,
) -> Result<(Payload, HttpBody), Denial> {
    let query = parts.uri.query().unwrap_or_default();
    let presented = Presented::read(&parts.headers, query).map_err(Denial::AwsSignature)?;
    let stand_in = service.stand_in(&caller.session().facts().id);
    if presented.access_key_id() != stand_in.access_key_id() || presented.service() != service.kind().name() {
        return Err(Denial::AwsSignature(Refusal::Mismatch));
    }
    let is_short = body.size_hint().exact().is_some_and(|length| length <= limits.message_bytes_max as u64);
    let (payload, body) = match (service.kind(), presented.payload()) {
        (
            AwsKind::S3,
            Some(
                payload @ (Payload::Unsigned
                | Payload::UnsignedChunks
                | Payload::SignedChunks
                | Payload::SignedChunksAndTrailer),
            ),
        ) => (payload, HttpBody::Stream(body)),
        (AwsKind::S3, Some(payload @ Payload::Sha256(_))) if !is_short => (payload, HttpBody::Stream(body)),
        (AwsKind::S3 | AwsKind::DynamoDb | AwsKind::Sts, said) => {
            let whole = collect(body, limits).await?;
            let payload = sha256(&whole);
            if said.is_some_and(|said| said != payload) {
                return Err(Denial::AwsSignature(Refusal::Mismatch));
            }
            (payload, HttpBody::Whole(whole))
        }
    };
    let encoding = match service.kind() {
        AwsKind::S3 => PathEncoding::Once,
        AwsKind::DynamoDb | AwsKind::Sts => PathEncoding::Twice,
    };
    let line = RequestLine { method: &parts.method, path: parts.uri.path(), query, encoding };
    let message = Message { line, headers: &parts.headers };
    let verified = presented.verify(&message, payload, stand_in.secret_access_key(), known.arrived);
    let chunks = verified.map_err(Denial::AwsSignature)?.into_chunks();
    Ok(match (chunks, body) {
        (Some(chunks), HttpBody::Stream(body)) => {
            (payload, HttpBody::SignedChunks(Box::new(VerifiedChunks::new(body, chunks))))
        }
        (_, body) => (payload, body),
    })
}

/// DynamoDB is asked in JSON. It is read strictly and written again, so that AWS reads what was judged.
fn members(kind: AwsKind, body: HttpBody) -> Result<HttpBody, Denial> {
    match (kind, body) {
        (AwsKind::DynamoDb, HttpBody::Whole(bytes)) => {
            let Ok(Json::Object(members)) = Json::parse(&bytes, &Limits::MESSAGE) else { return Err(Denial::AwsBody) };
            Ok(HttpBody::Members(members))
        }
        (AwsKind::DynamoDb | AwsKind::S3 | AwsKind::Sts, body) => Ok(body),
    }
}

fn sha256(bytes: &Bytes) -> Payload {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest(&SHA256, bytes).as_ref());
    Payload::Sha256(sha256)
}

/// A field that egress would leave out means something to AWS: without it, another call would be made than was asked.
fn passes(headers: &HeaderMap) -> Result<(), Denial> {
    let stays_away = |name: &HeaderName| {
        let is_of_aws = name.as_str().starts_with("x-amz-");
        *name == header::IF_RANGE || (is_of_aws && !LEFT_HERE.contains(&name.as_str()) && !egress::goes_to_aws(name))
    };
    let is_checksum = |value: &HeaderValue| value.as_bytes().starts_with(CHECKSUM_PREFIX.as_bytes());
    let comes_late = headers.get_all(TRAILER).iter().any(|value| !is_checksum(value));
    if comes_late || headers.keys().any(stays_away) { Err(Denial::AwsField) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_would_be_lost_is_refused() {
        let headers =
            |name: &str| HeaderMap::from_iter([(name.parse::<HeaderName>().unwrap(), HeaderValue::from_static("a"))]);
        for name in ["x-amz-date", "x-amz-target", "x-amz-meta-a", "x-amz-checksum-mode", "amz-sdk-request", "accept"] {
            assert!(passes(&headers(name)).is_ok(), "{name}");
        }
        for name in
            ["x-amz-acl", "x-amz-grant-read", "x-amz-copy-source-range", "if-range", "x-amz-unknown", "x-amz-trailer"]
        {
            assert!(matches!(passes(&headers(name)), Err(Denial::AwsField)), "{name}");
        }
    }
}
