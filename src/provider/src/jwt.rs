//! A JWT that a provider signs with a key of its own, to prove itself to its source (RFC 7523).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secret::{CannotSign, PrivateKey, Secret};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

/// Signs `claims` as a JWT in compact form (RFC 7515, section 7.1). `key_id` becomes the header's `kid`.
///
/// # Errors
/// See [`CannotSign`].
pub fn sign_jwt(key: &PrivateKey, key_id: Option<&str>, claims: &Map<String, Value>) -> Result<Secret, CannotSign> {
    let mut header = json!({ "alg": key.algorithm(), "typ": "JWT" });
    if let (Some(id), Some(members)) = (key_id, header.as_object_mut()) {
        members.insert("kid".to_owned(), id.into());
    }
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).map_err(|_| CannotSign)?);
    let mut token = Zeroizing::new(format!("{}.{claims}", encode(&header)));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(token.as_bytes())?);
    token.push('.');
    token.push_str(&signature);
    Ok(Secret::new(token))
}
