//! The one slot of a request that a credential goes into.

use http::{HeaderName, header};

/// Where a credential goes. Fixed when the credential is stored, and part of what its ciphertext is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Injection {
    /// A header whose value is `prefix` and then the secret, such as `Authorization: Bearer …`.
    Header {
        /// The header.
        name: HeaderName,
        /// What stands before the secret, with its own trailing space.
        prefix: String,
    },
    /// `Authorization: Basic`, base64 of `username:secret` (RFC 7617).
    Basic {
        /// The user name; not a secret.
        username: String,
    },
    /// `Authorization: Basic` where the provider issues the user name too, as it does for a database user.
    BasicPair,
    /// A query parameter, percent-encoded.
    Query {
        /// The parameter's name.
        parameter: String,
    },
    /// The TLS handshake: the credential is a certificate, which stands in no part of a request.
    ClientCertificate,
    /// A member of a JSON body.
    Body {
        /// A JSON pointer (RFC 6901) to a member that the caller leaves out.
        pointer: String,
    },
    /// AWS Signature Version 4 in the header fields, computed over the request.
    AwsSigV4 {
        /// The service, as it calls itself in signatures, such as `s3`.
        service: String,
        /// The region that the service is called in.
        region: String,
    },
}

/// Why a slot cannot carry a credential.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidInjection {
    /// These headers frame the message or name its destination.
    #[error("the header {0} frames the request and cannot carry a credential")]
    FramingHeader(String),
    /// A prefix is printable ASCII.
    #[error("a prefix is printable ASCII of at most 64 characters")]
    Prefix,
    /// Basic's user name ends at the first colon (RFC 7617, section 2).
    #[error("a user name is printable ASCII without a colon, of at most 256 characters")]
    Username,
    /// A query parameter's name is a plain word.
    #[error("a query parameter's name is 1 to 64 of A-Z, a-z, 0-9, '_', '-' and '.'")]
    Parameter,
    /// The pointer is not one of RFC 6901, or points at the whole document.
    #[error("a body pointer is a JSON pointer such as /auth/token")]
    Pointer,
    /// Both stand in the scope of a signature, between slashes.
    #[error("a service and a region of AWS are 1 to 32 of a-z, 0-9 and '-', such as \"s3\" and \"eu-central-1\"")]
    AwsScope,
}

impl Injection {
    /// Checks that the slot can carry a credential.
    ///
    /// # Errors
    /// Says what the slot may look like.
    pub fn validate(&self) -> Result<(), InvalidInjection> {
        let printable =
            |text: &str, length_max| text.len() <= length_max && text.bytes().all(|b| (0x20..0x7f).contains(&b));
        match self {
            Self::Header { name, .. } if is_framing(name) => Err(InvalidInjection::FramingHeader(name.to_string())),
            Self::Header { prefix, .. } if !printable(prefix, 64) => Err(InvalidInjection::Prefix),
            Self::Basic { username } if username.contains(':') || !printable(username, 256) => {
                Err(InvalidInjection::Username)
            }
            Self::Query { parameter }
                if parameter.is_empty()
                    || parameter.len() > 64
                    || !parameter.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) =>
            {
                Err(InvalidInjection::Parameter)
            }
            Self::Body { pointer } if !is_pointer(pointer) => Err(InvalidInjection::Pointer),
            Self::AwsSigV4 { service, region } if ![service, region].into_iter().all(|part| is_aws_scope(part)) => {
                Err(InvalidInjection::AwsScope)
            }
            Self::Header { .. }
            | Self::Basic { .. }
            | Self::BasicPair
            | Self::ClientCertificate
            | Self::Query { .. }
            | Self::Body { .. }
            | Self::AwsSigV4 { .. } => Ok(()),
        }
    }
}

fn is_framing(name: &HeaderName) -> bool {
    const FRAMING: [HeaderName; 9] = [
        header::HOST,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
        header::UPGRADE,
        header::TE,
        header::TRAILER,
        header::EXPECT,
        header::CONTENT_TYPE,
    ];
    FRAMING.contains(name) || name.as_str().starts_with("mcp-")
}

fn is_pointer(pointer: &str) -> bool {
    let mut after_tilde = pointer.split('~').skip(1);
    pointer.starts_with('/')
        && pointer.len() > 1
        && pointer.len() <= 256
        && after_tilde.all(|rest| rest.starts_with('0') || rest.starts_with('1'))
}

fn is_aws_scope(part: &str) -> bool {
    (1..=32).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_that_frames_the_request_is_refused() {
        for name in ["host", "content-length", "transfer-encoding", "mcp-method"] {
            let slot = Injection::Header { name: name.parse().unwrap(), prefix: String::new() };
            assert_eq!(slot.validate(), Err(InvalidInjection::FramingHeader(name.to_owned())));
        }
        let slot = Injection::Header { name: header::AUTHORIZATION, prefix: "Bearer ".to_owned() };
        assert_eq!(slot.validate(), Ok(()));
    }

    #[test]
    fn a_scope_of_aws_cannot_be_read_as_another() {
        for (service, region, fits) in [
            ("s3", "eu-central-1", true),
            ("", "eu-central-1", false),
            ("s3", "", false),
            ("s3/x", "eu-central-1", false),
            ("s3", "EU", false),
        ] {
            let slot = Injection::AwsSigV4 { service: service.to_owned(), region: region.to_owned() };
            assert_eq!(slot.validate().is_ok(), fits, "{service:?} {region:?}");
        }
    }

    #[test]
    fn a_pointer_names_a_member() {
        for (pointer, fits) in
            [("/auth/token", true), ("", false), ("/", false), ("auth", false), ("/a~0b~1c", true), ("/a~2", false)]
        {
            let slot = Injection::Body { pointer: pointer.to_owned() };
            assert_eq!(slot.validate().is_ok(), fits, "{pointer:?}");
        }
    }
}
