//! Why a token of an issuer is refused: one reason for the log, and a coarser code for the caller.

use crate::{jws::NotJws, strict::NotStrict};

/// Why a subject or actor token is refused. The text is for the operator's log and holds nothing of the token.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum TokenRefused {
    /// Not a signed token that we read.
    #[error(transparent)]
    NotJws(#[from] NotJws),
    /// The claims are not strict JSON.
    #[error("the claims: {0}")]
    Claims(NotStrict),
    /// A claim that must be there is missing.
    #[error("the claim {0} is missing")]
    ClaimMissing(&'static str),
    /// A claim has another type or range than its specification says.
    #[error("the claim {0} is malformed")]
    ClaimMalformed(&'static str),
    /// `iss` is none of the configured issuers, byte for byte.
    #[error("the issuer is not configured")]
    IssuerUnknown,
    /// The token is one of our own; session tokens cannot be exchanged.
    #[error("the token was issued by this server; session tokens cannot be exchanged")]
    OwnToken,
    /// The issuer may not use this algorithm.
    #[error("the algorithm is not allowed for this issuer; see its `algorithms`")]
    AlgorithmNotAllowed,
    /// `typ` is not one of the issuer's configured ones.
    #[error("the type is not allowed for this issuer; see its `token_types`")]
    TypNotAllowed,
    /// The issuer publishes no key with this `kid`.
    #[error("the issuer publishes no such key")]
    KeyUnknown,
    /// The token names no key, and the issuer publishes several that fit.
    #[error("the token names no key and several fit")]
    KeyAmbiguous,
    /// The key is published for another algorithm.
    #[error("the key is not for the token's algorithm")]
    KeyMismatch,
    /// The signature is not one of the issuer.
    #[error("the signature does not verify")]
    Signature,
    /// The issuer's keys could not be fetched, and none fresh enough are held.
    #[error("the issuer's keys could not be fetched")]
    IssuerUnavailable,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` has not come, or `iat` lies ahead.
    #[error("the token is not yet valid")]
    NotYetValid,
    /// Issued longer ago than the issuer's configured age.
    #[error("the token was issued too long ago; see the issuer's `max_age_seconds`")]
    TooOld,
    /// `aud` names none of the configured audiences.
    #[error("the token is for another audience; see the issuer's `audience`")]
    Audience,
    /// `aud` names a configured audience and others beside it.
    #[error("the token is for other audiences too; request one for this server alone")]
    AudienceShared,
}

impl TokenRefused {
    /// The code that the caller reads. What would tell a stranger which issuers and keys are trusted has one code for all.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotJws(_) | Self::Claims(_) | Self::ClaimMissing(_) | Self::ClaimMalformed(_) => "malformed",
            Self::IssuerUnknown
            | Self::OwnToken
            | Self::AlgorithmNotAllowed
            | Self::KeyUnknown
            | Self::KeyAmbiguous
            | Self::KeyMismatch
            | Self::Signature => "untrusted",
            Self::IssuerUnavailable => "issuer_unavailable",
            Self::TypNotAllowed => "wrong_type",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::TooOld => "too_old",
            Self::Audience | Self::AudienceShared => "wrong_audience",
        }
    }
}
