//! A JSON Web Signature in compact form, read strictly and not yet believed (RFC 7515, section 7.1).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::{jose::SignatureAlgorithm, strict, strict::NotStrict};

/// The longest token that is read. An ID token with two hundred groups is about 12 KiB.
pub(crate) const TOKEN_LENGTH_MAX: usize = 16 * 1024;
/// The longest header, decoded. A header with a certificate chain, which is ignored, is about 5 KiB.
const HEADER_LENGTH_MAX: usize = 8 * 1024;
/// The longest key id; thumbprints have 43 characters, names of certificates up to about 100.
const KEY_ID_LENGTH_MAX: usize = 256;
/// The longest type; the longest registered one has 27 characters.
const TYP_LENGTH_MAX: usize = 64;
/// Header members that change what the other bytes mean. We understand none of them, so their presence is a refusal:
/// extensions (RFC 7515, section 4.1.11), an unencoded payload (RFC 7797), compression and encryption (RFC 7516).
const HEADER_MEMBERS_REFUSED: [&str; 4] = ["crit", "b64", "zip", "enc"];

/// Why a text is not a signed token that we read.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum NotJws {
    /// Longer than any honest token.
    #[error("the token is longer than 16 KiB")]
    TooLong,
    /// Not three parts of base64url without padding, or the signature is empty.
    #[error("the token is not a signed token in compact form")]
    NotCompact,
    /// The header is not strict JSON.
    #[error("the header: {0}")]
    Header(NotStrict),
    /// The header has no algorithm, or one that we do not speak, such as `none`.
    #[error("the header names no supported signature algorithm")]
    Algorithm,
    /// The header asks for processing that we do not do.
    #[error("the header holds crit, b64, zip or enc")]
    Extension,
    /// `kid` or `typ` is not a short text.
    #[error("the header's kid or typ is not a short text")]
    HeaderMember,
}

/// A signed token in its parts. Nothing here is verified: the header is what the sender wrote.
#[derive(Debug)]
pub(crate) struct Jws<'a> {
    /// What the signature is over.
    pub(crate) signing_input: &'a [u8],
    /// The payload, decoded.
    pub(crate) payload: Vec<u8>,
    /// The signature, decoded.
    pub(crate) signature: Vec<u8>,
    /// The algorithm that the header claims; to be compared with what the issuer is allowed.
    pub(crate) algorithm: SignatureAlgorithm,
    /// The key that the header claims.
    pub(crate) key_id: Option<String>,
    /// The type, in lowercase and without `application/` (RFC 7515, section 4.1.9).
    pub(crate) typ: Option<String>,
}

impl<'a> Jws<'a> {
    /// Reads the compact form. `jku`, `x5u`, `jwk` and `x5c` are ignored: keys come from configuration only.
    pub(crate) fn parse(token: &'a str) -> Result<Self, NotJws> {
        if token.len() > TOKEN_LENGTH_MAX {
            return Err(NotJws::TooLong);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(NotJws::NotCompact)?;
        let (header, payload) = signing_input.split_once('.').ok_or(NotJws::NotCompact)?;
        // A dot that is left over is no base64url, so a fourth part fails here.
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| NotJws::NotCompact);
        let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
        if header.is_empty() || signature.is_empty() {
            return Err(NotJws::NotCompact);
        }
        let header = strict::object(&header, HEADER_LENGTH_MAX).map_err(NotJws::Header)?;
        if HEADER_MEMBERS_REFUSED.iter().any(|name| header.contains_key(*name)) {
            return Err(NotJws::Extension);
        }
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(|name| name.parse().ok());
        Ok(Self {
            signing_input: signing_input.as_bytes(),
            payload,
            signature,
            algorithm: algorithm.ok_or(NotJws::Algorithm)?,
            key_id: short_text(&header, "kid", KEY_ID_LENGTH_MAX)?,
            typ: short_text(&header, "typ", TYP_LENGTH_MAX)?.map(|typ| normal_typ(&typ)),
        })
    }
}

/// A media type as `typ` is compared: without case, and without the `application/` that may be left out.
pub(crate) fn normal_typ(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/").map(str::to_owned).unwrap_or(typ)
}

fn short_text(header: &Map<String, Value>, name: &str, length_max: usize) -> Result<Option<String>, NotJws> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if text.len() <= length_max => Ok(Some(text.clone())),
        Some(_) => Err(NotJws::HeaderMember),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_header(header: &str) -> Result<SignatureAlgorithm, NotJws> {
        Jws::parse(&format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(header))).map(|jws| jws.algorithm)
    }

    #[test]
    fn a_header_says_its_algorithm_key_and_type() {
        let header =
            URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"a","typ":"Application/AT+JWT","jku":"https://e"}"#);
        let token = format!("{header}.e30.AA");
        let jws = Jws::parse(&token).unwrap();
        assert_eq!((jws.key_id.as_deref(), jws.typ.as_deref()), (Some("a"), Some("at+jwt")));
        assert_eq!((jws.payload.as_slice(), jws.signature.as_slice()), (b"{}".as_slice(), [0].as_slice()));
        assert_eq!(jws.signing_input, format!("{header}.e30").as_bytes());
    }

    #[test]
    fn a_header_that_changes_the_meaning_is_refused() {
        assert_eq!(with_header(r#"{"alg":"ES256"}"#), Ok(SignatureAlgorithm::Es256));
        for (header, why) in [
            (r#"{"alg":"none"}"#, NotJws::Algorithm),
            (r#"{"alg":"nOnE"}"#, NotJws::Algorithm),
            (r#"{"alg":"HS256"}"#, NotJws::Algorithm),
            (r#"{"alg":["ES256"]}"#, NotJws::Algorithm),
            ("{}", NotJws::Algorithm),
            (r#"{"alg":"ES256","crit":[]}"#, NotJws::Extension),
            (r#"{"alg":"ES256","crit":["exp"],"exp":1}"#, NotJws::Extension),
            (r#"{"alg":"ES256","b64":false}"#, NotJws::Extension),
            (r#"{"alg":"ES256","b64":true}"#, NotJws::Extension),
            (r#"{"alg":"ES256","zip":"DEF"}"#, NotJws::Extension),
            (r#"{"alg":"ES256","alg":"RS256"}"#, NotJws::Header(NotStrict::DuplicateMember)),
            (r#"{"alg":"ES256","kid":7}"#, NotJws::HeaderMember),
            (r#"{"alg":"ES256","typ":null}"#, NotJws::HeaderMember),
            ("[]", NotJws::Header(NotStrict::NotAnObject)),
        ] {
            assert_eq!(with_header(header), Err(why), "{header}");
        }
    }

    #[test]
    fn only_three_parts_of_plain_base64url_are_read() {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256"}"#);
        for refused in [
            String::new(),
            header.clone(),
            format!("{header}.e30"),
            format!("{header}.e30."),
            format!(".{header}.AA"),
            format!("{header}.e30.AA.AA"),
            format!("{header}.e30.AA.AA.AA"),
            format!("{header}.e30.AA=="),
            format!("{header}.e30.A A"),
            format!("{header}.e30.AB"),
            format!("{header}.e3\n0.AA"),
            format!(" {header}.e30.AA"),
        ] {
            assert_eq!(Jws::parse(&refused).unwrap_err(), NotJws::NotCompact, "{refused}");
        }
        assert_eq!(Jws::parse(&"a".repeat(TOKEN_LENGTH_MAX + 1)).unwrap_err(), NotJws::TooLong);
    }
}
