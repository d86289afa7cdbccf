//! Encodings that put a secret inside of something else: compressed data, a token, a document.

use std::io::Write as _;

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};

use super::{
    Row,
    bases::{base64, base64url},
    escapes::percent,
};

pub(super) const CLASS_A: &[Row] = &[
    ("jwt_payload", jwt_payload),
    ("base64_of_gzip", |secret| base64(&Coding::Gzip.encode(&told(secret)))),
    ("base64_of_deflate", |secret| base64(&Coding::Deflate.encode(&told(secret)))),
    ("base64_of_br", |secret| base64(&Coding::Brotli.encode(&told(secret)))),
    ("base64_of_zstd", |secret| base64(&Coding::Zstd.encode(&told(secret)))),
    ("xml_cdata", |secret| [b"<note><![CDATA[".as_slice(), secret, b"]]></note>"].concat()),
    ("data_url_base64", |secret| [b"data:text/plain;base64,".as_slice(), &base64(secret)].concat()),
    ("data_url_percent", |secret| [b"data:text/plain,".as_slice(), &percent(secret)].concat()),
];

/// A coding of HTTP (RFC 9110, section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// All of them, by their names in `Content-Encoding`.
    pub const ALL: [(&'static str, Self); 4] =
        [("gzip", Self::Gzip), ("deflate", Self::Deflate), ("br", Self::Brotli), ("zstd", Self::Zstd)];

    /// Its name in `Content-Encoding`.
    #[must_use]
    pub fn token(self) -> &'static str {
        Self::ALL.iter().find(|(_, coding)| *coding == self).map_or("identity", |(token, _)| token)
    }

    /// The compressed body. Writing into memory does not fail, so neither does this.
    #[must_use]
    pub fn encode(self, body: &[u8]) -> Vec<u8> {
        let written = match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body).and_then(|()| encoder.finish())
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body).and_then(|()| encoder.finish())
            }
            Self::Brotli => {
                let mut out = Vec::new();
                let mut encoder = brotli::CompressorWriter::new(&mut out, 4096, 1, 18);
                let written = encoder.write_all(body);
                drop(encoder);
                written.map(|()| out)
            }
            Self::Zstd => zstd::bulk::compress(body, 1),
        };
        written.unwrap_or_default()
    }
}

fn told(secret: &[u8]) -> Vec<u8> {
    [b"it is ".as_slice(), secret, b" and no other"].concat()
}

fn jwt_payload(secret: &[u8]) -> Vec<u8> {
    let claims = serde_json::json!({ "sub": "somebody", "note": String::from_utf8_lossy(secret), "iat": 1 });
    let claims = claims.to_string();
    [br#"{"alg":"none"}"#.as_slice(), claims.as_bytes(), b"no signature at all"].map(base64url).join(&b'.')
}
