//! From an answer's `data` to material that a slot takes.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::Timestamp;
use provider::{CredentialRequest, Material};
use secret::{Secret, SecretBytes};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{Grant, Mint, child::seconds, endpoint::Raw, field::Field};

/// No certificate lives longer, whatever its session does.
const CERTIFICATE_LIFE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// AWS gives no shorter ones.
const AWS_LIFE_MIN: Duration = Duration::from_secs(900);

/// Certificates between a leaf and its root; more is no chain that a server follows.
const CHAIN_COUNT_MAX: usize = 8;

/// Why an answer is no material, and what to look at.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Unusable {
    #[error("the answer does not have the fields that the credential names, as texts")]
    Fields,
    #[error(
        "the role makes a user of IAM, which does not end by itself; give it a credential_type such as assumed_role"
    )]
    NoSessionToken,
    #[error("the answer is not a certificate with its key")]
    NotCertificate,
}

/// What to ask for, so that nothing outlives the session by more than it must.
pub(crate) fn request(grant: &Grant, request: &CredentialRequest<'_>, session_rest: Duration) -> Raw {
    let path = grant.path.as_str();
    match &grant.mint {
        Mint::Password { .. } | Mint::Token { .. } | Mint::Stored { version: None, .. } => Raw::read(path),
        Mint::Stored { version: Some(version), .. } => Raw::read_version(path, *version),
        Mint::AwsKey => Raw::write(path, json!({ "ttl": seconds(session_rest.max(AWS_LIFE_MIN)) })),
        Mint::Certificate { common_name } => {
            let common_name = common_name.of(request.caller, &request.binding.upstream);
            let ttl = seconds(session_rest.min(CERTIFICATE_LIFE_MAX));
            Raw::write(
                path,
                json!({ "common_name": common_name, "ttl": ttl, "format": "der", "private_key_format": "pkcs8" }),
            )
        }
    }
}

/// Reads what was asked for.
pub(crate) fn read(mint: &Mint, data: &Field) -> Result<Material, Unusable> {
    match mint {
        Mint::Password { username_field, password_field } => {
            let username = data.text(username_field).ok_or(Unusable::Fields)?.to_string();
            Ok(Material::Password { username, password: secret(data, password_field).ok_or(Unusable::Fields)? })
        }
        Mint::Token { field } => Ok(Material::Token(secret(data, field).ok_or(Unusable::Fields)?)),
        Mint::Stored { field, .. } => {
            let stored = data.member("data").ok_or(Unusable::Fields)?;
            Ok(Material::Token(secret(stored, field).ok_or(Unusable::Fields)?))
        }
        Mint::AwsKey => {
            // Two names of the same: the second is the newer.
            let session_token = secret(data, "security_token").or_else(|| secret(data, "session_token"));
            Ok(Material::AwsKey {
                access_key_id: data.text("access_key").ok_or(Unusable::Fields)?.to_string(),
                secret_access_key: secret(data, "secret_key").ok_or(Unusable::Fields)?,
                session_token: session_token.ok_or(Unusable::NoSessionToken)?,
            })
        }
        Mint::Certificate { .. } => certificate(data).ok_or(Unusable::NotCertificate),
    }
}

/// What names a certificate to whoever looks for it.
pub(crate) fn serial(data: &Field) -> Option<&str> {
    data.text("serial_number").map(|serial| serial.as_str())
}

/// When a certificate ends.
pub(crate) fn expiration(data: &Field) -> Option<Timestamp> {
    data.number("expiration").map(Timestamp::from_seconds)
}

/// An empty text is no secret.
fn secret(data: &Field, name: &str) -> Option<Secret> {
    data.text(name).filter(|text| !text.is_empty()).map(|text| Secret::new(text.clone()))
}

fn certificate(data: &Field) -> Option<Material> {
    let leaf = data.text("certificate")?;
    let chain = std::iter::once(leaf).chain(data.texts("ca_chain").take(CHAIN_COUNT_MAX));
    let chain = chain.map(|certificate| STANDARD.decode(certificate.as_bytes()).ok()).collect::<Option<Vec<_>>>()?;
    let private_key = Zeroizing::new(STANDARD.decode(data.text("private_key")?.as_bytes()).ok()?);
    Some(Material::Certificate { chain, private_key: SecretBytes::new(private_key) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_json(mint: &Mint, json: &str) -> Result<Material, Unusable> {
        read(mint, &serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a_pair_and_a_token_come_from_the_fields_that_are_named() {
        let material = read_json(&Mint::database(), r#"{"username":"u","password":"p"}"#).unwrap();
        assert!(
            matches!(material, Material::Password { username, password } if username == "u" && password.expose() == "p")
        );
        let token = Mint::Token { field: "api_key".to_owned() };
        assert!(matches!(read_json(&token, r#"{"api_key":"k"}"#), Ok(Material::Token(key)) if key.expose() == "k"));
        for wrong in [r#"{}"#, r#"{"api_key":7}"#, r#"{"api_key":""}"#, r#"{"API_KEY":"k"}"#, "null"] {
            assert_eq!(read_json(&token, wrong).unwrap_err(), Unusable::Fields, "{wrong}");
        }
    }

    #[test]
    fn a_key_of_aws_has_a_session_token() {
        for name in ["security_token", "session_token"] {
            let json = format!(r#"{{"access_key":"ASIA","secret_key":"s","{name}":"t","arn":"arn:aws:sts::1:x"}}"#);
            let Ok(Material::AwsKey { access_key_id, secret_access_key, session_token }) =
                read_json(&Mint::AwsKey, &json)
            else {
                panic!("{json}");
            };
            assert_eq!((&*access_key_id, secret_access_key.expose(), session_token.expose()), ("ASIA", "s", "t"));
        }
        let user = r#"{"access_key":"AKIA","secret_key":"s","security_token":null}"#;
        assert_eq!(read_json(&Mint::AwsKey, user).unwrap_err(), Unusable::NoSessionToken);
    }

    #[test]
    fn a_certificate_that_is_not_base64_is_none() {
        let mint = Mint::Certificate { common_name: "a".parse().unwrap() };
        let good = r#"{"certificate":"AQ==","ca_chain":["Ag=="],"private_key":"Aw=="}"#;
        let Ok(Material::Certificate { chain, private_key }) = read_json(&mint, good) else { panic!() };
        assert_eq!((chain, private_key.expose()), (vec![vec![1], vec![2]], &[3][..]));
        for wrong in [r#"{"certificate":"AQ=="}"#, r#"{"certificate":"-----BEGIN","private_key":"Aw=="}"#] {
            assert_eq!(read_json(&mint, wrong).unwrap_err(), Unusable::NotCertificate, "{wrong}");
        }
    }
}
