//! From a spent ticket to a request on the wire, and from the wire to an answer that is closed up.

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use dial::{BodyError, DialError, Dialer, Pool, RequestBody, SendError};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use model::{CredentialName, LeaseId};
use secret::FingerprintSet;
use zeroize::Zeroizing;

use crate::{
    Coding, EgressError, ForwardPath, HandleInStream, Issued, Outbound, Pseudonyms, Unscanned, UnscannedParts,
    UpstreamBody, UpstreamTarget, headers,
};

/// A request that is complete but for its credential.
pub(crate) struct Draft<'a> {
    pub(crate) upstream: &'a UpstreamTarget,
    pub(crate) method: Method,
    /// In origin form (RFC 9112, section 3.2.1).
    pub(crate) target: Bytes,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Outbound,
    /// Sent in place of `body` where the credential stands in it.
    pub(crate) injected_body: Option<Zeroizing<Vec<u8>>>,
    /// The connections that show the credential, where it is a certificate.
    pub(crate) certified: Option<Pool>,
}

/// What an answer is closed up with.
pub(crate) struct Seal {
    pub(crate) fingerprints: Arc<FingerprintSet>,
    pub(crate) credential: Option<CredentialName>,
    pub(crate) lease: Option<LeaseId>,
    pub(crate) issued: Issued,
    pub(crate) pseudonyms: Option<Pseudonyms>,
}

impl<'a> Draft<'a> {
    /// Makes the request: the target lies below the destination's prefix, the header fields are those on the list, and the host is
    /// the destination's.
    ///
    /// # Errors
    /// The path, the method or the header fields are not ones that go out.
    pub(crate) fn new(
        upstream: &'a UpstreamTarget,
        method: Method,
        path: &ForwardPath,
        caller: HeaderMap,
        body: Outbound,
    ) -> Result<Self, EgressError> {
        if matches!(method, Method::CONNECT | Method::TRACE) {
            return Err(EgressError::MethodRefused);
        }
        let target = path.below(upstream.destination()).ok_or(EgressError::PathRefused)?;
        let mut headers = headers::outbound(caller, |name| upstream.passes(name))?;
        headers.insert(header::HOST, upstream.host().clone());
        if body.is_empty() && matches!(method, Method::POST | Method::PUT | Method::PATCH) {
            // A body was expected, and there is none (RFC 9110, section 8.6).
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Ok(Self { upstream, method, target: target.into(), headers, body, injected_body: None, certified: None })
    }

    /// The body as it is so far, where it is known.
    pub(crate) fn known_body(&self) -> Option<&[u8]> {
        self.injected_body.as_ref().map(|bytes| bytes.as_slice()).or_else(|| self.body.known().map(|bytes| &**bytes))
    }

    fn into_request(self) -> Result<Request<RequestBody>, EgressError> {
        let body = match self.injected_body {
            Some(bytes) => RequestBody::bytes(Bytes::from_owner(bytes)),
            None => self.body.into_body().ok_or(EgressError::CredentialUnfit)?,
        };
        let mut request = Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = Uri::from_maybe_shared(self.target).map_err(|_| EgressError::PathRefused)?;
        *request.headers_mut() = self.headers;
        Ok(request)
    }
}

/// Sends the request and closes its answer up.
///
/// # Errors
/// The request could not be made, or has no answer.
pub(crate) async fn forward(
    dialer: &Dialer,
    mut draft: Draft<'_>,
    seal: Seal,
) -> Result<Response<Unscanned>, EgressError> {
    let (upstream, certified) = (draft.upstream, draft.certified.take());
    let request = draft.into_request()?;
    let pool = certified.as_ref().unwrap_or_else(|| upstream.pool(dialer));
    let answer = pool.send(request).await.map_err(|error| {
        tracing::warn!(upstream = %upstream.name(), error = &error as &dyn Error, "an upstream did not answer");
        send_error(&error)
    })?;
    let (head, body) = answer.into_parts();
    let parts = UnscannedParts {
        coding: Coding::of(&head.headers),
        headers: head.headers,
        body: UpstreamBody::direct(body),
        fingerprints: seal.fingerprints,
        credential: seal.credential,
        lease: seal.lease,
        issued: seal.issued,
        pseudonyms: seal.pseudonyms,
    };
    let mut response = Response::new(Unscanned::new(parts));
    *response.status_mut() = head.status;
    Ok(response)
}

fn send_error(error: &SendError) -> EgressError {
    match error {
        SendError::Dial(DialError::Unresolvable(_)) => EgressError::Unresolvable,
        SendError::Dial(DialError::AddressRefused) => EgressError::AddressRefused,
        SendError::Dial(DialError::Unreachable(_)) => EgressError::Unreachable,
        SendError::Dial(DialError::ConnectTimeout) => EgressError::ConnectTimeout,
        SendError::Dial(DialError::TlsName(_)) => EgressError::TlsName,
        SendError::Dial(DialError::TlsExpired(_)) => EgressError::TlsExpired,
        SendError::Dial(DialError::TlsUnknownIssuer(_)) => EgressError::TlsUnknownIssuer,
        SendError::Dial(DialError::Tls(_)) => EgressError::TlsFailed,
        SendError::HeadTimeout => EgressError::HeadTimeout,
        SendError::Cut(_) => EgressError::Cut,
        SendError::BadHead(_) => EgressError::BadHead,
        SendError::RequestBody(error) if ended_by::<sigv4::Refusal>(error) => EgressError::ChunkUnsigned,
        SendError::RequestBody(error) if ended_by::<HandleInStream>(error) => EgressError::HandleMisplaced,
        SendError::RequestBody(_) => EgressError::RequestCut,
    }
}

/// Whether a body ended for this reason.
fn ended_by<Reason: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    error.source().is_some_and(|source| source.is::<Reason>())
}

pub(crate) const fn body_error(error: &BodyError) -> EgressError {
    match error {
        BodyError::Cut(_) => EgressError::Cut,
        BodyError::IdleTimeout => EgressError::BodyTimeout,
    }
}
