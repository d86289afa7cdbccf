//! The one text that stands for a request, whoever passed it on.

use std::borrow::Cow;

use http::{HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// The parts of a request that a signature is about.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The request line.
    pub line: RequestLine<'a>,
    /// The header fields.
    pub headers: &'a HeaderMap,
}

/// The request line, as it is on the wire.
#[derive(Debug, Clone, Copy)]
pub struct RequestLine<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path.
    pub path: &'a str,
    /// The query without its question mark; empty where there is none.
    pub query: &'a str,
    /// How the service wants its path written in the canonical request.
    pub encoding: PathEncoding,
}

/// How a service wants its path written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathEncoding {
    /// As on the wire: S3.
    Once,
    /// What is on the wire, percent-encoded again: every other service.
    Twice,
}

impl Message<'_> {
    /// The canonical request; `signed` are the names of the signed fields in lowercase, in order. `None` where one of them is not
    /// there, or is no text.
    pub(crate) fn canonical<N: AsRef<str>>(&self, signed: &[N], payload: &str) -> Option<String> {
        let RequestLine { method, path, query, encoding } = self.line;
        let path = match (encoding, path) {
            (_, "") => Cow::Borrowed("/"),
            (PathEncoding::Once, path) => path.into(),
            (PathEncoding::Twice, path) => utf8_percent_encode(path, RESERVED_IN_PATH).to_string().into(),
        };
        let mut text = format!("{method}\n{path}\n{}\n", canonical_query(query));
        for name in signed.iter().map(AsRef::as_ref) {
            text.push_str(name);
            let mut separator = ':';
            for value in self.headers.get_all(name) {
                text.push(separator);
                push_collapsed(&mut text, str::from_utf8(value.as_bytes()).ok()?);
                separator = ',';
            }
            if separator == ':' {
                return None;
            }
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&signed_list(signed));
        text.push('\n');
        text.push_str(payload);
        Some(text)
    }
}

/// The names as they stand in a header and in the canonical request.
pub(crate) fn signed_list<N: AsRef<str>>(signed: &[N]) -> String {
    signed.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(";")
}

fn decoded(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

/// Parameters in the order of their encoded names and values. A plus sign is itself: SDKs write a space as `%20`.
fn canonical_query(query: &str) -> String {
    let encode = |text: &str| percent_encode(&decoded(text), RESERVED).to_string();
    let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
    let pairs = parameters.map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")));
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (encode(name), encode(value))).collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Without spaces around, and with one space where there are several.
fn push_collapsed(text: &mut String, value: &str) {
    for (number, word) in value.split(' ').filter(|word| !word.is_empty()).enumerate() {
        if number > 0 {
            text.push(' ');
        }
        text.push_str(word);
    }
}
