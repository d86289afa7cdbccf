//! The public keys of an issuer: a JWK set, filtered to what may verify a signature (RFC 7517, section 5).

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use crate::{
    fetch::BODY_LENGTH_MAX,
    jose::{self, KeyType, SignatureAlgorithm},
    jws::Jws,
    roca, strict,
    strict::NotStrict,
};

/// The most keys of one set. Large multi-tenant issuers publish about ten.
const KEYS_MAX: usize = 64;
/// RSA below 2048 bits is refused (RFC 7518, section 3.3); above 8192 a signature costs too much to check.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Members that only a private or symmetric key has (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1).
const SECRET_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why a set of keys is refused whole.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum KeySetRefused {
    /// Not strict JSON.
    #[error("the key set: {0}")]
    NotStrict(#[from] NotStrict),
    /// No array `keys` of objects.
    #[error("the key set has no array `keys` of objects")]
    NoKeys,
    /// More keys than any honest issuer has.
    #[error("the key set holds more than 64 keys")]
    TooManyKeys,
    /// The set publishes secret material, so none of it can be trusted.
    #[error("the key set holds private or symmetric key material; the issuer must replace those keys")]
    HoldsSecrets,
    /// Two different keys answer to one name.
    #[error("the key set holds two different keys with one kid")]
    DuplicateKeyId,
    /// No key is left after the filters.
    #[error("the key set holds no key for the allowed algorithms")]
    NoUsableKey,
}

/// Why there is no one key for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// No key has this `kid`; the issuer may have rotated.
    Unknown,
    /// The key is there, and may not be used with the token's algorithm.
    WrongAlgorithm,
    /// The token names no key, and several fit.
    Ambiguous,
}

/// One public key with the algorithms that it may be used with.
#[derive(Debug)]
pub(crate) struct Key {
    id: Option<String>,
    algorithms: Vec<SignatureAlgorithm>,
    public: DecodingKey,
    /// The public members as they were published, to tell a repeated key from another one of the same name.
    material: Vec<String>,
}

impl Key {
    /// Whether the token's signature is one of this key.
    pub(crate) fn verifies(&self, jws: &Jws<'_>) -> bool {
        self.algorithms.contains(&jws.algorithm)
            && jose::verify(jws.algorithm, &self.public, jws.signing_input, &jws.signature)
    }
}

/// The keys of one issuer that may verify a signature.
#[derive(Debug)]
pub(crate) struct KeySet(Vec<Arc<Key>>);

impl KeySet {
    /// Reads a set. Keys for other uses, of other kinds or too weak are left out; a set that is dangerous is refused whole.
    pub(crate) fn parse(bytes: &[u8], allowed: &[SignatureAlgorithm]) -> Result<Self, KeySetRefused> {
        let document = strict::object(bytes, BODY_LENGTH_MAX)?;
        let published = document.get("keys").and_then(Value::as_array).ok_or(KeySetRefused::NoKeys)?;
        if published.len() > KEYS_MAX {
            return Err(KeySetRefused::TooManyKeys);
        }
        let mut keys: Vec<Key> = Vec::with_capacity(published.len());
        for member in published {
            let member = member.as_object().ok_or(KeySetRefused::NoKeys)?;
            if SECRET_MEMBERS.iter().any(|name| member.contains_key(*name)) || text(member, "kty") == Some("oct") {
                return Err(KeySetRefused::HoldsSecrets);
            }
            let Some(key) = read_key(member, allowed) else { continue };
            match keys.iter_mut().find(|known| known.id.is_some() && known.id == key.id) {
                Some(known) if known.material == key.material => known.algorithms.extend(key.algorithms),
                Some(_) => return Err(KeySetRefused::DuplicateKeyId),
                None => keys.push(key),
            }
        }
        if keys.is_empty() {
            return Err(KeySetRefused::NoUsableKey);
        }
        Ok(Self(keys.into_iter().map(Arc::new).collect()))
    }

    /// The one key for a token. `kid` is the sender's word, so it only selects among keys that are already trusted.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: SignatureAlgorithm) -> Result<Arc<Key>, NoKey> {
        let fits = |key: &&Arc<Key>| key.algorithms.contains(&algorithm);
        let Some(id) = id else {
            let mut fitting = self.0.iter().filter(fits);
            return match (fitting.next(), fitting.next()) {
                (Some(key), None) => Ok(Arc::clone(key)),
                (Some(_), Some(_)) => Err(NoKey::Ambiguous),
                (None, _) => Err(NoKey::Unknown),
            };
        };
        let key = self.0.iter().find(|key| key.id.as_deref() == Some(id)).ok_or(NoKey::Unknown)?;
        if fits(&key) { Ok(Arc::clone(key)) } else { Err(NoKey::WrongAlgorithm) }
    }
}

/// One key, or `None` where it is not for checking signatures with an allowed algorithm.
fn read_key(member: &Map<String, Value>, allowed: &[SignatureAlgorithm]) -> Option<Key> {
    if !is_for_verifying(member) {
        return None;
    }
    let id = match member.get("kid") {
        None => None,
        Some(Value::String(id)) => Some(id.clone()),
        Some(_) => return None,
    };
    let (key_type, public, material) = read_material(member)?;
    let algorithms: Vec<_> = match member.get("alg") {
        None => allowed.iter().copied().filter(|algorithm| algorithm.key_type() == key_type).collect(),
        Some(name) => {
            let algorithm: SignatureAlgorithm = name.as_str()?.parse().ok()?;
            let fits = algorithm.key_type() == key_type && allowed.contains(&algorithm);
            fits.then_some(algorithm).into_iter().collect()
        }
    };
    (!algorithms.is_empty()).then_some(Key { id, algorithms, public, material })
}

/// `use` and `key_ops`, where present, must both be for signatures (RFC 7517, sections 4.2 and 4.3).
fn is_for_verifying(member: &Map<String, Value>) -> bool {
    let used = match member.get("use") {
        None => true,
        // `jwt-svid` is the use that SPIFFE bundles write.
        Some(used) => matches!(used.as_str(), Some("sig" | "jwt-svid")),
    };
    let operates = match member.get("key_ops") {
        None => true,
        Some(operations) => operations.as_array().is_some_and(|all| all.iter().any(|one| one == "verify")),
    };
    used && operates
}

fn read_material(member: &Map<String, Value>) -> Option<(KeyType, DecodingKey, Vec<String>)> {
    let kind = text(member, "kty")?;
    let curve = text(member, "crv");
    match (kind, curve) {
        ("RSA", None) => {
            let (modulus, exponent) = (binary(member, "n")?, binary(member, "e")?);
            let key = DecodingKey::from_rsa_raw_components(&modulus, &exponent);
            is_sound_rsa(&modulus, &exponent).then_some((KeyType::Rsa, key, material(member, &["n", "e"])))
        }
        ("EC", Some("P-256")) => Some((KeyType::P256, point::<32>(member)?, material(member, &["crv", "x", "y"]))),
        ("EC", Some("P-384")) => Some((KeyType::P384, point::<48>(member)?, material(member, &["crv", "x", "y"]))),
        ("OKP", Some("Ed25519")) => {
            let x = binary(member, "x").filter(|x| x.len() == 32)?;
            Some((KeyType::Ed25519, DecodingKey::from_ed_der(&x), material(member, &["crv", "x"])))
        }
        _ => None,
    }
}

/// Large enough, an odd exponent above 1, no leading zeros (RFC 7518, section 6.3.1), and not of the broken generator.
fn is_sound_rsa(modulus: &[u8], exponent: &[u8]) -> bool {
    let bits = |number: &[u8]| number.first().map_or(0, |top| number.len() * 8 - top.leading_zeros() as usize);
    let is_minimal = |number: &[u8]| number.first().is_some_and(|top| *top != 0);
    is_minimal(modulus)
        && is_minimal(exponent)
        && MODULUS_BITS.contains(&bits(modulus))
        && exponent.last().is_some_and(|low| low % 2 == 1)
        && bits(exponent) > 1
        && !roca::is_marked(modulus)
}

/// An uncompressed point (SEC 1, section 2.3.3) of coordinates of exactly `N` bytes. That it lies on the curve is checked with
/// each signature.
fn point<const N: usize>(member: &Map<String, Value>) -> Option<DecodingKey> {
    let (x, y) = (binary(member, "x")?, binary(member, "y")?);
    (x.len() == N && y.len() == N).then(|| DecodingKey::from_ec_der(&[&[4], x.as_slice(), y.as_slice()].concat()))
}

fn text<'a>(member: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    member.get(name).and_then(Value::as_str)
}

fn binary(member: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text(member, name)?).ok()
}

fn material(member: &Map<String, Value>, names: &[&str]) -> Vec<String> {
    names.iter().filter_map(|name| text(member, name)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example keys of RFC 7517, appendix A.1, and RFC 8037, appendix A.2.
    const EC: &str = r#""kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;
    const ED: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    fn set(keys: &str) -> Result<KeySet, KeySetRefused> {
        KeySet::parse(format!(r#"{{"keys":[{keys}]}}"#).as_bytes(), &SignatureAlgorithm::ALL)
    }

    #[test]
    fn keys_for_other_uses_are_left_out() {
        let kept =
            set(&format!(r#"{{"kid":"a",{EC},"use":"sig"}},{{"kid":"b",{ED}}},{{"kid":"c","kty":"PQ"}}"#)).unwrap();
        assert!(kept.find(Some("a"), SignatureAlgorithm::Es256).is_ok());
        assert!(kept.find(Some("b"), SignatureAlgorithm::EdDsa).is_ok());
        assert_eq!(kept.find(Some("a"), SignatureAlgorithm::Es384).unwrap_err(), NoKey::WrongAlgorithm);
        assert_eq!(kept.find(Some("A"), SignatureAlgorithm::Es256).unwrap_err(), NoKey::Unknown);
        for left_out in [
            r#","use":"enc""#,
            r#","use":["sig"]"#,
            r#","key_ops":["sign"]"#,
            r#","key_ops":"verify""#,
            r#","use":"sig","key_ops":[]"#,
            r#","alg":"ES384""#,
            r#","alg":"ECDH-ES""#,
            r#","alg":7"#,
            r#","kid":7"#,
        ] {
            assert_eq!(set(&format!("{{{EC}{left_out}}}")).unwrap_err(), KeySetRefused::NoUsableKey, "{left_out}");
        }
    }

    #[test]
    fn a_dangerous_set_is_refused_whole() {
        let other = EC.replace("MKBC", "NKBC");
        for (keys, why) in [
            (format!(r#"{{{EC}}},{{{EC},"d":"AA"}}"#), KeySetRefused::HoldsSecrets),
            (format!(r#"{{{EC}}},{{"kty":"oct"}}"#), KeySetRefused::HoldsSecrets),
            (format!(r#"{{"kid":"a",{EC}}},{{"kid":"a",{other}}}"#), KeySetRefused::DuplicateKeyId),
            (format!(r#"{{"kid":"a",{EC}}},{{"kid":"a",{ED}}}"#), KeySetRefused::DuplicateKeyId),
            (format!(r#"{{"kid":"a","kid":"b",{EC}}}"#), NotStrict::DuplicateMember.into()),
            (format!("{{{EC}}},7"), KeySetRefused::NoKeys),
            (vec![format!("{{{EC}}}"); 65].join(","), KeySetRefused::TooManyKeys),
            (String::new(), KeySetRefused::NoUsableKey),
        ] {
            assert_eq!(set(&keys).unwrap_err(), why);
        }
        assert!(set(&format!(r#"{{"kid":"a",{EC}}},{{"kid":"a",{EC}}}"#)).is_ok(), "the same key twice is one key");
    }

    #[test]
    fn a_token_without_a_key_id_needs_a_set_with_one_fitting_key() {
        let two = set(&format!(r#"{{"kid":"a",{EC}}},{{"kid":"b",{EC}}},{{"kid":"c",{ED}}}"#)).unwrap();
        assert!(two.find(None, SignatureAlgorithm::EdDsa).is_ok());
        assert_eq!(two.find(None, SignatureAlgorithm::Es256).unwrap_err(), NoKey::Ambiguous);
        assert_eq!(two.find(None, SignatureAlgorithm::Rs256).unwrap_err(), NoKey::Unknown);
    }

    #[test]
    fn a_key_is_for_the_algorithms_of_its_type_and_no_others() {
        for (kind, key) in [(KeyType::P256, EC), (KeyType::Ed25519, ED)] {
            let keys = set(&format!(r#"{{"kid":"a",{key}}}"#)).unwrap();
            for algorithm in SignatureAlgorithm::ALL {
                assert_eq!(keys.find(Some("a"), algorithm).is_ok(), algorithm.key_type() == kind, "{algorithm}");
                assert_eq!(keys.find(None, algorithm).is_ok(), algorithm.key_type() == kind, "{algorithm}");
            }
            let document = format!(r#"{{"keys":[{{{key}}}]}}"#);
            let refused = KeySet::parse(document.as_bytes(), &[SignatureAlgorithm::Rs256, SignatureAlgorithm::Es384]);
            assert_eq!(refused.unwrap_err(), KeySetRefused::NoUsableKey, "an issuer's algorithms bound its keys");
        }
    }

    #[test]
    fn the_example_signature_of_rfc_8037_verifies() {
        let keys = set(&format!("{{{ED}}}")).unwrap();
        let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
                     hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let verifies = |token: &str| {
            let jws = Jws::parse(token).unwrap();
            keys.find(None, jws.algorithm).unwrap().verifies(&jws)
        };
        assert!(verifies(token));
        assert!(!verifies(&token.replace("hgyY", "hgyZ")));
    }

    #[test]
    fn an_es384_signature_verifies_with_a_p_384_key() {
        use ring::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
        let random = ring::rand::SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let coordinate = |range| URL_SAFE_NO_PAD.encode(&pair.public_key().as_ref()[range]);
        let (x, y) = (coordinate(1..49), coordinate(49..97));
        let keys = set(&format!(r#"{{"kty":"EC","crv":"P-384","x":"{x}","y":"{y}"}}"#)).unwrap();
        let message = format!("{}.e30", URL_SAFE_NO_PAD.encode(r#"{"alg":"ES384"}"#));
        let signature = pair.sign(&random, message.as_bytes()).unwrap();
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        let jws = Jws::parse(&token).unwrap();
        assert!(keys.find(None, jws.algorithm).unwrap().verifies(&jws));
        let short = set(&format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#));
        assert_eq!(short.unwrap_err(), KeySetRefused::NoUsableKey, "coordinates of another curve's length");
    }

    #[test]
    fn an_rsa_key_is_large_enough_odd_and_written_without_leading_zeros() {
        // An odd number of 2048 bits that is no power of 65537 modulo 3.
        let modulus = [&[0x80], [0; 254].as_slice(), &[3]].concat();
        let exponent = [1, 0, 1];
        assert!(is_sound_rsa(&modulus, &exponent));
        let larger = |bytes: usize| [&[0x80], vec![0; bytes].as_slice(), &modulus].concat();
        assert!(is_sound_rsa(&larger(767), &exponent), "8192 bits");
        assert!(!is_sound_rsa(&larger(768), &exponent), "8200 bits");
        assert!(!is_sound_rsa(&[&[0x7f], &modulus[1..]].concat(), &exponent), "2047 bits");
        assert!(!is_sound_rsa(&[&[0], modulus.as_slice()].concat(), &exponent), "a leading zero");
        for refused in [[].as_slice(), &[1], &[2], &[0, 1, 0, 1], &[1, 0, 0]] {
            assert!(!is_sound_rsa(&modulus, refused), "{refused:?}");
        }
        assert!(!is_sound_rsa(&[], &exponent));
    }
}
