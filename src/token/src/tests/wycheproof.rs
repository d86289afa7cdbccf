//! The JSON Web Signature, Key and Crypto vectors of Wycheproof judge what we accept.

use std::path::PathBuf;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{SignatureAlgorithm, jwk::KeySet, jws::Jws};

/// Called valid there, and refused here on purpose: the key says `PS256` and the token `PS384`. A key is for the one algorithm
/// that it names (RFC 7517, section 4.4), and other vectors of the same file expect just that.
const KEY_NAMES_OTHER_ALGORITHM: [u64; 2] = [346, 350];

/// The vectors, or `None` with the reason printed where the data is absent.
fn vectors(file: &str) -> Option<Value> {
    #[expect(clippy::disallowed_methods, reason = "where the shared test data is, is told by the environment")]
    let folder = std::env::var("CLAVIGER_TEST_DATA")
        .map_or_else(|_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = folder.join("wycheproof").join(file);
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) => {
            println!("skipped: {}: {error}; set CLAVIGER_TEST_DATA", path.display());
            None
        }
    }
}

fn accepts(keys: &Value, token: &str) -> bool {
    let set = KeySet::parse(keys.to_string().as_bytes(), &SignatureAlgorithm::ALL);
    let (Ok(set), Ok(jws)) = (set, Jws::parse(token)) else { return false };
    set.find(jws.key_id.as_deref(), jws.algorithm).is_ok_and(|key| key.verifies(&jws))
}

/// The algorithm that the header claims, read as laxly as can be.
fn claimed_algorithm(token: &str) -> Option<SignatureAlgorithm> {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    serde_json::from_slice::<Value>(&header).ok()?["alg"].as_str()?.parse().ok()
}

#[derive(Debug, Default, PartialEq)]
struct Tally {
    invalid: usize,
    invalid_rejected: usize,
    valid_supported: usize,
    valid_accepted: usize,
    valid_unsupported: usize,
}

fn judge(file: &str, exceptions: &[u64]) -> Option<Tally> {
    let vectors = vectors(file)?;
    let mut tally = Tally::default();
    for group in vectors["testGroups"].as_array().unwrap() {
        let key = group.get("public").unwrap_or(&group["private"]);
        let keys = if key.get("keys").is_some() { key.clone() } else { json!({"keys": [key]}) };
        for test in group["tests"].as_array().unwrap() {
            let sent = test.get("jws").or_else(|| test.get("jwe")).unwrap();
            // Some vectors are JSON serializations; a caller can only send them as text.
            let token = sent.as_str().map_or_else(|| sent.to_string(), str::to_owned);
            let (id, accepted) = (test["tcId"].as_u64().unwrap(), accepts(&keys, &token));
            let is_exception = exceptions.contains(&id);
            match (test["result"].as_str().unwrap(), claimed_algorithm(&token)) {
                ("valid", Some(_)) if is_exception => assert!(!accepted, "{file} {id}: no longer an exception"),
                ("valid", Some(_)) => {
                    tally.valid_supported += 1;
                    tally.valid_accepted += usize::from(accepted);
                    assert!(accepted, "{file} {id}: valid and refused: {}", test["comment"]);
                }
                ("valid", None) => {
                    tally.valid_unsupported += 1;
                    assert!(!accepted, "{file} {id}: an algorithm that we do not speak was accepted");
                }
                ("invalid", _) => {
                    tally.invalid += 1;
                    tally.invalid_rejected += usize::from(!accepted);
                    assert!(!accepted, "{file} {id}: invalid and accepted: {}", test["comment"]);
                }
                (other, _) => panic!("{file} {id}: a result that this test does not know: {other}"),
            }
        }
    }
    println!(
        "{file}: rejected {} of {} invalid, accepted {} of {} valid of a supported algorithm; {} valid of others, {} exceptions",
        tally.invalid_rejected,
        tally.invalid,
        tally.valid_accepted,
        tally.valid_supported,
        tally.valid_unsupported,
        exceptions.len()
    );
    Some(tally)
}

#[test]
fn every_invalid_signature_is_rejected_and_every_valid_one_accepted() {
    let Some(tally) = judge("json_web_signature_test.json", &KEY_NAMES_OTHER_ALGORITHM) else { return };
    assert_eq!(tally.invalid + tally.valid_supported + tally.valid_unsupported + 2, 401);
    assert!(tally.valid_supported >= 25, "the positive control is missing");
}

#[test]
fn every_invalid_key_is_rejected_and_every_valid_one_accepted() {
    let Some(tally) = judge("json_web_key_test.json", &[]) else { return };
    assert_eq!((tally.invalid + tally.valid_supported + tally.valid_unsupported, tally.valid_supported), (26, 1));
}

#[test]
fn no_mixed_vector_confuses_us() {
    let Some(tally) = judge("json_web_crypto_test.json", &[]) else { return };
    assert_eq!((tally.invalid + tally.valid_supported + tally.valid_unsupported, tally.valid_supported), (83, 2));
}

#[test]
fn a_key_of_the_broken_generator_is_refused_for_its_mark() {
    let Some(vectors) = vectors("json_web_key_test.json") else { return };
    let groups = vectors["testGroups"].as_array().unwrap();
    let modulus = |name: &str| {
        let group = groups.iter().find(|group| group["comment"] == name).unwrap();
        URL_SAFE_NO_PAD.decode(group["public"]["keys"][0]["n"].as_str().unwrap()).unwrap()
    };
    assert!(crate::roca::is_marked(&modulus("jws_rsa_roca_key")));
    assert!(!crate::roca::is_marked(&modulus("rs256")));
}
