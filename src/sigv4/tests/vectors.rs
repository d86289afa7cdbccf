//! The suite of test vectors that AWS publishes judges what is read, verified and written here.

#![expect(clippy::unwrap_used, reason = "what a test arranges may fail it")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use model::Timestamp;
use secret::Secret;
use serde_json::Value;
use sigv4::{Message, PathEncoding, Payload, Presented, Refusal, RequestLine, Verified};

/// When everything in the suite was signed: 2015-08-30T12:36:00Z.
const NOW: Timestamp = Timestamp::from_seconds(1_440_938_160);

/// What this crate leaves to its callers, or `http` to nobody.
const NOT_OURS: &[(&str, &str)] = &[
    ("get-relative-normalized", "paths that a server might normalize are refused before"),
    ("get-relative-relative-normalized", "the same"),
    ("get-slash-dot-slash-normalized", "the same"),
    ("get-slash-normalized", "the same"),
    ("get-slash-pointless-dot-normalized", "the same"),
    ("get-slashes-normalized", "the same"),
    ("double-encode-path", "the secret that signed it is not told"),
    ("double-url-encode", "the same"),
    ("get-header-value-multiline", "a field on several lines is no HTTP (RFC 9112, section 5.2)"),
];

struct Vector {
    name: String,
    request: Request,
    secret: Secret,
    encoding: PathEncoding,
}

#[derive(Clone)]
struct Request {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: String,
}

impl Request {
    fn message(&self, encoding: PathEncoding) -> Message<'_> {
        Message { line: self.line(encoding), headers: &self.headers }
    }

    fn line(&self, encoding: PathEncoding) -> RequestLine<'_> {
        RequestLine { method: &self.method, path: &self.path, query: &self.query, encoding }
    }

    fn payload(&self) -> Payload {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.body.as_bytes());
        Payload::Sha256(digest.as_ref().try_into().unwrap())
    }

    fn verify(&self, vector: &Vector) -> Result<Verified, Refusal> {
        let presented = Presented::read(&self.headers, &self.query)?;
        let payload = presented.payload().unwrap_or(self.payload());
        presented.verify(&self.message(vector.encoding), payload, &vector.secret, NOW)
    }
}

/// Where cargo keeps the crate that the suite comes with.
fn suite() -> PathBuf {
    let said = |command: &mut Command| {
        let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    // Cargo keeps no crates that only other platforms need, and without them knows none unless it is told for which one.
    let host = said(Command::new("rustc").args(["--print", "host-tuple"]));
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--offline", "--format-version", "1", "--filter-platform", host.trim()]);
    let metadata: Value = serde_json::from_str(&said(&mut command)).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "aws-sigv4").unwrap();
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    manifest.with_file_name("aws-signing-test-suite").join("v4")
}

fn vectors() -> Vec<Vector> {
    let mut vectors = Vec::new();
    for entry in fs::read_dir(suite()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if NOT_OURS.iter().any(|(not_ours, _)| *not_ours == name) {
            continue;
        }
        let context: Value = serde_json::from_slice(&fs::read(path.join("context.json")).unwrap()).unwrap();
        let secret = context["credentials"]["secret_access_key"].as_str().unwrap();
        vectors.push(Vector {
            request: parse(&fs::read_to_string(path.join("header-signed-request.txt")).unwrap()),
            secret: Secret::new(secret.to_owned().into()),
            encoding: PathEncoding::Twice,
            name,
        });
    }
    assert!(vectors.len() >= 30, "the suite is where it was");
    vectors
}

/// Reads a request as the suite writes it, which is not quite as it is on the wire.
fn parse(text: &str) -> Request {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let line = lines.next().unwrap().trim_end_matches(" HTTP/1.1");
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let method = method.parse().unwrap();
    Request { method, path: path.to_owned(), query: query.to_owned(), headers, body: body.to_owned() }
}

#[test]
fn every_signature_of_the_suite_is_verified() {
    for vector in vectors() {
        if vector.name == "post-sts-header-after" {
            // The token was put beside the signature afterwards, unsigned, which is refused here.
            assert_eq!(vector.request.verify(&vector).unwrap_err(), Refusal::FieldNotSigned);
            continue;
        }
        let verified = vector.request.verify(&vector);
        assert!(verified.is_ok(), "{}: {verified:?}", vector.name);
    }
}

/// What is changed, and how.
type Change<'a> = (&'a str, &'a dyn Fn(&mut Request));

#[test]
fn whatever_is_changed_is_found() {
    let unsigned = || HeaderValue::from_static("UNSIGNED-PAYLOAD");
    for vector in vectors().into_iter().filter(|vector| vector.name != "post-sts-header-after") {
        let changes: [Change<'_>; 6] = [
            ("method", &|request| request.method = Method::DELETE),
            ("path", &|request| request.path.push('x')),
            ("query", &|request| request.query.push_str("&x=y")),
            ("host", &|request| drop(request.headers.insert("host", HeaderValue::from_static("evil.example")))),
            ("body", &|request| request.body.push('x')),
            ("what is said of the body", &|request| drop(request.headers.insert("x-amz-content-sha256", unsigned()))),
        ];
        for (what, change) in changes {
            // A request that says the digest of its body is verified by what it says; the body is compared by who reads it.
            if what == "body" && vector.request.headers.contains_key("x-amz-content-sha256") {
                continue;
            }
            let mut changed = vector.request.clone();
            change(&mut changed);
            assert!(changed.verify(&vector).is_err(), "{}: {what}", vector.name);
        }
    }
}
