//! The signatures of a body's chunks: each is about the one before, and the first about that of the request.

use ring::digest::{SHA256, digest};

use crate::{
    key::{Scope, SigningKey},
    payload::to_hex,
};

const CHUNK: &str = "AWS4-HMAC-SHA256-PAYLOAD";
const TRAILER: &str = "AWS4-HMAC-SHA256-TRAILER";
/// The SHA-256 of nothing: a chunk has no fields of its own.
const NO_FIELDS: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Where a chain of signatures stands.
#[derive(Debug)]
pub(crate) struct Chain {
    key: SigningKey,
    time: String,
    scope: String,
    last: [u8; 32],
}

/// What the next signature is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Link<'a> {
    /// The bytes of a chunk; none for the one that ends the body.
    Chunk(&'a [u8]),
    /// The fields after the body, each as `name:value` and a line feed.
    Trailer(&'a str),
}

impl Chain {
    /// The chain that begins with the signature of a request.
    pub(crate) fn new(key: SigningKey, time: &str, scope: Scope<'_>, signature: [u8; 32]) -> Self {
        Self { key, time: time.to_owned(), scope: scope.to_text(), last: signature }
    }

    /// Goes on by one signature, in hexadecimal.
    pub(crate) fn sign(&mut self, link: Link<'_>) -> String {
        self.last = self.key.sign(&self.string_to_sign(link));
        to_hex(&self.last)
    }

    /// Goes on by one signature, if it is the one that follows.
    pub(crate) fn verifies(&mut self, link: Link<'_>, signature: [u8; 32]) -> bool {
        let verifies = self.key.verifies(&self.string_to_sign(link), &signature);
        self.last = signature;
        verifies
    }

    fn string_to_sign(&self, link: Link<'_>) -> String {
        let Self { time, scope, .. } = self;
        let last = to_hex(&self.last);
        let sha256 = |bytes: &[u8]| to_hex(digest(&SHA256, bytes).as_ref());
        match link {
            Link::Chunk(bytes) => format!("{CHUNK}\n{time}\n{scope}\n{last}\n{NO_FIELDS}\n{}", sha256(bytes)),
            Link::Trailer(fields) => format!("{TRAILER}\n{time}\n{scope}\n{last}\n{}", sha256(fields.as_bytes())),
        }
    }
}
