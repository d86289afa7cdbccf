//! The vault as a file: a line of JSON for the header, one for each record, and one that proves the others.
//!
//! Names, destinations and times are readable, so that a person can see what a backup holds; values are sealed. The last line
//! holds the number of records, a SHA-256 digest of the lines above it, and a tag over them under the key: the digest tells
//! chance from malice before a passphrase is asked for, and the tag tells whether the lines are of one writing.

use std::collections::btree_map::Entry;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use model::{Binding, Injection, Timestamp};
use ring::digest;
use secret::{KeyEncryptionKey, Parameters, Sealed};
use serde::{Deserialize, Serialize};

use crate::{
    Generation, KeyKind, Problem,
    contents::{Contents, Header, Proven, Record},
    source::Derivation,
};

/// The largest file that is read, in bytes: some ten thousand tokens.
pub(crate) const FILE_LENGTH_MAX: u64 = 16 * 1024 * 1024;

const VERSION: u64 = 1;
/// How every version of the file begins.
const BEGINNING: &[u8] = br#"{"format":"claviger-vault","version":"#;
const LAST_LINE_BEGINNING: &[u8] = br#"{"records":"#;
/// The purposes of the two tags in a file.
const TAG_CHECK: &str = "claviger-vault-check-v1";
const TAG_FILE: &str = "claviger-vault-file-v1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderLine {
    format: String,
    version: u64,
    vault: String,
    revision: u64,
    generation_floor: u64,
    key: DerivationLine,
    check: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum DerivationLine {
    Passphrase { memory_kibibytes: u32, passes: u32, lanes: u32, salt: String },
    KeyFile { salt: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum RecordLine {
    Credential {
        name: String,
        upstream: String,
        destination: String,
        injection: InjectionLine,
        generation: u64,
        stored_milliseconds: u64,
        sealed: String,
    },
    Key {
        name: String,
        generation: u64,
        stored_milliseconds: u64,
        sealed: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum InjectionLine {
    Header { name: String, prefix: String },
    Basic { username: String },
    BasicPair,
    ClientCertificate,
    Query { parameter: String },
    Body { pointer: String },
    AwsSigV4 { service: String, region: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LastLine {
    records: usize,
    digest: String,
    tag: String,
}

/// Writes a vault.
pub(crate) fn encode(contents: &Contents<Sealed>, key: &KeyEncryptionKey) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_line(&mut bytes, &header_line(&contents.header, key));
    contents.credentials.values().for_each(|record| push_line(&mut bytes, &credential_line(record)));
    for Record { subject, generation, stored, value } in contents.keys.values() {
        let line = RecordLine::Key {
            name: subject.as_str().to_owned(),
            generation: generation.as_u64(),
            stored_milliseconds: stored.as_millis(),
            sealed: BASE64.encode(value.as_bytes()),
        };
        push_line(&mut bytes, &line);
    }
    let last = LastLine {
        records: contents.credentials.len() + contents.keys.len(),
        digest: digest_of(&bytes),
        tag: BASE64.encode(key.tag(TAG_FILE, &bytes)),
    };
    push_line(&mut bytes, &last);
    bytes
}

/// A file whose lines are whole and read, and of which nothing is proven.
pub(crate) struct Unproven<'a> {
    contents: Contents<Sealed>,
    /// The lines above the last.
    body: &'a [u8],
    check: Vec<u8>,
    tag: Vec<u8>,
}

/// Reads the lines of a vault.
pub(crate) fn decode(bytes: &[u8]) -> Result<Unproven<'_>, Problem> {
    expect_version(bytes)?;
    let (body, last) = split_last_line(bytes)?;
    let (digest, tag) = (last.digest, BASE64.decode(last.tag).map_err(|_| Problem::Damaged)?);
    if digest != digest_of(body) {
        return Err(Problem::Damaged);
    }
    let mut lines = body.split_inclusive(|b| *b == b'\n');
    let (header, check) = lines.next().and_then(read_header).ok_or(Problem::Damaged)?;
    let mut contents = Contents { header, credentials: [].into(), keys: [].into() };
    // The file's length bounds the number of lines.
    for line in lines {
        read_record(line, &mut contents).ok_or(Problem::Damaged)?;
    }
    if contents.credentials.len() + contents.keys.len() != last.records {
        return Err(Problem::Damaged);
    }
    Ok(Unproven { contents, body, check, tag })
}

impl Unproven<'_> {
    /// How the key of this vault is derived.
    pub(crate) const fn derivation(&self) -> &Derivation {
        &self.contents.header.derivation
    }

    /// Proves the key first, then each record, then the whole: the first that fails names the reason.
    pub(crate) fn prove(&self, key: &KeyEncryptionKey, given: KeyKind) -> Result<Contents<Proven>, Problem> {
        if !key.verify_tag(TAG_CHECK, &self.contents.header.vault, &self.check) {
            return Err(Problem::WrongKey { given });
        }
        let contents = self.contents.unlock(key)?;
        if key.verify_tag(TAG_FILE, self.body, &self.tag) { Ok(contents) } else { Err(Problem::Mixed) }
    }
}

fn push_line(bytes: &mut Vec<u8>, line: &impl Serialize) {
    serde_json::to_writer(&mut *bytes, line).expect("a vector takes every line, and each has text for its keys");
    bytes.push(b'\n');
}

fn digest_of(body: &[u8]) -> String {
    BASE64.encode(digest::digest(&digest::SHA256, body))
}

fn header_line(header: &Header, key: &KeyEncryptionKey) -> HeaderLine {
    let derivation = match header.derivation {
        Derivation::Passphrase { salt, parameters } => DerivationLine::Passphrase {
            memory_kibibytes: parameters.memory_kibibytes(),
            passes: parameters.passes(),
            lanes: parameters.lanes(),
            salt: BASE64.encode(salt),
        },
        Derivation::KeyFile { salt } => DerivationLine::KeyFile { salt: BASE64.encode(salt) },
    };
    HeaderLine {
        format: "claviger-vault".to_owned(),
        version: VERSION,
        vault: BASE64.encode(header.vault),
        revision: header.revision,
        generation_floor: header.generation_floor,
        key: derivation,
        check: BASE64.encode(key.tag(TAG_CHECK, &header.vault)),
    }
}

fn credential_line(record: &Record<Binding, Sealed>) -> RecordLine {
    let Record { subject, generation, stored, value } = record;
    let injection = match subject.injection.clone() {
        Injection::Header { name, prefix } => InjectionLine::Header { name: name.as_str().to_owned(), prefix },
        Injection::Basic { username } => InjectionLine::Basic { username },
        Injection::BasicPair => InjectionLine::BasicPair,
        Injection::ClientCertificate => InjectionLine::ClientCertificate,
        Injection::Query { parameter } => InjectionLine::Query { parameter },
        Injection::Body { pointer } => InjectionLine::Body { pointer },
        Injection::AwsSigV4 { service, region } => InjectionLine::AwsSigV4 { service, region },
    };
    RecordLine::Credential {
        name: subject.credential.as_str().to_owned(),
        upstream: subject.upstream.as_str().to_owned(),
        destination: subject.destination.to_string(),
        injection,
        generation: generation.as_u64(),
        stored_milliseconds: stored.as_millis(),
        sealed: BASE64.encode(value.as_bytes()),
    }
}

fn expect_version(bytes: &[u8]) -> Result<(), Problem> {
    let Some(rest) = bytes.strip_prefix(BEGINNING) else {
        return Err(if BEGINNING.starts_with(bytes) { Problem::Truncated } else { Problem::NotAVault });
    };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == rest.len() {
        return Err(Problem::Truncated);
    }
    let text = rest.get(..digits).and_then(|digits| str::from_utf8(digits).ok());
    match text.and_then(|digits| digits.parse().ok()) {
        Some(VERSION) => Ok(()),
        Some(other) => Err(Problem::UnknownVersion(other)),
        None => Err(Problem::NotAVault),
    }
}

/// The lines above the last, and the last; it must be spelled exactly as it is written.
fn split_last_line(bytes: &[u8]) -> Result<(&[u8], LastLine), Problem> {
    let lines = bytes.strip_suffix(b"\n").ok_or(Problem::Truncated)?;
    let end_of_body = lines.iter().rposition(|b| *b == b'\n').ok_or(Problem::Truncated)? + 1;
    let (body, line) = bytes.split_at_checked(end_of_body).ok_or(Problem::Truncated)?;
    if !line.starts_with(LAST_LINE_BEGINNING) {
        return Err(Problem::Truncated);
    }
    let last: LastLine = serde_json::from_slice(line).map_err(|_| Problem::Damaged)?;
    let mut written = Vec::new();
    push_line(&mut written, &last);
    if written == line { Ok((body, last)) } else { Err(Problem::Damaged) }
}

fn read_header(line: &[u8]) -> Option<(Header, Vec<u8>)> {
    let line: HeaderLine = serde_json::from_slice(line).ok()?;
    let derivation = match line.key {
        DerivationLine::Passphrase { memory_kibibytes, passes, lanes, salt } => Derivation::Passphrase {
            salt: fixed(&salt)?,
            parameters: Parameters::new(memory_kibibytes, passes, lanes).ok()?,
        },
        DerivationLine::KeyFile { salt } => Derivation::KeyFile { salt: fixed(&salt)? },
    };
    let header = Header {
        vault: fixed(&line.vault)?,
        revision: line.revision,
        generation_floor: line.generation_floor,
        derivation,
    };
    Some((header, BASE64.decode(line.check).ok()?))
}

/// Adds the record of one line; a name that is there already is no record.
fn read_record(line: &[u8], contents: &mut Contents<Sealed>) -> Option<()> {
    match serde_json::from_slice(line).ok()? {
        RecordLine::Credential { name, upstream, destination, injection, generation, stored_milliseconds, sealed } => {
            let subject = Binding {
                credential: name.parse().ok()?,
                upstream: upstream.parse().ok()?,
                destination: destination.parse().ok()?,
                injection: read_injection(injection)?,
            };
            let Entry::Vacant(place) = contents.credentials.entry(subject.credential.clone()) else { return None };
            place.insert(read_value(subject, generation, stored_milliseconds, &sealed)?);
        }
        RecordLine::Key { name, generation, stored_milliseconds, sealed } => {
            let subject: crate::KeyName = name.parse().ok()?;
            let Entry::Vacant(place) = contents.keys.entry(subject.clone()) else { return None };
            place.insert(read_value(subject, generation, stored_milliseconds, &sealed)?);
        }
    }
    Some(())
}

fn read_injection(line: InjectionLine) -> Option<Injection> {
    let injection = match line {
        InjectionLine::Header { name, prefix } => Injection::Header { name: name.parse().ok()?, prefix },
        InjectionLine::Basic { username } => Injection::Basic { username },
        InjectionLine::BasicPair => Injection::BasicPair,
        InjectionLine::ClientCertificate => Injection::ClientCertificate,
        InjectionLine::Query { parameter } => Injection::Query { parameter },
        InjectionLine::Body { pointer } => Injection::Body { pointer },
        InjectionLine::AwsSigV4 { service, region } => Injection::AwsSigV4 { service, region },
    };
    injection.validate().ok()?;
    Some(injection)
}

fn read_value<S>(subject: S, generation: u64, stored_milliseconds: u64, sealed: &str) -> Option<Record<S, Sealed>> {
    let value = Sealed::from_bytes(BASE64.decode(sealed).ok()?).ok()?;
    let stored = Timestamp::from_millis(stored_milliseconds);
    Some(Record { subject, generation: Generation::new(generation), stored, value })
}

fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64.decode(text).ok()?.try_into().ok()
}
