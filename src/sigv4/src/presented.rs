//! The signature that a request presents, read and verified.

use std::time::Duration;

use http::{HeaderMap, header};
use model::Timestamp;
use secret::Secret;

use crate::{
    Message, Payload, SignedChunks,
    chain::Chain,
    key::{ALGORITHM, Scope, SigningKey, TERMINATOR, string_to_sign},
    payload::from_hex,
    time,
};

/// How far the clock of a caller may be off. AWS allows 15 minutes; a signature is good for no longer than this after it was made.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(5 * 60);

/// More fields than any SDK signs.
const SIGNED_MAX: usize = 64;

/// A signature as it stands in a request, not verified yet.
#[derive(Debug)]
pub struct Presented<'a> {
    access_key_id: &'a str,
    scope: Scope<'a>,
    signed: Vec<&'a str>,
    signature: [u8; 32],
    time: &'a str,
    security_token: Option<&'a str>,
    payload: Option<Payload>,
}

/// Evidence that a request was signed with a secret, and what that says of its body.
#[derive(Debug)]
pub struct Verified {
    payload: Payload,
    chain: Chain,
}

/// Why a request counts as not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub enum Refusal {
    /// There is no signature.
    Unsigned,
    /// The signature stands in the query.
    Presigned,
    /// Another algorithm.
    Algorithm,
    /// The body streams in a form that is not known.
    Stream,
    /// A chunk of the body is none, or is not signed as the ones before it say.
    Chunk,
    /// Nothing that AWS would read.
    Malformed,
    /// The clock is wrong, or the request was kept.
    Skewed,
    /// A field could be changed on the way.
    FieldNotSigned,
    /// Another secret, or another request.
    Mismatch,
}

impl Refusal {
    /// What its sender is told.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Unsigned => "the request is not signed; sign it with AWS Signature Version 4",
            Self::Presigned => {
                "a presigned URL cannot be signed again; send the request with its signature in the Authorization header"
            }
            Self::Algorithm => "only AWS4-HMAC-SHA256 is verified; configure the SDK for one region, without SigV4A",
            Self::Stream => {
                "a body of this form cannot be signed again; configure the SDK to sign the whole payload, chunks of it, or nothing"
            }
            Self::Chunk => "a chunk of the body is malformed, too long, or its signature does not fit",
            Self::Malformed => "the signature is malformed",
            Self::Skewed => "the signature is more than five minutes away from now; check the clock",
            Self::FieldNotSigned => "the host and every x-amz- field must be signed",
            Self::Mismatch => "the signature does not fit the request, its body, or the key of its session",
        }
    }
}

impl<'a> Presented<'a> {
    /// Reads the signature of a request.
    ///
    /// # Errors
    /// There is none, or none that can be verified; see [`Refusal`].
    pub fn read(headers: &'a HeaderMap, query: &str) -> Result<Self, Refusal> {
        if is_presigned(query) {
            return Err(Refusal::Presigned);
        }
        let text = one(headers, header::AUTHORIZATION.as_str())?.ok_or(Refusal::Unsigned)?;
        let (algorithm, parameters) = text.split_once(' ').ok_or(Refusal::Unsigned)?;
        match algorithm {
            ALGORITHM => {}
            _ if algorithm.starts_with("AWS4-") => return Err(Refusal::Algorithm),
            _ => return Err(Refusal::Unsigned),
        }
        let [credential, signed, signature] = parameters_of(parameters).ok_or(Refusal::Malformed)?;
        let (access_key_id, scope) = credential.split_once('/').ok_or(Refusal::Malformed)?;
        let scope = parse_scope(scope).ok_or(Refusal::Malformed)?;
        let signed: Vec<_> = signed.split(';').take(SIGNED_MAX + 1).collect();
        if signed.len() > SIGNED_MAX || !signed.is_sorted_by(|a, b| a < b) {
            return Err(Refusal::Malformed);
        }
        Ok(Self {
            access_key_id,
            scope,
            signed,
            signature: from_hex(signature).ok_or(Refusal::Malformed)?,
            time: one(headers, "x-amz-date")?.ok_or(Refusal::Malformed)?,
            security_token: one(headers, "x-amz-security-token")?,
            payload: one(headers, "x-amz-content-sha256")?.map(Payload::parse).transpose()?,
        })
    }

    /// The name of the key.
    #[must_use]
    pub const fn access_key_id(&self) -> &'a str {
        self.access_key_id
    }

    /// The region that the signature is for.
    #[must_use]
    pub const fn region(&self) -> &'a str {
        self.scope.region
    }

    /// The service that the signature is for.
    #[must_use]
    pub const fn service(&self) -> &'a str {
        self.scope.service
    }

    /// What came beside the signature as its session token.
    #[must_use]
    pub const fn security_token(&self) -> Option<&'a str> {
        self.security_token
    }

    /// What the request says of its body; `None` where the digest of the body is signed and not sent.
    #[must_use]
    pub const fn payload(&self) -> Option<Payload> {
        self.payload
    }

    /// Verifies the signature. `payload` is what the request says, or else the digest of its body.
    ///
    /// # Errors
    /// The clock, the signed fields or the signature do not fit.
    pub fn verify(
        &self,
        message: &Message<'_>,
        payload: Payload,
        secret_access_key: &Secret,
        now: Timestamp,
    ) -> Result<Verified, Refusal> {
        let signed_at = time::parse(self.time).ok_or(Refusal::Malformed)?;
        if self.time.get(..8) != Some(self.scope.date) {
            return Err(Refusal::Malformed);
        }
        if now.since(signed_at).max(signed_at.since(now)) > CLOCK_SKEW_MAX {
            return Err(Refusal::Skewed);
        }
        let must_be_signed = |name: &str| name == "host" || name.starts_with("x-amz-");
        let is_signed = |name: &str| self.signed.binary_search(&name).is_ok();
        let names = message.headers.keys().map(http::HeaderName::as_str);
        if !is_signed("host") || !names.filter(|name| must_be_signed(name)).all(is_signed) {
            return Err(Refusal::FieldNotSigned);
        }
        let canonical = message.canonical(&self.signed, &payload.to_text()).ok_or(Refusal::Mismatch)?;
        let string_to_sign = string_to_sign(self.time, self.scope, &canonical);
        let key = SigningKey::derive(secret_access_key, self.scope);
        if !key.verifies(&string_to_sign, &self.signature) {
            return Err(Refusal::Mismatch);
        }
        Ok(Verified { payload, chain: Chain::new(key, self.time, self.scope, self.signature) })
    }
}

impl Verified {
    /// What the signature says of the body.
    #[must_use]
    pub const fn payload(&self) -> Payload {
        self.payload
    }

    /// Reads the body, where it comes in chunks that are signed.
    #[must_use]
    pub fn into_chunks(self) -> Option<SignedChunks> {
        SignedChunks::new(self.payload, self.chain)
    }
}

/// Whether the signature of a request stands in its query.
#[must_use]
pub fn is_presigned(query: &str) -> bool {
    const MARKS: [&str; 3] = ["x-amz-signature", "x-amz-algorithm", "x-amz-credential"];
    let mut names = query.split('&').filter_map(|parameter| parameter.split('=').next());
    names.any(|name| MARKS.iter().any(|mark| name.eq_ignore_ascii_case(mark)))
}

/// A field that comes once at most.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.to_str().map_err(|_| Refusal::Malformed)).transpose()?;
    if values.next().is_some() { Err(Refusal::Malformed) } else { Ok(first) }
}

/// `Credential`, `SignedHeaders` and `Signature`, each once, in any order.
fn parameters_of(text: &str) -> Option<[&str; 3]> {
    const NAMES: [&str; 3] = ["Credential", "SignedHeaders", "Signature"];
    let mut found = [None; 3];
    for parameter in text.split(',') {
        let (name, value) = parameter.trim_matches(' ').split_once('=')?;
        let place = NAMES.iter().position(|known| *known == name)?;
        if found.get_mut(place)?.replace(value).is_some() {
            return None;
        }
    }
    let [Some(credential), Some(signed), Some(signature)] = found else { return None };
    Some([credential, signed, signature])
}

fn parse_scope(text: &str) -> Option<Scope<'_>> {
    let mut parts = text.split('/');
    let (date, region, service) = (parts.next()?, parts.next()?, parts.next()?);
    (parts.next() == Some(TERMINATOR) && parts.next().is_none()).then_some(Scope { date, region, service })
}
