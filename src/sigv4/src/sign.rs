//! Signs a request: the last thing that happens to it before it leaves.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use model::Timestamp;
use secret::Secret;
use zeroize::Zeroizing;

use crate::{
    ChunkSigner, Message, Payload, RequestLine,
    canonical::signed_list,
    chain::Chain,
    key::{ALGORITHM, Scope, SigningKey, string_to_sign},
    payload::to_hex,
    time,
};

/// What a request is signed with, and for.
#[derive(Debug, Clone, Copy)]
pub struct Credentials<'a> {
    /// Names the key.
    pub access_key_id: &'a str,
    /// Signs.
    pub secret_access_key: &'a Secret,
    /// Goes beside the signature.
    pub session_token: Option<&'a Secret>,
    /// The region of the service.
    pub region: &'a str,
    /// The service, as it calls itself in signatures.
    pub service: &'a str,
}

/// A signature, from which those of the body's chunks follow.
#[derive(Debug)]
pub struct Signed(Chain);

impl Signed {
    /// Signs the chunks of the body.
    #[must_use]
    pub fn into_chunks(self) -> ChunkSigner {
        ChunkSigner::new(self.0)
    }
}

/// The request, or what it is signed with, cannot stand in header fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request cannot be signed")]
pub struct Unsignable;

/// Puts a signature among `headers`, in place of any that stood there. Signed are the host, the type and digest of the body, and
/// every `x-amz-` field, those that come with the signature included.
///
/// # Errors
/// There is no host, or a field is no text.
pub fn sign(
    headers: &mut HeaderMap,
    line: RequestLine<'_>,
    payload: Payload,
    credentials: Credentials<'_>,
    now: Timestamp,
) -> Result<Signed, Unsignable> {
    let Credentials { access_key_id, secret_access_key, session_token, region, service } = credentials;
    let time = time::format(now);
    headers.remove(header::AUTHORIZATION);
    headers.remove("x-amz-security-token");
    headers.insert("x-amz-date", text(&time)?);
    headers.insert("x-amz-content-sha256", text(&payload.to_text())?);
    if let Some(token) = session_token {
        // Shared bytes that are wiped when the last holder drops them.
        let bytes = Zeroizing::new(token.expose().as_bytes().to_vec());
        let mut value = HeaderValue::from_maybe_shared(bytes::Bytes::from_owner(bytes)).map_err(|_| Unsignable)?;
        value.set_sensitive(true);
        headers.insert("x-amz-security-token", value);
    }
    let mut signed: Vec<_> = headers.keys().map(HeaderName::as_str).filter(|name| is_signed(name)).collect();
    signed.sort_unstable();
    if signed.binary_search(&"host").is_err() {
        return Err(Unsignable);
    }
    let scope = Scope { date: time.get(..8).unwrap_or_default(), region, service };
    let message = Message { line, headers };
    let canonical = Zeroizing::new(message.canonical(&signed, &payload.to_text()).ok_or(Unsignable)?);
    let key = SigningKey::derive(secret_access_key, scope);
    let signature = key.sign(&string_to_sign(&time, scope, &canonical));
    let value = format!(
        "{ALGORITHM} Credential={access_key_id}/{}, SignedHeaders={}, Signature={}",
        scope.to_text(),
        signed_list(&signed),
        to_hex(&signature)
    );
    headers.insert(header::AUTHORIZATION, text(&value)?);
    Ok(Signed(Chain::new(key, &time, scope, signature)))
}

fn is_signed(name: &str) -> bool {
    matches!(name, "host" | "content-type" | "content-md5") || name.starts_with("x-amz-")
}

fn text(text: &str) -> Result<HeaderValue, Unsignable> {
    HeaderValue::from_str(text).map_err(|_| Unsignable)
}
