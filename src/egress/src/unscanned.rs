//! An answer that nobody may read yet.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use dial::ResponseBody;
use http::{HeaderMap, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use model::{CredentialName, LeaseId};
use secret::FingerprintSet;

use crate::{EgressError, Issued, Pseudonyms, forward};

/// What an upstream said, headers and trailers included, with what is needed to scan it. It has no way out but
/// [`Unscanned::into_parts`], which is for the mask stage alone; `tests/architecture.rs` says so.
pub struct Unscanned(UnscannedParts);

/// What the mask stage works on.
pub struct UnscannedParts {
    /// Every header field of the upstream.
    pub headers: HeaderMap,
    /// How the body is packed.
    pub coding: Coding,
    /// The body.
    pub body: UpstreamBody,
    /// Every credential that is live, this call's among them.
    pub fingerprints: Arc<FingerprintSet>,
    /// The credential that the request carried.
    pub credential: Option<CredentialName>,
    /// Its lease.
    pub lease: Option<LeaseId>,
    /// What becomes of the tokens that the answer issues.
    pub issued: Issued,
    /// Where its personal values go, where the caller gets pseudonyms.
    pub pseudonyms: Option<Pseudonyms>,
}

impl Unscanned {
    /// Closes an answer up.
    #[must_use]
    pub const fn new(parts: UnscannedParts) -> Self {
        Self(parts)
    }

    /// The credential that the request carried.
    #[must_use]
    pub const fn credential(&self) -> Option<&CredentialName> {
        self.0.credential.as_ref()
    }

    /// The lease of that credential, for the record.
    #[must_use]
    pub const fn lease(&self) -> Option<&LeaseId> {
        self.0.lease.as_ref()
    }

    /// Opens the answer, for the mask stage.
    #[must_use]
    pub fn into_parts(self) -> UnscannedParts {
        self.0
    }
}

impl fmt::Debug for Unscanned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unscanned(…)")
    }
}

impl fmt::Debug for UnscannedParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnscannedParts(…)")
    }
}

/// How a body is packed (RFC 9110, section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Not at all.
    Identity,
    /// `gzip`.
    Gzip,
    /// `deflate`.
    Deflate,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
    /// In another way, or in several at once; such an answer cannot be scanned.
    Other,
}

impl Coding {
    /// Reads `Content-Encoding`.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let Some(value) = values.next() else { return Self::Identity };
        if values.next().is_some() {
            return Self::Other;
        }
        match value.as_bytes().trim_ascii().to_ascii_lowercase().as_slice() {
            b"identity" | b"" => Self::Identity,
            b"gzip" | b"x-gzip" => Self::Gzip,
            b"deflate" => Self::Deflate,
            b"br" => Self::Brotli,
            b"zstd" => Self::Zstd,
            _ => Self::Other,
        }
    }
}

/// The body of an upstream's answer, trailers included.
pub struct UpstreamBody(Kind);

enum Kind {
    Direct(ResponseBody),
    Stream(UnsyncBoxBody<Bytes, EgressError>),
}

impl UpstreamBody {
    pub(crate) const fn direct(body: ResponseBody) -> Self {
        Self(Kind::Direct(body))
    }

    /// A body that another implementation of [`crate::Egress`] has.
    pub fn stream<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error = EgressError> + Send + 'static,
    {
        Self(Kind::Stream(body.boxed_unsync()))
    }
}

impl fmt::Debug for UpstreamBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UpstreamBody(…)")
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        match &mut self.0 {
            Kind::Direct(body) => Pin::new(body).poll_frame(cx).map_err(|error| forward::body_error(&error)),
            Kind::Stream(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Direct(body) => body.is_end_stream(),
            Kind::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Direct(body) => body.size_hint(),
            Kind::Stream(body) => body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_one_known_coding_is_other() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONTENT_ENCODING, value.parse().unwrap());
            }
            Coding::of(&headers)
        };
        assert_eq!(of(&[]), Coding::Identity);
        assert_eq!(of(&["identity"]), Coding::Identity);
        assert_eq!(of(&["GZip"]), Coding::Gzip);
        assert_eq!(of(&["br"]), Coding::Brotli);
        assert_eq!(of(&["zstd"]), Coding::Zstd);
        assert_eq!(of(&["deflate"]), Coding::Deflate);
        for other in [&["gzip, br"][..], &["gzip", "gzip"], &["compress"], &["identity", "gzip"], &["gzip,"]] {
            assert_eq!(of(other), Coding::Other, "{other:?}");
        }
    }
}
